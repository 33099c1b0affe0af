"""No faster than the other side wants it: so many a minute, so many a day while warming up, and pauses.

A batch reserves its places before it comes to the gate, in a short transaction of its own that locks the
paces by (sender, domain). What finds no place is queued: it comes again when there should be one. Service
mail is counted but waits only where the receiving side has asked for a pause.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import monotonic

from django.db import connection, transaction

from campaigns import queueing, warming
from campaigns.models import LifecycleRule, Pace
from campaigns.queueing import MINUTE, Place, Room

LONGEST_PAUSE = timedelta(hours=1)
# Whoever answered a message within this time is asked first while a sender warms up.
ENGAGED_WITHIN = timedelta(days=90)
# One mailbox has a problem, or wants to be asked twice: nothing to do with pace.
ONE_MAILBOX = re.compile(r"\b4\.[12]\.\d+\b|gr[ae]y-?list", re.IGNORECASE)

# Senders of which it was last read that nobody wants them to slow down; and when this process was last told
# to pause, {(sender id, domain): time.monotonic()}: hints about what is in hand, no more.
_unhindered = set()
_pauses = {}

_LIMITS = """
SELECT s.id, s.per_minute, s.domain_per_minute, s.warm_up_since, s.time_zone,
       CASE WHEN s.domain_per_minute IS NULL AND s.warm_up_since IS NULL THEN ARRAY(
           SELECT p.domain FROM campaigns_pace p WHERE p.sender_id = s.id AND p.hold_until > %(recovering)s
       ) END AS slowed
FROM contacts_sender s WHERE s.id = ANY(%(senders)s)
"""
_PLACES = """
SELECT d.id, CASE d.channel WHEN 'email' THEN lower(split_part(c.email, '@', 2)) ELSE '' END,
       d.channel = 'email', d.expires_at, d.reason = 'pace', coalesce(t.last_response_at > %(engaged)s, false)
FROM campaigns_delivery d
JOIN contacts_contact c ON c.id = d.contact_id
LEFT JOIN touchpoints_totals t ON t.contact_id = d.contact_id
WHERE d.id = ANY(%(ids)s)
"""
_KEYS = "unnest(%(senders)s::bigint[], %(domains)s::text[]) AS k (sender_id, domain)"
_MAKE = f"""
INSERT INTO campaigns_pace (sender_id, domain, day_count, day_limit, minute_count, hold_step, reply)
SELECT k.sender_id, k.domain, 0, 0, 0, 0, '' FROM {_KEYS}
WHERE NOT EXISTS (
    SELECT 1 FROM campaigns_pace p WHERE p.sender_id = k.sender_id AND p.domain = k.domain
)
ORDER BY k.sender_id, k.domain ON CONFLICT DO NOTHING
"""
_LOCKED = f"""
SELECT p.* FROM campaigns_pace p JOIN {_KEYS} ON p.sender_id = k.sender_id AND p.domain = k.domain
ORDER BY p.sender_id, p.domain FOR UPDATE OF p
"""
_WRITE = """
UPDATE campaigns_pace p
SET day = v.day, day_count = v.day_count, day_limit = v.day_limit, minute = v.minute,
    minute_count = v.minute_count, queue_until = v.queue_until
FROM unnest(%(ids)s::bigint[], %(days)s::date[], %(day_counts)s::int[], %(day_limits)s::int[],
            %(minutes)s::timestamptz[], %(minute_counts)s::int[], %(queues)s::timestamptz[])
     AS v (id, day, day_count, day_limit, minute, minute_count, queue_until)
WHERE p.id = v.id
"""
_PUT_BACK = """
UPDATE campaigns_delivery d
SET status = 'planned', reason = 'pace', detail = v.detail, due_at = v.due_at, owner = '', lease_until = NULL
FROM unnest(%(ids)s::bigint[], %(details)s::text[], %(dues)s::timestamptz[]) AS v (id, detail, due_at)
WHERE d.id = v.id AND d.status || '' = 'claimed' AND d.owner = %(owner)s
"""
# What has not passed the gate after all; what was refused for now has been at the other side.
_NOT_PASSED = """
SELECT id, status NOT IN ('planned', 'claimed') FROM campaigns_delivery
WHERE id = ANY(%(ids)s) AND sending_at IS NULL AND reason <> 'retry'
"""
_GIVE_BACK = f"""
WITH locked AS MATERIALIZED ({_LOCKED})
UPDATE campaigns_pace p
SET minute_count = CASE WHEN p.minute = v.minute THEN greatest(p.minute_count - v.n, 0)
                   ELSE p.minute_count END,
    day_count = CASE WHEN p.day = v.day THEN greatest(p.day_count - v.n, 0) ELSE p.day_count END
FROM locked, unnest(%(senders)s::bigint[], %(domains)s::text[], %(counts)s::int[], %(minutes)s::timestamptz[],
                    %(days)s::date[]) AS v (sender_id, domain, n, minute, day)
WHERE p.id = locked.id AND p.sender_id = v.sender_id AND p.domain = v.domain
"""
# One more in a row, unless the pause that the last one brought is not over: then it had left before that. A
# pause that ended long ago is none in a row.
_REFUSED = """
INSERT INTO campaigns_pace AS p
       (sender_id, domain, day_count, day_limit, minute_count, hold_step, hold_until, reply)
VALUES (%(sender)s, %(domain)s, 0, 0, 0, 1, %(at)s + coalesce(%(after)s, %(minute)s), %(reply)s)
ON CONFLICT (sender_id, domain) DO UPDATE
SET hold_step = CASE
        WHEN p.hold_until > %(at)s THEN p.hold_step
        WHEN p.hold_until > %(at)s - %(longest)s THEN least(p.hold_step + 1, 20)
        ELSE 1
    END,
    hold_until = greatest(p.hold_until, %(at)s + coalesce(%(after)s, CASE
        WHEN p.hold_until > %(at)s THEN interval '0'
        WHEN p.hold_until > %(at)s - %(longest)s THEN least(%(minute)s * 2 ^ p.hold_step, %(longest)s)
        ELSE %(minute)s
    END)),
    reply = %(reply)s
"""
_TAKEN = f"""
WITH locked AS MATERIALIZED (
    SELECT p.id FROM campaigns_pace p JOIN {_KEYS} ON p.sender_id = k.sender_id AND p.domain = k.domain
    WHERE p.hold_step > 0 AND p.hold_until <= %(at)s
    ORDER BY p.sender_id, p.domain FOR UPDATE OF p
)
UPDATE campaigns_pace p SET hold_step = p.hold_step - 1 FROM locked WHERE p.id = locked.id
"""


@dataclass(frozen=True)
class Limits:
    """What a sender's pace is, and which domains asked it to slow down; None when every domain is counted."""

    per_minute: int | None
    domain_per_minute: int | None
    warm_up_since: date | None
    time_zone: str
    slowed: list | None

    @property
    def is_free(self):
        return self.per_minute is None and self.slowed == []

    def keys(self, sender_id, place):
        """The paces a delivery counts for: of all together, and of its domain."""
        if not place.is_counted:
            return ()
        wanted = {"": self.per_minute is not None, place.domain: False}
        return tuple(
            (sender_id, domain)
            for domain, is_wanted in wanted.items()
            if is_wanted or self.slowed is None or domain in self.slowed
        )


class Admitted(list):
    """The part of a batch that may go now, and the paces in which each of it has a place."""

    def __init__(self, deliveries=()):
        super().__init__(deliveries)
        # {delivery id: keys of its paces}, and {key: (minute, day)} it was counted in.
        self.reserved = {}
        self.counted_in = {}
        # The paces whose days are counted.
        self.warming = set()
        self.asked_at = monotonic()


@dataclass
class Choice:
    """Who may go, and where those wait that may not: {id: (words, due_at)}."""

    admitted: Admitted = field(default_factory=Admitted)
    queued: dict[int, tuple[str, datetime]] = field(default_factory=dict)


def admit(batch, at, owner):
    """The part of a claimed batch that may go now; the others are put back, each to when there is a place."""
    asked_at = monotonic()
    admitted = _admit(batch, at, owner)
    admitted.asked_at = asked_at
    return admitted


def _admit(batch, at, owner):
    limits = _limits({delivery.sender_id for delivery in batch}, at)
    if not limits:
        return Admitted(batch)
    places = _places([delivery.id for delivery in batch if delivery.sender_id in limits], at)
    keys = {
        delivery.id: limits[delivery.sender_id].keys(delivery.sender_id, places[delivery.id])
        for delivery in batch
        if delivery.id in places
    }
    wanted = {key for each in keys.values() for key in each}
    if not wanted:
        return Admitted(batch)
    _make(wanted)
    with transaction.atomic(durable=True):
        rooms = _lock(wanted, limits, at)
        choice = _choose(batch, keys, places, rooms, at)
        _write(rooms)
        _put_back(choice.queued, owner)
    return choice.admitted


def without_paused(window, deliveries, admitted):
    """The part of a window that nobody has asked to wait since it was admitted; `deliveries` are its rows."""
    paused = {key for key, told_at in _pauses.copy().items() if told_at >= admitted.asked_at}
    if not paused:
        return window
    domains = {pk: row.contact.email.rpartition("@")[2].lower() for pk, row in deliveries.items()}
    return [
        each
        for each in window
        if (each.sender_id, "") not in paused and (each.sender_id, domains.get(each.id)) not in paused
    ]


def give_back(admitted, at):
    """Free the places of what did not pass the gate after all."""
    reserved = admitted.reserved
    if not reserved:
        return
    with connection.cursor() as cursor:
        cursor.execute(_NOT_PASSED, {"ids": list(reserved)})
        found = cursor.fetchall()
        counts = Counter(key for pk, _has_ended in found for key in reserved[pk])
        if counts:
            moments = [admitted.counted_in[key] for key in counts]
            row = _columns(counts) | {"counts": list(counts.values())}
            row |= {
                "minutes": [minute for minute, _day in moments],
                "days": [day for _minute, day in moments],
            }
            cursor.execute(_GIVE_BACK, row)
        _fill_day(cursor, admitted, [pk for pk, has_ended in found if has_ended], at)


def _fill_day(cursor, admitted, ended, at):
    """The day's places of what will never leave go to the next in line, who wait for another day."""
    freed = Counter(key for pk in ended for key in admitted.reserved[pk] if key in admitted.warming)
    for (sender_id, domain), count in sorted(freed.items()):
        queueing.come_forward(cursor, at, sender_id, domain, count)


def note_refusal(sender_id, domain, reply, at, retry_after=None):
    """The other side wants less: pause, as long as it says, or longer with each refusal in a row.

    `domain` is empty when a provider speaks for all of the sender's mail. `at` is when it was said.
    """
    if retry_after is None and ONE_MAILBOX.search(reply):
        return
    _unhindered.discard(sender_id)
    _pauses[sender_id, domain.lower()] = monotonic()
    row = {"sender": sender_id, "domain": domain.lower(), "reply": reply[:300], "at": at}
    row |= {"after": retry_after, "minute": MINUTE, "longest": LONGEST_PAUSE}
    with connection.cursor() as cursor:
        cursor.execute(_REFUSED, row)


def note_taken(counts, at):
    """Messages were taken, {(sender id, domain): how many}: the next refusal is one less in a row."""
    keys = {
        (sender_id, domain)
        for sender_id, address_domain in counts
        if sender_id not in _unhindered
        for domain in ("", address_domain.lower())
    }
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(_TAKEN, _columns(keys) | {"at": at})


def _limits(sender_ids, at):
    """{sender id: Limits} of those that have any."""
    with connection.cursor() as cursor:
        cursor.execute(_LIMITS, {"senders": list(sender_ids), "recovering": at - queueing.RECOVERS_FOR})
        found = {row[0]: Limits(*row[1:]) for row in cursor.fetchall()}
    for sender_id, limits in found.items():
        (_unhindered.add if limits.is_free else _unhindered.discard)(sender_id)
    return {sender_id: limits for sender_id, limits in found.items() if not limits.is_free}


def _places(ids, at):
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, {"ids": ids, "engaged": at - ENGAGED_WITHIN})
        return {row[0]: Place(*row) for row in cursor.fetchall()}


def _make(keys):
    """Paces that are counted for the first time; in order and outside the transaction that locks them."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, _columns(keys))


def _lock(keys, limits, at):
    """{key: Room} with its row locked, always in the same order."""
    troubles = {}

    def is_held(sender_id):
        if sender_id not in troubles:
            troubles[sender_id] = warming.is_held(sender_id, at)
        return troubles[sender_id]

    return {
        (pace.sender_id, pace.domain): Room(pace, limits[pace.sender_id], at, is_held)
        for pace in Pace.objects.raw(_LOCKED, _columns(keys))
    }


def _choose(batch, keys, places, rooms, at):
    choice = Choice()
    for delivery in _in_order(batch, places, keys, rooms):
        wanted = keys.get(delivery.id, ())
        mine = [rooms[key] for key in wanted]
        full = next((room for room in mine if not room.has_place(delivery)), None)
        if full:
            choice.queued[delivery.id] = full.words(), full.queue(delivery, places[delivery.id])
            continue
        for room in mine:
            room.take()
        choice.admitted.append(delivery)
        choice.admitted.reserved |= {delivery.id: wanted} if wanted else {}
    choice.admitted.warming = {key for key, room in rooms.items() if room.is_warming}
    choice.admitted.counted_in = {key: (room.pace.minute, room.pace.day) for key, room in rooms.items()}
    return choice


def _in_order(batch, places, keys, rooms):
    """The most important first; of a newsletter, while its sender warms up, those who answered lately."""

    def turn(delivery):
        is_late = delivery.rank == LifecycleRule.Rank.NEWSLETTER and any(
            rooms[key].is_warming for key in keys.get(delivery.id, ())
        )
        return delivery.rank, is_late and not places[delivery.id].is_engaged

    return sorted(batch, key=turn)


def _write(rooms):
    paces = [room.pace for room in rooms.values()]
    row = {
        "ids": [pace.pk for pace in paces],
        "days": [pace.day for pace in paces],
        "day_counts": [pace.day_count for pace in paces],
        "day_limits": [pace.day_limit for pace in paces],
        "minutes": [pace.minute for pace in paces],
        "minute_counts": [pace.minute_count for pace in paces],
        "queues": [pace.queue_until for pace in paces],
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, row)


def _put_back(queued, owner):
    if not queued:
        return
    row = {
        "ids": list(queued),
        "details": [words[:300] for words, _due_at in queued.values()],
        "dues": [due_at for _words, due_at in queued.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(_PUT_BACK, row | {"owner": owner})


def _columns(keys):
    return {"senders": [key[0] for key in keys], "domains": [key[1] for key in keys]}
