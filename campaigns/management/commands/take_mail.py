"""Takes one message from a mail server's pipe."""

import logging
import sys

from django.core.management.base import BaseCommand
from django.utils import timezone

from campaigns import intake
from campaigns.bounces import reading

logger = logging.getLogger(__name__)

# "Try again later", as mail servers understand it (sysexits.h).
EX_TEMPFAIL = 75
PIECE = 1024 * 1024


class Command(BaseCommand):
    help = "Take one message from standard input: a bounce, a complaint, an answer. For a mail server's pipe."
    # Nothing may stand between the message and the database.
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--to", default="", metavar="ADDRESS", help="the address it was delivered to")

    def handle(self, *, to, **options):
        try:
            intake.take_message(whole_of(sys.stdin.buffer), at=timezone.now(), envelope_to=to)
        except Exception as error:
            # Whatever it is, the mail server brings it again. The error's own words may hold an address.
            logger.error("A message could not be taken: %s", type(error).__name__)
            sys.exit(EX_TEMPFAIL)


def whole_of(stream):
    """The message; of a huge one enough to tell that it is. The rest is read too, or the pipe would break."""
    raw = stream.read(reading.LONGEST + 1)
    while stream.read(PIECE):
        pass
    return raw
