"""Birthdays, renewals, anniversaries: on the right day, on the clock there, once."""

from datetime import UTC, date, datetime

import pytest

from contacts.models import ContactDate
from tests.campaigns.triggering import evidence, fires, lines, occurrences
from tests.make import DAY, HOUR, NOON, make_order

pytestmark = pytest.mark.django_db


def day_of(contact, kind="birthday", on=date(1980, 6, 10)):
    return ContactDate.objects.create(contact=contact, kind=kind, date=on)


def test_a_birthday_comes_at_nine_on_the_clock_there(ada):
    day_of(ada)
    ada.time_zone = "America/New_York"
    ada.save()
    nine = datetime(2026, 6, 10, 13, 0, tzinfo=UTC)

    assert fires("date", ada, nine) == [nine]
    assert fires("date", ada, nine - HOUR) == []
    assert occurrences("date", nine)[0][1] == "birthday:2026-06-10"


def test_another_time_zone_moves_the_hour_and_keeps_the_occurrence(ada):
    day_of(ada)
    keys = set()
    for zone in ("Pacific/Auckland", "Europe/Lisbon", "Pacific/Honolulu"):
        ada.time_zone = zone
        ada.save()
        keys |= {key for _pk, key, _at in occurrences("date", NOON + DAY)}

    assert keys == {"birthday:2026-06-10"}


@pytest.mark.parametrize("zone", ["", "Nowhere/Land"])
def test_an_unknown_time_zone_is_the_senders(ada, zone):
    day_of(ada)
    ada.time_zone = zone
    ada.save()

    assert fires("date", ada, NOON, zone="Asia/Tokyo") == [datetime(2026, 6, 10, 0, 0, tzinfo=UTC)]


@pytest.mark.parametrize(("year", "day"), [(2026, 28), (2028, 29)])
def test_the_29th_of_february_is_the_28th_in_other_years(ada, year, day):
    day_of(ada, on=date(2000, 2, 29))
    late = datetime(year, 3, 1, 12, 0, tzinfo=UTC)

    assert [moment.day for moment in fires("date", ada, late)] == [day]


def test_days_before_are_counted_across_the_end_of_a_year(ada):
    day_of(ada, on=date(1980, 1, 3))

    assert fires("date", ada, datetime(2026, 12, 28, tzinfo=UTC), days_before=7, zone="UTC") == [
        datetime(2026, 12, 27, 9, 0, tzinfo=UTC)
    ]


def test_a_renewal_comes_once(ada):
    day_of(ada, "renewal", date(2025, 6, 10))

    assert fires("date", ada, NOON, date="renewal") == []
    assert len(fires("date", ada, NOON - 365 * DAY, date="renewal")) == 1


def test_the_first_order_is_remembered_every_year_and_later_ones_are_not(ada):
    make_order(ada, at=NOON.replace(year=2024), is_history=True)
    make_order(ada, at=NOON.replace(year=2025, day=11))

    found = occurrences("date", NOON + DAY, parameters={"date": "first_order"})
    assert [key for _pk, key, _at in found] == ["first_order:2026-06-10"]
    assert evidence("date", NOON, date="first_order") == ['{"date": "2026-06-10"}']


def test_the_day_itself_is_no_anniversary(ada):
    day_of(ada, "anniversary", date(2026, 6, 10))

    assert fires("date", ada, NOON, date="anniversary") == []
    assert len(fires("date", ada, NOON.replace(year=2027), date="anniversary")) == 1


def test_a_date_is_explained(ada, ben):
    day_of(ada)

    assert lines("date", ada, NOON) == [("ok", "Birthday: 10 June 1980, so again on 10 June 2026")]
    assert lines("date", ben, NOON) == [("wait", "The date is not known, or has not come yet")]
