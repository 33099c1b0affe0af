"""What one check of a sender found, and whom it was about."""

from dataclasses import dataclass

from campaigns import channels, dkim
from contacts.models import Sender

OK, WARN, FAIL, UNKNOWN = "ok", "warn", "fail", "unknown"
SMTP = "smtp"


@dataclass(frozen=True)
class Finding:
    """What one check found: its state, what that means, what is published, and the record to publish."""

    state: str
    words: str
    found: str = ""
    # (name, type, value), each to be copied as it is, but for what `fill` names.
    record: tuple[str, str, str] | None = None
    # What of that record only its publisher can know.
    fill: str = ""


@dataclass(frozen=True)
class Subject:
    """A sender's names, as all checks need them."""

    sender: Sender
    domain: str
    # Where its mail comes back to; the envelope's domain, which SPF is about.
    return_domain: str
    is_smtp: bool

    @classmethod
    def of(cls, sender):
        domain = sender.domain.lower()
        return cls(sender, domain, sender.return_domain.lower() or domain, sender.provider == SMTP)

    @property
    def selector(self):
        return self.sender.dkim_selector.lower()

    @property
    def key(self):
        return dkim.private_key(self.domain, self.selector)

    @property
    def provider(self):
        """What the way out is called on screen."""
        try:
            return channels.get(self.sender.provider).label
        except channels.UnknownProvider:
            return self.sender.provider
