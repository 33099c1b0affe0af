"""What passed the gate, and what became of it, is written to the journal: a restored ledger would not know.

A line before the first byte of a window leaves, and a line before the ledger is told what became of it. No
kill loses them; when the power fails, what was written in the last second may be lost with the machine.
"""

import logging
import os
import threading
from datetime import timedelta
from time import monotonic

from django.conf import settings

from contacts import journal, marking

logger = logging.getLogger(__name__)

SENT = "sent"
SYNC_SECONDS = COUNT_SECONDS = 1


class OldCopy(Exception):
    """The database was restored from a backup while a run was under way."""


class _Last:
    """When this process last asked for its lines to be on disk, and last counted on."""

    synced_at = counted_at = 0.0


def note_passed(deliveries, at):
    """These passed the gate and are about to leave; raises OSError or OldCopy, and then they must not."""
    if deliveries and marking.is_begun():
        _count_on(at)
        of = [[str(d.uuid), d.occurrence_key, d.attempts + 1] for d in deliveries]
        _append({"passed": at.isoformat(), "of": of}, at)


def note_ended(results, at):
    """What became of these: the other side's word, or that it gave none.

    It has happened: should it not be possible to write it, it is in doubt after a restore, and only then.
    """
    if not results or not marking.is_begun():
        return
    of = [[str(r.delivery.uuid), r.delivery.attempts + 1, str(r.status), str(r.reason)] for r in results]
    try:
        _append({"ended": at.isoformat(), "of": of}, at)
    except OSError as error:
        logger.error("The journal cannot be written: %s", error)


def forget_old(at):
    """Drop the days that no backup would be restored from any more; how many files. Acts stay for ever."""
    earliest = f"{SENT}-{at - timedelta(days=settings.JOURNAL_DAYS):%Y%m%d}"
    return journal.drop(f"{SENT}-*", before=earliest) if journal.is_kept() else 0


def _count_on(at):
    """Not with each sweep only, which may last: a restore is noticed that a second of sending was lost by."""
    if monotonic() - _Last.counted_at > COUNT_SECONDS:
        _Last.counted_at = monotonic()
        if marking.advance(at).holds:
            raise OldCopy("The database was restored from a backup.")


def _append(line, at):
    name = f"{SENT}-{at:%Y%m%d}"
    path = journal.append(name, [line], durable=False)
    if monotonic() - _Last.synced_at > SYNC_SECONDS:
        _Last.synced_at = monotonic()
        threading.Thread(target=_sync, args=[path], daemon=True).start()


def _sync(path):
    """Beside the work: nobody waits for the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(file)
    finally:
        os.close(file)
