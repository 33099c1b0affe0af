"""Keys that let machines in: made and shown once, kept only as a hash, revoked at once."""

import hashlib
import hmac
import secrets
from datetime import timedelta

from touchpoints.models import ApiKey

PREFIX_LENGTH = 12
# When a key was last used is noted no more often than this.
NOTE_EVERY = timedelta(minutes=1)
# Compared with when no key has the prefix, so that an unknown one takes as long as a wrong one.
NOTHING = hashlib.sha256(b"").hexdigest()


def create_key(name, *, by=None, scopes=(ApiKey.Scope.TOUCHPOINTS_WRITE,), expires_at=None):
    """Make a key: (its row, the key itself). Nobody can read the key again."""
    prefix = f"rk_{secrets.token_hex(5)}"[:PREFIX_LENGTH]
    secret = f"{prefix}.{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        name=name,
        prefix=prefix,
        digest=digest_of(secret),
        scopes=[*scopes],
        created_by=by,
        expires_at=expires_at,
    )
    return key, secret


def revoke_key(key, *, at):
    """Shut this key out from now on; a key already revoked keeps its moment."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at)
    key.refresh_from_db(fields=["revoked_at"])


def read_key(secret, *, at):
    """The row of a key that holds now; None for one that is wrong, expired or revoked."""
    secret = secret if secret and secret.isascii() else ""
    key = ApiKey.objects.filter(prefix=secret.partition(".")[0][:PREFIX_LENGTH]).first()
    same = hmac.compare_digest(digest_of(secret), key.digest if key else NOTHING)
    if not (key and same) or key.revoked_at or (key.expires_at and key.expires_at <= at):
        return None
    if key.last_used_at is None or at - key.last_used_at >= NOTE_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=at)
    return key


def digest_of(secret):
    """A key is long and random, so one round of hashing keeps it as well as many."""
    return hashlib.sha256(secret.encode()).hexdigest()
