"""The clock. Each task reads the time, calls one function, and returns."""

from celery import shared_task
from django.utils import timezone

from segmentation import rfm


@shared_task
def rescore():
    """The hourly round over the whole base; running it twice changes nothing more."""
    rfm.keep_up(timezone.now())


@shared_task
def rescore_contacts(contact_ids):
    """Score these contacts now; the hourly round would do it as well."""
    rfm.rescore(timezone.now(), contact_ids=contact_ids)


def rescore_soon(contact_ids):
    """Something happened with these contacts: have them scored within seconds. May be lost."""
    rescore_contacts.apply_async([list(contact_ids)], expires=600)
