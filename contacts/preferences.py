"""The address at which people choose what they hear, good for ever and for one person only."""

import uuid
from functools import cache

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from contacts import limits
from contacts.consenting import current_consents, give_consent, withdraw_consent, withdraw_everything
from contacts.models import Channel, Consent, ConsentWording, Contact
from contacts.phones import forget_phones, in_words, phone_of, set_phone
from contacts.signing import BadToken, sign, unsign
from contacts.suppressing import is_suppressed

PURPOSE = SOURCE = "preferences"
# The key of the words that stand beside the switches of calls.
CALLS = "calls"
# So many numbers a day one person may write down: nobody finds out here whose numbers are known.
NUMBERS, A_DAY = 5, 24 * 60 * 60


class TooManyNumbers(ValueError):
    """Somebody wrote down one number after the other."""


def preferences_url(contact, message=None):
    """The whole address of a contact's preference page; `message` is the uuid of what leads there."""
    return settings.PUBLIC_URL + preferences_path(contact, message)


def preferences_path(contact, message=None):
    """The same without the host."""
    before, after = _around()
    payload = contact.uuid.bytes + (message.bytes if message else b"")
    return f"{before}{sign(PURPOSE, payload)}{after}"


@cache
def _around():
    """What stands before and after the token; every message has one, the path is looked up once."""
    before, _token, after = reverse("contacts:preferences", args=["TOKEN"]).partition("TOKEN")
    return before, after


def read_token(token):
    """The contact a token was made for, whoever they are merged into by now; raises BadToken."""
    contact = Contact.objects.filter(uuid=_uuids(token)[0], erased_at=None).first()
    if contact is None:
        raise BadToken("nobody")
    return contact.survivor


def read_message(token):
    """The uuid of the message that led to the page; None where none did. Raises BadToken."""
    _contact, *message = _uuids(token)
    return message[0] if message else None


def _uuids(token):
    """Whose page it is, and perhaps which message leads there; raises BadToken."""
    payload = unsign(PURPOSE, token)
    if len(payload) not in (16, 32):
        raise BadToken("wrong length")
    return [uuid.UUID(bytes=payload[start : start + 16]) for start in range(0, len(payload), 16)]


@transaction.atomic
def choose(contact, choices, *, at, wordings=None, evidence=None):
    """Record what somebody chose: {(channel, topic): yes or no}. What holds already writes nothing.

    `wordings` are the words that stood beside the switches, by channel; a yes to calls says at which number.
    """
    for channel in dict.fromkeys(channel for channel, _topic in choices):
        yes = [topic for (of, topic), chosen in choices.items() if of == channel and chosen]
        no = [topic for (of, topic), chosen in choices.items() if of == channel and not chosen]
        proof = (evidence or {}) | ({"number": phone_of(contact)} if channel == Channel.PHONE else {})
        said = {"wording": (wordings or {}).get(channel), "evidence": proof}
        give_consent(contact, yes, channel=channel, at=at, source=SOURCE, **said)
        withdraw_consent(contact, no, channel=channel, at=at, source=SOURCE, evidence=evidence)


@transaction.atomic
def give_number(contact, number, *, at):
    """Keep the number at which somebody wants to be called.

    Raises PhoneTaken if somebody else has it, TooManyNumbers for who tries one after the other.
    """
    if not limits.within("own-number", contact.pk, at=at, limit=NUMBERS, seconds=A_DAY):
        raise TooManyNumbers(number)
    set_phone(contact, number, at=at)


@transaction.atomic
def forget_number(contact, *, at, evidence=None):
    """Forget every number of somebody who wants that; whatever yes they gave to calls goes with it."""
    said_yes = [
        entry.topic
        for entry in current_consents(contact)
        if (entry.channel, entry.action) == (Channel.PHONE, Consent.Action.GIVEN)
    ]
    withdraw_consent(contact, said_yes, channel=Channel.PHONE, at=at, source=SOURCE, evidence=evidence)
    forget_phones(contact)
    Contact.objects.filter(pk=contact.pk, preferred_channel=Channel.PHONE).update(preferred_channel="")


def wish(contact, **fields):
    """Keep how often at most and by which medium they would rather hear from us: fields of the contact.

    Whatever passes the gate afterwards minds it.
    """
    if fields:
        Contact.objects.filter(pk=contact.pk).update(**fields)


def stop_everything(contact, *, at, evidence=None):
    """Record that they want to hear nothing any more."""
    return withdraw_everything(contact, at=at, source=SOURCE, evidence=evidence)


def still_heard(contact):
    """[(topic, [channels])] of what somebody hears as things stand: their yes, where they can be reached."""
    known = {Channel.EMAIL: contact.email, Channel.PHONE: phone_of(contact)}
    reached = {
        channel
        for channel, address in known.items()
        if address and not is_suppressed(address, service=False, channel=channel)
    }
    found = {}
    for entry in current_consents(contact):
        if entry.action == Consent.Action.GIVEN and entry.channel in reached | {Channel.PANEL}:
            found.setdefault(entry.topic, []).append(Channel(entry.channel))
    return [*found.items()]


def wordings_shown():
    """The words that stand beside the switches, by channel: where there are none, the channel is left out.

    By e-mail those written for this page, else those of the sign-up.
    """
    found = {
        Channel.EMAIL: ConsentWording.latest("preferences") or ConsentWording.latest("sign-up"),
        Channel.PHONE: ConsentWording.latest(CALLS),
    }
    return {channel: wording for channel, wording in found.items() if wording}


def masked(address):
    """Enough of an address for its owner to know it, and nobody else: `m…@example.com`."""
    name, at_sign, domain = address.rpartition("@")
    return f"{name[:1]}…{at_sign}{domain}"


def masked_number(number):
    """Enough of a number for its owner to know it: `+351 … 78`."""
    return f"{in_words(number).partition(' ')[0]} … {number[-2:]}" if number else ""
