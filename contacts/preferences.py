"""The address at which people choose what they hear, good for ever and for one person only."""

import uuid
from functools import cache

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from contacts.consenting import give_consent, withdraw_consent, withdraw_everything
from contacts.models import ConsentWording, Contact
from contacts.signing import BadToken, sign, unsign

PURPOSE = SOURCE = "preferences"


def preferences_url(contact):
    """The whole address of a contact's preference page."""
    return settings.PUBLIC_URL + preferences_path(contact)


def preferences_path(contact):
    """The same without the host."""
    before, after = _around()
    return f"{before}{sign(PURPOSE, contact.uuid.bytes)}{after}"


@cache
def _around():
    """What stands before and after the token; every message has one, the path is looked up once."""
    before, _token, after = reverse("contacts:preferences", args=["TOKEN"]).partition("TOKEN")
    return before, after


def read_token(token):
    """The contact a token was made for, whoever they are merged into by now; raises BadToken."""
    payload = unsign(PURPOSE, token)
    if len(payload) != 16:
        raise BadToken("wrong length")
    contact = Contact.objects.filter(uuid=uuid.UUID(bytes=payload), erased_at=None).first()
    if contact is None:
        raise BadToken("nobody")
    return contact.survivor


@transaction.atomic
def choose(contact, choices, *, at, wording=None, evidence=None):
    """Record what somebody chose: {(channel, topic): yes or no}. What holds already writes nothing."""
    for channel in dict.fromkeys(channel for channel, _topic in choices):
        yes = [topic for (of, topic), chosen in choices.items() if of == channel and chosen]
        no = [topic for (of, topic), chosen in choices.items() if of == channel and not chosen]
        give_consent(contact, yes, channel=channel, at=at, source=SOURCE, wording=wording, evidence=evidence)
        withdraw_consent(contact, no, channel=channel, at=at, source=SOURCE, evidence=evidence)


def wish(contact, **fields):
    """Keep how often at most and by which medium they would rather hear from us: fields of the contact.

    Whatever passes the gate afterwards minds it.
    """
    if fields:
        Contact.objects.filter(pk=contact.pk).update(**fields)


def stop_everything(contact, *, at, evidence=None):
    """Record that they want to hear nothing any more."""
    return withdraw_everything(contact, at=at, source=SOURCE, evidence=evidence)


def wording_shown():
    """The words that stand beside the switches: those written for this page, else those of the sign-up."""
    return ConsentWording.latest("preferences") or ConsentWording.latest("sign-up")


def masked(address):
    """Enough of an address for its owner to know it, and nobody else: `m…@example.com`."""
    name, at_sign, domain = address.rpartition("@")
    return f"{name[:1]}…{at_sign}{domain}"
