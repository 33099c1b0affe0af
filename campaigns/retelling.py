"""Who looked like a person at first, and was a machine: the answer is told again, what came of it taken back.

A machine that hides behind a browser's name follows every link of a message within a moment, and the one that
people cannot see.
"""

from datetime import timedelta

from django.db.models import Q

from campaigns import machines
from campaigns.models import Delivery, Response
from touchpoints import totals
from touchpoints.models import Touchpoint

Status = Delivery.Status

# So many different links within so short a span.
BURSTS = ((timedelta(milliseconds=500), 2), (timedelta(seconds=2), 3))
# What stands for the link that people cannot see; whatever else was followed around it is the machine's.
TRAP = "trap"
AROUND_TRAP = timedelta(seconds=10)


def judge_again(delivery, link, at):
    """Who followed this link, in view of the others followed around it; the contact is locked.

    If it was a machine, whatever else it followed is told again as a machine's, in whatever order it came.
    """
    around = delivery.responses.filter(kind=Response.Kind.CLICKED)
    around = around.filter(at__gte=at - AROUND_TRAP, at__lte=at + AROUND_TRAP)
    unnamed = around.filter(Q(made_by=Response.MadeBy.PERSON) | Q(why__in=[machines.BURST, machines.TRAP]))
    clicks = [(link, at)] + [(data.get("link"), when) for data, when in unnamed.values_list("data", "at")]
    if TRAP in dict(clicks):
        return machines.Verdict(Response.MadeBy.SCANNER, machines.TRAP)
    bursts = [*_bursts(clicks, at)]
    for since, until in bursts:
        tell_again(delivery, since, until, machines.BURST)
    return machines.Verdict(Response.MadeBy.SCANNER, machines.BURST) if bursts else machines.PERSON


def tell_again(delivery, since, until, why):
    """Say of the clicks of this span that a scanner made them, and take back what they were taken for."""
    clicks = delivery.responses.filter(
        kind=Response.Kind.CLICKED, made_by=Response.MadeBy.PERSON, at__gte=since, at__lte=until
    )
    taken = set(clicks.exclude(touchpoint=None).values_list("touchpoint_id", flat=True))
    if clicks.update(made_by=Response.MadeBy.SCANNER, why=why, touchpoint=None):
        _take_back(delivery, taken | _arrivals(delivery, since, until), until)


def _bursts(clicks, at):
    """The spans around this moment in which more links were followed than a person can: (since, until)."""
    for span, links in BURSTS:
        for since in {when for _link, when in clicks if at - span <= when <= at}:
            if len({link for link, when in clicks if since <= when <= since + span}) >= links:
                yield since, since + span


def _arrivals(delivery, since, until):
    """The visits to the shop that the links of this delivery led to."""
    visits = Touchpoint.objects.filter(
        contact=delivery.contact.survivor, kind=Touchpoint.Kind.VISITED, at__gte=since, at__lte=until
    )
    return set(visits.filter(data__delivery=str(delivery.uuid)).values_list("pk", flat=True))


def _take_back(delivery, ids, at):
    """What a machine did never happened: neither it nor what it counted for, nor what it was to start."""
    waiting = Delivery.objects.filter(touchpoint__in=ids, status__in=[Status.PLANNED, Status.CLAIMED])
    waiting.update(
        status=Status.CANCELLED,
        reason=Delivery.Reason.CONDITION_GONE,
        finished_at=at,
        owner="",
        lease_until=None,
    )
    Delivery.objects.filter(touchpoint__in=ids).update(touchpoint=None)
    credited = Delivery.objects.filter(outcome_touchpoint__in=ids)
    told = [f"outcome:{uuid}" for uuid in credited.values_list("uuid", flat=True)]
    credited.update(outcome_at=None, outcome_touchpoint=None)
    Touchpoint.objects.filter(Q(pk__in=ids) | Q(source="campaigns", external_id__in=told)).delete()
    totals.recompute([delivery.contact.survivor.pk])
