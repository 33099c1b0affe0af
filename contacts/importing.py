"""Brings people in from a CSV file of any tool: checked, staged, then created or updated set by set."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from contacts.import_rows import COLUMNS, KNOWN_NAMES, RowReader
from contacts.models import Channel, Topic
from contacts.staging import CsvTable, Refusals, ahead, batches, checked, staged
from contacts.suppressing import keep_back_erased


@dataclass
class ImportResult:
    """What became of a file: every row read was created, updated, unchanged or refused."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    consents: int = 0
    numbered: int = 0
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
    about["has_phones"] = reader.has_phones
    result = ImportResult(left_out=reader.left_out, unused_columns=reader.unused_columns)
    with staged("staged_contacts", COLUMNS) as stage, Refusals(refused_path, table.header) as refusals:
        late = {}
        rows = checked(table, reader.read, refusals)
        for bounds, text in ahead(stage.texts(batches(rows))):
            stage.add(text, bounds)
            chunk = about | bounds
            conflicts = _conflicts(stage, chunk)
            count = chunk["last"] - chunk["first"]
            _write(stage, chunk, count - len(conflicts), reader.texts, consent, dry_run, result)
            result.read += count
            late |= conflicts
            progress(_("Importing"), table.position(), table.size)
        refusals.write_late(late, table=table)
        result.suppressed = stage.ask(SUPPRESSED)[0][0]
    result.read += refusals.count - refusals.late
    result.refused, result.first_refusals = refusals.count, refusals.first
    result.refused_path = refusals.path if refusals.count else None
    return result


# Each staged row with the contact it belongs to by now. A subquery rather than a join: it looks one key up in
# the unique index, whatever the planner believes about tables that have just grown.
KNOWN = """
    WITH known AS MATERIALIZED (
        SELECT s.*, (
            SELECT i.contact_id FROM contacts_identity i
            WHERE i.kind = 'email' AND i.source = '' AND i.value = s.email
        ) AS contact_id
        FROM staged_contacts s WHERE s.n >= %(first)s AND s.n < %(last)s
    )
"""
# The same with the contact who has the row's customer number.
OWNED = f"""
    {KNOWN}, owned AS MATERIALIZED (
        SELECT known.*, (
            SELECT i.contact_id FROM contacts_identity i
            WHERE i.kind = 'shop_id' AND i.source = %(source)s AND i.value = known.number
        ) AS holder_id
        FROM known WHERE number > ''
    )
"""
# Someone known by number alone, from an order perhaps, may be given an address; nobody is given a second one.
NUMBER_OF_ANOTHER = f"""
    {OWNED}
    SELECT line, number FROM owned JOIN contacts_contact c ON c.id = holder_id
    WHERE contact_id <> holder_id OR contact_id IS NULL AND c.email <> ''
"""
ADD_ADDRESSES = f"""
    {OWNED}
    INSERT INTO contacts_identity (contact_id, kind, source, value, is_primary, created_at)
    SELECT holder_id, 'email', '', email, true, %(at)s FROM owned
    WHERE holder_id IS NOT NULL AND contact_id IS NULL ORDER BY email
"""
# Inserts in the order of the addresses, so that two imports at once wait for each other and never in a ring.
CREATE = f"""
    {KNOWN}, fresh AS MATERIALIZED (
        SELECT nextval('contacts_contact_id_seq') AS new_id, missing.*
        FROM (SELECT * FROM known WHERE contact_id IS NULL ORDER BY email) missing
    ), identities AS (
        INSERT INTO contacts_identity (contact_id, kind, source, value, is_primary, created_at)
        SELECT new_id, 'email', '', email, true, %(at)s FROM fresh
    )
    INSERT INTO contacts_contact (
        id, uuid, email, first_name, last_name, level, language, country, time_zone,
        first_source, last_source, origin, created_at, updated_at
    )
    SELECT new_id, gen_random_uuid(), email, first_name, last_name, 'guest', language, country, time_zone,
        '{{}}', '{{}}', %(origin)s, coalesce(known_since, %(at)s), now()
    FROM fresh
"""
ADD_NUMBERS = f"""
    {OWNED}
    INSERT INTO contacts_identity (contact_id, kind, source, value, is_primary, created_at)
    SELECT contact_id, 'shop_id', %(source)s, number, false, %(at)s FROM owned
    WHERE holder_id IS NULL ORDER BY number
"""
# A number that somebody has stays theirs, and who has one keeps it; of two in a file the first gets it.
WITHOUT_PHONE = f"""
    {KNOWN}, numbered AS MATERIALIZED (
        SELECT DISTINCT ON (phone) known.* FROM known WHERE phone > '' AND contact_id IS NOT NULL
        ORDER BY phone, n
    ), without AS MATERIALIZED (
        SELECT * FROM numbered WHERE (
            SELECT count(*) FROM contacts_identity i
            WHERE i.contact_id = numbered.contact_id AND i.kind = 'phone' AND i.is_primary
        ) = 0
    )
"""
LOCK_WITHOUT_PHONE = f"""
    {WITHOUT_PHONE}
    SELECT c.id FROM contacts_contact c
    WHERE c.erased_at IS NULL AND c.id IN (SELECT contact_id FROM without) ORDER BY c.id FOR NO KEY UPDATE
"""
ADD_PHONES = f"""
    {WITHOUT_PHONE}
    INSERT INTO contacts_identity (contact_id, kind, source, value, is_primary, created_at)
    SELECT contact_id, 'phone', '', phone, true, %(at)s FROM without ORDER BY phone
    ON CONFLICT (kind, source, value) DO NOTHING
"""
PHONES = "SELECT phone FROM staged_contacts WHERE phone > '' AND n >= %(first)s AND n < %(last)s"
NEVER_ANSWERED = """
    accepts IS NOT FALSE AND (
        SELECT count(*) FROM contacts_consent answer
        WHERE answer.contact_id = known.contact_id AND answer.channel = 'email'
            AND answer.topic_id = %(topic)s
    ) = 0
"""
LOCK_NEVER_ANSWERED = f"""
    {KNOWN}
    SELECT c.id FROM known JOIN contacts_contact c ON c.id = known.contact_id WHERE {NEVER_ANSWERED}
    ORDER BY c.id FOR NO KEY UPDATE OF c
"""
GIVE_CONSENT = f"""
    {KNOWN}
    INSERT INTO contacts_consent (
        contact_id, channel, topic_id, action, basis, at, recorded_at, source, evidence
    )
    SELECT contact_id, 'email', %(topic)s, 'given', %(basis)s, %(at)s, now(), %(door)s,
        jsonb_build_object('file', %(file)s::text, 'line', line, 'proof', %(proof)s::text)
    FROM known WHERE {NEVER_ANSWERED}
"""
ADDRESSES = "SELECT email FROM staged_contacts WHERE n >= %(first)s AND n < %(last)s"
SUPPRESSED = """
    SELECT count(DISTINCT s.email) FROM staged_contacts s
    JOIN contacts_suppression p ON p.address = s.email AND p.channel = 'email' AND p.lifted_at IS NULL
"""


def update_sql(texts):
    """(lock, update) for those who differ from what the file says; an empty cell says nothing."""
    said = {name: f"coalesce(nullif(known.{name}, ''), c.{name})" for name in texts}
    said["email"] = "coalesce(nullif(c.email, ''), known.email)"
    old = ", ".join(f"c.{name}" for name in said)
    differs = f"ROW({old}) IS DISTINCT FROM ROW({', '.join(said.values())})"
    match = f"c.id = known.contact_id AND c.erased_at IS NULL AND {differs}"
    fields = ", ".join(f"{name} = {value}" for name, value in said.items())
    return (
        f"{KNOWN} SELECT c.id FROM known JOIN contacts_contact c ON {match} ORDER BY c.id"
        " FOR NO KEY UPDATE OF c",
        f"{KNOWN} UPDATE contacts_contact c SET {fields}, updated_at = now() FROM known WHERE {match}",
    )


def _conflicts(stage, chunk):
    """Drop rows that claim someone else's customer number: {line: reason}."""
    if not chunk["source"]:
        return {}
    words = _("The customer number {} belongs to someone with another e-mail.")
    reasons = {line: words.format(number) for line, number in stage.ask(NUMBER_OF_ANOTHER, chunk)}
    if reasons:
        stage.drop_rows(reasons)
    return reasons


def _write(stage, chunk, rows, texts, consent, dry_run, result, attempts=3):
    """Write a chunk; again if somebody else made one of these contacts meanwhile."""
    try:
        created, updated, consents = _write_chunk(stage, chunk, rows, texts, consent, dry_run)
    except IntegrityError:
        if attempts == 1:
            raise
        return _write(stage, chunk, rows, texts, consent, dry_run, result, attempts - 1)
    result.created += created
    result.updated += updated
    result.unchanged += rows - created - updated
    result.consents += consents
    result.numbered += chunk["numbered"]
    return result


def _write_chunk(stage, chunk, rows, texts, consent, dry_run):
    """Create and update the contacts of one chunk, in one transaction; contacts are locked in id order.

    It does not wait for the disk: dropping the stage at the end does, and makes all before it safe.
    """
    with transaction.atomic():
        stage.run("SET LOCAL synchronous_commit = off")
        added = stage.run(ADD_ADDRESSES, chunk) if chunk["source"] else 0
        created = stage.run(CREATE, chunk)
        if added or created:
            keep_back_erased(lambda: [email for (email,) in stage.ask(ADDRESSES, chunk)], at=chunk["at"])
        updated = _update(stage, chunk, texts) if created < rows else 0
        if chunk["source"]:
            stage.run(ADD_NUMBERS, chunk)
        chunk["numbered"] = _add_phones(stage, chunk) if chunk["has_phones"] else 0
        consents = _give_consent(stage, chunk, consent) if consent else 0
        transaction.set_rollback(dry_run)
    return created, updated, consents


def _update(stage, chunk, texts):
    lock, update = update_sql(texts)
    return stage.run(update, chunk) if stage.run(lock, chunk) else 0


def _add_phones(stage, chunk):
    """Give a number to those who have none, asked again once they are locked; how many."""
    if not stage.run(LOCK_WITHOUT_PHONE, chunk):
        return 0
    added = stage.run(ADD_PHONES, chunk)
    keep_back_erased(
        lambda: [phone for (phone,) in stage.ask(PHONES, chunk)], at=chunk["at"], channel=Channel.PHONE
    )
    return added


def _give_consent(stage, chunk, consent):
    """Give the topic to those who never answered for it, asked again once they are locked."""
    details = {"topic": consent.topic.pk, "basis": consent.basis, "proof": consent.proof}
    params = chunk | details | {"door": f"import:{chunk['file']}"[:100]}
    return stage.run(GIVE_CONSENT, params) if stage.run(LOCK_NEVER_ANSWERED, params) else 0
