"""A year with one contact, and twelve months with many."""

import pytest

from tests.make import DAY, NOON, make_touchpoint
from touchpoints import rhythm


@pytest.fixture
def sent(monkeypatch):
    """What a room above says was sent: (contact id, moment) each."""
    sent = []
    monkeypatch.setattr(rhythm, "_ours", {})
    rhythm.register("test", lambda ids, since, until: [row for row in sent if since < row[1] <= until])
    return sent


def test_weeks_count_both_voices(ada, sent):
    make_touchpoint(ada, at=NOON)
    make_touchpoint(ada, at=NOON - 6 * DAY)
    make_touchpoint(ada, "ordered", at=NOON - 7 * DAY)
    make_touchpoint(ada, at=NOON - 364 * DAY + DAY)
    sent += [(ada.pk, NOON), (ada.pk, NOON - 400 * DAY)]

    year = rhythm.year_of(ada, NOON)

    assert (year.them[-2:], year.them[0], sum(year.them)) == ([1, 2], 1, 4)
    assert (year.us[-1], sum(year.us)) == (1, 1)


def test_a_dialogue_has_a_ratio_where_both_speak(ada, sent):
    assert rhythm.year_of(ada, NOON).two_way is None

    sent += [(ada.pk, NOON), (ada.pk, NOON - DAY)]
    for days in (1, 2, 3):
        make_touchpoint(ada, at=NOON - days * DAY)

    assert rhythm.year_of(ada, NOON).two_way == 1.5


def test_our_notes_and_what_lies_outside_are_not_their_voice(ada, sent):
    make_touchpoint(ada, "note", at=NOON)
    make_touchpoint(ada, at=NOON + DAY)
    make_touchpoint(ada, at=NOON - 366 * DAY)

    assert rhythm.year_of(ada, NOON).is_silent


def test_many_contacts_take_one_query(ada, ben, sent, django_assert_num_queries):
    make_touchpoint(ada, at=NOON)
    make_touchpoint(ben, at=NOON - 300 * DAY)

    with django_assert_num_queries(1):
        found = rhythm.rhythms([ada.pk, ben.pk], NOON)

    assert (found[ada.pk].them[-1], sum(found[ben.pk].them), found[ben.pk].them[-1]) == (1, 1, 0)
