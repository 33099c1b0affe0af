"""Says what each check of a sender is for, and writes the records so that they can be copied."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns import dkim
from campaigns.domains.findings import FAIL, SMTP, Subject
from campaigns.domains.proofs import unpublished_key
from campaigns.domains.surroundings import look_at_one_click

# A string in a TXT record holds so many characters; a longer value is cut into several.
STRING = 255

# check: (what it is called, what it is for)
CHECKS = {
    "spf": (
        _("SPF: which servers may send"),
        _("Mailboxes compare the server that a message comes from with the list the domain publishes."),
    ),
    "dkim": (
        _("DKIM: the signature"),
        _("Each message is signed with a key. Its public half, in DNS, proves that nobody changed it."),
    ),
    "dmarc": (
        _("DMARC: what to do with forgeries"),
        _("Tells mailboxes what to do with mail that only pretends to come from the domain."),
    ),
    "alignment": (
        _("Alignment: proof for the name people see"),
        _("SPF and DKIM count only when they speak for the domain of the from address."),
    ),
    "one_click": (
        _("Unsubscribing in one click"),
        _("Gmail and Yahoo show a button of their own. It must work at once, by https, without a question."),
    ),
    "return": (
        _("Where mail comes back to"),
        _("Bounces arrive there; from them it is known which addresses are dead."),
    ),
    "server": (
        _("The server it leaves by"),
        _("Mailboxes expect an encrypted connection, and a server whose name leads back to it."),
    ),
}
# The states of a check: (what it is called, icon, the class that colours it).
STATES = {
    "ok": (_("Right"), "circle-check", "good"),
    "warn": (_("Could be better"), "triangle-alert", "warn"),
    "fail": (_("Must be put right"), "circle-x", "bad"),
    "unknown": (_("Could not be looked up"), "circle-question-mark", "warn"),
    "": (_("Not looked at yet"), "circle-dashed", "quiet"),
}


@dataclass(frozen=True)
class Explained:
    """One check as it is shown."""

    key: str
    name: str | Promise
    purpose: str | Promise
    state: str
    label: str | Promise
    icon: str
    tone: str
    words: str = ""
    note: str = ""
    found: str = ""
    record: dict | None = None
    fill: str = ""


def explained(sender):
    """Every check of a sender, in order, looked at or not."""
    since = findings_since_the_key(sender)
    return [explain(key, sender.checks.get(key, {}) | since.get(key, {})) for key in CHECKS]


def findings_since_the_key(sender):
    """What is no longer as the last look found it, since a key was made after: {check: its changes}."""
    last = sender.checks.get("dkim", {})
    found_no_key = last.get("state") == FAIL and not last["found"] and not last["record"]
    if sender.provider != SMTP or not found_no_key or key_record(sender) is None:
        return {}
    subject = Subject.of(sender)
    later = {"note": _("A key was made since. Once its record is published, check again.")}
    changed = {"dkim": {"words": unpublished_key(subject)}, "alignment": later}
    if look_at_one_click(subject, None).words != sender.checks.get("one_click", {}).get("words"):
        changed["one_click"] = later
    return changed


def explain(key, finding):
    state = finding.get("state", "")
    told = {name: finding.get(name, "") for name in ("words", "note", "found", "fill")}
    record = as_record(*finding["record"]) if finding.get("record") else None
    return Explained(key, *CHECKS[key], state, *STATES[state], **told, record=record)


def as_record(name, kind, value):
    """A record in parts to be copied, and as a line of a zone file."""
    parts = [value[i : i + STRING] for i in range(0, len(value), STRING)]
    written = " ".join(f'"{part}"' for part in parts) if kind == "TXT" else value
    return {"name": name, "kind": kind, "value": value, "line": f"{name}. IN {kind} {written}"}


def key_record(sender):
    """The record of the key that signs, in parts to be copied; None when there is no such key here."""
    key = dkim.private_key(sender.domain, sender.dkim_selector)
    if key is None:
        return None
    return as_record(dkim.record_name(sender.domain, sender.dkim_selector), "TXT", dkim.record(key))
