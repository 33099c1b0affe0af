"""Gives a database that was restored from a backup what it has forgotten, so that sending may go on.

What was planned since the backup is planned again, what the journal says was sent is sent in the ledger too,
and the opt-outs, suppressions and erasures since then are done again. Without the journal, whatever was due
by the restore waits for a person. All of it may be done twice, and goes on after a kill.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from campaigns import campaigning, planning, reconciling, restoring
from campaigns.models import SendingSwitch
from campaigns.switching import resume_sending
from contacts import marking, replaying
from contacts.models import JournalMark

# Planning may need several rounds: a reminder follows what was found to have been sent.
ROUNDS = 1000


NO_JOURNAL = _(
    "There is no journal in JOURNAL_DIR. Put it there, or go on with --without-journal: then opt-outs since"
    " the backup are lost, and whatever was due by now waits for a person."
)
NOT_ITS_JOURNAL = _(
    "The journal in JOURNAL_DIR belongs to another database. Put the right one there, or go on with"
    " --without-journal."
)


class CannotRecover(ValueError):
    """What stands in the way, in words."""


@dataclass
class Recovery:
    """What was found, and what was done about it."""

    backed_up_at: datetime | None
    restored_at: datetime
    planned: int = 0
    remembered: int = 0
    counts: Counter = field(default_factory=Counter)
    # What was sent by what this database does not know: [(campaign or rule, as its key begins, how many)].
    unknown: list = field(default_factory=list)
    is_held: bool = True


def recover(at, *, without_journal=False, keep_hold=False):
    """Recover this database, then let sending go on; the Recovery. Raises CannotRecover."""
    mark = waiting_mark(at, without_journal)
    found = give_back(mark, at, without_journal)
    found.is_held = finish(mark, at, without_journal, keep_hold)
    return found


def rehearse(at, *, without_journal=False):
    """What `recover` would do, which is done and taken back. Raises CannotRecover."""
    mark = waiting_mark(at, without_journal)
    with transaction.atomic():
        found = give_back(mark, at, without_journal)
        transaction.set_rollback(True)
    return found


def give_back(mark, at, without_journal):
    """Whatever can be known of the time forgotten."""
    found = Recovery(mark.at, mark.restored_at)
    if without_journal:
        found.planned = plan_again(at)
        found.counts["parked"] = reconciling.park_due(mark.restored_at, at)
    else:
        reconcile_all(found, mark, at)
        found.counts += Counter(replaying.replay(replaying.forgotten(), at=at))
    return found


def waiting_mark(at, without_journal):
    """The mark of a database that was found to be an old copy; raises CannotRecover."""
    restoring.say(at)
    finding = marking.look()
    if finding == marking.Finding.OFF:
        raise CannotRecover(_("JOURNAL_DIR is empty: no journal is kept."))
    if not finding.holds:
        raise CannotRecover(_("This database and its journal agree: there is nothing to recover."))
    restoring.hold(finding, at)
    mark, written = JournalMark.objects.get(), marking.written_mark()
    if without_journal:
        return mark
    if written is None:
        raise CannotRecover(NO_JOURNAL)
    if written["journal"] != str(mark.journal):
        raise CannotRecover(NOT_ITS_JOURNAL)
    return mark


def reconcile_all(found, mark, at):
    """Plan what was planned since, and tell the ledger what was sent, until neither finds anything new."""
    found.remembered = reconciling.recall(mark.at)
    for _round in range(ROUNDS):
        planned = plan_again(at)
        changed = reconciling.reconcile(mark.restored_at, at)
        found.planned += planned
        found.counts += changed
        if not planned and not changed:
            break
    found.unknown = reconciling.unknown_to_the_ledger()


def plan_again(at):
    """Everything that the rules and the campaigns ask for by now; how many are new."""
    planned = 0
    while new := campaigning.plan_campaigns(at):
        planned += new
    return planned + planning.plan(at) + planning.plan_following(at)


def finish(mark, at, without_journal, keep_hold):
    """The two marks agree again, and sending may go on; whether it is still held."""
    written = marking.written_mark() or {}
    mark.journal = uuid4() if without_journal else mark.journal
    mark.number = max(mark.number, 0 if without_journal else written["number"]) + 1
    mark.recovered_at = at
    with transaction.atomic():
        mark.save(update_fields=["journal", "number", "recovered_at"])
        switch = SendingSwitch.load()
        # What somebody had held before is theirs to let go.
        if switch.held and switch.changed_at == mark.restored_at and not keep_hold:
            resume_sending(by=None, at=at)
    marking.write_mark(mark.journal, mark.number)
    return SendingSwitch.load().held
