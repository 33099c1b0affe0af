"""The hands: Celery runs what the database says is due."""

import gc
import logging
import os
import threading

from celery import Celery
from celery.signals import worker_process_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

logger = logging.getLogger(__name__)
app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def leave_what_stays_alone(**options):
    """The garbage collector need not walk over what every worker keeps for good."""
    gc.collect()
    gc.freeze()


@worker_ready.connect
def keep_the_clock(**options):
    """A worker does not depend on beat: it asks for what is due by itself, at once and from then on.

    Slots in the database see to it that nothing is done twice; beat only makes it punctual where workers are
    many and busy.
    """
    for entry in app.conf.beat_schedule.values():
        threading.Thread(target=_ask_again_and_again, args=[entry], daemon=True).start()


@worker_ready.connect
def say_what_holds_it(**options):
    """An old copy of the database sends nothing; whoever reads the log learns why."""
    from django.utils import timezone

    from campaigns import restoring

    restoring.say(timezone.now())


def _ask_again_and_again(entry):
    while True:
        try:
            app.send_task(entry["task"], **entry["options"])
        except Exception as error:
            # The broker is away; what is due stays due.
            logger.warning("%s could not be asked for: %s", entry["task"], type(error).__name__)
        threading.Event().wait(entry["schedule"])
