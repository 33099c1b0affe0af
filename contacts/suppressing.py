"""Keeps addresses from ever being used again, and lifts that when a person decides so."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from contacts.digests import DIGEST, digests_of
from contacts.locking import lock_contacts
from contacts.models import Channel, Identity, Suppression, normalise_email
from contacts.noting import LIFTED, note_suppression

KINDS = {Channel.EMAIL: Identity.Kind.EMAIL, Channel.PHONE: Identity.Kind.PHONE}
# Where an opt-out comes from whose owner a restored backup did not know: their own new yes lifts it.
RECOVERED = "recovery"
# What is noted where somebody who was erased asks for mail again by themselves, and how long they may answer.
CAME_BACK = "signed up again"
NEVER_CONFIRMED = "signed up again, never confirmed"
TO_ANSWER = timedelta(days=7)


@transaction.atomic
def suppress(address, *, reason, at, source, scope="all", channel=Channel.EMAIL, detail=""):
    """Never use this address again; returns the suppression in force. Asking twice changes nothing."""
    address = normalise_email(address)
    _lock_holders(channel, address)
    wanted = {"channel": channel, "address": address, "scope": scope}
    details = {"reason": reason, "detail": detail[:300], "at": at, "source": source}
    Suppression.objects.bulk_create([Suppression(**wanted, **details)], ignore_conflicts=True)
    suppression = Suppression.objects.active().get(**wanted)
    note_suppression(suppression, at=at)
    return suppression


@transaction.atomic
def lift(suppression, *, by, at):
    """Allow the address again; says who did it. Lifting twice changes nothing."""
    _lock_holders(suppression.channel, suppression.address)
    meant = Q(pk=suppression.pk)
    if suppression.reason == Suppression.Reason.ERASED:
        meant |= Q(channel=suppression.channel, address__in=digests_of(suppression.address))
    Suppression.objects.active().filter(meant).update(lifted_at=at, lifted_by=by)
    suppression.refresh_from_db()
    note_suppression(suppression, at=at, act=LIFTED)


def is_suppressed(address, *, service, channel=Channel.EMAIL):
    """Whether a message to this address is kept back; a `service` message only by the widest scope."""
    found = Suppression.objects.active().filter(channel=channel, address=normalise_email(address))
    return found.filter(scope=Suppression.Scope.ALL).exists() if service else found.exists()


def keep_back_erased(addresses, *, at, channel=Channel.EMAIL):
    """Suppress those of these addresses, new here, that are kept back by their digest; how many.

    Their owners were erased, or a backup knew nothing of them. `addresses` may be a function that gives them:
    it is called only when anybody is kept back so.
    """
    kept_back = Suppression.objects.active().filter(channel=channel, address__startswith=DIGEST)
    if not kept_back.exists():
        return 0
    addresses = addresses() if callable(addresses) else addresses
    known = {digest: address for address in addresses for digest in digests_of(address)}
    back = {
        (known[found.address], found.scope): found
        for found in kept_back.filter(address__in=known).order_by("pk")
    }
    rows = [
        Suppression(
            channel=channel, address=address, scope=scope, reason=found.reason, at=at, source=_source(found)
        )
        for (address, scope), found in sorted(back.items(), key=lambda item: item[0])
    ]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return len({address for address, _scope in back})


def _source(kept_back):
    return "erasure" if kept_back.reason == Suppression.Reason.ERASED else kept_back.source


def forget_addresses(addresses):
    """Drop what names an address that nobody here has any more; its digest goes on keeping it back."""
    held = Identity.objects.filter(kind__in=KINDS.values(), value__in=addresses).values_list(
        "value", flat=True
    )
    Suppression.objects.filter(address__in={*addresses} - {*held}).delete()


# Somebody who was erased and asks again ---------------------------------------------------------------


@transaction.atomic
def let_answer(address, *, at, source):
    """Let service messages reach somebody erased who asks for mail by themselves, so that they can confirm.

    Only what was kept back for the erasure gives way, and only so far; any other reason stays.
    """
    address = normalise_email(address)
    _lock_holders(Channel.EMAIL, address)
    kept_back = Suppression.objects.active().filter(channel=Channel.EMAIL, address=address)
    kept_back = kept_back.filter(reason=Suppression.Reason.ERASED, scope=Suppression.Scope.ALL)
    if kept_back.update(lifted_at=at, detail=CAME_BACK):
        _keep_back_as_erased([address], Suppression.Scope.MARKETING, at, source, CAME_BACK)


@transaction.atomic
def welcome_back(address, *, at):
    """Lift what an erasure, or a recovery, kept back: the address's owner confirmed to want mail again."""
    address = normalise_email(address)
    _lock_holders(Channel.EMAIL, address)
    known = Suppression.objects.active().filter(channel=Channel.EMAIL)
    known = known.filter(Q(reason=Suppression.Reason.ERASED) | Q(source=RECOVERED))
    known.filter(address__in=[address, *digests_of(address)]).update(lifted_at=at, detail=CAME_BACK)


@transaction.atomic
def close_unanswered(at):
    """Keep wholly back again whoever asked for mail after being erased and never confirmed it; how many."""
    waiting = Suppression.objects.active().filter(
        channel=Channel.EMAIL,
        reason=Suppression.Reason.ERASED,
        scope=Suppression.Scope.MARKETING,
        detail=CAME_BACK,
        at__lte=at - TO_ANSWER,
    )
    addresses = sorted(waiting.values_list("address", flat=True))
    _keep_back_as_erased(addresses, Suppression.Scope.ALL, at, "erasure")
    waiting.filter(address__in=addresses).update(lifted_at=at, detail=NEVER_CONFIRMED)
    return len(addresses)


def _keep_back_as_erased(addresses, scope, at, source, detail=""):
    about = {
        "reason": Suppression.Reason.ERASED,
        "scope": scope,
        "at": at,
        "source": source,
        "detail": detail,
    }
    rows = [Suppression(channel=Channel.EMAIL, address=address, **about) for address in addresses]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)


def _lock_holders(channel, address):
    """The gate waits for whoever has this address, so that nothing passes after the commit."""
    holders = Identity.objects.filter(kind=KINDS.get(channel, channel), value=address)
    lock_contacts(holders.values_list("contact_id", flat=True))
