"""The two kinds of report that have a form: of a delivery (RFC 3464), and of a complaint (RFC 5965)."""

import json
import re
from dataclasses import dataclass

from campaigns.bounces.reading import parse_headers

DELIVERY_STATUS = {"message/delivery-status", "message/global-delivery-status"}
FEEDBACK_REPORT = "message/feedback-report"
RECIPIENT_FIELD = re.compile(r"(?im)^(?:final|original)-recipient:")
# Some forget the blank line between two recipients.
NEXT_RECIPIENT = re.compile(
    r"(?im)^(diagnostic-code:[^\n]*(?:\n[ \t][^\n]*)*)\n(?=(?:final|original)-recipient:)"
)
BLANK_LINE = re.compile(r"\n[ \t]*\n")
ADDRESS = re.compile(r"""(?:"[^"\s]{1,64}"|[^\s<>"'():;,@\[\]]{1,64})@[\w-]{1,63}(?:\.[\w-]{1,63}){0,9}""")
MOST_RECIPIENTS = 50
# A mail program may have broken its lines.
READER = json.JSONDecoder(strict=False)
# The kinds of notification of Amazon SES, and what its recipients are called in each.
NOTIFIED = {
    "bounce": "bouncedRecipients",
    "complaint": "complainedRecipients",
    "delivery": "recipients",
}


@dataclass(frozen=True)
class Fields:
    """What a report says of one recipient."""

    address: str
    action: str = ""
    status: str = ""
    words: str = ""


def of_recipients(text):
    """What a delivery report says of each of its recipients."""
    blocks = [_fields(block) for block in BLANK_LINE.split(NEXT_RECIPIENT.sub(r"\1\n\n", text))]
    named = [block for block in blocks if "final-recipient" in block or "original-recipient" in block]
    return [_of_recipient(block) for block in named[:MOST_RECIPIENTS]]


def feedback(text):
    """(type, [addresses]) of a complaint; several recipients may be named, or none."""
    found = parse_headers(text.encode())
    kinds = [value.lower() for name, value in found if name == "feedback-type"]
    named = [address_in(value) for name, value in found if name in ("original-rcpt-to", "removal-recipient")]
    return (kinds or [""])[0], list(dict.fromkeys(filter(None, named)))[:MOST_RECIPIENTS]


def of_notification(text):
    """What a notification of Amazon SES, in JSON, says of each recipient."""
    try:
        found, _end = READER.raw_decode(text.strip())
        found = READER.decode(found["Message"]) if "Message" in found else found
        told = {key: found[key] for key in NOTIFIED if key in found}
        return [
            _of_notified(key, told[key], recipient)
            for key in told
            for recipient in told[key][NOTIFIED[key]][:MOST_RECIPIENTS]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _of_notified(key, told, recipient):
    if key == "delivery":
        return Fields(address_in(recipient), "delivered", "2.0.0", str(told.get("smtpResponse", "2.0.0")))
    address, words = address_in(recipient["emailAddress"]), str(recipient.get("diagnosticCode", ""))
    return Fields(address, "complained" if key == "complaint" else "failed", "", words)


def address_in(text):
    """The first address in a text, in small letters; empty without one."""
    found = ADDRESS.search(text)
    return normal(found[0]) if found else ""


def normal(address):
    """An address as it stands in a report, in small letters and without the kind that some put before it."""
    return re.sub(r"^smtp=", "", address.strip(".").lower())


def _of_recipient(block):
    address = address_in(block.get("final-recipient", "")) or address_in(block.get("original-recipient", ""))
    status, _bracket, comment = block.get("status", "").partition("(")
    kind, semicolon, said = block.get("diagnostic-code", "").partition(";")
    words = said.strip() if semicolon else kind.strip()
    action = block.get("action", "").lower().split(" ")[0]
    return Fields(address, action, status.strip(), "\n".join(filter(None, [comment.strip(") "), words])))


def _fields(block):
    found = {}
    for name, value in parse_headers(block.strip().encode()):
        found.setdefault(name, value)
    return found
