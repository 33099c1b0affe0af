"""The clock. Each task reads the time, calls one act, and returns; what it misses the next one does."""

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from campaigns import authenticating, queueing, remembering, ticking
from campaigns.bounces import mailbox
from campaigns.models import Rehearsal
from campaigns.rehearsing import keeping
from contacts import erasing

logger = logging.getLogger(__name__)


@shared_task
def sweep():
    """Settle and send what is due."""
    ticking.run_slot("sweep", 5, timezone.now(), ticking.sweep_over_all_lines)


@shared_task
def plan():
    """Plan what the rules ask for."""
    at = timezone.now()
    ticking.run_slot("plan", 30, at, ticking.plan_all)
    ticking.prune_ticks(at)
    remembering.forget_old(at)


@shared_task
def read_bounces():
    """Take what is new in the mailbox of bounces, if there is one."""
    if settings.BOUNCE_IMAP_URL:
        ticking.run_slot("read_bounces", 60, timezone.now(), mailbox.read_mailbox)


@shared_task
def check_senders():
    """Look once a day at what the senders' domains say of themselves."""
    ticking.run_slot("check_senders", 86400, timezone.now(), authenticating.check_all)


@shared_task
def forget_echoes():
    """Forget what came in late about people who were erased."""
    ticking.run_slot("forget_echoes", 3600, timezone.now(), erasing.erase_echoes)


@shared_task
def wake(contact_ids):
    """Answer what these contacts just did."""
    ticking.wake(contact_ids, timezone.now())


@shared_task
def ask_again(sender_id):
    """Let the gate ask again what waits for a setting of this sender, however many they are."""
    at, is_all = timezone.now(), False
    while not is_all:
        _asked, is_all = queueing.ask_again(sender_id, at)


@shared_task
def rehearse(pk):
    """Rehearse what waits for a worker."""
    keeping.run(Rehearsal.objects.get(pk=pk), at=timezone.now())


def hint(contact_ids):
    """Ask a worker to wake, if there is a broker to ask; it may be lost."""
    wake.apply_async([list(contact_ids)], expires=60, retry=False, ignore_result=True)


def go_on_asking(sender_id):
    """Let a worker go on; without a broker the others are asked when they had been put off to."""
    try:
        ask_again.apply_async([sender_id], expires=3600, retry=False, ignore_result=True)
    except OperationalError:
        logger.warning("No worker was told of sender %s; whoever waits is asked later.", sender_id)
