"""Whether this database is the one the journal was written for, or an old copy of it.

The database counts with every sweep, and the journal's mark follows once that is on disk: it is never ahead.
A database behind the mark was restored from a backup, or is a copy that was started elsewhere.
"""

import json
import logging
import os
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import connection

from contacts import journal
from contacts.models import Consent, Contact, JournalEntry, JournalMark

logger = logging.getLogger(__name__)

FILE = "mark"
# On disk before the journal's mark follows, whatever the database's own settings say of commits.
_COUNT = """
WITH durable AS MATERIALIZED (
    SELECT set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), true)
)
UPDATE contacts_journalmark m SET number = m.number + 1, at = %s FROM durable RETURNING m.number
"""


class Finding(StrEnum):
    """What a look at the two marks finds."""

    OFF = "off"
    FINE = "fine"
    # The database has forgotten something, or belongs to another journal.
    BEHIND = "behind"
    # The database had a journal, and it is gone.
    LOST = "lost"
    UNWRITABLE = "unwritable"

    @property
    def holds(self):
        """Whether nothing may be sent before a person has had it recovered."""
        return self in (Finding.BEHIND, Finding.LOST)


def look():
    """Compare the marks. The journal's is read first: the database may only be further on by then."""
    if not journal.is_kept():
        return Finding.OFF
    written = written_mark()
    return compare(written, JournalMark.objects.first())


def compare(written, known):
    """What the journal's mark, {"journal", "number"} or None, and the database's say together."""
    if known is None:
        return Finding.FINE if written is None or is_empty() else Finding.BEHIND
    if known.waits:
        return Finding.LOST if written is None else Finding.BEHIND
    if written is None:
        return Finding.LOST if known.number else Finding.FINE
    is_ours = written["journal"] == str(known.journal)
    return Finding.FINE if is_ours and written["number"] <= known.number else Finding.BEHIND


def advance(at):
    """Count on, in the database and then in the journal, unless something is wrong; the Finding."""
    finding = look()
    if finding != Finding.FINE:
        return finding
    known = JournalMark.objects.first() or _begin()
    # A journal that could never be written is not one that is gone.
    if written_mark() is None and write_mark(known.journal, 0) != Finding.FINE:
        return Finding.UNWRITABLE
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [at])
        number = cursor.fetchone()[0]
    return write_mark(known.journal, number)


def is_begun():
    """Whether there is a journal that the next sending can be written to."""
    return journal.is_kept() and os.path.exists(os.path.join(settings.JOURNAL_DIR, FILE))


def is_empty():
    """Whether this database knows nobody and nothing was ever done in it: then it is a beginning."""
    return not any(model.objects.exists() for model in (Contact, Consent, JournalEntry))


def written_mark():
    """The journal's own mark; None when there is none."""
    try:
        return json.loads((Path(settings.JOURNAL_DIR) / FILE).read_text())
    except (OSError, ValueError):
        return None


def write_mark(owner, number):
    """Let the journal's mark follow; whole or not at all."""
    draft = Path(settings.JOURNAL_DIR) / f".{FILE}.{journal.host()}.{os.getpid()}"
    try:
        journal.folder()
        draft.write_text(json.dumps({"journal": str(owner), "number": number}))
        draft.replace(draft.with_name(FILE))
    except OSError as error:
        logger.error("The journal cannot be written: %s", error)
        return Finding.UNWRITABLE
    return Finding.FINE


def _begin():
    """A first start: an empty database goes on with the journal that is there."""
    written = written_mark() or {}
    if written:
        logger.warning("An empty database goes on with the journal in %s.", settings.JOURNAL_DIR)
    return JournalMark.objects.get_or_create(id=1, defaults=written)[0]
