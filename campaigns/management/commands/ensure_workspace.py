"""Gives a fresh install its sender, topics and first rules, as drafts."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from campaigns.starter import set_up_workspace


class Command(BaseCommand):
    help = (
        "Make the sender (BRAND, SIGNED_BY, SENDER_ADDRESS, POSTAL_ADDRESS in the environment), topics, the"
        " words of consent and the first rules as drafts. What is there already stays as it is."
    )

    def handle(self, **options):
        rules = set_up_workspace(timezone.now())
        self.stdout.write(f"Ready with {len(rules)} rules. Read their messages, then switch them on.")
