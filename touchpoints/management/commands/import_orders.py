"""Brings orders in from a CSV file that any shop has written."""

import zlib
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from contacts.progress import TerminalBar
from contacts.staging import FileRefused
from touchpoints.importing import HEADERS, import_orders


class Command(BaseCommand):
    help = "Save the orders of a CSV file as history: they count, and start no message."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="a CSV file, plain or .gz, in any usual encoding")
        parser.add_argument("--source", required=True, help="the shop the orders and customer numbers are of")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="FIELD=NAME",
            help=f"which column holds a field, where its name does not tell; fields: {', '.join(HEADERS)}",
        )
        parser.add_argument("--currency", default="USD", help="where no column says it")
        parser.add_argument(
            "--create-contacts", action="store_true", help="make a contact for customers nobody knows"
        )
        parser.add_argument(
            "--shift-to-today", action="store_true", help="move all dates alike, the newest to today"
        )
        parser.add_argument("--refused", type=Path, help="the file for refused rows")

    def handle(self, *, file, source, column, refused, currency, create_contacts, shift_to_today, **options):
        progress = TerminalBar(self.stderr)
        try:
            result = import_orders(
                file,
                at=timezone.now(),
                source=source,
                refused_path=refused or refused_beside(file),
                progress=progress,
                columns=columns_from(column),
                currency=currency,
                create_contacts=create_contacts,
                shift_to_today=shift_to_today,
            )
        except (FileRefused, OSError, EOFError, zlib.error) as error:
            raise CommandError(error) from error
        finally:
            progress.close()
        self.stdout.write(summary(result))


def columns_from(pairs):
    """{field: column} of `--column amount=dollars`."""
    columns = dict(pair.partition("=")[::2] for pair in pairs)
    unknown = [name for name, column in columns.items() if name not in HEADERS or not column]
    if unknown:
        raise CommandError(f"--column takes FIELD=NAME; fields are {', '.join(HEADERS)}.")
    return columns


def refused_beside(file):
    """`orders.csv` -> `orders.refused.csv`, in the folder from which the command was started."""
    return Path(f"{file.name.removesuffix('.gz').removesuffix('.csv')}.refused.csv")


def summary(result):
    """What became of the file, for a person at a terminal."""
    lines = [
        f"{result.read:,} rows read: {result.created:,} orders saved, {result.known:,} known already,"
        f" {result.refused:,} refused.",
        f"They belong to {result.contacts:,} contacts, {result.contacts_created:,} of them new.",
    ]
    if result.shifted:
        lines.append(f"Dates moved by {result.shifted.days:,} days.")
    if result.differing:
        lines.append(f"{result.differing:,} known orders have another amount here and stay as they were.")
    if result.unused_columns:
        lines.append(f"Columns not used: {', '.join(result.unused_columns)}.")
    if result.refused:
        lines += [f"Refused rows, with their reasons: {result.refused_path}", *result.first_refusals]
    return "\n".join(lines)
