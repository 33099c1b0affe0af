"""Who is it? Resolves addresses to contacts, and makes a contact where there is none yet."""

from django.db import IntegrityError, transaction

from contacts.locking import lock_contacts
from contacts.models import Contact, Identity, normalise_email
from contacts.sources import is_telling
from contacts.suppressing import keep_back_erased


class AddressTaken(ValueError):
    """The address already belongs to another contact."""


def find_by_email(email):
    """The contact an e-mail address belongs to, or None."""
    identity = (
        Identity.objects.filter(kind=Identity.Kind.EMAIL, source="", value=normalise_email(email))
        .select_related("contact")
        .first()
    )
    return identity and identity.contact


def get_or_create_contact(email, *, at, origin, first_name="", last_name="", source=None):
    """The contact with this address, made if need be: (contact, created). Two at once make one contact.

    A name is only filled in where none was known; the last source only by one that tells something.
    """
    email, source = normalise_email(email), source or {}
    contact = find_by_email(email)
    if contact is None:
        try:
            return _create(email, at, origin, first_name, last_name, source), True
        except IntegrityError:
            # Someone else made this contact a moment ago; without them it is another fault.
            contact = find_by_email(email)
            if contact is None:
                raise
    _fill_in(contact, first_name, last_name, source)
    return contact, False


@transaction.atomic
def _create(email, at, origin, first_name, last_name, source):
    contact = Contact.objects.create(
        email=email,
        first_name=first_name,
        last_name=last_name,
        first_source=source,
        last_source=source,
        origin=origin,
        created_at=at,
    )
    Identity.objects.create(
        contact=contact, kind=Identity.Kind.EMAIL, value=email, is_primary=True, created_at=at
    )
    keep_back_erased([email], at=at)
    return contact


def _fill_in(contact, first_name, last_name, source):
    news = {}
    if not contact.name and (first_name or last_name):
        news |= {"first_name": first_name, "last_name": last_name}
    if is_telling(source):
        news["last_source"] = source
        news |= {} if contact.first_source else {"first_source": source}
    if news:
        for field, value in news.items():
            setattr(contact, field, value)
        contact.save(update_fields=[*news, "updated_at"])


@transaction.atomic
def set_primary_email(contact, email, *, at):
    """Make this the address the contact is written to; the old one stays known. Raises AddressTaken."""
    email = normalise_email(email)
    lock_contacts([contact.pk])
    identity, created = Identity.objects.get_or_create(
        kind=Identity.Kind.EMAIL, source="", value=email, defaults={"contact": contact, "created_at": at}
    )
    if identity.contact_id != contact.pk:
        raise AddressTaken(email)
    if created:
        keep_back_erased([email], at=at)
    others = contact.identities.filter(kind=Identity.Kind.EMAIL, is_primary=True).exclude(pk=identity.pk)
    others.update(is_primary=False)
    Identity.objects.filter(pk=identity.pk).update(is_primary=True)
    contact.email = email
    contact.save(update_fields=["email", "updated_at"])


def verify_email(contact, *, at, email=""):
    """Note that the person has proved to read this address; their primary one unless another is named."""
    addresses = contact.identities.filter(kind=Identity.Kind.EMAIL, verified_at=None)
    which = {"value": normalise_email(email)} if email else {"is_primary": True}
    addresses.filter(**which).update(verified_at=at)
