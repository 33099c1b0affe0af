"""Quiet hours, in zones and nights that are hard to get right."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.hours import end_of_quiet, is_quiet, spread, usual_hour
from tests.make import HOUR, NOON

ZONES = [
    "Europe/Lisbon",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kathmandu",
    "America/New_York",
    "UTC",
]
NIGHT = (time(21), time(8))


@pytest.mark.parametrize(
    "clock, quiet", [("20:59", False), ("21:00", True), ("00:00", True), ("07:59", True), ("08:00", False)]
)
def test_a_night_goes_over_midnight(clock, quiet):
    at = datetime.fromisoformat(f"2026-06-10T{clock}+00:00")

    assert is_quiet(at, ZoneInfo("UTC"), *NIGHT) == quiet


@pytest.mark.parametrize(
    "clock, quiet", [("11:59", False), ("12:00", True), ("13:59", True), ("14:00", False)]
)
def test_a_rest_at_noon_does_not(clock, quiet):
    at = datetime.fromisoformat(f"2026-06-10T{clock}+00:00")

    assert is_quiet(at, ZoneInfo("UTC"), time(12), time(14)) == quiet


@pytest.mark.parametrize("zone", [ZoneInfo(name) for name in ZONES])
def test_on_every_night_of_a_year_the_end_is_the_next_moment_that_is_not_quiet(zone):
    start = datetime(2026, 1, 1, 22, tzinfo=zone).astimezone(UTC)
    for night in range(365):
        for hours in (0, 4, 8):
            at = start + timedelta(days=night, hours=hours)
            if is_quiet(at, zone, *NIGHT):
                end = end_of_quiet(at, zone, NIGHT[1])

                assert at < end <= at + timedelta(hours=12)
                assert end.astimezone(zone).time() == NIGHT[1]


def test_an_hour_that_does_not_exist_ends_after_the_gap():
    zone = ZoneInfo("Europe/Lisbon")  # on 29 March 2026 01:00 becomes 02:00
    at = datetime(2026, 3, 29, 0, 10, tzinfo=UTC)

    assert end_of_quiet(at, zone, time(1, 30)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_an_hour_that_comes_twice_ends_at_the_first_and_then_at_the_second():
    zone = ZoneInfo("Europe/Lisbon")  # on 25 October 2026 02:00 becomes 01:00
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

    assert end_of_quiet(first - HOUR, zone, time(1, 30)) == first
    assert end_of_quiet(first, zone, time(1, 30)) == second


def test_what_is_put_off_is_spread_over_an_hour_and_always_alike():
    moments = [spread(NOON, key) for key in range(500)]

    assert moments == [spread(NOON, key) for key in range(500)]
    assert all(NOON <= moment < NOON + HOUR for moment in moments)
    assert len({moment.minute for moment in moments}) == 60


def test_an_hour_is_theirs_only_after_three_visits_however_many_pages_they_saw():
    morning = datetime(2026, 3, 2, 8, 5, tzinfo=UTC)
    visits = [morning + timedelta(days=day) for day in range(3)]
    pages = [visit + timedelta(minutes=10 * page) for visit in visits for page in range(4)]
    assert usual_hour(pages, UTC) == 8

    assert usual_hour(pages[:8], UTC) is None
