"""The checks around a message: where it comes back to, one click to stop it, and the server it leaves by."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.domains.findings import FAIL, OK, WARN, Finding
from campaigns.domains.records import reverse_name


def look_at_return(subject, records):
    """Whether bounces can arrive."""
    domain = subject.return_domain
    servers = records.rows(domain, "MX")
    server = _("<your mail server>")
    wanted = (domain, "MX", f"10 {server}")
    fill = _(
        "Put the name of the server that takes mail for %(domain)s in place of “%(server)s”; this record is"
        " not finished without."
    ) % {"domain": domain, "server": server}
    if servers == ["0"]:
        return Finding(FAIL, _("%(domain)s says that it takes no mail at all.") % {"domain": domain}, "0 .")
    found = ", ".join(servers)
    if not servers and not any(records.rows(domain, kind) for kind in ("A", "AAAA")):
        words = _(
            "No server takes mail for %(domain)s: bounces and answers are lost, and many mailboxes refuse."
        )
        return Finding(FAIL, words % {"domain": domain}, "", wanted, fill)
    if not servers:
        words = _("%(domain)s has an address but no mail server named (MX). Name one.")
        return Finding(WARN, words % {"domain": domain}, "", wanted, fill)
    if subject.is_smtp and not subject.sender.return_domain:
        words = _(
            "Bounces come back to %(address)s with everything else. With a domain of their own, each says"
            " which message it is about."
        )
        return Finding(WARN, words % {"address": subject.sender.address}, found)
    return Finding(OK, _("Mail for %(domain)s is taken.") % {"domain": domain}, found)


def look_at_one_click(subject, records):
    """Whether a mailbox's own button can stop marketing in one click (RFC 8058)."""
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme != "https":
        words = _("Links lead to %(url)s. Mailboxes use only https; set PUBLIC_URL to an https address.")
        return Finding(FAIL, words % {"url": settings.PUBLIC_URL})
    if is_here(parts.hostname or ""):
        words = _("Links lead to %(url)s, which nobody outside can reach.")
        return Finding(FAIL, words % {"url": settings.PUBLIC_URL})
    if not subject.is_smtp:
        words = _(
            "Every marketing message carries both headers. Ask %(provider)s whether its signature covers them"
            " (“h=” must name List-Unsubscribe and List-Unsubscribe-Post)."
        )
        return Finding(OK, words % {"provider": subject.provider})
    if subject.key is None:
        return Finding(
            FAIL, _("Every marketing message carries both headers, but they count only when signed.")
        )
    return Finding(OK, _("Every marketing message carries both headers, and the signature covers them."))


def look_at_server(subject, records):
    """Notes on the way out: whether the connection is encrypted, and whether the server's name leads back."""
    if not subject.is_smtp:
        return Finding(OK, _("%(provider)s looks after its own servers.") % {"provider": subject.provider})
    host = settings.EMAIL_HOST
    if is_here(host):
        words = _(
            "Mail is handed to a server next door (%(host)s). Its public address needs a name that leads"
            " back to it (PTR), and it should offer TLS to others; neither can be seen from here."
        )
        return Finding(OK, words % {"host": host})
    if not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL):
        words = _("The connection to %(host)s is not encrypted. Use smtp+tls:// or smtp+ssl:// in EMAIL_URL.")
        return Finding(WARN, words % {"host": host})
    nameless = [address for address in addresses_of(host, records) if not leads_back(address, records)]
    if nameless:
        words = _(
            "%(address)s (%(host)s) has no name that leads back to it (PTR). If it sends by itself, it needs"
            " one."
        )
        return Finding(WARN, words % {"address": nameless[0], "host": host})
    return Finding(
        OK, _("The connection to %(host)s is encrypted, and its name leads back to it.") % {"host": host}
    )


def is_here(host):
    """Whether this name or address is only known around here."""
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal"))


def addresses_of(host, records):
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return [*records.rows(host, "A"), *records.rows(host, "AAAA")]


def leads_back(address, records):
    names = records.rows(reverse_name(address), "PTR")
    return any(address in addresses_of(name, records) for name in names)
