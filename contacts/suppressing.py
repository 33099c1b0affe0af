"""Keeps addresses from ever being used again, and lifts that when a person decides so."""

from django.db import transaction

from contacts.locking import lock_contacts
from contacts.models import Channel, Identity, Suppression, normalise_email

KINDS = {Channel.EMAIL: Identity.Kind.EMAIL, Channel.PHONE: Identity.Kind.PHONE}


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
    Suppression.objects.active().filter(pk=suppression.pk).update(lifted_at=at, lifted_by=by)
    suppression.refresh_from_db()


def is_suppressed(address, *, service, channel=Channel.EMAIL):
    """Whether a message to this address is kept back; a `service` message only by the widest scope."""
    found = Suppression.objects.active().filter(channel=channel, address=normalise_email(address))
    return found.filter(scope=Suppression.Scope.ALL).exists() if service else found.exists()


def _lock_holders(channel, address):
    """The gate waits for whoever has this address, so that nothing passes after the commit."""
    holders = Identity.objects.filter(kind=KINDS.get(channel, channel), value=address)
    lock_contacts(holders.values_list("contact_id", flat=True))
