"""Quiet hours and good ones: when they are, and when a message that is not in them goes instead."""

import hashlib
from collections import Counter
from datetime import datetime, time, timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# So often somebody must have been there before an hour is called theirs.
OFTEN_ENOUGH = 3
# What somebody does within so long of what they did before is the same visit.
ONE_VISIT = timedelta(minutes=30)


def is_quiet(at, zone, quiet_from, quiet_until):
    """Whether the clock on the wall there shows an hour in which nobody wants to be written to."""
    return wall_is_quiet(at.astimezone(zone).time(), quiet_from, quiet_until)


def wall_is_quiet(wall, quiet_from, quiet_until):
    """The same of a time that the clock shows."""
    if quiet_from <= quiet_until:
        return quiet_from <= wall < quiet_until
    return wall >= quiet_from or wall < quiet_until


def end_of_quiet(at, zone, quiet_until):
    """The next moment after `at` at which the clock there shows the end of the quiet hours.

    Where clocks go forward over it the first moment after the gap counts; where they go back, the first
    of the two.
    """
    today = at.astimezone(zone).date()
    walls = [datetime.combine(today + timedelta(days=days), quiet_until) for days in (0, 1, 2)]
    # Compared as moments: two times of one zone are compared by the clock on the wall.
    ends = [
        (wall, wall.replace(tzinfo=zone, fold=fold).astimezone(at.tzinfo))
        for wall in walls
        for fold in (0, 1)
    ]
    return min(end for wall, end in ends if end > at and end.astimezone(zone).replace(tzinfo=None) >= wall)


def next_hour(at, zone, hour=None, weekdays=()):
    """The first moment from `at` on within that hour of the clock there, on one of these days (Monday is 0).

    It is `at` itself where that will do. Where clocks go forward over it the hour after the gap counts; where
    they go back, the first of the two.
    """
    wall = at.astimezone(zone)
    for day in range(9):
        start = datetime.combine(wall.date() + day * DAY, time(hour or 0), zone)
        if weekdays and start.weekday() not in weekdays:
            continue
        start = start.astimezone(at.tzinfo)
        if start <= at and (at < start + HOUR if hour is not None else day == 0):
            return at
        if start > at:
            return start
    return at


def usual_hour(moments, zone, quiet_from=None, quiet_until=None):
    """The hour of the day there at which most visits began, quiet hours apart; None of too few visits."""
    found = Counter(
        moment.astimezone(zone).hour
        for moment in beginnings(moments)
        if quiet_from is None or not is_quiet(moment, zone, quiet_from, quiet_until)
    )
    if found.total() < OFTEN_ENOUGH:
        return None
    return min(found, key=lambda hour: (-found[hour], hour))


def beginnings(moments):
    """The first moment of each visit: what lies within half an hour of the moment before belongs to one."""
    last = None
    for moment in sorted(moments):
        if last is None or moment - last > ONE_VISIT:
            yield moment
        last = moment


def zone_words(zone):
    """A time zone as people call it: the city."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def spread(moment, key):
    """Somewhere within the hour that follows, always the same for one key: no stampede at eight."""
    digest = hashlib.sha256(str(key).encode()).digest()
    return moment + HOUR * (int.from_bytes(digest[:4], "big") / 2**32)
