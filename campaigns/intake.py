"""A message that came to one of our addresses: kept, read, and told to `noticing`.

Believed is only who shows an address that was made for one delivery: a report that came to it, or brings it
back. Such a report speaks of that delivery's own address and of no other. Whatever else it names is kept and
shown, and changes nothing: anybody can write that somebody's mailbox does not exist.
"""

import hashlib
import logging
import re
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

from django.db import DatabaseError, InterfaceError

from campaigns import links, noticing, return_paths
from campaigns.bounces import parsing, reading
from campaigns.models import Delivery, Notice, RawNotice
from contacts.models import normalise_email
from contacts.signing import BadToken

logger = logging.getLogger(__name__)

# The door, as notices and the log of consent know it.
SOURCE = "mail"
# A server that says it was earlier than this is wrong about the time.
LATEST = timedelta(days=30)

Kind = Notice.Kind
# What a server says of a message of ours; a server that goes on trying has not said it yet.
SAID = {Kind.HARD, Kind.SOFT, Kind.POLICY, Kind.OTHER}
SAID_IN_WORDS = {Kind.HARD, Kind.SOFT, Kind.POLICY, Kind.DELIVERED, Kind.DEFERRED, Kind.COMPLAINT}
STOP_LINK = re.compile(r"/u/([A-Za-z0-9_-]{20,100})")
OUR_ID = re.compile(r"<?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b", re.IGNORECASE)


@dataclass(frozen=True)
class About:
    """The delivery a message is about, as far as it can be told, and whether that is proven."""

    key: UUID | None
    is_proven: bool = False
    wants_to_stop: bool = False


def take_message(raw, *, at, envelope_to="", source=SOURCE):
    """Keep a message (bytes) and act on what it says; its raw notice. Taking it twice changes nothing.

    `envelope_to` is the address it was delivered to, where the mail server says so. Of a huge message only
    the head is kept.
    """
    body = raw if len(raw) <= reading.LONGEST else raw[: reading.LONGEST_HEAD]
    kept, _is_new = noticing.keep_raw(source, body, _envelope(envelope_to), at)
    if kept.read_at is None:
        try:
            noticing.read_raw(kept, at)
        except (DatabaseError, InterfaceError):
            # It is kept, and that is what was asked; the next sweep reads it.
            logger.warning("Raw notice %s waits to be read.", kept.pk, exc_info=True)
    return kept


def _envelope(address):
    """The address as it may be stored; a command line can hold any bytes."""
    address = address[:320].encode("utf-8", "replace").decode().replace("\0", "")
    return {"envelope_to": address} if address else {}


def read(raw):
    """What a kept message tells: the reader of this door for `noticing`."""
    letter = parsing.parse(bytes(raw.body))
    about = about_of(letter, raw.headers.get("envelope_to", ""))
    if about.wants_to_stop:
        return [_told(Kind.UNSUBSCRIBED, raw, letter, about, at=raw.received_at)]
    if about.is_proven:
        return [_proven(raw, letter, about)]
    return [_unproven(raw, letter, about, each) for each in letter.returned]


def about_of(letter, envelope_to=""):
    """Which delivery a letter is about: proven by an address of ours, or as its headers claim."""
    for address in (envelope_to, *letter.sent_to):
        if found := return_paths.read(address):
            purpose, key = found
            return About(key, True, purpose == return_paths.STOP)
    if key := _brought_back(letter):
        return About(key, True)
    if letter.kind in (Kind.REPLIED, Kind.UNSUBSCRIBED) and (key := _answered(letter)):
        return About(key, True, letter.kind == Kind.UNSUBSCRIBED)
    return About(_named(letter))


def _brought_back(letter):
    """The delivery whose return path the returned message shows.

    For a complaint its address or link to stop will do: it leads to no more than they can by themselves.
    """
    original = letter.original
    for value in (original.get("return-path"), *original.all("x-return-path")):
        found = return_paths.read(value)
        if found and found[0] == return_paths.BOUNCE:
            return found[1]
    return _stop_token(original.get("list-unsubscribe")) if letter.kind == Kind.COMPLAINT else None


def _stop_token(header):
    for piece in re.findall(r"<([^<>]{1,400})>", header[:2000]):
        if found := return_paths.read(piece.removeprefix("mailto:").partition("?")[0]):
            return found[1]
        if token := STOP_LINK.search(piece):
            try:
                return links.read_stop(token[1])
            except BadToken:
                continue
    return None


def _answered(letter):
    """The delivery that its own recipient answers: nobody else knows the id of the message."""
    said = f"{letter.head.get('in-reply-to')} {letter.head.get('references')[:2000]} {letter.subject[:200]}"
    keys = [UUID(found) for found in OUR_ID.findall(said)[:20]]
    sent = Delivery.objects.filter(uuid__in=keys, address=normalise_email(letter.writer)).exclude(address="")
    return sent.values_list("uuid", flat=True).first()


def _named(letter):
    """The delivery that the returned headers name; anybody can write that."""
    original = letter.original
    found = OUR_ID.search(f"{original.get('x-crm-delivery')} {original.get('message-id')}")
    return UUID(found[1]) if found else None


def _proven(raw, letter, about):
    """One notice of the delivery: what is said of its own address, or else what is said first."""
    delivery = Delivery.objects.filter(uuid=about.key).select_related("contact").first()
    address = delivery.address if delivery else ""
    said = next((each for each in letter.returned if each.address == address), letter.returned[0])
    told = _told(_kind(said), raw, letter, about, said, at=_date(letter, raw.received_at))
    if delivery and delivery.contact.erased_at:
        # Who asked to be forgotten is not written down again.
        RawNotice.objects.filter(pk=raw.pk).update(body=b"", headers={})
        return _told(told.kind, raw, letter, about, at=told.at)
    return told


def _unproven(raw, letter, about, said):
    return _told(_kind(said), raw, letter, about, said, at=raw.received_at)


def _kind(said):
    return Kind.DEFERRED if said.action == parsing.DELAYED and said.kind in SAID else said.kind


def _told(kind, raw, letter, about, said=None, *, at):
    """What is told of a message; what a person wrote is not repeated."""
    in_words = said is not None and kind in SAID_IN_WORDS
    return noticing.Told(
        kind=kind,
        at=at,
        address="" if about.is_proven or said is None else said.address,
        delivery_key=about.key,
        external_id=_external_id(raw, letter, about, said),
        status_code=said.status_code if said else "",
        detail=said.detail if in_words else "",
        is_trusted=about.is_proven,
        data={"reason": said.reason} if said else {},
    )


def _external_id(raw, letter, about, said):
    """A message is known by its own id only where it is proven, or a forged one could stand in its way."""
    if about.is_proven:
        name = letter.message_id or raw.digest
        return f"{about.key}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"
    return f"{raw.digest}:{letter.returned.index(said)}"


def _date(letter, received_at):
    """When it was said, if the server's clock can be right."""
    try:
        said_at = parsedate_to_datetime(letter.head.get("date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return received_at
    said_at = said_at if said_at.tzinfo else said_at.replace(tzinfo=UTC)
    return said_at if received_at - LATEST <= said_at <= received_at else received_at
