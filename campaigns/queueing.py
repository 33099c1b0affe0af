"""One pace at one moment: is there a place, and if not, when should there be one?

What has to wait is laid out behind what waits already, at nine tenths of the pace, so that each comes again
about when it can go and what is more urgent finds room between. No moment is promised: who comes and finds no
place is given another.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import gettext as _

from campaigns import warming
from campaigns.models import LifecycleRule

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# After a pause so many go in the first minute, and twice as many in each that follows, for so long.
RESTART = 10
RECOVERS_FOR = timedelta(minutes=10)
# What a queue is laid out at where no pace is set and only a pause made it.
USUAL = 600
# The share of a minute that the queue may use.
SHARE = 0.9
# Somebody waits for these: they are not queued behind a campaign, but come again as soon as they may.
MOST_PATIENT_URGENT = LifecycleRule.Rank.CONVERSION
# Urgent ones come within so long of the first moment at which they may.
SOON = timedelta(seconds=20)
# A queue that is longer than this is looked at: its end may have been called off.
LONG = timedelta(minutes=5)

_END = """
SELECT d.due_at FROM campaigns_delivery d JOIN contacts_contact c ON c.id = d.contact_id
WHERE d.status = 'planned' AND d.channel = 'email' AND d.due_at > %(at)s AND d.due_at <= %(until)s
  AND d.reason = 'pace'
  AND d.sender_id = %(sender)s AND (%(domain)s = '' OR lower(split_part(c.email, '@', 2)) = %(domain)s)
ORDER BY d.due_at DESC LIMIT 1
"""
# Queues that go slower than they might: the last minute left more than half of its places, since a limit was
# raised or others were called off. Once a minute each.
_SLACK = """
UPDATE campaigns_pace p SET minute = %(minute)s, minute_count = 0
FROM (
    SELECT p.id, pace.per_minute
    FROM campaigns_pace p JOIN contacts_sender s ON s.id = p.sender_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.domain = '' THEN s.per_minute ELSE s.domain_per_minute END AS per_minute
    ) pace
    WHERE p.queue_until > %(at)s + %(long)s AND p.minute < %(minute)s
      AND (p.hold_until IS NULL OR p.hold_until <= %(recovering)s)
      AND (p.domain = '' OR s.warm_up_since IS NULL OR s.warm_up_since > %(today)s)
      AND (pace.per_minute IS NULL OR p.minute_count * 2 < pace.per_minute
           OR p.minute < %(minute)s - interval '1 minute')
    ORDER BY p.sender_id, p.domain FOR UPDATE OF p SKIP LOCKED
) slack
WHERE p.id = slack.id
RETURNING p.id, p.sender_id, p.domain, slack.per_minute
"""
_FORWARD = """
WITH found AS MATERIALIZED (
    SELECT d.id FROM campaigns_delivery d JOIN contacts_contact c ON c.id = d.contact_id
    WHERE d.status = 'planned' AND d.channel = 'email' AND d.reason = 'pace'
      AND d.due_at > %(at)s + interval '1 minute'
      AND d.sender_id = %(sender)s AND (%(domain)s = '' OR lower(split_part(c.email, '@', 2)) = %(domain)s)
    ORDER BY d.due_at LIMIT %(most)s FOR UPDATE OF d SKIP LOCKED
)
UPDATE campaigns_delivery d SET due_at = %(at)s + random() * interval '1 minute'
FROM found WHERE d.id = found.id
"""
# What comes forward at once where no limit is left.
FREED = 50_000
# What waits for a setting of its sender, which has changed.
_ASK_AGAIN = """
WITH found AS MATERIALIZED (
    SELECT id FROM campaigns_delivery
    WHERE status = 'planned' AND channel = 'email' AND due_at > %(at)s AND sender_id = %(sender)s
      AND reason IN ('quiet', 'cap')
    ORDER BY due_at LIMIT %(chunk)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE campaigns_delivery d SET due_at = %(at)s FROM found WHERE d.id = found.id
"""
CHUNK, CHUNKS_AT_ONCE = 5000, 10


def bring_forward(at):
    """Let those come sooner whose queue leaves places free; returns how many."""
    minute = at.replace(second=0, microsecond=0)
    row = {"at": at, "minute": minute, "today": at.date(), "long": LONG, "recovering": at - RECOVERS_FOR}
    with connection.cursor() as cursor:
        cursor.execute(_SLACK, row)
        return sum(_bring_forward(cursor, at, *slack) for slack in cursor.fetchall())


def _bring_forward(cursor, at, pk, sender_id, domain, per_minute):
    most = FREED if per_minute is None else per_minute
    brought = come_forward(cursor, at, sender_id, domain, most)
    if brought < most:
        cursor.execute("UPDATE campaigns_pace SET queue_until = NULL WHERE id = %s", [pk])
    return brought


def come_forward(cursor, at, sender_id, domain, most):
    """Let the first so many of a queue come within the minute; returns how many."""
    cursor.execute(_FORWARD, {"at": at, "sender": sender_id, "domain": domain, "most": most})
    return cursor.rowcount


def ask_again(sender_id, at):
    """Let the gate ask again whatever waits for quiet hours or the cap: (how many, whether that is all).

    A chunk is a transaction of its own.
    """
    asked = 0
    for _chunk in range(CHUNKS_AT_ONCE):
        with connection.cursor() as cursor:
            cursor.execute(_ASK_AGAIN, {"sender": sender_id, "at": at, "chunk": CHUNK})
            asked += cursor.rowcount
            if cursor.rowcount < CHUNK:
                return asked, True
    return asked, False


@dataclass(frozen=True)
class Place:
    """What of a claimed delivery its pace depends on."""

    id: int
    domain: str
    is_counted: bool
    expires_at: datetime
    was_queued: bool
    is_engaged: bool


class Room:
    """What one pace leaves at a moment; its row is locked."""

    def __init__(self, pace, limits, at, is_held):
        self.pace, self.at = pace, at
        self.zone = ZoneInfo(limits.time_zone)
        self.per_minute = limits.domain_per_minute if pace.domain else limits.per_minute
        self._knows_end = False
        self._begin_minute()
        today = at.astimezone(self.zone).date()
        since = limits.warm_up_since
        self.is_warming = bool(pace.domain and since and since <= today)
        if self.is_warming:
            self._begin_day(today, since, is_held)

    def _begin_minute(self):
        """A worker whose moment is a little older counts in the newest minute."""
        minute = self.at.replace(second=0, microsecond=0)
        known = self.pace.minute
        if known is None or known < minute or known > minute + 5 * MINUTE:
            self.pace.minute, self.pace.minute_count = minute, 0

    def _begin_day(self, today, since, is_held):
        pace = self.pace
        limit = warming.limit_of(pace, today, since, lambda: is_held(pace.sender_id))
        if pace.day is None or pace.day < today or pace.day > today + DAY:
            pace.day, pace.day_count = today, 0
        pace.day_limit = limit

    @property
    def is_paused(self):
        """Whether the other side has asked to wait until later than now."""
        return self.pace.hold_until is not None and self.at < self.pace.hold_until

    @property
    def limit(self):
        """How many this minute allows; None for any number."""
        until = self.pace.hold_until
        if until is None or not until <= self.at < until + RECOVERS_FOR:
            return self.per_minute
        restart = RESTART * 2 ** ((self.at - until) // MINUTE)
        return restart if self.per_minute is None else min(restart, self.per_minute)

    @property
    def has_minute(self):
        return self.limit is None or self.pace.minute_count < self.limit

    @property
    def has_day(self):
        return not self.is_warming or self.pace.day_count < self.pace.day_limit

    def has_place(self, delivery):
        """Whether this delivery may go now; service mail waits for nothing but a pause."""
        if self.is_paused:
            return False
        return delivery.rank == LifecycleRule.Rank.SERVICE or self.has_minute and self.has_day

    def take(self):
        self.pace.minute_count += 1
        if self.is_warming:
            self.pace.day_count += 1

    def words(self):
        """Why there is no place."""
        domain = self.pace.domain
        if self.is_paused:
            who = domain or _("the provider")
            return _("%(who)s asked to wait: %(reply)s") % {"who": who, "reply": self.pace.reply}
        if not self.has_day:
            return _("warming up: %(count)s a day to %(domain)s") % {
                "count": self.pace.day_limit,
                "domain": domain,
            }
        if domain:
            return _("%(count)s a minute to %(domain)s") % {"count": self.limit, "domain": domain}
        return _("%(count)s a minute") % {"count": self.limit}

    # When to come again. ---------------------------------------------------------------------------------

    def queue(self, delivery, place):
        """The moment at which there should be a place for what finds none now."""
        first, share = self.first_place(), _share(delivery.id, self.at)
        if delivery.rank <= MOST_PATIENT_URGENT:
            return _before(first + SOON * share, place, self.at)
        end = self.end_of_queue()
        if place.was_queued and end > first + MINUTE:
            # Its turn came and somebody more urgent took it: anywhere in the queue there is some room.
            return first + (max(min(end, place.expires_at), first) - first) * share
        start = max(end, first)
        step = self.step(start)
        due_at = start + step * share
        if due_at >= place.expires_at:
            return _last_chance(place, self.at, share)
        self.pace.queue_until = start + step
        return due_at

    def first_place(self):
        """The first moment at which there can be a place again."""
        if self.is_paused:
            return self.pace.hold_until
        if not self.has_day:
            tomorrow = datetime.combine(self.pace.day + DAY, datetime.min.time(), self.zone)
            return tomorrow.astimezone(self.at.tzinfo)
        return self.pace.minute + MINUTE

    def step(self, moment):
        """How far apart those stand that wait at this moment."""
        per_minute = USUAL if self.per_minute is None else max(self.per_minute, 0.001)
        step = MINUTE / per_minute / SHARE
        return max(step, DAY / self._limit_on(moment)) if self.is_warming else step

    def end_of_queue(self):
        """Up to when the queue reaches; what was called off meanwhile no longer stands in it."""
        until, is_known = self.pace.queue_until, self._knows_end
        self._knows_end = True
        if until and until > self.at + LONG and not is_known:
            found = self._last_queued(until)
            self.pace.queue_until = until = min(until, found + self.step(found)) if found else None
        return until or self.at

    def _last_queued(self, until):
        row = {"at": self.at, "until": until, "sender": self.pace.sender_id, "domain": self.pace.domain}
        with connection.cursor() as cursor:
            cursor.execute(_END, row)
            found = cursor.fetchone()
        return found and found[0]

    def _limit_on(self, moment):
        """What the day of that moment will allow, should all go well until then."""
        limit = self.pace.day_limit
        for _day in range(min((moment.astimezone(self.zone).date() - self.pace.day).days, 60)):
            limit = warming.grown(limit)
        return limit


def _share(key, at):
    """Between nought and one, the same for one delivery at one moment: none of them all at once."""
    digest = hashlib.blake2b(f"{key}:{at.timestamp()}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


def _before(due_at, place, at):
    return min(due_at, max(place.expires_at, at))


def _last_chance(place, at, share):
    """No place is left before it expires: it comes once more shortly before, should others have gone away."""
    left = place.expires_at - at
    if left < timedelta(hours=1):
        return max(place.expires_at, at)
    return place.expires_at - left / 10 * share
