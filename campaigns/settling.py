"""What a crash left in hand is settled by evidence, or parked for a person; what has no time left ends.

Leases are compared with the database's clock, business time with `at`, and never one with the other. Rows
another worker holds are passed over: it settles them itself, or the next sweep does.

What nobody knows of is settled as its sender says: by the key under which the provider takes a message once,
by asking for evidence, or by a person. A notice about the message is evidence whatever the sender says.
"""

from collections import Counter
from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from campaigns import channels
from campaigns.crash_points import crash_point
from campaigns.models import Delivery
from contacts.models import Sender, SettlesBy
from contacts.primary import on_primary

Status, Reason = Delivery.Status, Delivery.Reason

# How long evidence is waited for; and how long the worker itself may still be slow to say so.
EVIDENCE_WITHIN = timedelta(seconds=settings.SENDING_UNKNOWN_FOR)
LAST_WORD_WITHIN = min(EVIDENCE_WITHIN, timedelta(minutes=1))
# How many are asked for at their provider in one go, and for how many seconds.
ASKED_AT_ONCE, ASKING_LASTS = 500, 10
# What crashed its worker so often shall crash no other.
MOST_TRIES = 10
# A provider that cannot say for so many times the wait is not asked any more.
KEEP_ASKING = 4

_SETTLE = """
WITH found AS MATERIALIZED (
    SELECT d.id FROM campaigns_delivery d {join}
    WHERE {where} ORDER BY d.id FOR UPDATE OF d SKIP LOCKED
)
UPDATE campaigns_delivery d SET {change} FROM found WHERE d.id = found.id
"""
_LEASE_OVER = "d.status = '{status}' AND d.lease_until < clock_timestamp()"
_AGAIN = "owner = '', lease_until = NULL, status = 'planned'"
_AGAIN_NOW = f"{_AGAIN}, reason = '', sending_at = NULL, due_at = greatest(d.due_at, %(at)s)"
_ENDED = "owner = '', lease_until = NULL, finished_at = %(at)s"
_TAKEN = "owner = '', lease_until = NULL, finished_at = %(at)s, status = 'sent', reason = ''"
# Somebody who cannot be forged spoke of the message: then it had been taken.
_TOLD = """EXISTS (
    SELECT 1 FROM campaigns_notice n WHERE n.delivery_id = d.id AND n.is_trusted AND n.source <> 'smtp'
)"""
# The provider knows the key and takes it once, as long as it remembers.
_KNOWN_BY_KEY = """EXISTS (
    SELECT 1 FROM unnest(%(by_key)s::bigint[], %(keys_last)s::interval[]) AS key (sender_id, lasts)
    WHERE key.sender_id = d.sender_id AND d.first_sending_at > %(at)s - key.lasts
) AND d.attempts < %(most_tries)s"""
# Whatever has become unknown since the steps before this one were taken is theirs next time.
_NOBODY_CAN_SAY = (
    _LEASE_OVER.format(status="unknown")
    + " AND (d.sender_id <> ALL(%(askable)s) OR d.id = ANY(%(given_up)s))"
    + f" AND NOT ({_KNOWN_BY_KEY})"
)
_WORTH_REPEATING = "d.rank = 0 AND d.attempts < 2"

# The gate ends what it is asked about; this is for what never gets there. The oldest are looked at, so that a
# long line costs no more than a short one.
_OLDEST_DUE = """d.status = 'planned' AND d.id IN (
    SELECT id FROM campaigns_delivery
    WHERE status = 'planned' AND channel = 'email' AND due_at <= %(at)s ORDER BY due_at, id LIMIT 5000
)"""

# name -> (which rows, joined to what, what is written); in this order.
CRASHED = {
    # Nothing had left: someone else takes it.
    "put_back": (_LEASE_OVER.format(status="claimed"), "", _AGAIN),
    # A panel that a page had in hand: nobody minds seeing it, should they have seen it already.
    "shown_anew": (f"{_LEASE_OVER.format(status='sending')} AND d.channel = 'panel'", "", _AGAIN_NOW),
    # Whoever took the call said nothing of it in time: a colleague may.
    "calls_left": (
        _LEASE_OVER.format(status="sending") + " AND d.channel = 'phone'",
        "",
        f"{_AGAIN}, reason = '', sending_at = NULL, passed_at = NULL, attempts = d.attempts - 1",
    ),
    # It may have left. Whoever was sending it has a last while to say so.
    "unknown": (
        _LEASE_OVER.format(status="sending"),
        "",
        "status = 'unknown', reason = 'no_answer', doubts = d.doubts + 1,"
        " lease_until = clock_timestamp() + CASE"
        " WHEN d.sender_id = ANY(%(by_key)s) THEN interval '0'"
        " WHEN d.sender_id = ANY(%(by_evidence)s) THEN %(evidence_within)s ELSE %(last_word_within)s END",
    ),
}
DOUBTED = {
    "evident": (f"d.status IN ('unknown', 'parked') AND d.reason = 'no_answer' AND {_TOLD}", "", _TAKEN),
    "keyed": (f"{_LEASE_OVER.format(status='unknown')} AND {_KNOWN_BY_KEY}", "", _AGAIN_NOW),
}
UNSETTLED = {
    # A service message is worth a second copy, once; marketing is not.
    "retried": (f"{_NOBODY_CAN_SAY} AND {_WORTH_REPEATING}", "", _AGAIN_NOW),
    "parked": (
        f"{_NOBODY_CAN_SAY} AND NOT ({_WORTH_REPEATING})",
        "",
        # The owner stays: should that worker still say what became of it, it is believed.
        "lease_until = NULL, finished_at = %(at)s, status = 'parked'",
    ),
}
OUT_OF_TIME = {
    "expired": (
        f"{_OLDEST_DUE} AND d.expires_at <= %(at)s",
        "",
        _ENDED + ", status = 'expired', reason = 'too_late'",
    ),
    "cancelled": (
        f"{_OLDEST_DUE} AND r.status IN ('closed', 'draft')",
        "JOIN campaigns_lifecyclerule r ON r.id = d.rule_id",
        _ENDED + ", status = 'cancelled', reason = 'rule_off'",
    ),
    "called_off": (
        f"{_OLDEST_DUE} AND k.status = 'cancelled'",
        "JOIN campaigns_campaign k ON k.id = d.campaign_id",
        _ENDED + ", status = 'cancelled', reason = 'campaign_off'",
    ),
}
# Most often there is nothing to do: is there, of the one kind, the other, or the third?
_ANY = f"""
SELECT EXISTS (
    SELECT 1 FROM campaigns_delivery
    WHERE status IN ('claimed', 'sending') AND lease_until < clock_timestamp()
), EXISTS (
    SELECT 1 FROM campaigns_delivery WHERE status IN ('unknown', 'parked') AND reason = 'no_answer'
), EXISTS (
    SELECT 1 FROM campaigns_delivery d LEFT JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
    LEFT JOIN campaigns_campaign k ON k.id = d.campaign_id
    WHERE {_OLDEST_DUE}
      AND (d.expires_at <= %(at)s OR r.status IN ('closed', 'draft') OR k.status = 'cancelled')
)
"""


class CannotSettle(ValueError):
    """Only what is parked or unknown waits for a person."""


def policy_of(sender):
    """How this sender's doubts are settled: as it says, as far as its provider allows."""
    if sender.settles_by != SettlesBy.KEY:
        return sender.settles_by
    try:
        allowed = channels.get(sender.provider).settles_by
    except channels.UnknownProvider:
        allowed = SettlesBy.PERSON
    return SettlesBy.KEY if allowed == SettlesBy.KEY else SettlesBy.EVIDENCE


def patience(sender):
    """How long a doubt of this sender's waits before it is settled without further evidence."""
    waits = {SettlesBy.KEY: timedelta(), SettlesBy.EVIDENCE: EVIDENCE_WITHIN}
    return waits.get(policy_of(sender), LAST_WORD_WITHIN)


@on_primary()
def settle(at):
    """Settle what crashed or ran out of time; returns how many of which. Calling it twice settles once."""
    counts, values = Counter(), {"at": at, "most_tries": MOST_TRIES}
    with connection.cursor() as cursor:
        cursor.execute(_ANY, values)
        has_crashed, has_doubts, is_out_of_time = cursor.fetchone()
    if has_crashed or has_doubts:
        crash_point("settle")
        senders = list(Sender.objects.all())
        values |= waits_of(senders)
        counts += take_steps(CRASHED | DOUBTED, values)
        askable = {
            sender.pk: channels.get(sender.provider).look_up for sender in senders if can_be_asked(sender)
        }
        answered, given_up = ask_providers(askable, at)
        counts += answered
        counts += take_steps(UNSETTLED, values | {"askable": list(askable), "given_up": given_up})
    if is_out_of_time:
        counts += take_steps(OUT_OF_TIME, values)
    return +counts


def waits_of(senders):
    """What the statements ask of senders: who settles by what, and for how long."""
    by_key = [sender for sender in senders if policy_of(sender) == SettlesBy.KEY]
    return {
        "by_key": [sender.pk for sender in by_key],
        "keys_last": [channels.get(sender.provider).key_lasts for sender in by_key],
        "by_evidence": [sender.pk for sender in senders if policy_of(sender) == SettlesBy.EVIDENCE],
        "evidence_within": EVIDENCE_WITHIN,
        "last_word_within": LAST_WORD_WITHIN,
    }


def take_steps(steps, values):
    """Run each step's statement; how many rows each changed."""
    counts = Counter()
    with connection.cursor() as cursor:
        for name, (where, join, change) in steps.items():
            cursor.execute(_SETTLE.format(where=where, join=join, change=change), values)
            counts[name] += cursor.rowcount
    return counts


def ask_providers(askable, at):
    """Ask for each doubted message of these senders: (counts, ids of which nothing can be learnt any more).

    A yes is believed at once, a no after a while: the answer may be as late as the evidence.
    """
    counts, given_up, ends = Counter(), [], monotonic() + ASKING_LASTS
    doubted = Delivery.objects.filter(status=Status.UNKNOWN, sender__in=askable).order_by("lease_until", "id")
    for delivery in doubted.annotate(now=Now())[:ASKED_AT_ONCE]:
        if monotonic() > ends:
            break
        taken, over_for = askable[delivery.sender_id](delivery), delivery.now - delivery.lease_until
        if taken:
            counts["evident"] += settle_one(delivery, at, sent=True)
        elif taken is False and over_for > timedelta() and delivery.attempts < MOST_TRIES:
            counts["not_taken"] += settle_one(delivery, at, sent=False)
        elif over_for > KEEP_ASKING * EVIDENCE_WITHIN:
            given_up.append(delivery.pk)
    return counts, given_up


def can_be_asked(sender):
    """Whether this sender's doubts are settled by asking its provider."""
    if policy_of(sender) != SettlesBy.EVIDENCE:
        return False
    try:
        return channels.get(sender.provider).look_up is not None
    except channels.UnknownProvider:
        return False


def settle_one(delivery, at, *, sent):
    """By the provider's word: it was taken, or it was not and goes again. How many rows that changed."""
    with connection.cursor() as cursor:
        where = "d.id = %(id)s AND d.status = 'unknown'"
        change = _TAKEN if sent else _AGAIN_NOW
        cursor.execute(_SETTLE.format(where=where, join="", change=change), {"id": delivery.pk, "at": at})
        return cursor.rowcount


@transaction.atomic
def settle_by_hand(delivery, *, sent, by, at):
    """A person says of an unknown delivery that it arrived, or shall go again; raises CannotSettle."""
    delivery = Delivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)
    if delivery.status not in (Status.PARKED, Status.UNKNOWN):
        raise CannotSettle(delivery.get_status_display())
    delivery.owner, delivery.lease_until = "", None
    delivery.detail = str(by)[:300]
    if sent:
        delivery.status, delivery.finished_at = Status.SENT, at
    else:
        left = delivery.expires_at - delivery.due_at
        delivery.status, delivery.reason, delivery.detail = Status.PLANNED, Reason.NONE, ""
        delivery.due_at, delivery.expires_at = at, at + left
        delivery.sending_at = delivery.finished_at = None
    delivery.save()
    return delivery
