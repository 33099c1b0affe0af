"""Signs the addresses in messages: short, opaque, and never out of date unless the caller says so.

A key that was replaced still opens what it signed for as long as SIGNING_KEY_FALLBACKS names it.
"""

import base64
import hashlib
from binascii import b2a_base64
from functools import lru_cache
from hmac import compare_digest

from django.conf import settings

SIGNATURE_BYTES = 16
URL_SAFE = bytes.maketrans(b"+/", b"-_")


class BadToken(ValueError):
    """The token was altered, cut short, or made for something else."""


def sign(purpose, payload):
    """A URL-safe token that carries `payload` (bytes) and holds for one `purpose` only."""
    return _text(_signature(settings.SIGNING_KEY, purpose, payload) + payload)


def signer(purpose, start):
    """A function that makes what `sign` makes of `start` and the bytes it is given: a message has many."""
    sealing = _sealing(settings.SIGNING_KEY, purpose).copy()
    sealing.update(start)

    def sign_rest(rest):
        sealed = sealing.copy()
        sealed.update(rest)
        raw = sealed.digest()[:SIGNATURE_BYTES] + start + rest
        return b2a_base64(raw, newline=False).translate(URL_SAFE, b"=").decode()

    return sign_rest


def unsign(purpose, token):
    """The payload (bytes) of a token made by `sign` for the same purpose; raises BadToken."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError as error:
        raise BadToken("not a token") from error
    signature, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    known = [compare_digest(signature, _signature(key, purpose, payload)) for key in _keys()]
    if not any(known) or _text(raw) != token:
        raise BadToken("wrong signature")
    return payload


def mark(purpose, payload, size):
    """The first `size` bytes of a signature, where a whole token would be too long."""
    return _signature(settings.SIGNING_KEY, purpose, payload)[:size]


def is_marked(purpose, payload, found):
    """Whether these bytes are a mark of this payload, by the present key or one before it."""
    marks = [_signature(key, purpose, payload)[: len(found)] for key in _keys()]
    return bool(found) and any(compare_digest(found, known) for known in marks)


def digests(purpose, text):
    """What `text` is known by where it must not be kept itself: by each key, the present one first."""
    return [_sealed(key, purpose, text.encode()).hex() for key in _keys()]


def _keys():
    return [settings.SIGNING_KEY, *settings.SIGNING_KEY_FALLBACKS]


def _text(raw):
    return b2a_base64(raw, newline=False).translate(URL_SAFE, b"=").decode()


def _signature(key, purpose, payload):
    return _sealed(key, purpose, payload)[:SIGNATURE_BYTES]


def _sealed(key, purpose, payload):
    sealing = _sealing(key, purpose).copy()
    sealing.update(payload)
    return sealing.digest()


@lru_cache(maxsize=64)
def _sealing(key, purpose):
    """The seal of one purpose, ready to be copied: BLAKE2 with a key is a MAC and takes a third of HMAC."""
    secret = hashlib.sha256(f"rapport:{purpose}:{key}".encode()).digest()
    return hashlib.blake2b(key=secret, digest_size=32)
