"""Importing contacts: read, check, stage, upsert, with identities; beside a bare COPY of the same rows."""

import csv
import hashlib

from django.db import connection, transaction

from benchmarks import servers
from benchmarks.measuring import Goal, compare, interleave
from benchmarks.population import AT

HEADER = ["E-mail", "First name", "Last name", "Language", "Country", "Created at"]
FIRST_NAMES = ["Ada", "Ben", "Cleo", "Dmitri", "Eve", "Fay", "Goran", "Hana", "Ines", "Jon"]
COUNTRIES = ["PT", "DE", "FR", "US", "SE"]
# Every hundredth line is no good: refusing costs as well.
BAD_EACH = 100

COPY_CONTACTS = """
COPY contacts_contact ({id}uuid, email, first_name, last_name, level, language, country, time_zone,
                       first_source, last_source, origin, created_at, updated_at) FROM STDIN
    (FORMAT csv, FORCE_NOT_NULL (time_zone))
"""
COPY_IDENTITIES = """
COPY contacts_identity (contact_id, kind, source, value, is_primary, created_at) FROM STDIN
    (FORMAT csv, FORCE_NOT_NULL (source))
"""


def run(*, full):
    """A file into an empty base, and the same file again, against COPY into the same tables and indexes."""
    servers.fresh_database("import")
    rows = 1_000_000 if full else 100_000
    files = Files(rows)
    seconds = interleave(
        {
            "copy contacts": lambda _: copy(COPY_CONTACTS.format(id=""), files.contacts),
            "copy contacts and identities": lambda _: copy_both(files),
            "import": lambda _: import_file(files),
        },
        rounds=3 if full else 5,
        before=empty,
    )
    seconds |= interleave({"import again": lambda _: import_file(files)}, rounds=1)
    yield from results(f"{rows:,} rows, 1 in {BAD_EACH} refused on top", seconds)


def results(size, seconds):
    """Everyone imported is a contact and an identity: beside a COPY into contacts alone, and into both."""
    rates = {"size": size, "seconds": seconds, "rate": True}
    alone, both, half = "copy contacts", "copy contacts and identities", Goal(0.5, at_least=True)
    yield compare("Contact import / bare COPY", ours="import", theirs=alone, goal=half, **rates)
    yield compare("Contact import / COPY, identities too", ours="import", theirs=both, **rates)
    again = Goal(1.5, at_least=True)
    yield compare("The same file again / first", ours="import again", theirs="import", goal=again, **rates)


class Files:
    """The file as a shop would give it, and its rows ready for COPY."""

    def __init__(self, rows):
        self.rows = rows
        self.shop = servers.STATE_DIR / "people.csv"
        self.contacts = servers.STATE_DIR / "contacts.copy"
        self.numbered = servers.STATE_DIR / "numbered_contacts.copy"
        self.identities = servers.STATE_DIR / "identities.copy"
        self._write(self.shop, [HEADER, *self._shop_rows()])
        self._write(self.contacts, self._contact_rows())
        self._write(self.numbered, self._numbered_rows())
        self._write(self.identities, self._identity_rows())

    def _person(self, n):
        first, last = FIRST_NAMES[n % 10], f"Surname{n * 7919 % 9973}"
        return f"{first}.{last}.{n}@example.com".lower(), first, last, COUNTRIES[n % 5]

    def _shop_rows(self):
        for n in range(self.rows):
            email, first, last, country = self._person(n)
            yield email, first, last, "en", country, "2026-01-05T10:00:00+00:00"
            if n % BAD_EACH == 0:
                yield email.replace("@", " at "), first, last, "en", country, ""

    def _contact_rows(self):
        for n in range(self.rows):
            email, first, last, country = self._person(n)
            person = (chance(n), email, first, last, "guest", "en", country, "")
            yield *person, "{}", "{}", "benchmark", AT, AT

    def _numbered_rows(self):
        for n, row in enumerate(self._contact_rows(), 1):
            yield n, *row

    def _identity_rows(self):
        for n in range(self.rows):
            yield n + 1, "email", "", self._person(n)[0], "true", AT

    def _write(self, path, rows):
        with open(path, "w", newline="") as file:
            csv.writer(file).writerows(rows)


def chance(n):
    """A uuid without order, as the import gives one, but the same each time."""
    return hashlib.md5(str(n).encode(), usedforsecurity=False).hexdigest()


def empty():
    """An empty base, and no debt of the last run to pay."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE contacts_contact CASCADE")
        cursor.execute("CHECKPOINT")


def copy(statement, path):
    with connection.cursor() as cursor, open(path) as file:
        cursor.copy_expert(statement, file)


def copy_both(files):
    with transaction.atomic():
        copy(COPY_CONTACTS.format(id="id, "), files.numbered)
        copy(COPY_IDENTITIES, files.identities)


def import_file(files):
    from contacts.importing import import_contacts

    result = import_contacts(
        files.shop, at=AT, origin="benchmark", refused_path=servers.STATE_DIR / "refused.csv"
    )
    assert result.created + result.unchanged == files.rows, result
