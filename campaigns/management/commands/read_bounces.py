"""Reads the mailbox of bounces."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from campaigns.bounces import mailbox


class Command(BaseCommand):
    help = "Take what is new in the mailbox of bounces (BOUNCE_IMAP_URL). Safe to stop at any moment."

    def handle(self, **options):
        if not settings.BOUNCE_IMAP_URL:
            raise CommandError("Set BOUNCE_IMAP_URL to imaps://user:password@host/INBOX first.")
        try:
            mailbox.place_of(settings.BOUNCE_IMAP_URL)
        except mailbox.MailboxError as error:
            raise CommandError(f"BOUNCE_IMAP_URL: {error}.") from error
        count = mailbox.read_mailbox(timezone.now())
        self.stdout.write(f"{count} messages taken.")
