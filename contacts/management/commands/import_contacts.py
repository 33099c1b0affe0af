"""Brings people in from a CSV file that any other tool has written."""

import zlib
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from contacts.importing import ConsentProof, import_contacts
from contacts.models import Consent, Topic
from contacts.progress import TerminalBar
from contacts.staging import FileRefused


class Command(BaseCommand):
    help = "Create or update contacts from a CSV file. Nothing is sent to them by importing."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="a CSV file, plain or .gz, in any usual encoding")
        parser.add_argument("--source", default="", help="the system whose customer numbers the file holds")
        parser.add_argument("--consent", metavar="TOPIC", help="the topic these people agreed to, by its key")
        parser.add_argument(
            "--basis", choices=Consent.Basis.values, default="imported", help="the ground of that consent"
        )
        parser.add_argument("--proof", default="", help="where that consent can be looked up")
        parser.add_argument("--refused", type=Path, help="the file for refused rows")
        parser.add_argument("--dry-run", action="store_true", help="check and count, write nothing")

    def handle(self, *, file, source, refused, dry_run, **options):
        consent = self.consent_from(options)
        progress = TerminalBar(self.stderr)
        try:
            result = import_contacts(
                file,
                at=timezone.now(),
                origin=f"import:{file.name}",
                refused_path=refused or refused_beside(file),
                progress=progress,
                source=source,
                consent=consent,
                dry_run=dry_run,
            )
        except (FileRefused, OSError, EOFError, zlib.error) as error:
            raise CommandError(error) from error
        finally:
            progress.close()
        self.stdout.write(summary(result, dry_run=dry_run))

    def consent_from(self, options):
        if not options["consent"]:
            return None
        if not options["proof"]:
            raise CommandError("Say with --proof where this consent can be looked up.")
        topic = Topic.objects.filter(key=options["consent"]).first()
        if topic is None:
            keys = ", ".join(Topic.objects.values_list("key", flat=True))
            raise CommandError(f"There is no topic “{options['consent']}”. There are: {keys or 'none yet'}.")
        return ConsentProof(topic, options["basis"], options["proof"])


def refused_beside(file):
    """`people.csv` -> `people.refused.csv`, in the folder from which the command was started."""
    return Path(f"{file.name.removesuffix('.gz').removesuffix('.csv')}.refused.csv")


def summary(result, *, dry_run):
    """What became of the file, for a person at a terminal."""
    lines = [
        f"{result.read:,} rows read: {result.created:,} created, {result.updated:,} updated,"
        f" {result.unchanged:,} unchanged, {result.refused:,} refused."
    ]
    if dry_run:
        lines.insert(0, "A dry run: nothing was written.")
    if result.consents:
        lines.append(f"{result.consents:,} consents given; what was withdrawn stays withdrawn.")
    if result.numbered:
        lines.append(f"{result.numbered:,} people got the number at which they are called.")
    if result.suppressed:
        lines.append(f"{result.suppressed:,} addresses are suppressed and stay so.")
    for column, count in result.left_out.items():
        lines.append(f"{count:,} values of “{column}” made no sense and were left out.")
    if result.unused_columns:
        lines.append(f"Columns not used: {', '.join(result.unused_columns)}.")
    if result.refused:
        lines += [f"Refused rows, with their reasons: {result.refused_path}", *result.first_refusals]
    return "\n".join(lines)
