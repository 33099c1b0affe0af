"""Brings people in from a CSV file of any tool: checked, staged, then created or updated set by set."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from contacts.import_rows import COLUMNS, KNOWN_NAMES, RowReader
from contacts.models import Topic
from contacts.staging import CsvTable, Refusals, checked, staged


@dataclass
class ImportResult:
    """What became of a file: every row read was created, updated, unchanged or refused."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    consents: int = 0
    suppressed: int = 0
    refused_path: Path | None = None
    first_refusals: list[str] = field(default_factory=list)
    unused_columns: list[str] = field(default_factory=list)
    # Values that made no sense, by column; their rows were taken without them.
    left_out: Counter = field(default_factory=Counter)


@dataclass(frozen=True)
class ConsentProof:
    """The permission that comes with a file: for which topic, on what ground, and where its proof lies."""

    topic: Topic
    basis: str
    proof: str


def import_contacts(
    file, *, at, origin, refused_path, progress=lambda *_: None, source="", consent=None, dry_run=False
):
    """Create or update a contact for every good row of the file; returns an ImportResult.

    A cell that is empty changes nothing. `source` names the system that gave the customer numbers.
    `consent` (a ConsentProof) gives a topic to those who never answered for it: what was withdrawn stays
    withdrawn, what is suppressed stays suppressed. A dry run writes nothing and counts what would be.
    """
    table = CsvTable(file, KNOWN_NAMES)
    reader = RowReader(table.header, number_wanted=bool(source))
    about = {"at": at, "origin": origin[:100], "source": source, "file": Path(file).name}
    result = ImportResult(left_out=reader.left_out, unused_columns=reader.unused_columns)
    with staged("staged_contacts", COLUMNS) as stage, Refusals(refused_path, table.header) as refusals:
        stage.fill(checked(table, reader.read, refusals), table=table, progress=progress)
        _refuse_conflicts(stage, refusals, table, source)
        for chunk in stage.chunks():
            _write_chunk(stage, about | chunk, reader.texts, consent, dry_run, result)
            progress(_("Writing"), min(chunk["last"], stage.rows), stage.rows)
        result.suppressed = stage.ask(SUPPRESSED)[0][0]
    result.read, result.refused = stage.rows + refusals.count - refusals.late, refusals.count
    result.refused_path = refusals.path if refusals.count else None
    result.first_refusals = refusals.first
    return result


# What only the database can judge --------------------------------------------------------------------

TWICE_EMAIL = """
    SELECT s.line, first.line FROM staged_contacts s JOIN (
        SELECT email, min(line) AS line FROM staged_contacts GROUP BY email HAVING count(*) > 1
    ) first ON first.email = s.email AND first.line < s.line
"""
TWICE_NUMBER = """
    SELECT s.line, first.line FROM staged_contacts s JOIN (
        SELECT number, min(line) AS line FROM staged_contacts WHERE number > ''
        GROUP BY number HAVING count(*) > 1
    ) first ON first.number = s.number AND first.line < s.line
"""
NUMBER_OF_ANOTHER = """
    SELECT s.line, s.number FROM staged_contacts s
    JOIN contacts_identity owner ON owner.kind = 'shop_id' AND owner.source = %(source)s
        AND owner.value = s.number
    JOIN contacts_contact c ON c.id = owner.contact_id
    LEFT JOIN contacts_identity mail ON mail.kind = 'email' AND mail.source = '' AND mail.value = s.email
    WHERE s.number > '' AND CASE WHEN mail.contact_id IS NULL THEN c.email <> ''
        ELSE mail.contact_id <> owner.contact_id END
"""


def _refuse_conflicts(stage, refusals, table, source):
    """Refuse rows that repeat an earlier one of the file, or claim someone else's customer number."""
    _refuse(stage, refusals, table, TWICE_EMAIL, _("The e-mail stands in line {} already."))
    if source:
        _refuse(stage, refusals, table, TWICE_NUMBER, _("The customer number stands in line {} already."))
        words = _("The customer number {} belongs to someone with another e-mail.")
        _refuse(stage, refusals, table, NUMBER_OF_ANOTHER, words, {"source": source})


def _refuse(stage, refusals, table, question, words, params=None):
    reasons = {line: words.format(other) for line, other in stage.ask(question, params)}
    refusals.refuse_late(reasons, table=table, stage=stage)


# Writing ---------------------------------------------------------------------------------------------

# The identity comes first: whoever wins its unique key makes the contact, so that two imports and a sign-up
# at once make one. Its reference to the contact is checked at the end of the transaction.
CREATE = """
    WITH fresh AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('contacts_contact', 'id')) AS contact_id, missing.*
        FROM (
            SELECT * FROM staged_contacts s WHERE n >= %(first)s AND n < %(last)s AND NOT EXISTS (
                SELECT FROM contacts_identity i
                WHERE i.kind = 'email' AND i.source = '' AND i.value = s.email
            ) ORDER BY email
        ) missing
    ), claimed AS (
        INSERT INTO contacts_identity (contact_id, kind, source, value, is_primary, created_at)
        SELECT contact_id, 'email', '', email, true, %(at)s FROM fresh
        ON CONFLICT (kind, source, value) DO NOTHING
        RETURNING contact_id
    )
    INSERT INTO contacts_contact (
        id, uuid, email, first_name, last_name, level, language, country, time_zone,
        first_source, last_source, origin, created_at, updated_at
    )
    SELECT contact_id, gen_random_uuid(), email, first_name, last_name, 'guest', language, country, time_zone,
        '{}', '{}', %(origin)s, coalesce(known_since, %(at)s), now()
    FROM fresh JOIN claimed USING (contact_id)
"""
IN_CHUNK = """
    staged_contacts s
    JOIN contacts_identity i ON i.kind = 'email' AND i.source = '' AND i.value = s.email
    JOIN contacts_contact c ON c.id = i.contact_id
    WHERE s.n >= %(first)s AND s.n < %(last)s
"""
# Someone known by number alone, from an order perhaps, now has an address.
ADD_ADDRESSES = """
    INSERT INTO contacts_identity (contact_id, kind, source, value, is_primary, created_at)
    SELECT c.id, 'email', '', s.email, true, %(at)s
    FROM staged_contacts s
    JOIN contacts_identity owner ON owner.kind = 'shop_id' AND owner.source = %(source)s
        AND owner.value = s.number
    JOIN contacts_contact c ON c.id = owner.contact_id AND c.email = ''
    WHERE s.n >= %(first)s AND s.n < %(last)s AND s.number > ''
    ORDER BY s.email
    ON CONFLICT (kind, source, value) DO NOTHING
"""
ADD_NUMBERS = f"""
    INSERT INTO contacts_identity (contact_id, kind, source, value, is_primary, created_at)
    SELECT c.id, 'shop_id', %(source)s, s.number, false, %(at)s FROM {IN_CHUNK} AND s.number > ''
    ORDER BY s.number
    ON CONFLICT (kind, source, value) DO NOTHING
"""
NEVER_ANSWERED = f"""
    {IN_CHUNK} AND s.accepts IS NOT FALSE AND NOT EXISTS (
        SELECT FROM contacts_consent k
        WHERE k.contact_id = c.id AND k.channel = 'email' AND k.topic_id = %(topic)s
    )
"""
LOCK_NEVER_ANSWERED = f"SELECT c.id FROM {NEVER_ANSWERED} ORDER BY c.id FOR NO KEY UPDATE OF c"
GIVE_CONSENT = f"""
    INSERT INTO contacts_consent (
        contact_id, channel, topic_id, action, basis, at, recorded_at, source, evidence
    )
    SELECT c.id, 'email', %(topic)s, 'given', %(basis)s, %(at)s, now(), %(door)s,
        jsonb_build_object('file', %(file)s::text, 'line', s.line, 'proof', %(proof)s::text)
    FROM {NEVER_ANSWERED}
"""
SUPPRESSED = """
    SELECT count(DISTINCT s.email) FROM staged_contacts s
    JOIN contacts_suppression p ON p.address = s.email AND p.channel = 'email' AND p.lifted_at IS NULL
"""


def update_sql(texts):
    """(lock, update) for those of a chunk who differ from what the file says; an empty cell says nothing."""
    said = {name: f"coalesce(nullif(s.{name}, ''), c.{name})" for name in texts}
    said["email"] = "coalesce(nullif(c.email, ''), s.email)"
    old = ", ".join(f"c.{name}" for name in said)
    changed = f"{IN_CHUNK} AND ROW({old}) IS DISTINCT FROM ROW({', '.join(said.values())})"
    news = ", ".join(f"{value} AS {name}" for name, value in said.items())
    fields = ", ".join(f"{name} = news.{name}" for name in said)
    return (
        f"SELECT c.id FROM {changed} ORDER BY c.id FOR NO KEY UPDATE OF c",
        f"UPDATE contacts_contact SET {fields}, updated_at = now()"
        f" FROM (SELECT c.id AS contact_id, {news} FROM {changed}) news"
        " WHERE contacts_contact.id = news.contact_id",
    )


def _write_chunk(stage, about, texts, consent, dry_run, result):
    """Create and update the contacts of one chunk, in one transaction; contacts are locked in id order."""
    with transaction.atomic():
        rows = stage.count(about)
        if about["source"]:
            stage.run(ADD_ADDRESSES, about)
        created = stage.run(CREATE, about)
        updated = _update(stage, about, texts) if created < rows else 0
        if about["source"]:
            stage.run(ADD_NUMBERS, about)
        if consent:
            result.consents += _give_consent(stage, about, consent)
        transaction.set_rollback(dry_run)
    result.created += created
    result.updated += updated
    result.unchanged += rows - created - updated


def _update(stage, about, texts):
    lock, update = update_sql(texts)
    return stage.run(update, about) if stage.run(lock, about) else 0


def _give_consent(stage, about, consent):
    """Give the topic to those of the chunk who never answered for it, asked again once they are locked."""
    details = {"topic": consent.topic.pk, "basis": consent.basis, "proof": consent.proof}
    params = about | details | {"door": f"import:{about['file']}"[:100]}
    return stage.run(GIVE_CONSENT, params) if stage.run(LOCK_NEVER_ANSWERED, params) else 0
