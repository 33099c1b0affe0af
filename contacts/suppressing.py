"""Keeps addresses from ever being used again, and lifts that when a person decides so."""

from django.db import transaction
from django.db.models import Q

from contacts.locking import lock_contacts
from contacts.models import Channel, Identity, Suppression, normalise_email
from contacts.signing import digests

KINDS = {Channel.EMAIL: Identity.Kind.EMAIL, Channel.PHONE: Identity.Kind.PHONE}
# What stands in front of the digest by which the address of an erased person is known.
DIGEST = "sha256:"


@transaction.atomic
def suppress(address, *, reason, at, source, scope="all", channel=Channel.EMAIL, detail=""):
    """Never use this address again; returns the suppression in force. Asking twice changes nothing."""
    address = normalise_email(address)
    _lock_holders(channel, address)
    wanted = {"channel": channel, "address": address, "scope": scope}
    details = {"reason": reason, "detail": detail[:300], "at": at, "source": source}
    Suppression.objects.bulk_create([Suppression(**wanted, **details)], ignore_conflicts=True)
    return Suppression.objects.active().get(**wanted)


@transaction.atomic
def lift(suppression, *, by, at):
    """Allow the address again; says who did it. Lifting twice changes nothing."""
    _lock_holders(suppression.channel, suppression.address)
    meant = Q(pk=suppression.pk)
    if suppression.reason == Suppression.Reason.ERASED:
        meant |= Q(channel=suppression.channel, address__in=_digests_of(suppression.address))
    Suppression.objects.active().filter(meant).update(lifted_at=at, lifted_by=by)
    suppression.refresh_from_db()


def is_suppressed(address, *, service, channel=Channel.EMAIL):
    """Whether a message to this address is kept back; a `service` message only by the widest scope."""
    found = Suppression.objects.active().filter(channel=channel, address=normalise_email(address))
    return found.filter(scope=Suppression.Scope.ALL).exists() if service else found.exists()


def digest_of(address):
    """How the address of an erased person is kept: to be recognised, never to be read."""
    return _digests_of(address)[0]


def keep_back_erased(addresses, *, at, channel=Channel.EMAIL):
    """Suppress those of these addresses, new here, whose owners were erased; how many.

    `addresses` may be a function that gives them: it is called only when anybody was ever erased.
    """
    erased = Suppression.objects.active().filter(reason=Suppression.Reason.ERASED, channel=channel)
    erased = erased.filter(address__startswith=DIGEST)
    if not erased.exists():
        return 0
    addresses = addresses() if callable(addresses) else addresses
    known = {digest: address for address in addresses for digest in _digests_of(address)}
    back = {known[found] for found in erased.filter(address__in=known).values_list("address", flat=True)}
    about = {"channel": channel, "reason": Suppression.Reason.ERASED, "at": at, "source": "erasure"}
    Suppression.objects.bulk_create(
        [Suppression(address=address, **about) for address in sorted(back)], ignore_conflicts=True
    )
    return len(back)


def forget_addresses(addresses):
    """Drop what names an address that nobody here has any more; its digest goes on keeping it back."""
    held = Identity.objects.filter(kind__in=KINDS.values(), value__in=addresses).values_list(
        "value", flat=True
    )
    Suppression.objects.filter(address__in={*addresses} - {*held}).delete()


def _digests_of(address):
    return [DIGEST + digest for digest in digests("erased", normalise_email(address))]


def _lock_holders(channel, address):
    """The gate waits for whoever has this address, so that nothing passes after the commit."""
    holders = Identity.objects.filter(kind=KINDS.get(channel, channel), value=address)
    lock_contacts(holders.values_list("contact_id", flat=True))
