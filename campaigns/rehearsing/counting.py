"""Counts what stands in the shadow, for one row of the strategy or one campaign, before it is gone."""

from django.db import connection

# So many people are kept by name; of all the others the numbers.
KEPT = 5_000
COLUMNS = (
    *("contact", "step", "variant", "touchpoint", "status", "reason", "detail", "occurred_at", "due_at"),
    *("at", "waits", "waited_for", "channel"),
)
_MINE = "{program} = %(program)s AND d.round >= 0"
# Each on the day it was due at first, as the sender's clock shows it; what became of it on the day it did.
_DAYS = """
SELECT told.day::text, sum(told.planned), sum(told.waited), sum(told.sent), sum(told.held_out),
       sum(told.skipped), sum(told.cancelled), sum(told.expired), sum(told.waiting)
FROM (
    SELECT (coalesce(d.first_due_at, d.due_at) AT TIME ZONE %(zone)s)::date AS day, 1 AS planned,
           (d.waits > 0)::int AS waited, 0 AS sent, 0 AS held_out, 0 AS skipped, 0 AS cancelled, 0 AS expired,
           (d.status = 'planned')::int AS waiting
    FROM campaigns_delivery d WHERE {mine}
    UNION ALL
    SELECT (coalesce(d.sending_at, d.finished_at) AT TIME ZONE %(zone)s)::date, 0, 0,
           (d.status = 'sent')::int, (d.status = 'held_out')::int, (d.status = 'skipped')::int,
           (d.status IN ('cancelled', 'erased', 'merged'))::int, (d.status = 'expired')::int, 0
    FROM campaigns_delivery d WHERE {mine} AND d.status <> 'planned'
) told GROUP BY told.day ORDER BY told.day
"""
DAY_NAMES = ("day", "planned", "waited", "sent", "held_out", "skipped", "cancelled", "expired", "waiting")
_REASONS = """
SELECT d.status, d.reason, count(*) FROM campaigns_delivery d WHERE {mine}
GROUP BY d.status, d.reason ORDER BY count(*) DESC, d.status, d.reason
"""
_WAITS = """
SELECT d.waited_for, count(*) FROM campaigns_delivery d WHERE {mine} AND d.waits > 0
GROUP BY d.waited_for ORDER BY count(*) DESC, d.waited_for
"""
_STEPS = """
SELECT d.step_id, count(*), count(*) FILTER (WHERE d.status = 'sent') FROM campaigns_delivery d
WHERE {mine} GROUP BY d.step_id ORDER BY d.step_id
"""
_PEOPLE = """
SELECT count(DISTINCT d.contact_id), count(DISTINCT d.contact_id) FILTER (WHERE d.status = 'sent')
FROM campaigns_delivery d WHERE {mine}
"""
_CONTACTS = """
SELECT d.contact_id, d.step_id, d.variant, d.touchpoint_id, d.status, d.reason, d.detail, d.occurred_at,
       coalesce(d.first_due_at, d.due_at), CASE d.status WHEN 'planned' THEN d.due_at
       ELSE coalesce(d.sending_at, d.finished_at) END, d.waits, d.waited_for, d.channel
FROM campaigns_delivery d WHERE {mine} ORDER BY 9, d.contact_id, d.id LIMIT %(kept)s
"""


def counted(program, zone):
    """Everything there is to tell, as JSON can hold it. `program` is (column, id) of the ledger."""
    told = {"program": program[1], "zone": zone, "kept": KEPT}
    people, reached = rows_of(_PEOPLE, program, told)[0]
    return {
        "days": [dict(zip(DAY_NAMES, row, strict=True)) for row in rows_of(_DAYS, program, told)],
        "reasons": rows_of(_REASONS, program, told),
        "waits": rows_of(_WAITS, program, told),
        "steps": rows_of(_STEPS, program, told),
        "people": people,
        "reached": reached,
        "contacts": [[_plain(value) for value in row] for row in rows_of(_CONTACTS, program, told)],
    }


def rows_of(sql, program, told):
    """Rows of a statement about this program's part of the shadow, `{mine}` standing for which they are."""
    mine = _MINE.format(program=f"d.{program[0]}")
    with connection.cursor() as cursor:
        cursor.execute(sql.format(mine=mine), told)
        return [[_number(value) for value in row] for row in cursor.fetchall()]


def _number(value):
    """Sums come as decimals."""
    return int(value) if hasattr(value, "as_tuple") else value


def _plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else value
