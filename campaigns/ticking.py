"""One tick of the clock: whatever the rules ask for at this moment is planned, settled and sent.

Any number of clocks may tick at once. A slot of a schedule is run by the first that takes it; each act is
safe to be run by several all the same.
"""

import os
import socket
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Now

from campaigns import call_queue, campaigning, crediting, hearing, noticing, restoring, sequences
from campaigns.models import Tick
from campaigns.planning import plan, plan_following
from campaigns.queueing import bring_forward
from campaigns.responding import note_outcomes
from campaigns.sending import send_due
from campaigns.settling import settle
from contacts.primary import on_primary
from touchpoints import popular

KEEP_TICKS = timedelta(days=1)
A_DAY = 86400


def tick(at, owner=None):
    """Everything that is to be done at this moment; returns how many of what."""
    return plan_all(at) | sweep(at, owner)


@on_primary()
def plan_all(at):
    """Hear what people did, note the outcomes reached, then plan what the rules ask for and what follows."""
    hearing.hear_waiting()
    run_slot("top_pages", A_DAY, at, popular.note_top_pages)
    return {
        "outcomes": note_outcomes(at),
        "without": crediting.note_held_out(at),
        "credited": crediting.credit_orders(at),
        "planned": plan(at),
        "following": plan_following(at),
        "calls": call_queue.sort_out(at),
        "campaigns": campaigning.plan_campaigns(at),
        "finished": campaigning.finish_campaigns(at),
    }


@on_primary()
def sweep(at, owner=None, lines=1):
    """Read what came back, settle what was left in hand, then send what is due."""
    hearing.hear_waiting()
    restoring.keep_up(at)
    noticing.read_unread(at)
    noticing.rejoin(at)
    noticing.forget_old(at)
    bring_forward(at)
    sequences.expire(at)
    return dict(settle(at)) | dict(send_due(at, owner or new_owner(), lines=lines))


def sweep_over_all_lines(at):
    """A worker's sweep, over as many lines as it may have."""
    return sweep(at, lines=settings.SENDING_LINES)


@on_primary()
def wake(contact_ids, at, owner=None):
    """Note, plan and send for these contacts only: the answer to what they did a moment ago."""
    contact_ids = list(contact_ids)
    done = {"outcomes": note_outcomes(at, contact_ids), "planned": plan(at, contact_ids)}
    return done | dict(send_due(at, owner or new_owner(), contact_ids=contact_ids))


def run_slot(schedule, seconds, at, act):
    """Run a schedule's slot unless another clock has taken it; its row is what the health page believes."""
    row, is_ours = Tick.objects.get_or_create(
        schedule=schedule, slot=slot_of(at, seconds), defaults={"started_at": at}
    )
    if not is_ours:
        return None
    row.result = act(at)
    Tick.objects.filter(pk=row.pk).update(result=row.result, finished_at=Now())
    return row


def slot_of(at, seconds):
    """The moment this slot of a schedule began."""
    return datetime.fromtimestamp(at.timestamp() // seconds * seconds, at.tzinfo)


def prune_ticks(at):
    """Forget the ticks of past days; returns how many."""
    return Tick.objects.filter(slot__lt=at - KEEP_TICKS).delete()[0]


def new_owner():
    """A name for the worker that has deliveries in hand, never used twice."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
