"""How a message leaves: one interface, a file a vendor, and what can become of a message on the way.

What matters is what is *known* afterwards: taken, refused now, refused for good, or nobody can say.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise

from contacts.models import SettlesBy


@dataclass(frozen=True)
class Accepted:
    """The other side took it: what it said, and what it calls the message, if it says so."""

    reply: str
    ref: str = ""


class ChannelError(Exception):
    """The message was not accepted, or nobody can say. `reply` is what the other side said."""

    def __init__(self, reply=""):
        super().__init__(reply)
        self.reply = reply


class RefusedForNow(ChannelError):
    """It has certainly not been accepted; later it may be.

    `retry_after` (timedelta) is when to come again, if the other side said so: then it costs no try.
    """

    def __init__(self, reply="", *, retry_after=None):
        super().__init__(reply)
        self.retry_after = retry_after


class LineLost(RefusedForNow):
    """The connection broke before the message was accepted."""


class Unreachable(RefusedForNow):
    """No connection could be had at all."""


class RefusedForGood(ChannelError):
    """It has certainly not been accepted and never will be. `address_is_bad`: no such mailbox."""

    def __init__(self, reply="", *, address_is_bad=False):
        super().__init__(reply)
        self.address_is_bad = address_is_bad


class NoAnswer(ChannelError):
    """The whole message was handed over and no answer came: nobody can say whether it arrived."""


class TooLate(ChannelError):
    """It took so long that another may have taken it over: it was dropped before its last byte left."""


class Line:
    """An open connection to a provider. `send` hands over one message; `close` says goodbye."""

    def send(self, message, delivery, *, deadline):
        """Hand over a rendered Message of a delivery; returns Accepted, raises a ChannelError.

        `deadline` is a moment of time.monotonic(): past it the last byte must not leave (TooLate).
        """
        raise NotImplementedError

    def close(self):
        """Whatever goes wrong then does not matter."""


@dataclass(frozen=True)
class Provider:
    """One way out: how to open a line, and what can be known of a message whose fate is not."""

    key: str
    label: str | Promise
    # open(sender) -> Line; raises Unreachable.
    open: object
    # The best that it allows; a sender may choose less.
    settles_by: str = SettlesBy.PERSON
    # How long it remembers a message's key (the delivery's uuid).
    key_lasts: timedelta = timedelta()
    # look_up(delivery) -> True, False, or None when it cannot say now. None when nobody can be asked.
    look_up: object = None


_providers: dict[str, Provider] = {}


class UnknownProvider(LookupError):
    """A sender names a way out that does not exist or is not set up."""


def register(provider):
    """Add a way out; the same key replaces."""
    _providers[provider.key] = provider
    return provider


def get(key):
    """The provider of that key; raises UnknownProvider."""
    try:
        return _providers[key]
    except KeyError:
        raise UnknownProvider(key) from None


def registered():
    """Every way out, in the order of registration."""
    return list(_providers.values())
