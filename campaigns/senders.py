"""What is done with senders, and whether one may write to many."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# What a mailbox provider asks of whoever writes to many: {check: what it is called}.
NEEDED = {
    "spf": "SPF",
    "dkim": "DKIM",
    "dmarc": "DMARC",
    "one_click": gettext_lazy("unsubscribing in one click"),
}


def bulk_problem(sender, size):
    """Why this sender may not write to that many people a day, in words; "" when it may."""
    if size <= settings.BULK_FROM:
        return ""
    if sender.checked_at is None:
        return _("The records of %(domain)s have never been checked.") % {"domain": sender.domain}
    failing = [name for key, name in NEEDED.items() if state_of(sender, key) not in ("ok", "warn")]
    if not failing:
        return ""
    return _(
        "%(names)s must be put right for %(domain)s before it may write to more than %(many)s people."
    ) % {
        "names": ", ".join(str(name) for name in failing),
        "domain": sender.domain,
        "many": f"{settings.BULK_FROM:,}",
    }


def state_of(sender, key):
    """What the last look found of one check: ok, warn, fail, or "" when it was not looked at."""
    return sender.checks.get(key, {}).get("state", "")
