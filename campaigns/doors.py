"""What is asked for at the doors of messages is written down in one statement, and told by the next sweep.

A followed link is durable before its answer. A fetched picture may wait a moment in the database's memory:
should the database itself fall, some of the last second are not counted, and nothing else hangs on them.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from campaigns import hearing, machines, statements
from campaigns.models import RawResponse

_KEEP = """
WITH sent AS MATERIALIZED (
    SELECT d.id, CASE d.channel WHEN 'email' THEN d.sending_at END AS sending_at,
           c.uuid, c.erased_at IS NULL AS is_present, (
        SELECT max(r.at) FROM campaigns_response r WHERE r.delivery_id = d.id AND r.kind = 'delivered'
    ) AS arrived
    FROM campaigns_delivery d JOIN contacts_contact c ON c.id = d.contact_id WHERE d.uuid = %(key)s
), kept AS (
    INSERT INTO campaigns_rawresponse (delivery_id, kind, at, url, asked)
    SELECT id, %(kind)s, %(at)s, %(url)s, %(asked)s FROM sent WHERE is_present
)
SELECT uuid, is_present, sending_at, arrived {soon} FROM sent
"""
TYPES = {"key": "uuid", "kind": "text", "at": "timestamptz", "url": "text", "asked": "jsonb"}
DURABLE = "keep_now", TYPES, _KEEP.format(soon="")
SOON = "keep_soon", TYPES, _KEEP.format(soon=", set_config('synchronous_commit', 'off', true)")


@dataclass(frozen=True)
class Asked:
    """Something asked for at a door, written down."""

    contact_uuid: UUID
    is_present: bool
    by: machines.Verdict

    @property
    def is_person(self):
        """Whether a person who was not erased asked for it, as far as one request tells."""
        return self.is_present and self.by.is_person


def keep(kind, key, request, *, at: datetime, url=""):
    """Write down what is asked of the delivery with this key; None when there is none."""
    asked = machines.facts_of(request)
    values = {"key": key, "kind": str(kind), "at": at, "url": url, "asked": json.dumps(asked)}
    way = SOON if kind == RawResponse.Kind.OPENED else DURABLE
    with connection.cursor() as cursor:
        statements.run(cursor, *way, values)
        row = cursor.fetchone()
    if row is None:
        return None
    contact_uuid, is_present, sending_at, arrived_at = row[:4]
    since = hearing.since_sent(sending_at, arrived_at, at)
    return Asked(contact_uuid, is_present, machines.judge(hearing.said(kind), **asked, since_sent=since))
