"""Intervals that hold however often one looks: a thousand experiments each, by seeded chance."""

import numpy as np
import pytest

from benchmarks import honesty
from campaigns import sequential
from campaigns.sequential import Arm, interval, missing, more_needed, textbook_size

LOOKS = 100


def experiments(share=0.1, *, held_out=0.1, people=None, **options):
    """A thousand, looked at from the first moment on; the last look is at so many people."""
    ends = options.get("ends", False)
    at = honesty.looks_at(share, held_out, LOOKS, 100 if ends else 1000, ends)
    if people:
        at = np.append(at[at < people], people)
    return honesty.shares(share, held_out=held_out, at=at, **options)


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("share, held_out", [(0.02, 0.1), (0.1, 0.05), (0.1, 0.5), (0.3, 0.2)])
def test_the_truth_lies_within_at_every_look_in_95_of_100_experiments(share, held_out, ends):
    same = experiments(share, held_out=held_out, ends=ends)
    lifted = experiments(share, held_out=held_out, ends=ends, lift=0.05)

    assert (same.experiments, lifted.experiments) == (1000, 1000)
    assert 93 <= same.coverage <= 97
    assert 93 <= lifted.coverage <= 98


def test_an_interval_made_for_one_look_would_miss_far_more_often(monkeypatch):
    monkeypatch.setattr(sequential, "reach", lambda people, part=None: 1.96)

    assert experiments().coverage < 80
    assert experiments(ends=True).coverage < 80


@pytest.mark.parametrize("name, value, ends", [("MISSES", 0.15, False), ("LINE", 1.96, True)])
def test_a_reach_that_is_too_short_is_noticed(monkeypatch, name, value, ends):
    monkeypatch.setattr(sequential, name, value)

    assert experiments(ends=ends).coverage < 93


def test_it_holds_for_amounts_most_of_which_are_nought_and_a_few_very_large():
    at = honesty.looks_at(0.1, 0.1, 40, 30)

    found = honesty.amounts(0.1, at=at[at > 2000], experiments=250)

    assert 93 <= found.coverage <= 99


def test_a_planted_lift_of_five_points_is_found():
    by_textbook = textbook_size(0.1, 0.05, held_out=0.1)

    found = experiments(lift=0.05, people=4 * by_textbook)
    with_end = experiments(lift=0.05, people=2 * by_textbook, ends=True)

    assert (found.power > 95, with_end.power > 95) == (True, True)
    assert (found.wrong, with_end.wrong) == (0, 0)


@pytest.mark.parametrize("share, held_out", [(0.05, 0.2), (0.1, 0.1), (0.1, 0.5), (0.3, 0.1)])
@pytest.mark.parametrize("ends", [False, True])
def test_it_is_undecided_where_a_textbook_says_so(share, held_out, ends):
    """With so few people that its own test finds a lift but once in three times, and with plenty."""
    few = textbook_size(share, 0.05, held_out=held_out, power=0.33)
    plenty = 4 * textbook_size(share, 0.05, held_out=held_out)

    assert experiments(share, lift=0.05, held_out=held_out, people=few, ends=ends).undecided > 67
    assert experiments(share, lift=0.05, held_out=held_out, people=plenty, ends=ends).undecided < 5


def test_the_textbook_is_the_textbook():
    """Fleiss, Levin, Paik: 10 per cent against 15, half and half, 80 of 100: 686 a side."""
    assert textbook_size(0.10, 0.05) == pytest.approx(2 * 686, abs=2)
    assert textbook_size(0.10, 0.05, held_out=0.1) > 2 * textbook_size(0.10, 0.05)


def test_as_many_more_as_it_says_are_enough_in_four_of_five():
    sent, held = Arm.of_shares(900, 135), Arm.of_shares(100, 10)
    more = more_needed(sent, held, 0.05)

    found = experiments(lift=0.05, people=1000 + more)
    half = experiments(lift=0.05, people=(1000 + more) // 2)

    assert not interval(sent, held).is_decided
    assert 3000 < more < 10000
    assert found.power >= 75
    assert half.power < 65


def test_nothing_more_is_needed_where_it_is_told_already_and_nothing_helps_where_there_is_no_difference():
    sent, held = Arm.of_shares(20000, 3000), Arm.of_shares(2000, 100)

    assert interval(sent, held).is_decided
    assert more_needed(sent, held, 0.1) == 0
    assert more_needed(sent, held, 0) is None


def test_with_a_known_end_fewer_are_enough():
    sent, held = Arm.of_shares(900, 135), Arm.of_shares(100, 10)

    assert more_needed(sent, held, 0.05, part=1) < more_needed(sent, held, 0.05) / 1.3


def test_before_the_end_it_says_less():
    sent, held = Arm.of_shares(9000, 900), Arm.of_shares(1000, 65)
    early, late = interval(sent, held, 0.25), interval(sent, held, 1)

    assert (early.is_decided, late.is_decided) == (False, True)
    assert early.high - early.low == pytest.approx(2 * (late.high - late.low))


@pytest.mark.parametrize(
    "sent, held, people",
    [
        ((1000, 200), (99, 20), 1),
        ((1000, 500), (99, 50), 1),
        ((900, 9), (100, 1), 900),
        ((1000, 0), (1000, 0), 100),
        ((0, 0), (0, 0), 100),
        ((5000, 2500), (500, 250), 0),
    ],
)
def test_with_too_few_people_or_events_it_says_how_many_are_missing(sent, held, people):
    one, other = Arm.of_shares(*sent), Arm.of_shares(*held)

    assert missing(one, other) == people
    assert (interval(one, other) is None) == (people > 0)


def test_amounts_wait_for_enough_who_spent_something():
    sent = Arm.of_amounts(1000, 2000.0, 40000.0, 100)

    assert missing(sent, Arm.of_amounts(150, 300.0, 6000.0, 15)) == 50
    assert missing(sent, Arm.of_amounts(200, 400.0, 8000.0, 20)) == 0
    assert missing(Arm.of_amounts(0, 0, 0, 0), sent) == 200
