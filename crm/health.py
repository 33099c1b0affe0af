"""Is it alive, and does it get anywhere? Liveness is progress, not process."""

import os
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from campaigns import restoring
from campaigns.models import Delivery, RawNotice, RawResponse, SendingSwitch, Tick
from contacts import marking
from contacts.models import JournalEntry

# A sweep runs every few seconds; one that has not finished for this long is stuck or has no worker.
SWEEP_SILENCE = timedelta(minutes=2)
BEAT_SILENCE = timedelta(minutes=2)
OVERDUE = timedelta(minutes=10)
# An act is in the journal when it is done; one that waits this long could not be written.
JOURNAL_PATIENCE = timedelta(minutes=1)


@never_cache
def healthz(request):
    """The web process answers."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
def readyz(request):
    """Whether the whole gets work done: 200 or 503, with each check's finding."""
    checks = readiness(timezone.now())
    ready = all(check["ok"] for check in checks.values())
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def readiness(at):
    """The checks by name, each {"ok": bool, "found": what was seen}."""
    checks = {"database": check_database()}
    if not checks["database"]["ok"]:
        return checks
    return checks | {
        "broker": check_broker(),
        "beat": check_tick("plan", at, BEAT_SILENCE),
        "sweep": check_tick("sweep", at, SWEEP_SILENCE),
        "oldest_due": check_oldest_due(at),
        "notices": check_notices(at),
        "journal": check_journal(at),
    }


def check_database():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return {"ok": False, "found": type(error).__name__}
    return {"ok": True, "found": "answers"}


def check_broker():
    """One try without the client's usual patience: a probe must not wait."""
    retry = Retry(NoBackoff(), 0)
    client = Redis.from_url(settings.CACHE_URL, retry=retry, socket_timeout=1, socket_connect_timeout=1)
    try:
        client.ping()
    except RedisError as error:
        return {"ok": False, "found": type(error).__name__}
    finally:
        client.close()
    return {"ok": True, "found": "answers"}


def check_notices(at):
    """What providers, mail servers and readers told us has been read."""
    waiting = RawNotice.objects.filter(read_at=None, received_at__lt=at - OVERDUE).count()
    waiting += RawResponse.objects.filter(at__lt=at - OVERDUE).count()
    return {"ok": not waiting, "found": f"{waiting} unread for too long" if waiting else "all read"}


def check_journal(at):
    """Whether the journal outside the database can be written, and the database is not an old copy."""
    finding = marking.look()
    if finding.holds:
        return {"ok": False, "found": f"{restoring.words_of(finding)} {restoring.words_to_do()}"}
    if finding == marking.Finding.OFF:
        return {"ok": True, "found": "off"}
    waiting = JournalEntry.objects.filter(written_at=None, at__lt=at - JOURNAL_PATIENCE).count()
    if waiting or not os.access(nearest(settings.JOURNAL_DIR), os.W_OK):
        return {"ok": False, "found": str(restoring.words_of(marking.Finding.UNWRITABLE))}
    return {"ok": True, "found": "written"}


def nearest(folder):
    """The folder, or the one in which it would be made."""
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    return folder


def check_tick(schedule, at, silence):
    """Whether the schedule's last finished run is recent."""
    last = (
        Tick.objects.filter(schedule=schedule, finished_at__isnull=False)
        .order_by("-slot")
        .values_list("finished_at", flat=True)
        .first()
    )
    if last is None:
        return {"ok": False, "found": "never ran"}
    return {"ok": at - last <= silence, "found": last.isoformat()}


def check_oldest_due(at):
    """Whether due deliveries leave; while all sending is held they rightly wait."""
    if SendingSwitch.objects.filter(held=True).exists():
        return {"ok": True, "found": "held"}
    oldest = Delivery.objects.due(at).order_by("due_at").values_list("due_at", flat=True).first()
    return {"ok": oldest is None or at - oldest <= OVERDUE, "found": oldest and oldest.isoformat()}
