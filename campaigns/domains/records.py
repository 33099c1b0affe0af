"""Asks the name servers, and tells "there is none" from "nobody answered"."""

import time

import dns.exception
import dns.resolver
import dns.reversename
from django.utils.translation import gettext as _

# Seconds for one question, and for all that one look asks.
PATIENCE, BUDGET = 2, 8


class NoSuchDomain(LookupError):
    """The name does not exist at all."""


class Unanswered(LookupError):
    """Nobody can say now: no answer in time, or the name server failed. Holds the words for it."""


class Records:
    """The records of the world for one look: each question is asked once, all within a few seconds."""

    def __init__(self, budget=BUDGET):
        self._until = time.monotonic() + budget
        self._answers = {}

    def find(self, name, kind):
        """The records of that kind (TXT, MX, A, AAAA, PTR) as texts; [] when the name has none.

        Raises NoSuchDomain or Unanswered.
        """
        name = name.rstrip(".").lower()
        if (name, kind) not in self._answers:
            self._answers[name, kind] = self._asked(name, kind)
        answer = self._answers[name, kind]
        if isinstance(answer, LookupError):
            raise answer
        return answer

    def rows(self, name, kind):
        """As `find`, where a name that does not exist has no records either."""
        try:
            return self.find(name, kind)
        except NoSuchDomain:
            return []

    def _asked(self, name, kind):
        """The texts, or the LookupError to raise."""
        try:
            return self.ask(name, kind)
        except LookupError as error:
            return error

    def ask(self, name, kind):
        """One question to the name servers of this machine."""
        left = min(PATIENCE, self._until - time.monotonic())
        if left <= 0:
            raise Unanswered(_("there was no time left to ask"))
        try:
            answer = dns.resolver.get_default_resolver().resolve(f"{name}.", kind, lifetime=left)
        except dns.resolver.NXDOMAIN:
            raise NoSuchDomain(name) from None
        except dns.resolver.NoAnswer:
            return []
        except dns.resolver.LifetimeTimeout:
            raise Unanswered(_("the name server did not answer in time")) from None
        except dns.resolver.NoNameservers:
            raise Unanswered(_("the name server could not say (SERVFAIL)")) from None
        except (dns.exception.DNSException, OSError) as error:
            raise Unanswered(_("no name server could be asked: %(error)s") % {"error": error}) from None
        return [text_of(row) for row in answer]


def text_of(row):
    """A record as a text: the strings of a TXT record in one, names without the last dot."""
    if hasattr(row, "strings"):
        return b"".join(row.strings).decode("utf-8", "replace")
    return row.to_text().rstrip(".").strip()


def reverse_name(address):
    """The name under which the name of an IP address stands."""
    return dns.reversename.from_address(address).to_text().rstrip(".")
