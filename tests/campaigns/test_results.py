"""Who got a message beside who was held out: each once, from the gate on, once their span is over."""

import pytest
from django.utils import timezone

from campaigns import results
from campaigns.crediting import note_held_out
from campaigns.models import LifecycleRule
from campaigns.responding import note_outcomes
from campaigns.uplift import Comparison, Side
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_contact,
    make_delivery,
    make_order,
    make_rule,
    make_touchpoint,
    make_version,
)

LATER = NOON + 10 * DAY
ORDER = {"cost": "12.00", "refunded": "3.00", "rate": "2"}


def decide(program, contact=None, held=False, at=NOON, **fields):
    """What the gate decided about somebody."""
    make = make_delivery if program._meta.model_name == "lifecyclerule" else make_campaign_delivery
    out = {"status": "held_out", "reason": "control", "finished_at": at}
    sent = {"status": "sent", "sending_at": at, "finished_at": at}
    return make(program, contact or make_contact(), **(out if held else sent) | fields)


def order(contact, at, **fields):
    make_touchpoint(contact, "ordered", at=at)
    return make_order(contact, at=at, **ORDER | fields)


def counted(side):
    return side.people, side.waiting, side.reached


@pytest.fixture
def campaign(ada, ben):
    """Ada got it, Ben was held out."""
    campaign = make_campaign(
        [ada, ben], outcome="order", outcome_within=2 * DAY, control_share=50, planned_count=2
    )
    decide(campaign, ada)
    decide(campaign, ben, held=True)
    return campaign


@pytest.fixture
def rule(db):
    return make_rule(outcome="order", outcome_within=2 * DAY)


def test_both_sides_of_a_campaign_are_counted_from_the_gate(campaign, ada, ben):
    order(ada, NOON - HOUR)
    order(ben, NOON + HOUR)
    note_outcomes(NOON + DAY)
    note_held_out(NOON + DAY)

    found = results.of_campaign(campaign, LATER)

    assert (counted(found.one), counted(found.other)) == ((1, 0, 0), (1, 0, 1))
    # 20.00 less 3.00 refunded and 12.00 of cost, at a rate of 2.
    assert (found.one.amount, found.other.amount, found.other.squares) == (0, 10, 100)
    assert (found.part, found.is_margin) == (1, True)


def test_who_is_still_within_their_span_does_not_count_yet(campaign, ada):
    order(ada, NOON + HOUR)
    note_outcomes(NOON + DAY)

    found = results.of_campaign(campaign, NOON + DAY)

    assert (counted(found.one), counted(found.other)) == ((0, 1, 0), (0, 1, 0))
    assert (found.first_at, found.state, found.part) == (NOON + 2 * DAY, "early", 0)
    assert "counts on 12 June" in found.words
    assert counted(results.of_campaign(campaign, NOON + 2 * DAY).one) == (1, 0, 1)


def test_of_a_campaign_it_is_known_how_many_are_to_come(campaign):
    decide(campaign, status="planned", sending_at=None, finished_at=None)
    decide(campaign, status="skipped", sending_at=None)

    found = results.of_campaign(campaign, LATER)

    assert (found.to_come, found.part) == (1, pytest.approx(2 / 3))


def test_an_order_without_a_known_cost_has_no_margin_and_without_any_it_is_revenue(campaign, ada, ben):
    order(ada, NOON + HOUR, cost=None)
    assert results.of_campaign(campaign, LATER).is_margin is False
    assert results.of_campaign(campaign, LATER).one.amount == 34

    order(ben, NOON + HOUR)
    found = results.of_campaign(campaign, LATER)
    assert (found.is_margin, found.one.amount, found.other.amount) == (True, 0, 10)
    assert found.one.unknown_costs == 1


@pytest.mark.parametrize("status", ["cancelled", "refunded"])
def test_what_was_taken_back_brought_nothing(campaign, ada, status):
    found = order(ada, NOON + HOUR)
    assert results.of_campaign(campaign, LATER).one.amount == 10

    found.status = status
    found.save()
    assert results.of_campaign(campaign, LATER).one.amount == 0


def test_in_a_row_each_person_counts_once_from_their_first_time(rule, ada, ben):
    decide(rule, ada)
    decide(rule, ada, at=NOON + 4 * DAY)
    decide(rule, ben, held=True)
    order(ada, NOON + 4 * DAY + HOUR)
    note_outcomes(NOON + 5 * DAY)

    found = results.of_rule(rule, LATER)

    assert (counted(found.one), counted(found.other)) == ((1, 0, 0), (1, 0, 0))
    assert found.part is None


def test_what_only_a_reminder_reached_counts_within_the_span_of_the_first_alone(rule, ada, ben):
    """Those held out get no reminder, and have no longer to do it."""
    for person, at in ((ada, NOON + 47 * HOUR), (ben, NOON + 49 * HOUR)):
        first = decide(rule, person)
        decide(rule, person, at=NOON + DAY, parent=first, reminder_number=1)
        order(person, at)
        note_outcomes(at + HOUR)

    found = results.of_rule(rule, LATER)

    assert counted(found.one) == (2, 0, 1)
    assert found.one.spenders == 1


def test_who_passed_the_gate_and_was_refused_counts_and_who_did_not_pass_does_not(rule, cleo):
    decide(rule, cleo, status="failed", reason="refused")
    decide(rule, status="failed", reason="render", sending_at=None)
    decide(rule, status="skipped", reason="withdrew", sending_at=None)
    decide(rule, held=True, reason="holdout")

    found = results.of_rule(rule, LATER)

    assert (counted(found.one), counted(found.other)) == ((1, 0, 0), (0, 0, 0))
    assert (found.state, found.words) == ("alone", "Nobody was held out, so nobody can say what it is worth.")


def test_of_a_row_only_those_count_who_came_since_as_many_are_held_out_as_now(rule, ada, ben, cleo):
    decide(rule, ada, at=timezone.now() - DAY)
    decide(rule, ben, held=True, at=timezone.now() - DAY)
    LifecycleRule.objects.filter(pk=rule.pk).update(name="Renamed")
    assert results.control_since(rule) is None

    LifecycleRule.objects.filter(pk=rule.pk).update(control_share=20)
    decide(rule, ben, held=True, at=timezone.now() + HOUR)
    decide(rule, cleo, held=True, at=timezone.now() + HOUR)
    found = results.of_rule(rule, timezone.now() + 10 * DAY)

    assert results.control_since(rule) is not None
    assert (counted(found.one), counted(found.other)) == ((0, 0, 0), (1, 0, 0))


def test_before_anybody_was_held_out_there_was_nobody_to_compare_with(rule, ada, ben):
    decide(rule, ada, at=NOON - 30 * DAY)
    assert counted(results.of_rule(rule, LATER).one) == (1, 0, 0)

    decide(rule, ben, held=True)
    decide(rule)
    found = results.of_rule(rule, LATER)
    assert (counted(found.one), counted(found.other)) == ((1, 0, 0), (1, 0, 0))


def test_two_variants_of_a_step_are_compared_from_when_each_was_sent(rule, ada, ben, cleo):
    step = rule.first_step
    step.content_b = make_version().content
    step.save()
    for person, variant in ((ada, "a"), (ben, "b"), (cleo, "")):
        decide(rule, person, variant=variant, step=step)
    order(ben, NOON + HOUR)
    note_outcomes(NOON + DAY)

    [(known, found)] = results.variants_of(rule, LATER)

    assert known == step
    assert (counted(found.one), counted(found.other)) == ((1, 0, 0), (1, 0, 1))
    assert found.other.amount == 10


def test_everything_together_is_compared_for_those_held_out_of_all(rule, ada, ben, cleo):
    service = make_rule(rank=0, topic=None)
    decide(service, cleo)
    decide(rule, ada)
    decide(rule, ben, held=True, reason="holdout")
    decide(rule, make_contact(), held=True, reason="control")
    order(ada, NOON + 80 * DAY)
    order(ben, NOON + 91 * DAY)

    found = results.of_everything(NOON + 95 * DAY)

    assert (counted(found.one), counted(found.other)) == ((2, 0, 1), (1, 0, 0))
    assert counted(results.of_everything(LATER).one) == (0, 2, 0)


# Words -----------------------------------------------------------------------------------------------


def shares(sent, reached, held, anyway, **fields):
    return Comparison(Side(sent, reached=reached), Side(held, reached=anyway), **fields)


@pytest.mark.parametrize(
    "sent, reached, held, anyway, words",
    [
        (99, 50, 5000, 2500, "Too early: 1 more person is needed"),
        (5000, 2500, 60, 0, "Too early: about 40 more people are needed"),
        (1000, 52, 1000, 50, "to tell a difference of 10 in 1,000"),
        (900, 120, 100, 10, "more people needed, should it stay as it looks"),
        (9000, 900, 1000, 40, "Of 1,000 who got it, about 60 more did it than without: "),
        (9000, 180, 1000, 60, "about 40 fewer did it than without"),
        (0, 0, 1000, 60, "Nobody got it yet."),
        (1000, 0, 1000, 0, "Too early: nobody on either side has done it yet."),
        (1000, 0, 60, 0, "Too early: about 40 more people are needed"),
    ],
)
def test_a_difference_is_told_where_chance_does_not_bring_it(sent, reached, held, anyway, words):
    assert words in shares(sent, reached, held, anyway).words


def test_a_campaign_that_has_ended_says_what_it_would_have_taken():
    undecided, few = shares(900, 120, 100, 10, to_come=0), shares(50, 10, 50, 5, to_come=0)

    assert undecided.words.startswith("Undecided: it would have taken about ")
    assert few.words == "Too few people for anything to be said."


def test_a_campaign_that_has_ended_says_more_than_a_row_that_goes_on():
    row, campaign = shares(9000, 900, 1000, 76), shares(9000, 900, 1000, 76, to_come=0)

    assert (row.state, campaign.state) == ("undecided", "decided")


def test_of_two_variants_it_says_which_is_better():
    found = shares(2000, 100, 2000, 200, is_variants=True)

    assert found.words.startswith("B is better: of 1,000, about 50 more did it")
    assert shares(2000, 100, 0, 0, is_variants=True).words == "Nobody got the second variant yet."


def test_what_each_person_brought_has_an_interval_too():
    one = Side(9000, reached=900, spenders=900, amount=18000, squares=900 * 420)
    other = Side(1000, reached=40, spenders=40, amount=800, squares=40 * 420)

    found = Comparison(one, other)

    assert found.amount_words.startswith("Margin a person: +$1.20 (+$0.")
    assert found.earned[1] == pytest.approx(10800)
    assert Comparison(Side(9000, spenders=90), Side(1000, spenders=10)).amount_words == ""


def test_what_asks_for_nothing_is_compared_by_what_people_brought():
    one = Side(9000, spenders=900, amount=18000, squares=900 * 420)
    other = Side(1000, spenders=40, amount=800, squares=40 * 420)

    told, early = Comparison(one, other, asks=False), Comparison(one, Side(50), asks=False)

    assert (told.state, told.shares) == ("decided", None)
    assert told.words.startswith("Margin a person: +$1.20")
    assert (early.state, early.words[:10]) == ("early", "Too early:")
