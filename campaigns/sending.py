"""The message leaves through its channel, and what became of it is recorded.

`sending` is durable before a byte leaves. What is refused is known; what gets no answer is `unknown`, and
marketing mail of unknown outcome is never simply repeated.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.db import connection, transaction
from django.utils.translation import gettext as _

from campaigns import gate, rendering
from campaigns.channels import (
    ChannelError,
    LineLost,
    NoAnswer,
    RefusedForGood,
    RefusedForNow,
    Unreachable,
    smtp,
)
from campaigns.claiming import UNKNOWN_FOR, batches, release
from campaigns.models import Delivery, Response, SendingSwitch
from contacts.suppressing import suppress
from touchpoints.models import Touchpoint
from touchpoints.recording import record

logger = logging.getLogger(__name__)
Status, Reason = Delivery.Status, Delivery.Reason

BATCH = 100
# What passed the gate longer ago than this asks again before it leaves.
LATE = 10
# A run ends after this long; the next one reads the clock anew.
LONGEST_RUN = 60
# How often what passed may go back to the gate within a run before it waits for a later one.
ROUNDS = 3
RETRY_AFTER = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
]

# By key, not through the index of what is in hand, which is full of entries of what has just left.
_RECORD = """
UPDATE campaigns_delivery d
SET status = v.status, reason = v.reason, detail = v.detail, reply = v.reply,
    due_at = coalesce(v.due_at, d.due_at),
    sending_at = CASE WHEN v.status = 'planned' THEN NULL ELSE d.sending_at END,
    owner = CASE WHEN v.status = 'unknown' THEN d.owner ELSE '' END,
    lease_until = CASE WHEN v.status = 'unknown' THEN clock_timestamp() + %(unknown_for)s END,
    finished_at = CASE WHEN v.status IN ('sent', 'failed') THEN %(at)s END
FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(details)s::text[],
            %(dues)s::timestamptz[], %(replies)s::text[]) AS v (id, status, reason, detail, due_at, reply)
WHERE d.id = v.id AND d.owner = %(owner)s AND d.status || '' IN ('sending', 'unknown', 'parked')
RETURNING d.id
"""


@dataclass(frozen=True)
class Result:
    """What became of one delivery."""

    delivery: Delivery
    status: str
    reason: str = ""
    detail: str = ""
    due_at: datetime | None = None
    reply: str = ""
    address_is_bad: bool = False


@dataclass(frozen=True)
class Run:
    """One worker's pass over what is due: its moment, its name, its line, and when to stop."""

    at: datetime
    owner: str
    line: "Line"
    ends: float

    @property
    def is_over(self):
        return monotonic() > self.ends


class Line:
    """One connection to the mail server, opened when it is needed and again after it broke."""

    def __init__(self):
        self._connection = None
        self._has_served = False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.drop()

    def open(self):
        """Raises Unreachable."""
        self._connection = self._connection or smtp.open_connection()

    def drop(self):
        if self._connection:
            smtp.close(self._connection)
        self._connection, self._has_served = None, False

    def send(self, content, sender, recipient):
        """The server's answer; raises a ChannelError.

        None when a line that has served before was found closed: nothing was accepted, a new line may do it.
        """
        served, self._has_served = self._has_served, True
        try:
            return smtp.send(self._connection, content, sender, recipient)
        except LineLost:
            self.drop()
            if served:
                return None
            raise
        except NoAnswer:
            self.drop()
            raise


def send_due(at, owner, limit=BATCH, *, contact_ids=None):
    """Send everything that is due and may be sent; returns how many ended in which state."""
    counts = Counter()
    if SendingSwitch.objects.filter(held=True).exists():
        return counts
    with Line() as line:
        run = Run(at, owner, line, monotonic() + LONGEST_RUN)
        for batch in batches(owner, at, limit, contact_ids=contact_ids):
            try:
                counts += send_batch(batch, run)
            except Unreachable as error:
                logger.warning("The mail server cannot be reached: %s", error)
                counts["unreachable"] += 1
                break
            if run.is_over:
                break
    return counts


def send_batch(batch, run):
    """Send a claimed batch, window by window. What there is no time or no mail server for is put back."""
    counts, ids = Counter(), [delivery.id for delivery in batch]
    try:
        run.line.open()
        deliveries, values = load(ids)
        for window in gate.windows(batch):
            if run.is_over:
                break
            counts += send_window([delivery.id for delivery in window], deliveries, values, run)
    finally:
        release(ids, run.owner)
    return counts


def send_window(ids, deliveries, values, run):
    """Take one window through the gate and send what passes; what gets late on the way asks again."""
    counts = Counter()
    for _round in range(ROUNDS):
        run.line.open()
        results, late = send_passed(ids, deliveries, values, run)
        counts.update(str(result.status) for result in results)
        ids = gate.return_to_gate(late, run.owner)
        if not ids:
            break
        deliveries, values = load(ids)
    return counts


def send_passed(ids, deliveries, values, run):
    """Ask the gate and send what passes: (results, ids of what got too late to leave)."""
    passed = gate.pass_gate(ids, run.at, owner=run.owner, values=values)
    passed_at, results, late, waiting = monotonic(), [], [], [*passed.items()]
    try:
        while waiting:
            pk, address = waiting.pop(0)
            delivery = deliveries[pk]
            delivery.address, delivery.sending_at = address, run.at
            result = send_one(delivery, values.get(pk), run, lambda: monotonic() - passed_at > LATE)
            results.append(result) if result else late.append(pk)
    finally:
        # Should this end by surprise, only the one that was at the wire is in doubt.
        record_results(results, run)
        gate.return_to_gate([pk for pk, _address in waiting], run.owner)
    return results, late


def send_one(delivery, values, run, is_late):
    """Send one delivery that passed the gate; returns its Result, or None when it must ask again."""
    if values is None:
        return Result(delivery, Status.FAILED, Reason.RENDER, _("A merge value could not be found."))
    try:
        message = rendering.render(delivery, values)
        content = message.as_bytes()
    except rendering.RenderError as error:
        # Its words may name the person; they stand with the delivery and not in the log.
        logger.warning("Delivery %s could not be rendered.", delivery.pk)
        return Result(delivery, Status.FAILED, Reason.RENDER, _words(error))
    except Exception as error:
        # Whatever is wrong with one message must not hold up the others.
        logger.warning("Delivery %s could not be rendered.", delivery.pk, exc_info=True)
        return Result(delivery, Status.FAILED, Reason.RENDER, _words(error))
    try:
        run.line.open()
        if is_late() or message.recipient != delivery.address:
            return None
        reply = run.line.send(content, message.sender_address, delivery.address)
    except ChannelError as error:
        return unsent(delivery, error, run.at)
    return reply and Result(delivery, Status.SENT, reply=reply)


def unsent(delivery, error, at):
    """What an error of the channel means for the delivery."""
    if isinstance(error, RefusedForNow):
        return postponed(delivery, at, error.reply)
    if isinstance(error, RefusedForGood):
        told = {"reply": error.reply, "address_is_bad": error.address_is_bad}
        return Result(delivery, Status.FAILED, Reason.REFUSED, error.reply, **told)
    return Result(delivery, Status.UNKNOWN, Reason.NO_ANSWER, reply=error.reply)


def postponed(delivery, at, reply):
    """Try again later and later; after the last try, or when it would be too late, it has failed."""
    tries = delivery.attempts
    due_at = at + RETRY_AFTER[min(tries, len(RETRY_AFTER) - 1)]
    if tries >= len(RETRY_AFTER) or due_at >= delivery.expires_at:
        return Result(delivery, Status.FAILED, Reason.REFUSED, reply, reply=reply)
    return Result(delivery, Status.PLANNED, Reason.RETRY, reply, due_at, reply)


def load(ids):
    """({id: delivery}, {id: merge values}) with all that rendering reads."""
    related = ("contact", "sender", "version", "rule", "topic", "touchpoint")
    deliveries = Delivery.objects.select_related(*related).in_bulk(ids)
    return deliveries, gather(deliveries.values())


def gather(deliveries):
    """The merge values of all; when they cannot be had together, of each that can be had alone."""
    deliveries = list(deliveries)
    try:
        return rendering.gather(deliveries)
    except Exception:
        logger.warning("Merge values could not be gathered together.", exc_info=True)
    values = {}
    for delivery in deliveries:
        try:
            values |= rendering.gather([delivery])
        except Exception:
            logger.warning("Merge values of delivery %s could not be gathered.", delivery.pk, exc_info=True)
    return values


def record_results(results, run):
    """Write what became of each, and keep addresses that do not exist from being used again."""
    written = write_results(results, run) if results else set()
    for result in results:
        if result.delivery.pk not in written:
            logger.error("Delivery %s was settled before its worker could record it.", result.delivery.pk)
        if result.address_is_bad:
            note_bounce(result, run.at)


def write_results(results, run):
    """One statement for all; returns the ids of the rows that were still waiting for it."""
    row = {
        "ids": [result.delivery.pk for result in results],
        "statuses": [str(result.status) for result in results],
        "reasons": [str(result.reason) for result in results],
        "details": [result.detail[:300] for result in results],
        "dues": [result.due_at for result in results],
        "replies": [result.reply[:300] for result in results],
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, row | {"at": run.at, "owner": run.owner, "unknown_for": UNKNOWN_FOR})
        return {pk for (pk,) in cursor.fetchall()}


@transaction.atomic
def note_bounce(result, at):
    """The address does not exist: suppress it, and tell it as a touchpoint."""
    delivery = result.delivery
    source = f"delivery:{delivery.uuid}"
    suppress(delivery.address, reason="bounced", at=at, source=source, detail=result.reply)
    touchpoint, created = record(
        Touchpoint.Kind.BOUNCED,
        contact=delivery.contact,
        at=at,
        source="campaigns",
        external_id=f"bounced:{delivery.uuid}",
        data={"delivery": str(delivery.uuid), "address": delivery.address, "reply": result.reply},
    )
    if created:
        Response.objects.create(delivery=delivery, kind=Response.Kind.BOUNCED, at=at, touchpoint=touchpoint)


def _words(error):
    words = str(error) if isinstance(error, rendering.RenderError) else f"{type(error).__name__}: {error}"
    return words[:300]
