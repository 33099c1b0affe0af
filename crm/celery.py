"""The hands: Celery runs what the database says is due."""

import os

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def tick_at_once(**options):
    """A fresh worker does not wait for the clock: beat counts its first interval from its own start."""
    for entry in app.conf.beat_schedule.values():
        app.send_task(entry["task"], **entry["options"])
