"""Too few visits, no visit, no order: at the boundary, in time, once."""

from datetime import timedelta

import pytest

from tests.campaigns.triggering import evidence, fires, lines, occurrences
from tests.make import DAY, HOUR, MINUTE, NOON, make_order, make_touchpoint

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def confirm_and_visit(contact, visits, *, at):
    """Confirmed 30 days before `at`, then so many visits a day apart."""
    confirmed = make_touchpoint(contact, "confirmed", at=at - 30 * DAY)
    for number in range(1, visits + 1):
        make_touchpoint(contact, "visited", at=confirmed.at + number * DAY)
    return confirmed


def test_two_visits_are_few_and_three_are_not(ada, ben):
    confirmed = confirm_and_visit(ada, 2, at=NOON)
    confirm_and_visit(ben, 3, at=NOON)

    assert occurrences("few_visits", NOON) == [(ada.pk, f"t{confirmed.pk}", NOON)]
    assert fires("many_visits", ben, NOON) == [NOON]
    assert fires("many_visits", ada, NOON) == []


def test_few_visits_are_not_told_before_the_days_are_over(ada):
    confirm_and_visit(ada, 2, at=NOON)

    assert fires("few_visits", ada, NOON - SECOND) == []
    assert fires("few_visits", ada, NOON) == [NOON]


def test_a_visit_at_the_last_moment_counts_and_one_after_it_does_not(ada):
    confirm_and_visit(ada, 2, at=NOON)
    make_touchpoint(ada, "visited", at=NOON + SECOND)
    before = fires("few_visits", ada, NOON + HOUR)
    make_touchpoint(ada, "visited", at=NOON)

    assert (before, fires("few_visits", ada, NOON + HOUR)) == ([NOON], [])


def test_pages_of_one_half_hour_are_one_visit(ada):
    confirmed = confirm_and_visit(ada, 1, at=NOON)
    for minutes in (10, 40, 70):
        make_touchpoint(ada, "visited", at=confirmed.at + DAY + minutes * MINUTE)
    one = evidence("few_visits", NOON)
    make_touchpoint(ada, "visited", at=confirmed.at + DAY + 101 * MINUTE)

    assert (one, evidence("few_visits", NOON)) == (['{"visits": 1}'], ['{"visits": 2}'])


def test_the_visit_on_which_they_signed_up_is_none_after_it(ada):
    confirmed = confirm_and_visit(ada, 0, at=NOON)
    make_touchpoint(ada, "visited", at=confirmed.at - 20 * MINUTE)
    make_touchpoint(ada, "visited", at=confirmed.at + 5 * MINUTE)

    assert evidence("few_visits", NOON) == ['{"visits": 0}']


def test_a_sign_up_that_was_brought_along_starts_nothing(ada, ben):
    make_touchpoint(ada, "confirmed", at=NOON - 30 * DAY)
    make_touchpoint(ben, "confirmed", at=NOON - 30 * DAY, is_history=True)

    assert [pk for pk, _key, _at in occurrences("few_visits", NOON)] == [ada.pk]


def test_days_visits_and_beginning_can_be_set(ada):
    make_touchpoint(ada, "signed_up", at=NOON - 7 * DAY)
    set_so = {"days": 7, "visits": 1, "start": "signed_up"}

    assert fires("few_visits", ada, NOON, **set_so) == [NOON]
    assert fires("few_visits", ada, NOON) == []


def test_few_visits_are_explained_with_how_many(ada):
    confirm_and_visit(ada, 3, at=NOON)

    assert lines("few_visits", ada, NOON) == [
        ("ok", "Confirmed the sign-up on 11 May 2026, 12:00"),
        ("ok", "The time was over on 10 June 2026, 12:00"),
        ("wait", "3 visits in the time"),
    ]
    assert lines("few_visits", ada, NOON - 2 * DAY)[1] == ("wait", "The time is over on 10 June 2026, 12:00")


def test_no_visit_is_an_absence_known_by_the_last_one(ada):
    make_touchpoint(ada, "visited", at=NOON - 90 * DAY)
    last = make_touchpoint(ada, "visited", at=NOON - 60 * DAY)

    assert occurrences("no_visit", NOON) == [(ada.pk, f"t{last.pk}", NOON)]
    assert fires("no_visit", ada, NOON - SECOND) == []
    assert occurrences("no_visit", NOON + DAY) == occurrences("no_visit", NOON)


def test_who_came_again_in_time_was_not_away(ada):
    make_touchpoint(ada, "visited", at=NOON - 60 * DAY)
    before = fires("no_visit", ada, NOON)
    make_touchpoint(ada, "visited", at=NOON)

    assert (before, fires("no_visit", ada, NOON)) == ([NOON], [])


def test_who_comes_back_later_was_away_all_the_same(ada):
    make_touchpoint(ada, "visited", at=NOON - 60 * DAY)
    make_touchpoint(ada, "visited", at=NOON + HOUR)

    assert fires("no_visit", ada, NOON + DAY) == [NOON]


def test_silence_after_visits_that_were_brought_along_is_silence_of_today(ada):
    make_touchpoint(ada, "visited", at=NOON - 60 * DAY, is_history=True)

    assert fires("no_visit", ada, NOON) == [NOON]


def test_no_order_for_days_is_known_by_the_last_one(ada):
    make_order(ada, at=NOON - 200 * DAY)
    last = make_order(ada, at=NOON - 90 * DAY)

    assert occurrences("no_order", NOON) == [(ada.pk, f"o{last.pk}", NOON)]
    assert fires("no_order", ada, NOON - SECOND) == []


def test_an_order_ends_the_silence(ada):
    make_order(ada, at=NOON - 90 * DAY)
    before = fires("no_order", ada, NOON)
    make_order(ada, at=NOON - DAY)

    assert (before, fires("no_order", ada, NOON)) == ([NOON], [])


def test_no_order_by_their_own_rhythm(ada, ben):
    # Pauses of 10, 30 and 10 days: the middle one is 10, twice that is 20.
    for days in (70, 60, 30, 20):
        make_order(ada, at=NOON - days * DAY)
    for days in (100, 20):
        make_order(ben, at=NOON - days * DAY)

    assert fires("no_order", ada, NOON, rhythm=2, days=90) == [NOON]
    assert fires("no_order", ben, NOON, rhythm=2, days=90) == []
    assert fires("no_order", ben, NOON + 70 * DAY, rhythm=2, days=90) == [NOON + 70 * DAY]


def test_the_shortest_silence_by_rhythm_is_a_week(ada):
    for hours in (3, 2, 1):
        make_order(ada, at=NOON - 7 * DAY - (hours - 1) * HOUR)

    assert fires("no_order", ada, NOON, rhythm=1, days=90) == [NOON]
    assert evidence("no_order", NOON, rhythm=1, days=90) == ['{"days": 7}']


def test_no_order_is_explained(ada):
    make_order(ada, at=NOON - 80 * DAY)

    assert lines("no_order", ada, NOON) == [
        ("ok", "Ordered on 22 March 2026, 12:00"),
        ("wait", "The time is over on 20 June 2026, 12:00"),
        ("ok", "No order since then"),
    ]
