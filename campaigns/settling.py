"""What a crash left in hand is settled by evidence, or parked for a person; what has no time left ends.

Leases are compared with the database's clock, business time with `at`, and never one with the other. Rows
another worker holds are passed over: it settles them itself, or the next sweep does.
"""

from collections import Counter

from django.db import connection, transaction

from campaigns.claiming import UNKNOWN_FOR
from campaigns.models import Delivery

Status, Reason = Delivery.Status, Delivery.Reason

_SETTLE = """
WITH found AS MATERIALIZED (
    SELECT d.id FROM campaigns_delivery d {join}
    WHERE {where} ORDER BY d.id FOR UPDATE OF d SKIP LOCKED
)
UPDATE campaigns_delivery d SET {change} FROM found WHERE d.id = found.id
"""
_LEASE_OVER = "d.status = '{status}' AND d.lease_until < clock_timestamp()"
_AGAIN = "owner = '', lease_until = NULL, status = 'planned'"
_ENDED = "owner = '', lease_until = NULL, finished_at = %(at)s"

# The gate ends what it is asked about; this is for what never gets there. The oldest are looked at, so that a
# long line costs no more than a short one.
_OLDEST_DUE = """d.status = 'planned' AND d.id IN (
    SELECT id FROM campaigns_delivery
    WHERE status = 'planned' AND due_at <= %(at)s ORDER BY due_at, id LIMIT 5000
)"""

# name -> (which rows, joined to what, what is written); in this order.
CRASHED = {
    # Nothing had left: someone else takes it.
    "put_back": (_LEASE_OVER.format(status="claimed"), "", _AGAIN),
    # It may have left. Whoever was sending it has a last while to say so.
    "unknown": (
        _LEASE_OVER.format(status="sending"),
        "",
        "status = 'unknown', reason = 'no_answer', lease_until = clock_timestamp() + %(unknown_for)s",
    ),
    # A service message is worth a second copy, once; marketing is not.
    "retried": (
        _LEASE_OVER.format(status="unknown") + " AND d.rank = 0 AND d.attempts < 2",
        "",
        _AGAIN + ", sending_at = NULL, due_at = greatest(d.due_at, %(at)s)",
    ),
    "parked": (
        _LEASE_OVER.format(status="unknown") + " AND NOT (d.rank = 0 AND d.attempts < 2)",
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
}


# Most often there is nothing to do: is there, of the one kind or the other?
_ANY = f"""
SELECT EXISTS (
    SELECT 1 FROM campaigns_delivery
    WHERE status IN ('claimed', 'sending', 'unknown') AND lease_until < clock_timestamp()
), EXISTS (
    SELECT 1 FROM campaigns_delivery d JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
    WHERE {_OLDEST_DUE} AND (d.expires_at <= %(at)s OR r.status IN ('closed', 'draft'))
)
"""


class CannotSettle(ValueError):
    """Only what is parked or unknown waits for a person."""


def settle(at):
    """Settle what crashed or ran out of time; returns how many of which. Calling it twice settles once."""
    counts, moments = Counter(), {"at": at, "unknown_for": UNKNOWN_FOR}
    with connection.cursor() as cursor:
        cursor.execute(_ANY, moments)
        has_crashed, is_out_of_time = cursor.fetchone()
        steps = (CRASHED if has_crashed else {}) | (OUT_OF_TIME if is_out_of_time or has_crashed else {})
        for name, (where, join, change) in steps.items():
            cursor.execute(_SETTLE.format(where=where, join=join, change=change), moments)
            counts[name] += cursor.rowcount
    return +counts


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
