"""A journal outside the database: what a backup, once restored, would have forgotten.

JOURNAL_DIR holds files of lines, one JSON object a line, only ever appended to: each host writes its own, and
all hosts share the folder. No name or address stands in it; people are known by their uuid, addresses by
the keyed digests of `contacts.digests`.

An act is noted in its own transaction and written when that has been committed, before anybody is told that
it is done: what was rolled back never stands here. What could not be written waits in the database and is
written by the next sweep.
"""

import json
import logging
import os
import re
import socket
from datetime import timedelta
from functools import cache, partial
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from contacts.models import JournalEntry

logger = logging.getLogger(__name__)

ACTS = "acts"
# Whoever committed an act is writing it at this moment; later than this somebody else does.
ONES_OWN = timedelta(seconds=10)
AT_ONCE = 1000

# Noting that it was written need not wait for the disk: at worst it is written twice, and means the same.
_WRITTEN = """
WITH lazy AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE contacts_journalentry e SET written_at = clock_timestamp() FROM lazy WHERE e.key = ANY(%s)
"""


def is_kept():
    """Whether this installation keeps a journal."""
    return bool(settings.JOURNAL_DIR)


def note(act, *, at):
    """Let this act survive the database: in the journal, as soon as its transaction has been committed."""
    if is_kept():
        entry = JournalEntry.objects.create(at=at, act=act)
        transaction.on_commit(partial(write, [entry]), robust=True)


def write(entries):
    """Write these acts to the journal, on disk when this returns; whether that could be done.

    An act is never refused because its journal cannot be written: it waits, and the health page says so.
    """
    lines = [{"key": str(entry.key), "at": entry.at.isoformat(), **entry.act} for entry in entries]
    try:
        append(ACTS, lines, durable=True)
    except OSError as error:
        logger.error("The journal cannot be written: %s", error)
        return False
    with connection.cursor() as cursor:
        cursor.execute(_WRITTEN, [[entry.key for entry in entries]])
    return True


def write_waiting():
    """Write what could not be written when it was done; how many acts."""
    if not is_kept():
        return 0
    waiting = JournalEntry.objects.filter(written_at=None, at__lt=timezone.now() - ONES_OWN)
    entries = list(waiting.order_by("at")[:AT_ONCE])
    return len(entries) if entries and write(entries) else 0


# The files ----------------------------------------------------------------------------------------------


def folder():
    """Where the journal lies; made when it is not there."""
    found = Path(settings.JOURNAL_DIR)
    if not found.is_dir():
        found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def append(name, lines, *, durable):
    """Add lines to this host's file, and return its path; raises OSError. Durable: on disk afterwards."""
    path = os.path.join(settings.JOURNAL_DIR, f"{name}.{host()}.log")
    # A line that a full disk cut short ends here, and spoils no other.
    text = "".join(["\n", *(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines)]).encode()
    file, is_new = _open(path)
    try:
        if os.write(file, text) != len(text):
            raise OSError(f"{path} could be written in part only")
        if durable:
            os.fsync(file)
    finally:
        os.close(file)
    if is_new:
        sync_folder()
    return path


def _open(path):
    """(the file, whether it is new). Opened each time: whoever moves the journal loses no line."""
    try:
        return os.open(path, os.O_APPEND | os.O_WRONLY), False
    except FileNotFoundError:
        folder()
        return os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600), True


def read(name, after=""):
    """Every line of every host's files of this name, each host's in the order they were written.

    Names may be a pattern; `after` leaves out those that come before it in the alphabet.
    """
    for path in sorted(Path(settings.JOURNAL_DIR).glob(f"{name}.*.log")):
        if path.name < after:
            continue
        with open(path, "rb") as file:
            yield from filter(None, map(_parsed, file))


def drop(name, before):
    """Delete the files of this name that come before that in the alphabet; how many."""
    old = [path for path in Path(settings.JOURNAL_DIR).glob(f"{name}.*.log") if path.name < before]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def sync_folder():
    """A file that was made or renamed is found again after the power failed."""
    file = os.open(folder(), os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@cache
def host():
    return re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:60] or "host"


def _parsed(line):
    """The entry of a line; None when it was cut short."""
    try:
        return json.loads(line) if line.strip() else None
    except ValueError:
        return None
