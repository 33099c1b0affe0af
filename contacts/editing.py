"""What a colleague types about a contact: made or changed as one act."""

from django.db import transaction

from contacts import levels
from contacts.consenting import give_consent
from contacts.identifying import AddressTaken, get_or_create_contact, set_primary_email
from contacts.models import Contact, ContactDate
from contacts.phones import phone_of, set_phone

FIELDS = ("first_name", "last_name", "level", "language", "country", "time_zone", "owner")


@transaction.atomic
def create_contact(values, *, at, origin):
    """A new contact from `values` (FIELDS, email, phone, dates).

    Raises AddressTaken or PhoneTaken if someone has the address or the number.
    """
    if not values["email"]:
        return _write(Contact.objects.create(created_at=at, origin=origin), values, at)
    contact, created = get_or_create_contact(values["email"], at=at, origin=origin)
    if not created:
        raise AddressTaken(values["email"])
    return _write(contact, values, at)


@transaction.atomic
def change_contact(contact, values, *, at):
    """Change what is known of a contact; another address or number becomes the primary one.

    Raises AddressTaken or PhoneTaken.
    """
    was = Contact.objects.values_list("level", flat=True).get(pk=contact.pk)
    _write(contact, values, at)
    if was != contact.level:
        levels.changed(contact, was, at)
    return contact


def _write(contact, values, at):
    if values["email"] and values["email"] != contact.email:
        set_primary_email(contact, values["email"], at=at)
    if "phone" in values and values["phone"] != phone_of(contact):
        set_phone(contact, values["phone"], at=at)
    for name in FIELDS:
        setattr(contact, name, values[name])
    contact.save(update_fields=[*FIELDS, "updated_at"])
    for kind in ContactDate.Kind:
        if kind.value in values:
            set_date(contact, kind, values[kind.value])
    return contact


def set_date(contact, kind, date):
    """Keep a date of a person's own; None forgets it."""
    if date is None:
        ContactDate.objects.filter(contact=contact, kind=kind).delete()
    else:
        ContactDate.objects.update_or_create(contact=contact, kind=kind, defaults={"date": date})


@transaction.atomic
def set_level(contact, level, *, at):
    """Make somebody a guest or a full member, and let the rooms above know; whether it changed."""
    was = Contact.objects.select_for_update(no_key=True).values_list("level", flat=True).get(pk=contact.pk)
    contact.level = level
    if was == level:
        return False
    contact.save(update_fields=["level", "updated_at"])
    levels.changed(contact, was, at)
    return True


@transaction.atomic
def record_yes(contact, chosen, *, said_at, proof, by, phone=""):
    """Record what somebody agreed to in front of a colleague: {channel: [topics]}; returns the new entries.

    It counts from the moment it was said: a no that came after stands. `phone` is a number they gave with it,
    kept where anything was recorded; raises PhoneTaken if somebody else has that.
    """
    told = {"at": said_at, "source": f"user:{by.pk}", "evidence": proof | {"by": str(by)}}
    entries = [
        entry
        for channel, topics in chosen.items()
        for entry in give_consent(contact, topics, channel=channel, **told)
    ]
    if phone and entries:
        set_phone(contact, phone, at=said_at)
    return entries
