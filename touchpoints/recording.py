"""The one way a touchpoint is written: once per (source, external_id), with the totals it changes."""

import json
from operator import attrgetter

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from touchpoints import totals
from touchpoints.models import Touchpoint

# Kinds that a contact's totals count.
COUNTED = {Touchpoint.Kind.VISITED, Touchpoint.Kind.CLICKED, Touchpoint.Kind.ORDERED}
PER_STATEMENT = 5000

_INSERT = """
INSERT INTO touchpoints_touchpoint
    (kind, contact_id, visitor_id, at, source, external_id, is_history, data, recorded_at)
SELECT kind, contact_id, visitor_id, at, source, external_id, is_history, data::jsonb, now()
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::boolean[],
            %s::text[])
     WITH ORDINALITY AS new (kind, contact_id, visitor_id, at, source, external_id, is_history, data, number)
ORDER BY source, external_id, number
ON CONFLICT (source, external_id) DO NOTHING
RETURNING id, source, external_id, recorded_at
"""


def record(kind, *, contact, at, source, external_id, data=None, visitor=None, is_history=False):
    """Record one touchpoint: (touchpoint, True), or the one there already is: (touchpoint, False)."""
    touchpoint = Touchpoint(
        kind=kind,
        contact=contact,
        visitor=visitor,
        at=at,
        source=source,
        external_id=external_id,
        is_history=is_history,
        data=data or {},
    )
    if record_many([touchpoint]):
        return touchpoint, True
    return Touchpoint.objects.get(source=source, external_id=external_id), False


@transaction.atomic
def record_many(touchpoints):
    """Record unsaved touchpoints; those that are new get their id and are returned, in the order given."""
    touchpoints = list(touchpoints)
    new = []
    for start in range(0, len(touchpoints), PER_STATEMENT):
        new += _insert(touchpoints[start : start + PER_STATEMENT])
    totals.recompute(t.contact_id for t in new if t.kind in COUNTED)
    return new


def _insert(touchpoints):
    """Write these in the order of their keys, so that two writers of the same keys never wait in a ring."""
    rows = [_row(touchpoint) for touchpoint in touchpoints]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])
        written = {(source, key): (pk, recorded) for pk, source, key, recorded in cursor.fetchall()}
    new = []
    for touchpoint in touchpoints:
        if found := written.pop((touchpoint.source, touchpoint.external_id), None):
            touchpoint.pk, touchpoint.recorded_at = found
            touchpoint._state.adding = False
            new.append(touchpoint)
    return new


_plain = attrgetter("kind", "contact_id", "visitor_id", "at", "source", "external_id", "is_history")


def _row(touchpoint):
    kind, *rest = _plain(touchpoint)
    return [str(kind), *rest, json.dumps(touchpoint.data, cls=DjangoJSONEncoder)]
