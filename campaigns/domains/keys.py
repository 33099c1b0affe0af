"""Reads the DKIM record of a selector, the public half of a key, as a mailbox does (RFC 6376, 8301)."""

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils.translation import gettext as _

WEAK_BITS = 1024


class DkimError(ValueError):
    """No signature can be proved by this record; says why in words."""


@dataclass(frozen=True)
class PublicKey:
    """What a record says."""

    key: rsa.RSAPublicKey
    is_testing: bool

    @property
    def bits(self):
        return self.key.key_size


def records_of(name, records):
    """The texts at that name which are about a key at all."""
    return [text for text in records.rows(name, "TXT") if {"v", "p"} & set(tags_of(text))]


def tags_of(text):
    """`v=DKIM1; k=rsa; p=…` as a dict; what is no tag is left out."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _equals, value in pairs}


def read(text):
    """The public key in a record; raises DkimError."""
    tags = tags_of(text)
    if tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        raise DkimError(_("The record must begin with “v=DKIM1”."))
    if "p" not in tags:
        raise DkimError(_("The record holds no key (“p=”)."))
    if not tags["p"]:
        raise DkimError(_("The key is taken back: the record's “p=” is empty."))
    if tags.get("k", "rsa") != "rsa":
        raise DkimError(
            _("The record is for a key of the kind “%(kind)s”; this one is RSA.") % {"kind": tags["k"]}
        )
    if "h" in tags and "sha256" not in [name.strip() for name in tags["h"].split(":")]:
        raise DkimError(_("The record does not allow SHA-256 (“h=”)."))
    if "s" in tags and not {"*", "email"} & {name.strip() for name in tags["s"].split(":")}:
        raise DkimError(_("The record is not for mail (“s=”)."))
    return PublicKey(_key(tags["p"]), "y" in tags.get("t", "").split(":"))


def _key(text):
    try:
        key = serialization.load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise DkimError(
            _("The key in the record cannot be read; it may have been cut when it was copied.")
        ) from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise DkimError(_("The key in the record is no RSA key."))
    return key
