"""What is done with senders, and whether one may write to many."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import authenticating, dkim
from campaigns.domains import keys
from campaigns.domains.records import Records, Unanswered

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


def problem_of_bulk(sender):
    """What keeps this sender from writing to many at all, in words; "" when nothing does."""
    return bulk_problem(sender, settings.BULK_FROM + 1)


def state_of(sender, key):
    """What the last look found of one check: ok, warn, fail, unknown, or "" when it was not looked at."""
    return sender.checks.get(key, {}).get("state", "")


# Keys ------------------------------------------------------------------------------------------------


class CannotSign(ValueError):
    """A key may not be used yet; says why in words."""


def make_key(sender, at):
    """Make a key for this sender's domain, and return its selector.

    The first one signs at once; one beside a key in use waits until its record is published.
    """
    selector = sender.dkim_selector.lower()
    if selector and dkim.private_key(sender.domain, selector) is None:
        dkim.make_key(sender.domain, selector)
        return selector
    name = free_selector(sender, at)
    dkim.make_key(sender.domain, name)
    if not selector:
        sender.dkim_selector = name
        sender.save(update_fields=["dkim_selector"])
    return name


def free_selector(sender, at):
    """A selector named for the month, which no key of the domain has yet."""
    taken, name = set(dkim.selectors(sender.domain)), f"r{at:%Y%m}"
    return next(name for name in [name, *(f"{name}-{n}" for n in range(2, 100))] if name not in taken)


def waiting_keys(sender):
    """(selector, record) of each key that does not sign, ready to be published."""
    current = sender.dkim_selector.lower()
    names = [name for name in dkim.selectors(sender.domain) if name != current]
    found = [(name, dkim.private_key(sender.domain, name)) for name in names]
    return [
        (name, (dkim.record_name(sender.domain, name), "TXT", dkim.record(key))) for name, key in found if key
    ]


def sign_with(sender, selector, *, records=None):
    """Sign with another key from now on; raises CannotSign unless its record is published."""
    key = dkim.private_key(sender.domain, selector)
    if key is None:
        raise CannotSign(_("There is no such key on this server."))
    name = dkim.record_name(sender.domain, selector)
    try:
        texts = keys.records_of(name, records or Records())
        published = [keys.read(text).key for text in texts]
    except Unanswered as error:
        words = _("Its record could not be looked up: %(why)s. Try again later.")
        raise CannotSign(words % {"why": error}) from None
    except keys.DkimError as error:
        raise CannotSign(str(error)) from None
    if published != [key.public_key()]:
        raise CannotSign(_("Its record is not published yet; mail signed with it would not be believed."))
    sender.dkim_selector = selector
    sender.save(update_fields=["dkim_selector"])
