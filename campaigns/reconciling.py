"""Tells a restored ledger what was sent: the journal's lines of what passed are held against its rows.

A row is known by its uuid. One that was planned only after the backup, and is planned again now, is known by
its occurrence key, and gets its old uuid back: links, bounces and the provider's notices find it again.
"""

from collections import Counter
from datetime import timedelta
from itertools import islice

from django.db import connection
from django.utils.translation import gettext as _

from campaigns import remembering, settling
from contacts import journal
from contacts.models import Sender

CHUNK = 5000
PASS_TYPES = ("uuid", "text", "int", "timestamptz")
END_TYPES = ("uuid", "int", "text", "text", "timestamptz")
# The journal's lines of both kinds, then the last word on each message.
_TABLES = """
DROP TABLE IF EXISTS recalled_pass, recalled_end, recalled;
CREATE TEMP TABLE recalled_pass (uuid uuid, key text, attempt int, at timestamptz);
CREATE TEMP TABLE recalled_end (uuid uuid, attempt int, status text, reason text, at timestamptz);
"""
_LAST = """
CREATE TEMP TABLE recalled AS
SELECT p.*, e.status, e.reason, e.at AS ended_at
FROM (SELECT DISTINCT ON (uuid) * FROM recalled_pass ORDER BY uuid, at DESC, attempt DESC) p
LEFT JOIN (
    SELECT DISTINCT ON (uuid, attempt) * FROM recalled_end ORDER BY uuid, attempt, at DESC
) e ON e.uuid = p.uuid AND e.attempt = p.attempt AND e.at >= p.at;
CREATE INDEX ON recalled (uuid);
CREATE INDEX ON recalled (key);
ANALYZE recalled;
"""
# Only a row that never left, for a moment before the restore: what people made since may have old numbers.
_GIVE_UUID_BACK = """
UPDATE campaigns_delivery d SET uuid = r.uuid
FROM (
    SELECT DISTINCT ON (key) key, uuid FROM recalled
    WHERE NOT EXISTS (SELECT 1 FROM campaigns_delivery known WHERE known.uuid = recalled.uuid)
    ORDER BY key, at DESC
) r
WHERE d.occurrence_key = r.key AND d.attempts = 0 AND d.sending_at IS NULL AND d.due_at <= %(restored_at)s
  AND NOT EXISTS (
      SELECT 1 FROM campaigns_campaign k WHERE k.id = d.campaign_id AND k.created_at > %(restored_at)s
  )
"""
_LEFT = """
    detail = %(words)s, owner = '', sending_at = r.at, passed_at = NULL,
    first_sending_at = coalesce(d.first_sending_at, r.at), address = coalesce(nullif(d.address, ''), c.email)
"""
_OF = "FROM recalled r, contacts_contact c WHERE d.uuid = r.uuid AND c.id = d.contact_id"
STEPS = {
    "sent": f"""
        UPDATE campaigns_delivery d SET status = r.status, reason = coalesce(r.reason, ''),
            lease_until = NULL, attempts = greatest(d.attempts, r.attempt), finished_at = r.ended_at, {_LEFT}
        {_OF} AND r.status IN ('sent', 'failed') AND d.attempts <= r.attempt
          AND d.status NOT IN ('sent', 'failed', 'merged', 'erased', 'held_out')
    """,
    # It passed, and nobody wrote down what became of it. By itself it is never tried again.
    "in_doubt": f"""
        UPDATE campaigns_delivery d SET reason = 'no_answer', doubts = d.doubts + 1,
            status = CASE WHEN d.sender_id = ANY(%(askable)s) THEN 'unknown' ELSE 'parked' END,
            lease_until = CASE WHEN d.sender_id = ANY(%(askable)s)
                          THEN clock_timestamp() + %(evidence_within)s END,
            finished_at = CASE WHEN d.sender_id = ANY(%(askable)s) THEN NULL ELSE %(at)s END,
            attempts = greatest(d.attempts, r.attempt, 2), {_LEFT}
        {_OF} AND coalesce(r.status, 'unknown') = 'unknown' AND d.attempts <= r.attempt
          AND d.status IN ('planned', 'claimed', 'expired') AND c.email <> ''
    """,
}
# Without a journal: whoever agreed may have had it.
_PARK_DUE = """
UPDATE campaigns_delivery d
SET status = 'parked', reason = 'no_answer', detail = %(words)s, owner = '', lease_until = NULL,
    sending_at = %(at)s, first_sending_at = coalesce(d.first_sending_at, %(at)s), finished_at = %(at)s,
    attempts = greatest(d.attempts, 2), doubts = d.doubts + 1, address = c.email
FROM contacts_contact c
WHERE c.id = d.contact_id AND c.email <> '' AND c.erased_at IS NULL
  AND d.status IN ('planned', 'claimed') AND d.due_at <= %(restored_at)s
  AND (d.topic_id IS NULL OR 'given' = (
      SELECT said.action FROM contacts_consent said
      WHERE said.contact_id = d.contact_id AND said.channel = d.channel AND said.topic_id = d.topic_id
      ORDER BY said.at DESC, said.id DESC LIMIT 1
  ))
"""
_UNKNOWN = """
SELECT split_part(r.key, ':', 1), count(*) FROM recalled r
WHERE r.status = 'sent' AND NOT EXISTS (SELECT 1 FROM campaigns_delivery d WHERE d.uuid = r.uuid)
GROUP BY 1 ORDER BY 2 DESC, 1
"""


def recall(since):
    """Read what the journal knows of messages since then (all of it when None); how many they are."""
    earliest = f"{since - timedelta(days=1):%Y%m%d}" if since else ""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        _fill(cursor, "recalled_pass", PASS_TYPES, _passes(earliest))
        _fill(cursor, "recalled_end", END_TYPES, _ends(earliest))
        cursor.execute(_LAST)
        cursor.execute("SELECT count(*) FROM recalled")
        return cursor.fetchone()[0]


def reconcile(restored_at, at):
    """Write into the ledger what the journal says of its rows; how many of which. Call `recall` before."""
    values = {
        "at": at,
        "restored_at": restored_at,
        "words": _("known from the journal"),
        "askable": [sender.pk for sender in Sender.objects.all() if settling.can_be_asked(sender)],
        "evidence_within": settling.EVIDENCE_WITHIN,
    }
    counts = Counter()
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_UUID_BACK, values)
        for name, statement in STEPS.items():
            cursor.execute(statement, values)
            counts[name] += cursor.rowcount
    return +counts


def park_due(restored_at, at):
    """Let a person decide of everything that was due by the restore; how many."""
    with connection.cursor() as cursor:
        words = {"words": _("may have been sent before the restore")}
        cursor.execute(_PARK_DUE, {"at": at, "restored_at": restored_at} | words)
        return cursor.rowcount


def unknown_to_the_ledger():
    """What was sent and has no row any more: [(campaign or rule, as its key begins, how many)]."""
    with connection.cursor() as cursor:
        cursor.execute(_UNKNOWN)
        return cursor.fetchall()


def _passes(earliest):
    for line in _lines(earliest):
        if "passed" in line:
            yield from ((uuid, key, attempt, line["passed"]) for uuid, key, attempt in line["of"])


def _ends(earliest):
    for line in _lines(earliest):
        if "ended" in line:
            yield from ((*ended, line["ended"]) for ended in line["of"])


def _lines(earliest):
    """Of the files of that day and later."""
    return journal.read(f"{remembering.SENT}-*", after=f"{remembering.SENT}-{earliest}")


def _fill(cursor, table, types, rows):
    """Put rows into a table, so many at once."""
    places = ", ".join(f"%s::{kind}[]" for kind in types)
    while chunk := list(islice(rows, CHUNK)):
        columns = [list(column) for column in zip(*chunk, strict=True)]
        cursor.execute(f"INSERT INTO {table} SELECT * FROM unnest({places})", columns)
