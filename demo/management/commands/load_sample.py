"""Fills the workspace with the sample shop. Running it again adds what is missing and doubles nothing."""

import time

from django.core.management.base import BaseCommand
from django.utils import timezone

from contacts import marking
from contacts.progress import TerminalBar
from demo.sample import load


class Command(BaseCommand):
    help = "Load the sample: real purchases under invented names, a catalogue, a year of invented sign-ups."

    def handle(self, **options):
        started, bar = time.monotonic(), TerminalBar(self.stderr)
        # A database that was made anew goes on with the journal of the last while it is still empty.
        marking.advance(timezone.now())
        for words, count in load(timezone.now(), bar):
            bar.close()
            self.stdout.write(f"{words}: {count:,}")
        self.stdout.write(f"The sample is loaded ({time.monotonic() - started:.0f} s).")
