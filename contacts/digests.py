"""How an address is known that must not be kept: by a keyed digest, to be recognised and never read."""

from contacts.models import normalise_email
from contacts.signing import digests

# What stands in front of the digest.
DIGEST = "sha256:"


def digest_of(address):
    """The digest of an address, by the present key."""
    return digests_of(address)[0]


def digests_of(address):
    """By the present key and each one before it: an older digest still recognises whom it stands for."""
    return [DIGEST + digest for digest in digests("erased", normalise_email(address))]
