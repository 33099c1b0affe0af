"""After a backup was restored: does again what the database has forgotten, and lets sending go on."""

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import recovering, restoring

# One at a time.
LOCK = "campaigns.recover"


class Command(BaseCommand):
    help = "After a backup was restored: do again what was forgotten, and let sending go on."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")
        parser.add_argument("--keep-hold", action="store_true", help="leave all sending held")
        parser.add_argument(
            "--without-journal", action="store_true", help="it is lost: park whatever was due by now"
        )
        parser.add_argument(
            "--restored", action="store_true", help="a backup was restored, even if nothing shows it"
        )

    def handle(self, *args, dry_run, keep_hold, without_journal, restored, **options):
        at = timezone.now()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [LOCK])
            if not cursor.fetchone()[0]:
                raise CommandError(_("Somebody else is recovering this database."))
        if restored:
            restoring.say_restored(at)
        try:
            if dry_run:
                found = recovering.rehearse(at, without_journal=without_journal)
            else:
                found = recovering.recover(at, without_journal=without_journal, keep_hold=keep_hold)
        except recovering.CannotRecover as error:
            raise CommandError(error) from error
        self.tell(found, dry_run)

    def tell(self, found, dry_run):
        """What was found, a line each; then how things stand."""
        for line in lines_of(found):
            self.stdout.write(line)
        if dry_run:
            self.stdout.write(_("Nothing was changed."))
        elif found.is_held:
            self.stdout.write(_("Recovered. All sending is still held; let it go on under Settings."))
        else:
            self.stdout.write(_("Recovered. Sending is on again."))


def lines_of(found):
    """What a recovery found and did, in words."""
    if found.backed_up_at:
        yield _("The backup is of %(when)s.") % {"when": _moment(found.backed_up_at)}
    yield _("It was noticed on %(when)s.") % {"when": _moment(found.restored_at)}
    yield _("%(count)s planned again.") % {"count": found.planned}
    for name, words in WORDS.items():
        if count := found.counts[name]:
            yield words(count) % {"count": count}
    for key, count in found.unknown:
        yield _("%(count)s were sent for “%(key)s”, of which this database has no row.") % {
            "count": count,
            "key": key,
        }


def _moment(moment):
    return date_format(timezone.localtime(moment), "j F Y, H:i:s")


WORDS = {
    "sent": lambda n: ngettext("%(count)s message had left.", "%(count)s messages had left.", n),
    "in_doubt": lambda n: ngettext(
        "%(count)s message may have left: it is asked for, or waits for a person.",
        "%(count)s messages may have left: they are asked for, or wait for a person.",
        n,
    ),
    "parked": lambda n: ngettext(
        "%(count)s message was due and waits for a person.",
        "%(count)s messages were due and wait for a person.",
        n,
    ),
    "withdrew": lambda n: ngettext("%(count)s opt-out done again.", "%(count)s opt-outs done again.", n),
    "suppressed": lambda n: ngettext(
        "%(count)s address kept back again.", "%(count)s addresses kept back again.", n
    ),
    "erased": lambda n: ngettext("%(count)s erasure done again.", "%(count)s erasures done again.", n),
}
