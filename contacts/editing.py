"""What a colleague types about a contact: made or changed as one act."""

from django.db import transaction

from contacts.identifying import AddressTaken, get_or_create_contact, set_primary_email
from contacts.models import Contact

FIELDS = ("first_name", "last_name", "level", "language", "country", "time_zone", "owner")


@transaction.atomic
def create_contact(values, *, at, origin):
    """A new contact from `values` (FIELDS and email); raises AddressTaken if someone has the address."""
    fields = {name: values[name] for name in FIELDS}
    if not values["email"]:
        return Contact.objects.create(created_at=at, origin=origin, **fields)
    contact, created = get_or_create_contact(values["email"], at=at, origin=origin)
    if not created:
        raise AddressTaken(values["email"])
    return change_contact(contact, values, at=at)


@transaction.atomic
def change_contact(contact, values, *, at):
    """Change what is known of a contact; another address becomes the primary one. Raises AddressTaken."""
    if values["email"] and values["email"] != contact.email:
        set_primary_email(contact, values["email"], at=at)
    for name in FIELDS:
        setattr(contact, name, values[name])
    contact.save(update_fields=[*FIELDS, "updated_at"])
    return contact
