"""What happened with a person who is erased keeps its kind and moment, and orders their amounts; no more."""

from django.db import connection

# An order's number stays: by it the shop's next file finds that the order is known.
_TOUCHPOINTS = """
UPDATE touchpoints_touchpoint
SET data = CASE WHEN kind = 'ordered' AND jsonb_exists(data, 'order_id')
           THEN jsonb_build_object('order_id', data->'order_id') ELSE '{}' END,
    visitor_id = NULL,
    external_id = CASE WHEN kind IN ('ordered', 'order_changed') THEN external_id ELSE 'erased:' || id END
WHERE contact_id = ANY(%(ids)s) AND (
    data <> '{}' OR visitor_id IS NOT NULL
    OR kind NOT IN ('ordered', 'order_changed') AND external_id <> 'erased:' || id
)
"""
_BROWSERS = """
UPDATE touchpoints_touchpoint t SET visitor_id = NULL FROM touchpoints_visitor v
WHERE t.visitor_id = v.id AND v.contact_id = ANY(%(ids)s)
"""
_VISITORS = "DELETE FROM touchpoints_visitor WHERE contact_id = ANY(%(ids)s)"


def forget(contact_ids, addresses, *, at):
    """Forget what was seen and written of these people, and the browsers they were known by."""
    with connection.cursor() as cursor:
        for statement in (_TOUCHPOINTS, _BROWSERS, _VISITORS):
            cursor.execute(statement, {"ids": list(contact_ids)})
