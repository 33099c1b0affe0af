"""Forgets a person for good: what is left has no name, and their addresses are kept back without being kept.

What remains are counts, moments and amounts. The address is known by a keyed digest only: whoever comes back
under it, by an import perhaps, is suppressed again by `suppressing.keep_back_erased`.
"""

import logging
from datetime import timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils.translation import gettext as _

from contacts import erasure
from contacts.digests import digest_of
from contacts.locking import lock_contacts
from contacts.models import Channel, Consent, Contact, ContactDate, Identity, Suppression
from contacts.noting import note_erasure
from contacts.suppressing import KINDS, close_unanswered

logger = logging.getLogger(__name__)

SOURCE = "erasure"
# For so long after, what workers and providers still tell about them is looked for and forgotten as well.
ECHO = timedelta(days=7)

# Whoever was merged into somebody is the same person.
_FAMILY = """
WITH RECURSIVE family AS (
    SELECT %(contact)s::bigint AS id
    UNION
    SELECT c.id FROM contacts_contact c JOIN family ON c.merged_into_id = family.id
)
SELECT id FROM family
"""
NAMELESS = {
    **dict.fromkeys(("email", "first_name", "last_name", "language", "country", "time_zone", "origin"), ""),
    "level": Contact.Level.GUEST,
    "first_source": {},
    "last_source": {},
    "owner": None,
}


@transaction.atomic
def erase(contact, *, at, by=None):
    """Forget this person and whoever was merged into them; whether there was anything to forget.

    From its commit on no delivery to them passes the gate. Erasing twice changes nothing.
    """
    ids = lock_contacts(_family(contact.survivor))
    ids = sorted(Contact.objects.filter(pk__in=ids, erased_at=None).values_list("pk", flat=True))
    if not ids:
        return False
    addresses = _addresses(ids)
    _keep_back(addresses, at, by)
    erasure.forget(ids, sorted({address for _channel, address in addresses}), at=at)
    Contact.objects.filter(pk__in=ids).update(erased_at=at, updated_at=at, **NAMELESS)
    _forget_rest(ids)
    note_erasure(Contact.objects.filter(pk__in=ids).values_list("uuid", flat=True), addresses, at=at)
    logger.info("Contact %s is erased, by user %s.", contact.pk, by.pk if by else None)
    return True


def erase_echoes(at):
    """Forget what came in late about people who were erased in the last days; how many they are."""
    ids = list(Contact.objects.filter(erased_at__gt=at - ECHO).order_by("pk").values_list("pk", flat=True))
    for pk in ids:  # one at a time: nobody who records what was sent waits for two of them
        with transaction.atomic():
            erasure.forget(lock_contacts([pk]), [], at=at)
            Contact.objects.filter(pk=pk).update(**NAMELESS)
            _forget_rest([pk])
    close_unanswered(at)
    return len(ids)


def _family(contact):
    with connection.cursor() as cursor:
        cursor.execute(_FAMILY, {"contact": contact.pk})
        return [row[0] for row in cursor.fetchall()]


def _addresses(ids):
    """Every address they were ever known by: {(channel, address)}."""
    channels = {kind: channel for channel, kind in KINDS.items()}
    known = Identity.objects.filter(contact__in=ids, kind__in=channels).values_list("kind", "value")
    shown = Contact.objects.filter(pk__in=ids).exclude(email="").values_list("email", flat=True)
    return {(channels[kind], value) for kind, value in known} | {(Channel.EMAIL, email) for email in shown}


def _keep_back(addresses, at, by):
    """Known by digest only, so that it can be recognised and not read."""
    source = f"user:{by.pk}" if by else SOURCE
    about = {"scope": Suppression.Scope.ALL, "reason": Suppression.Reason.ERASED, "at": at, "source": source}
    for channel, address in sorted(addresses):
        Suppression.objects.filter(channel=channel, address=address).delete()
    Suppression.objects.bulk_create(
        [Suppression(channel=channel, address=digest_of(address), **about) for channel, address in addresses],
        ignore_conflicts=True,
    )


def _forget_rest(ids):
    """Their addresses and dates and what proved their consent; the log of changes names them no more."""
    Identity.objects.filter(contact__in=ids).delete()
    ContactDate.objects.filter(contact__in=ids).delete()
    Consent.objects.filter(contact__in=ids).exclude(evidence={}).update(evidence={})
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Contact), object_id__in=[str(pk) for pk in ids]
    )
    entries.update(object_repr=_("Erased contact"), change_message="")
