"""Phone numbers: kept in one form whichever way they are written, and shown as people read them."""

import phonenumbers
from django.db import transaction
from django.utils.translation import gettext as _
from phonenumbers import NumberParseException, PhoneNumberFormat

from contacts.locking import lock_contacts
from contacts.models import Channel, Identity
from contacts.suppressing import keep_back_erased

LONGEST = 60


class PhoneWrong(ValueError):
    """Nobody could be called there; its words say why."""


class PhoneTaken(ValueError):
    """The number already belongs to another contact."""


def check_phone(text, country=""):
    """The number in the form in which it is kept, as in +351912345678; raises PhoneWrong.

    One without its country's code is read as they write it in `country`, two letters.
    """
    text = text.strip().removeprefix("'")
    if text.startswith("00"):
        text = f"+{text[2:]}"
    try:
        number = phonenumbers.parse(text[:LONGEST], country.upper() or None)
    except NumberParseException as error:
        raise PhoneWrong(_reason(error)) from error
    if number.extension or not phonenumbers.is_valid_number(number):
        raise PhoneWrong(_("There is no such phone number."))
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _reason(error):
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        return _("The phone number needs its country's code, as in +351 912 345 678.")
    return _("That is no phone number.")


def in_words(number):
    """`+351 912 345 678`, for the eye."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number


def phone_of(contact):
    """The number at which a contact is called; empty when none is known."""
    numbers = contact.identities.filter(kind=Identity.Kind.PHONE, is_primary=True)
    return numbers.values_list("value", flat=True).first() or ""


def holder_of(number):
    """The contact a number belongs to, or None."""
    found = Identity.objects.filter(kind=Identity.Kind.PHONE, source="", value=number)
    return (identity := found.select_related("contact").first()) and identity.contact


@transaction.atomic
def set_phone(contact, number, *, at):
    """Make this the number at which the contact is called; the old one stays known, none calls nobody.

    Raises PhoneTaken if somebody else has it.
    """
    lock_contacts([contact.pk])
    numbers = contact.identities.filter(kind=Identity.Kind.PHONE)
    numbers.filter(is_primary=True).exclude(value=number).update(is_primary=False)
    if not number:
        return
    identity, created = Identity.objects.get_or_create(
        kind=Identity.Kind.PHONE, source="", value=number, defaults={"contact": contact, "created_at": at}
    )
    if identity.contact_id != contact.pk:
        raise PhoneTaken(number)
    Identity.objects.filter(pk=identity.pk).update(is_primary=True)
    if created:
        keep_back_erased([number], at=at, channel=Channel.PHONE)


@transaction.atomic
def forget_phones(contact):
    """Forget every number a contact was ever known by."""
    lock_contacts([contact.pk])
    contact.identities.filter(kind=Identity.Kind.PHONE).delete()
