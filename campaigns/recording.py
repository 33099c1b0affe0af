"""What became of a delivery is written down: in its row, and as notices where an address was refused."""

import json
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from campaigns import bouncing, noticing, pacing, remembering, settling, statements
from campaigns.channels import ChannelError, LineLost, RefusedForGood, RefusedForNow, Unreachable
from campaigns.crash_points import crash_point
from campaigns.models import Anomaly, Delivery, Notice

logger = logging.getLogger(__name__)
Status, Reason = Delivery.Status, Delivery.Reason

RETRY_AFTER = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
]

# What was sent need not be durable at once: a row that a crash leaves as `sending` is settled by evidence. By
# key, not through the index of what is in hand, which is full of entries of what has just left.
_RECORD = """
WITH lazy AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE campaigns_delivery d
SET status = v.status, reason = v.reason, detail = v.detail, reply = v.reply, provider_ref = v.ref,
    due_at = coalesce(v.due_at, d.due_at),
    sending_at = CASE WHEN v.status = 'planned' THEN NULL ELSE d.sending_at END,
    attempts = d.attempts - (v.status = 'planned' AND NOT v.costs_a_try)::int,
    doubts = d.doubts + (v.status = 'unknown' AND d.status = 'sending')::int,
    owner = CASE WHEN v.status = 'unknown' THEN d.owner ELSE '' END,
    lease_until = CASE WHEN v.status = 'unknown' THEN clock_timestamp() + v.patience END,
    finished_at = CASE WHEN v.status IN ('sent', 'failed') THEN %(at)s END
FROM lazy, jsonb_to_recordset(%(rows)s) AS v (
    id bigint, status text, reason text, detail text, due_at timestamptz, reply text, ref text,
    costs_a_try boolean, patience interval
)
WHERE d.id = v.id AND d.id = ANY(%(ids)s) AND d.owner = %(owner)s
  AND d.status || '' IN ('sending', 'unknown', 'parked')
RETURNING d.id
"""
RECORD_TYPES = {"ids": "bigint[]", "rows": "jsonb", "at": "timestamptz", "owner": "text"}


@dataclass(frozen=True)
class Result:
    """What became of one delivery."""

    delivery: Delivery
    status: str
    reason: str = ""
    detail: str = ""
    due_at: datetime | None = None
    reply: str = ""
    ref: str = ""
    costs_a_try: bool = True
    # What the refusal says of the address: a kind of Notice, or nothing.
    says: str = ""
    # What refused it for now: the pace asks whether that was the other side's word.
    error: ChannelError | None = None


def refused(delivery, error, at):
    """What an error of the channel means for the delivery."""
    if isinstance(error, RefusedForNow):
        return postponed(delivery, at, error)
    if isinstance(error, RefusedForGood):
        says = says_of(error)
        reason = Reason.BOUNCED if says == Notice.Kind.HARD else Reason.REFUSED
        return Result(delivery, Status.FAILED, reason, error.reply, reply=error.reply, says=says)
    return Result(delivery, Status.UNKNOWN, Reason.NO_ANSWER, reply=error.reply)


def postponed(delivery, at, error):
    """Try again later and later; after the last try, or when it would be too late, it has failed.

    Whoever is told when to come again comes then, and it costs no try.
    """
    reply, tries = error.reply, delivery.attempts
    due_at = at + (error.retry_after or RETRY_AFTER[min(tries, len(RETRY_AFTER) - 1)])
    is_last = tries >= len(RETRY_AFTER) and error.retry_after is None
    if is_last or due_at >= delivery.expires_at:
        # A line that broke, or a provider that was not to be had, says nothing of the address.
        says = "" if isinstance(error, LineLost | Unreachable) else Notice.Kind.SOFT
        return Result(delivery, Status.FAILED, Reason.REFUSED, reply, reply=reply, says=says, error=error)
    costs = error.retry_after is None
    return Result(
        delivery, Status.PLANNED, Reason.RETRY, reply, due_at, reply, costs_a_try=costs, error=error
    )


def says_of(error):
    """What a refusal for good says of the address: only one of the recipient says that it does not exist."""
    if error.address_is_bad:
        return Notice.Kind.HARD
    code, words = error.reply[:3], error.reply[4:]
    # A provider's answer over HTTP is about the message; only a mail server's can be about the mailbox.
    said = bouncing.classify_reply(code, words) if code.isdigit() else Notice.Kind.POLICY
    return Notice.Kind.SOFT if said == Notice.Kind.SOFT else Notice.Kind.POLICY


def record_results(results, run):
    """Write what became of each, and tell what the refusals say of addresses and of the pace."""
    if not results:
        return
    crash_point("record.before")
    remembering.note_ended(results, run.at)
    written = write_results(results, run)
    crash_point("record.after")
    surprised = [result.delivery.pk for result in results if result.delivery.pk not in written]
    note_anomalies(surprised, run.at)
    told = [notice_of(result, run.at) for result in results if result.says]
    if told:
        noticing.take("smtp", told, at=run.at)
    note_pace(results, run)


def write_results(results, run):
    """One statement for all; returns the ids of the rows that were still waiting for it."""
    told = {"ids": [result.delivery.pk for result in results], "at": run.at, "owner": run.owner}
    told["rows"] = json.dumps([row_of(result) for result in results])
    with connection.cursor() as cursor:
        statements.run(cursor, "record", RECORD_TYPES, _RECORD, told)
        return {pk for (pk,) in cursor.fetchall()}


def row_of(result):
    """A result as it is written down."""
    delivery, is_unknown = result.delivery, result.status == Status.UNKNOWN
    return {
        "id": delivery.pk,
        "status": str(result.status),
        "reason": str(result.reason),
        "detail": result.detail[:300],
        "due_at": result.due_at and result.due_at.isoformat(),
        "reply": result.reply[:300],
        "ref": result.ref[:200],
        "costs_a_try": result.costs_a_try,
        "patience": f"{settling.patience(delivery.sender).total_seconds()} s" if is_unknown else None,
    }


def note_anomalies(ids, at):
    """Somebody else had settled these before their worker could say what became of them."""
    if not ids:
        return
    logger.warning("Deliveries %s were settled before their worker could record them.", ids)
    words = "A worker told what became of it after it had been settled without it."
    Anomaly.objects.bulk_create([Anomaly(delivery_id=pk, at=at, words=words) for pk in ids])


def notice_of(result, at):
    """A refusal as the notice it is: the mail server's word on an address, which cannot be forged."""
    delivery = result.delivery
    return noticing.Told(
        kind=result.says,
        at=at,
        address=delivery.address,
        delivery_key=delivery.uuid,
        external_id=f"{delivery.uuid}:{delivery.attempts}",
        status_code=result.reply[:3] if result.reply[:3].isdigit() else "",
        detail=result.reply,
        is_trusted=True,
    )


def note_pace(results, run):
    """Tell the pace what was taken, and who asked to slow down."""
    taken = Counter(place_of(result) for result in results if result.status == Status.SENT)
    if taken:
        pacing.note_taken(taken, run.at)
    for result in results:
        if result.error and wants_less(result.error):
            sender_id, domain = place_of(result)
            # A provider behind an interface speaks of all that it is given, not of one domain's mail.
            domain = domain if result.delivery.sender.provider == "smtp" else ""
            after = result.error.retry_after
            pacing.note_refusal(sender_id, domain, result.reply, run.now if after else run.at, after)


def wants_less(error):
    """Whether a refusal for now is the other side's word, and not a line that broke."""
    return not isinstance(error, LineLost | Unreachable) or error.reply.startswith("421")


def place_of(result):
    return result.delivery.sender_id, result.delivery.address.rpartition("@")[2]
