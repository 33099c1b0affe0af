"""Begins a rehearsal, runs it and keeps what it found; says whether it still fits what was rehearsed."""

import logging
from datetime import timedelta

from django.core.cache import cache
from django.db import DatabaseError
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from campaigns import audience, triggers
from campaigns.models import LifecycleRule, Rehearsal
from campaigns.rehearsing.collisions import collisions
from campaigns.rehearsing.counting import counted
from campaigns.rehearsing.deciding import fingerprint
from campaigns.rehearsing.loads import load
from campaigns.rehearsing.running import TooMuch, rehearse_campaign, rehearse_rule
from contacts.models import Contact

logger = logging.getLogger(__name__)
Status = Rehearsal.Status
# With more contacts than this it is a worker's task.
AT_ONCE = 20_000
# A worker that has not begun by then is not there; one that has not ended by then will not.
WORKER_BEGINS = timedelta(seconds=8)
WORKER_ENDS = timedelta(minutes=15)
KEPT_PER_PROGRAM = 5


def begin(program, since, until, *, alone, at, by=None):
    """Put a rehearsal down, to be run; of a campaign the window is from its moment on."""
    is_rule = isinstance(program, LifecycleRule)
    if not is_rule:
        since = max(program.send_at or at, at)
        until = since + program.lasts
    rehearsal = Rehearsal.objects.create(
        rule=program if is_rule else None,
        campaign=None if is_rule else program,
        since=since,
        until=until,
        alone=alone,
        made_at=at,
        made_by=by,
        fingerprint=fingerprint(program),
    )
    kept = Rehearsal.objects.of(program).newest_first().values("pk")[:KEPT_PER_PROGRAM]
    Rehearsal.objects.of(program).exclude(pk__in=[row["pk"] for row in kept]).delete()
    return rehearsal


def is_small():
    """Whether it takes no more than a moment."""
    return Contact.objects.order_by()[: AT_ONCE + 1].count() <= AT_ONCE


def run(rehearsal, *, at):
    """Rehearse, unless somebody else has begun to; what went wrong stands in the row."""
    waiting = Rehearsal.objects.filter(pk=rehearsal.pk, status=Status.WAITING)
    if not waiting.update(status=Status.RUNNING, started_at=at):
        return
    try:
        found = _rehearse(rehearsal)
    except (TooMuch, audience.CannotRead, triggers.UnknownTrigger) as error:
        _end(rehearsal, status=Status.FAILED, error=str(error)[:300])
    except DatabaseError:
        logger.exception("Rehearsal %s could not be finished.", rehearsal.pk)
        words = _("It took longer than the database should be kept busy. Choose a shorter window.")
        _end(rehearsal, status=Status.FAILED, error=words)
    else:
        sums = {name: sum(day[name] for day in found["days"]) for name in ("planned", "sent")}
        _end(rehearsal, status=Status.DONE, result=found, **sums)


def share_done(rehearsal):
    """How far a running one has come, in per cent."""
    return round(100 * (cache.get(_key(rehearsal)) or 0))


def newest(program):
    """The newest rehearsal of a row or campaign, None before there is one."""
    return Rehearsal.objects.of(program).newest_first().select_related("made_by").first()


def fitting(program):
    """The newest finished rehearsal, if nothing that decides has been changed since; else None."""
    done = Rehearsal.objects.of(program).filter(status=Status.DONE).newest_first().first()
    return done if done and done.fingerprint == fingerprint(program) else None


def is_left_alone(rehearsal, at):
    """Whether no worker has taken it, or the one that did is gone."""
    if rehearsal.status == Status.WAITING:
        return at - rehearsal.made_at > WORKER_BEGINS
    return rehearsal.status == Status.RUNNING and at - rehearsal.started_at > WORKER_ENDS


def take_over(rehearsal, *, at):
    """Run here what no worker has finished."""
    if not is_left_alone(rehearsal, at):
        return
    Rehearsal.objects.filter(pk=rehearsal.pk, started_at=rehearsal.started_at).update(status=Status.WAITING)
    run(rehearsal, at=at)


def _rehearse(rehearsal):
    program = rehearsal.program
    column = ("rule_id" if rehearsal.rule_id else "campaign_id", program.pk)
    sender = program.sender

    def read():
        found = counted(column, sender.time_zone) | {"load": load(column, sender)}
        met = [] if rehearsal.alone else collisions(column, sender.time_zone, sender.cap_days)
        return found | {"met": met}

    told = {"alone": rehearsal.alone, "tell": lambda share: cache.set(_key(rehearsal), share, 3600)}
    if rehearsal.rule_id:
        return rehearse_rule(program, rehearsal.since, rehearsal.until, read, history=True, **told)
    return rehearse_campaign(program, rehearsal.since, read, **told)


def _end(rehearsal, **values):
    Rehearsal.objects.filter(pk=rehearsal.pk).update(finished_at=Now(), **values)
    rehearsal.refresh_from_db()


def _key(rehearsal):
    return f"rehearsal:{rehearsal.pk}"
