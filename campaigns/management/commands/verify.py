"""Checks that the ledger keeps its promises; leaves with an error when one is broken."""

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from campaigns.verifying import verify


class Command(BaseCommand):
    help = "Check the promises of the ledger of deliveries. Changes nothing."

    def handle(self, *args, **options):
        broken = 0
        for promise, found in verify():
            broken += bool(found)
            shown = ", ".join(str(key) for key in found[:10])
            self.stdout.write(f"{'FAILED' if found else 'ok':7} {promise}{f': {shown}' if found else ''}")
        if broken:
            raise CommandError(_("%(count)s of the promises are broken.") % {"count": broken})
