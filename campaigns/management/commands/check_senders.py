"""Looks at what the domains of all senders say of themselves, as the clock does every day."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import authenticating, sender_words, senders
from contacts.models import Sender


class Command(BaseCommand):
    help = "Check SPF, DKIM, DMARC and the rest of every sender. Fails when one may not write to many."

    def handle(self, *args, **options):
        authenticating.check_all(timezone.now())
        found = list(Sender.objects.order_by("name"))
        for sender in found:
            self.tell(sender)
        if refused := [sender.name for sender in found if senders.problem_of_bulk(sender)]:
            raise CommandError(_("May not write to many: %(names)s.") % {"names": ", ".join(refused)})

    def tell(self, sender):
        self.stdout.write(f"{sender.name} ({sender.domain})")
        for check in sender_words.explained(sender):
            self.stdout.write(f"  {check.state:8}{check.name}: {check.words}")
            if check.record:
                self.stdout.write(f"          {check.record['line']}")
