"""Addresses of our own, one for each delivery: where its bounces go, and where a reader writes to stop.

Each holds the delivery's uuid and a mark that only we can make, in letters that survive being written large
or small. Whoever writes to one has seen the message, or the server that refused it.
"""

import base64
import re
import uuid

from contacts.signing import is_marked, mark

BOUNCE, STOP = "bounce", "stop"
LETTERS = {BOUNCE: "b", STOP: "s"}
MARK_BYTES = 8
ADDRESS = re.compile(r"([bs])-([a-z2-7]{39})(?:@.*)?", re.IGNORECASE)


def return_path(delivery):
    """Where the message comes back to: an address of its own, or the from address without a domain for it."""
    return _address(BOUNCE, delivery) or delivery.sender.address


def stop_address(delivery):
    """Where a mail program writes to stop these messages; empty without a domain for it."""
    return _address(STOP, delivery)


def read(address):
    """(BOUNCE or STOP, delivery uuid) of an address made here, or None."""
    found = ADDRESS.fullmatch((address or "").strip().strip("<>"))
    if not found:
        return None
    purpose = next(purpose for purpose, letter in LETTERS.items() if letter == found[1].lower())
    raw = base64.b32decode(found[2].upper() + "=")
    one_spelling = _spelt(purpose, raw) == found[0].partition("@")[0].lower()
    known = is_marked(_for(purpose), raw[:16], raw[16:])
    return (purpose, uuid.UUID(bytes=raw[:16])) if known and one_spelling else None


def _address(purpose, delivery):
    domain = delivery.sender.return_domain.strip().lower()
    return f"{_local_part(purpose, delivery.uuid)}@{domain}" if domain else ""


def _local_part(purpose, key):
    return _spelt(purpose, key.bytes + mark(_for(purpose), key.bytes, MARK_BYTES))


def _spelt(purpose, raw):
    return f"{LETTERS[purpose]}-{base64.b32encode(raw).decode().rstrip('=').lower()}"


def _for(purpose):
    return f"return:{purpose}"
