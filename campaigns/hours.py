"""Quiet hours: when they are, and when a message that met them goes instead."""

import hashlib
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)


def is_quiet(at, zone, quiet_from, quiet_until):
    """Whether the clock on the wall there shows an hour in which nobody wants to be written to."""
    wall = at.astimezone(zone).time()
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


def spread(moment, key):
    """Somewhere within the hour that follows, always the same for one key: no stampede at eight."""
    digest = hashlib.sha256(str(key).encode()).digest()
    return moment + HOUR * (int.from_bytes(digest[:4], "big") / 2**32)
