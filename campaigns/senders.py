"""What is done with senders, and whether one may write to many."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import authenticating

# What mailboxes ask of whoever writes to many: {check: what it is called}.
NEEDED = {
    "spf": "SPF",
    "dkim": "DKIM",
    "dmarc": "DMARC",
    "alignment": gettext_lazy("alignment"),
    "one_click": gettext_lazy("one-click unsubscribing"),
}


def bulk_problem(sender, size):
    """Why this sender may not write to that many people a day, in words; "" when it may."""
    if size <= settings.BULK_FROM:
        return ""
    if sender.checked_at is None:
        return _("The records of %(domain)s have never been checked.") % {"domain": sender.domain}
    if sender.checks.get("about") != authenticating.about(sender):
        return _("%(name)s has changed since its records were last checked.") % {"name": sender.name}
    failing = [str(name) for key, name in NEEDED.items() if state_of(sender, key) not in ("ok", "warn")]
    if not failing:
        return ""
    words = _("Before it may write to more than %(many)s people a day, %(domain)s needs: %(names)s.")
    return words % {"many": f"{settings.BULK_FROM:,}", "domain": sender.domain, "names": ", ".join(failing)}


def state_of(sender, key):
    """What the last look found of one check: ok, warn, fail, unknown, or "" when it was not looked at."""
    return sender.checks.get(key, {}).get("state", "")
