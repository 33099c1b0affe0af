"""Asking to hear from us, and confirming it: nothing is agreed to until the person answers the mail."""

import hashlib
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from contacts.consenting import give_consent
from contacts.identifying import get_or_create_contact, verify_email
from contacts.locking import lock_contacts
from contacts.models import ConsentWording, Topic, normalise_email
from contacts.signing import BadToken, sign, unsign
from contacts.suppressing import let_answer, welcome_back
from touchpoints.models import Touchpoint
from touchpoints.recording import record

SOURCE = "sign-up"
PURPOSE = "confirm"
HOLDS = timedelta(days=7)
MAILS_A_DAY = 3


@transaction.atomic
def sign_up(asked, *, at, source=None, evidence=None):
    """Record that someone asked to hear from us; the touchpoint, or None beyond three a day for one address.

    `asked` holds email, name, topics (keys) and wording (the words shown). A known person is treated like a
    new one and nothing about them changes: whoever typed the address need not own it. Pressing the button
    twice asks once.
    """
    email = normalise_email(asked["email"])
    contact, _ = get_or_create_contact(email, at=at, origin=SOURCE, source=source)
    lock_contacts([contact.pk])
    external_id = _external_id(email, asked["topics"], at)
    if _mails_lately(contact, at, but=external_id) >= MAILS_A_DAY:
        return None
    let_answer(email, at=at, source=SOURCE)
    touchpoint, _ = record(
        Touchpoint.Kind.SIGNED_UP,
        contact=contact,
        at=at,
        source=SOURCE,
        external_id=external_id,
        data={
            "topics": sorted(asked["topics"]),
            "wording_id": asked["wording"].pk,
            "name": asked.get("name", ""),
            "email": email,
            "evidence": evidence or {},
        },
    )
    return touchpoint


def _external_id(email, topics, at):
    """The same wish within the same minute is the same sign-up."""
    wish = "\n".join([email, *sorted(topics), f"{at:%Y-%m-%d %H:%M}"])
    return hashlib.sha256(wish.encode()).hexdigest()[:40]


def _mails_lately(contact, at, *, but):
    """How many confirmation mails the last day's sign-ups led to; counted where nothing is ever lost."""
    asked = Touchpoint.objects.filter(
        contact=contact, kind=Touchpoint.Kind.SIGNED_UP, source=SOURCE, at__gt=at - timedelta(days=1)
    )
    return asked.exclude(external_id=but).count()


# Confirming -----------------------------------------------------------------------------------------


def confirm_url(touchpoint):
    """The whole address at which this sign-up is confirmed."""
    token = sign(PURPOSE, touchpoint.pk.to_bytes(8, "big"))
    return settings.PUBLIC_URL + reverse("touchpoints:confirm", args=[token])


def asked_with(token, at):
    """The sign-up a token was made for; None when it is altered, unknown, or older than seven days."""
    try:
        payload = unsign(PURPOSE, token)
    except BadToken:
        return None
    signed_up = Touchpoint.objects.filter(
        pk=int.from_bytes(payload, "big"),
        kind=Touchpoint.Kind.SIGNED_UP,
        at__gt=at - HOLDS,
        contact__isnull=False,
        contact__erased_at=None,
    )
    return signed_up.select_related("contact").first() if len(payload) == 8 else None


def confirmation_of(signed_up):
    """The touchpoint that confirmed this sign-up, or None."""
    return Touchpoint.objects.filter(source=SOURCE, external_id=f"confirmed:{signed_up.pk}").first()


@transaction.atomic
def confirm(token, *, at, evidence=None):
    """Confirm a sign-up: (the `confirmed` touchpoint or None, whether it is new).

    It counts once: pressing again later, after having left, agrees to nothing.
    """
    signed_up = asked_with(token, at)
    if signed_up is None:
        return None, False
    contact = signed_up.contact.survivor
    lock_contacts([contact.pk])
    contact.refresh_from_db(fields=["erased_at"])
    if contact.erased_at:
        return None, False
    confirmed, created = record(
        Touchpoint.Kind.CONFIRMED,
        contact=contact,
        at=at,
        source=SOURCE,
        external_id=f"confirmed:{signed_up.pk}",
        data={"signed_up": signed_up.pk, "topics": signed_up.data["topics"]},
    )
    if created:
        _agree(contact, signed_up, at, evidence or {})
    return confirmed, created


def _agree(contact, signed_up, at, evidence):
    """Give the consent asked for, with both halves of the proof, and take the address as theirs."""
    asked = signed_up.data
    wording = ConsentWording.objects.filter(pk=asked["wording_id"]).first()
    give_consent(
        contact,
        Topic.objects.filter(key__in=asked["topics"]),
        at=at,
        source="form:sign-up",
        wording=wording,
        evidence={
            "asked": {"at": signed_up.at.isoformat(), "touchpoint": signed_up.pk, **asked["evidence"]},
            "confirmed": {"at": at.isoformat(), **evidence},
            "wording_sha256": wording.digest if wording else "",
        },
    )
    verify_email(contact, at=at, email=asked["email"])
    welcome_back(asked["email"], at=at)
    _take_name(contact, asked["name"])


def _take_name(contact, name):
    """A name is taken only now that the address has answered, and never over one already known."""
    contact.refresh_from_db(fields=["first_name", "last_name"])
    if name and not contact.name:
        contact.first_name, _, contact.last_name = name.partition(" ")
        contact.save(update_fields=["first_name", "last_name", "updated_at"])
