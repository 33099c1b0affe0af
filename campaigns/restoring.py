"""A database that was restored from a backup sends nothing until a person has had it recovered.

It has forgotten who opted out since, who was erased, and what was sent. `recovering.py` gives that back from
the journal, which lies outside the database; until then all sending is held, whoever switches it on.
"""

import logging
from datetime import timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from campaigns.models import SendingSwitch
from campaigns.switching import hold_sending
from contacts import journal, marking, replaying
from contacts.marking import Finding
from contacts.models import JournalMark

logger = logging.getLogger(__name__)

# For so long after a recovery, what is planned late for a moment before it is not sent by itself.
LATE_FOR = timedelta(days=7)
_PARK_LATE = """
UPDATE campaigns_delivery d
SET status = 'parked', reason = 'no_answer', detail = %(words)s, sending_at = %(at)s, finished_at = %(at)s,
    first_sending_at = coalesce(d.first_sending_at, %(at)s), attempts = greatest(d.attempts, 2),
    doubts = d.doubts + 1, address = c.email
FROM contacts_contact c
WHERE c.id = d.contact_id AND c.email <> '' AND d.status = 'planned' AND d.due_at <= %(restored_at)s
  AND d.planned_at > %(recovered_at)s AND d.attempts = 0
"""


def is_restored(at):
    """Whether this database is an old copy that waits to be recovered; then all sending is held."""
    return marking.look().holds and notice(at).holds


def say(at):
    """Tell the log what is wrong with the journal, if anything is; looked at closely, act by act."""
    if marking.look() == Finding.FINE and replaying.forgotten():
        hold(Finding.BEHIND, at)
    if words := words_of(marking.look()):
        logger.error("%s %s", words, words_to_do() if is_restored(at) else "")


def keep_up(at):
    """With each sweep: count on, write what could not be written, and notice a restore; the Finding."""
    finding = marking.advance(at)
    if finding.holds:
        return notice(at)
    if finding == Finding.FINE:
        journal.write_waiting()
        park_late(at)
    return finding


@transaction.atomic
def notice(at):
    """Look again while nobody counts on or recovers it, and hold all sending if it is so; the Finding."""
    mark = _locked_mark()
    finding = marking.compare(marking.written_mark(), mark)
    if finding.holds:
        _hold(mark, finding, at)
    return finding


@transaction.atomic
def hold(finding, at):
    """Hold all sending, and note since when. Calling it twice holds once."""
    _hold(_locked_mark(), finding, at)


def _locked_mark():
    """The database's mark, which nobody changes meanwhile; a backup older than its journal takes that one."""
    written = marking.written_mark()
    JournalMark.objects.get_or_create(id=1, defaults={"journal": written["journal"]} if written else {})
    return JournalMark.objects.select_for_update().get()


def _hold(mark, finding, at):
    if not mark.waits:
        mark.restored_at = at
        mark.save(update_fields=["restored_at"])
        logger.error("%s %s", words_of(finding), words_to_do())
    if not SendingSwitch.load().held:
        hold_sending(by=None, at=mark.restored_at, reason=f"{words_of(finding)} {words_to_do()}")


def say_restored(at):
    """A person knows that a backup was restored, even if nothing shows it: all of the journal counts."""
    hold(Finding.BEHIND, at)
    JournalMark.objects.update(at=None)


def park_late(at):
    """What was planned after a recovery, for a moment before it, may have been sent in the time forgotten."""
    mark = JournalMark.objects.filter(recovered_at__gt=at - LATE_FOR).first()
    if mark is None or mark.restored_at is None:
        return 0
    with connection.cursor() as cursor:
        times = {"at": at, "restored_at": mark.restored_at, "recovered_at": mark.recovered_at}
        cursor.execute(_PARK_LATE, times | {"words": _("planned late, after a restore")})
        return cursor.rowcount


def words_of(finding):
    """What was found, for whoever looks after the installation; empty when all is well."""
    return {
        Finding.BEHIND: _("This database was restored from a backup."),
        Finding.LOST: _("The journal of this database is gone."),
        Finding.UNWRITABLE: _("The journal cannot be written."),
    }.get(finding, "")


def words_to_do():
    return _("Nothing is sent until somebody runs “manage.py recover”.")
