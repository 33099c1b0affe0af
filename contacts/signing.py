"""Signs the addresses in messages: short, opaque, and never out of date unless the caller says so."""

import base64
import hashlib
import hmac

from django.conf import settings

SIGNATURE_BYTES = 16


class BadToken(ValueError):
    """The token was altered, cut short, or made for something else."""


def _signature(purpose, payload):
    key = hashlib.sha256(f"rapport:{purpose}:{settings.SIGNING_KEY}".encode()).digest()
    return hmac.new(key, payload, hashlib.sha256).digest()[:SIGNATURE_BYTES]


def mark(purpose, payload, size):
    """The first `size` bytes of a signature, where a whole token would be too long."""
    return _signature(purpose, payload)[:size]


def sign(purpose, payload):
    """A URL-safe token that carries `payload` (bytes) and holds for one `purpose` only."""
    return base64.urlsafe_b64encode(_signature(purpose, payload) + payload).rstrip(b"=").decode()


def unsign(purpose, token):
    """The payload (bytes) of a token made by `sign` for the same purpose; raises BadToken."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError as error:
        raise BadToken("not a token") from error
    signature, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(purpose, payload)) or sign(purpose, payload) != token:
        raise BadToken("wrong signature")
    return payload
