"""What was said to a person who is erased: that it was, when and what came of it; no words, no address."""

from django.db import connection
from django.utils.translation import gettext as _

from contacts.suppressing import forget_addresses

# In the order of the ids, as whoever else takes several of them.
_LOCK = "SELECT 1 FROM campaigns_delivery WHERE contact_id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE"
# What waits ends here. What has passed the gate goes its way: its worker asks again if it is late.
_DELIVERIES = """
UPDATE campaigns_delivery
SET status = CASE WHEN status IN ('planned', 'claimed') THEN 'erased' ELSE status END,
    reason = CASE WHEN status IN ('planned', 'claimed') THEN 'erased' ELSE reason END,
    finished_at = CASE WHEN status IN ('planned', 'claimed') THEN %(at)s ELSE finished_at END,
    owner = CASE WHEN status = 'claimed' THEN '' ELSE owner END,
    lease_until = CASE WHEN status = 'claimed' THEN NULL ELSE lease_until END,
    address = '', detail = '', reply = '', merge_values = '{}', evidence = '{}'
WHERE contact_id = ANY(%(ids)s) AND (
    status IN ('planned', 'claimed') OR address <> '' OR detail <> '' OR reply <> ''
    OR merge_values <> '{}' OR evidence <> '{}'
)
"""
_RESPONSES = """
UPDATE campaigns_response r SET data = '{}' FROM campaigns_delivery d
WHERE r.delivery_id = d.id AND d.contact_id = ANY(%(ids)s) AND r.data <> '{}'
"""
# Nothing comes of what has not been told yet.
_RAW_RESPONSES = """
DELETE FROM campaigns_rawresponse r USING campaigns_delivery d
WHERE r.delivery_id = d.id AND d.contact_id = ANY(%(ids)s)
"""
_ANOMALIES = """
UPDATE campaigns_anomaly a SET words = %(words)s FROM campaigns_delivery d
WHERE a.delivery_id = d.id AND d.contact_id = ANY(%(ids)s) AND a.words <> %(words)s
"""
_THEIRS = """
WITH theirs AS MATERIALIZED (
    SELECT n.id, n.raw_id FROM campaigns_notice n WHERE n.address = ANY(%(addresses)s)
    UNION
    SELECT n.id, n.raw_id FROM campaigns_notice n JOIN campaigns_delivery d ON d.id = n.delivery_id
    WHERE d.contact_id = ANY(%(ids)s)
)
"""
# The raw form goes as a whole: where it spoke of others too, their notices say it.
_RAW = f"""
{_THEIRS}
UPDATE campaigns_rawnotice raw SET body = '', headers = '{{}}', problem = '' FROM theirs
WHERE raw.id = theirs.raw_id AND raw.read_at IS NOT NULL AND raw.body <> ''
"""
_NOTICES = f"""
{_THEIRS}
UPDATE campaigns_notice n SET address = '', detail = '', data = '{{}}' FROM theirs
WHERE n.id = theirs.id AND (n.address <> '' OR n.detail <> '' OR n.data <> '{{}}')
"""
# Where a message to them came back late, its address was told once more.
_TOLD = """
SELECT DISTINCT n.address FROM campaigns_notice n JOIN campaigns_delivery d ON d.id = n.delivery_id
WHERE d.contact_id = ANY(%(ids)s) AND n.address <> ''
"""
_PILOTS = "DELETE FROM campaigns_sendingswitch_pilot_group WHERE contact_id = ANY(%(ids)s)"
_STEPS = (_LOCK, _DELIVERIES, _RESPONSES, _RAW_RESPONSES, _ANOMALIES, _RAW, _NOTICES, _PILOTS)


def forget(contact_ids, addresses, *, at):
    """End what waits for these people, and forget what their messages and the answers to them held."""
    told = {"ids": list(contact_ids), "addresses": list(addresses), "at": at, "words": _("Erased")}
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, told)
        late = {address for (address,) in cursor.fetchall()} - {*addresses}
        for statement in _STEPS:
            cursor.execute(statement, told)
    if late:
        forget_addresses(late)
