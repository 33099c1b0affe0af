"""Each contact's running totals, worked out again from their rows whenever those change."""

from django.db import connection, transaction

PER_TRANSACTION = 5000

_MAKE_ROOM = """
INSERT INTO touchpoints_totals (contact_id, orders, revenue, visits)
SELECT id, 0, 0, 0 FROM contacts_contact WHERE id = ANY(%(ids)s) ORDER BY id
ON CONFLICT (contact_id) DO NOTHING
"""
# A second writer waits here, and its next statement sees what the first one committed. In one statement it
# would still count the rows as they were before it waited.
_LOCK = "SELECT 1 FROM touchpoints_totals WHERE contact_id = ANY(%(ids)s) ORDER BY contact_id FOR UPDATE"
_FIGURES = """
SELECT contact_id, orders, first_order_at, last_order_at, coalesce(revenue, 0) AS revenue, margin,
       visits, last_visit_at, last_response_at
FROM unnest(%(ids)s::bigint[]) AS asked (contact_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS orders, min(at) AS first_order_at, max(at) AS last_order_at,
           round(sum((amount - refunded) * rate), 2) AS revenue,
           round(sum((amount - refunded - cost) * rate), 2) AS margin
    FROM touchpoints_order o
    WHERE o.contact_id = asked.contact_id AND o.status IN ('paid', 'shipped')
) bought
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE kind = 'visited') AS visits,
           max(at) FILTER (WHERE kind = 'visited') AS last_visit_at,
           max(at) FILTER (WHERE kind = 'clicked') AS last_response_at
    FROM touchpoints_touchpoint t
    WHERE t.contact_id = asked.contact_id AND t.kind IN ('visited', 'clicked')
) seen
"""
_COLUMNS = "orders, first_order_at, last_order_at, revenue, margin, visits, last_visit_at, last_response_at"
_WRITE = f"""
UPDATE touchpoints_totals totals
SET ({_COLUMNS}) = ({", ".join(f"new.{name.strip()}" for name in _COLUMNS.split(","))})
FROM ({_FIGURES}) new
WHERE totals.contact_id = new.contact_id
  AND ({", ".join(f"totals.{name.strip()}" for name in _COLUMNS.split(","))})
      IS DISTINCT FROM ({", ".join(f"new.{name.strip()}" for name in _COLUMNS.split(","))})
"""


def recompute(contact_ids):
    """Work out the totals of these contacts again, in the caller's transaction where there is one.

    Call it after the rows it counts were written: a writer that comes second then counts the first one's too.
    """
    ids = sorted(set(contact_ids) - {None})
    for start in range(0, len(ids), PER_TRANSACTION):
        _recompute({"ids": ids[start : start + PER_TRANSACTION]})


def _recompute(parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (_MAKE_ROOM, _LOCK, _WRITE):
            cursor.execute(statement, parameters)
