"""Reads an SPF record as a mailbox does (RFC 7208): which servers may send for a domain."""

import ipaddress
import re
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _

LOOKUPS, VOID_LOOKUPS, MX_NAMES = 10, 2, 10
TERM = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?::([^/]+))?((?:/\d+)?(?://\d+)?)", re.I)
NUMBERED = re.compile(r"([+?~-]?)(ip4|ip6):(\S+)", re.I)
MODIFIER = re.compile(r"([a-z][a-z0-9._-]*)=(.*)", re.I)
COUNTED = ("include", "a", "mx", "ptr", "exists")


class SpfError(Exception):
    """A mailbox would give up on this record (permerror); says why in words."""


@dataclass
class Walk:
    """What reading a record and all it leads to has come to."""

    lookups: int = 0
    void: int = 0
    # What stands behind the record for everyone else: "-", "~", "?", "+", or "" when nothing does.
    ending: str = ""
    uses_ptr: bool = False
    names: list[str] = field(default_factory=list)

    def count(self):
        self.lookups += 1
        if self.lookups > LOOKUPS:
            raise SpfError(
                _("It takes more than %(most)d look-ups to read, so that mailboxes give up on it.")
                % {"most": LOOKUPS}
            )

    def count_void(self, name):
        self.void += 1
        if self.void > VOID_LOOKUPS:
            raise SpfError(
                _("More than %(most)d of the names in it lead nowhere (the last: %(name)s).")
                % {"most": VOID_LOOKUPS, "name": name}
            )


def records_of(domain, records):
    """The SPF records of a domain; there should be exactly one."""
    return [text for text in records.find(domain, "TXT") if re.match(r"v=spf1( |$)", text, re.I)]


def walk(domain, text, records):
    """Read the record of a domain and all it includes; raises SpfError, or dns_records.Unanswered."""
    found = Walk()
    found.ending = _read(domain, text, records, found)
    return found


def _read(domain, text, records, found):
    """The qualifier of `all`, or what `redirect` leads to; counts on the way."""
    redirect = ""
    for term in text.split()[1:]:
        if modifier := MODIFIER.fullmatch(term):
            if modifier[1].lower() == "redirect":
                redirect = modifier[2]
            continue
        qualifier, name, value = _parsed(term)
        if name == "all":
            return qualifier or "+"
        if name in COUNTED:
            _follow(name, value or domain, records, found)
    return _nested(redirect, records, found) if redirect else ""


def _parsed(term):
    """(qualifier, mechanism, what it names); raises SpfError."""
    if numbered := NUMBERED.fullmatch(term):
        return numbered[1], numbered[2].lower(), _network(term, numbered[3])
    parts = TERM.fullmatch(term)
    if not parts or (parts[2].lower() in ("include", "exists") and not parts[3]):
        raise SpfError(_("“%(term)s” in it means nothing.") % {"term": term})
    return parts[1], parts[2].lower(), parts[3]


def _network(term, value):
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise SpfError(_("“%(term)s” in it is no address.") % {"term": term}) from None
    return value


def _follow(name, value, records, found):
    """One term that costs a look-up."""
    found.count()
    found.uses_ptr |= name == "ptr"
    if name == "ptr" or "%" in value:
        # Depends on the message; it has been counted.
        return
    if name == "include":
        found.names.append(value.lower())
        _nested(value, records, found, counted=True)
    elif name == "mx":
        _mail_servers(value, records, found)
    elif not any(records.rows(value, kind) for kind in ("A", "AAAA")):
        found.count_void(value)


def _mail_servers(value, records, found):
    servers = records.rows(value, "MX")
    if not servers:
        found.count_void(value)
    if len(servers) > MX_NAMES:
        raise SpfError(_("%(name)s has more than %(most)d mail servers.") % {"name": value, "most": MX_NAMES})


def _nested(domain, records, found, counted=False):
    """The record that an `include` or `redirect` leads to."""
    if not counted:
        found.count()
    texts = [text for text in records.rows(domain, "TXT") if re.match(r"v=spf1( |$)", text, re.I)]
    if len(texts) != 1:
        raise SpfError(
            _("It leads to %(name)s, which has %(count)d SPF records instead of one.")
            % {"name": domain, "count": len(texts)}
        )
    return _read(domain, texts[0], records, found)


def ended(text):
    """The record with an end that says what others may not do; one that leads elsewhere ends there."""
    terms = [term for term in text.split() if not re.fullmatch(r"[+?~-]?all", term, re.I)]
    leads_on = any(term.lower().startswith("redirect=") for term in terms)
    return text if leads_on else " ".join([*terms, "~all"])


# What providers ask to be named by.
INCLUDES = {
    "brevo": "spf.brevo.com",
    "mailersend": "_spf.mailersend.net",
    "mailgun": "mailgun.org",
    "mailjet": "spf.mailjet.com",
    "mandrill": "spf.mandrillapp.com",
    "postmark": "spf.mtasv.net",
    "resend": "amazonses.com",
    "sendgrid": "sendgrid.net",
    "sparkpost": "sparkpostmail.com",
}


def suggestion(provider):
    """A record to begin with: the provider's servers, the settings' mail server, or the domain's own."""
    if provider in INCLUDES:
        return f"v=spf1 include:{INCLUDES[provider]} ~all"
    host = settings.EMAIL_HOST
    is_public = provider == "smtp" and "." in host and not host.replace(".", "").isdigit()
    return f"v=spf1 a:{host} ~all" if is_public else "v=spf1 mx ~all"


def fill_of(value, domain):
    """What of a suggested record only its publisher can know, in words; "" when nothing."""
    if value != "v=spf1 mx ~all":
        return ""
    words = _(
        "“mx” stands for the servers that take mail for %(domain)s. If mail leaves by another server, put"
        " “a:” and the name of that server in its place."
    )
    return words % {"domain": domain}
