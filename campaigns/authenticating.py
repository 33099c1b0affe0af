"""Looks at what a sender's domain says of itself: whether mailboxes can prove whose its mail is.

Each check ends ok, warn, fail or unknown, with words and the record to publish. What could not be looked up
is unknown, never missing.
"""

import logging
from dataclasses import asdict
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from campaigns.domains import proofs, surroundings
from campaigns.domains.findings import OK, UNKNOWN, WARN, Finding, Subject
from campaigns.domains.records import Records, Unanswered
from contacts.models import Sender

logger = logging.getLogger(__name__)

# For how long what the last look found holds when a look finds nobody to ask.
HOLDS_FOR = timedelta(days=7)
LOOKS = {
    "spf": proofs.look_at_spf,
    "dkim": proofs.look_at_dkim,
    "dmarc": proofs.look_at_dmarc,
    "alignment": proofs.look_at_alignment,
    "one_click": surroundings.look_at_one_click,
    "return": surroundings.look_at_return,
    "server": surroundings.look_at_server,
}


def about(sender):
    """What the checks depend on; a finding holds while this stays the same."""
    return [
        sender.domain.lower(),
        sender.return_domain.lower(),
        sender.dkim_selector.lower(),
        sender.provider,
    ]


def check(sender, at, *, records=None):
    """Look at all that concerns this sender, and keep what was found on it."""
    subject, records = Subject.of(sender), records or Records()
    before = sender.checks if sender.checks.get("about") == about(sender) else {}
    found = {key: kept(looked(look, subject, records), before.get(key), at) for key, look in LOOKS.items()}
    sender.checks = {**found, "about": about(sender)}
    sender.checked_at = at
    sender.save(update_fields=["checks", "checked_at"])
    return sender.checks


def check_all(at):
    """Look at every sender, for the clock; how many were looked at."""
    count = 0
    for sender in Sender.objects.order_by("pk"):
        try:
            check(sender, at)
        except Exception:
            # One strange record must not keep the others from being looked at.
            logger.exception("Sender %s could not be checked", sender.pk)
        else:
            count += 1
    return count


def looked(look, subject, records):
    try:
        return look(subject, records)
    except Unanswered as error:
        return Finding(UNKNOWN, _("It could not be looked up: %(why)s. Check again later.") % {"why": error})


def kept(finding, before, at):
    """The finding as it is stored; while nobody can be asked, what was found lately holds."""
    if finding.state == UNKNOWN and holds(before, at):
        return before | {"note": finding.words}
    return asdict(finding) | {"at": at.isoformat()}


def holds(before, at):
    """Whether what an earlier look found is good and lately enough found to go by."""
    if not before or before["state"] not in (OK, WARN):
        return False
    return at - datetime.fromisoformat(before["at"]) < HOLDS_FOR
