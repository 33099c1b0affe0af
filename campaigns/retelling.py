"""Who looked like a person at first, and was a machine: the answer is told again, what came of it taken back.

A machine that hides behind a browser's name follows every link of a message within a moment, and the one that
people cannot see.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

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
# Who follows a link has arrived after so long.
ARRIVES = timedelta(seconds=5)
# What was found out of somebody who gave a browser's name.
UNNAMED = {machines.BURST, machines.TRAP}


@dataclass
class Known:
    """A response as far as it must be known to judge those around it."""

    kind: str
    made_by: str
    why: str
    at: datetime
    link: str | None

    @property
    def is_person(self):
        return self.made_by == Response.MadeBy.PERSON

    @property
    def is_unnamed(self):
        """Whether it looked like a person's, whatever was found out since."""
        return self.kind == Response.Kind.CLICKED and (self.is_person or self.why in UNNAMED)


def judge_again(known, link, at):
    """Who followed this link, in view of what is `known` of the others; and the bursts it belongs to: spans.

    If it was a machine, whatever else it followed then is to be told again, in whatever order it came.
    """
    around = [each for each in known if each.is_unnamed and abs(each.at - at) <= AROUND_TRAP]
    clicks = [(link, at)] + [(each.link, each.at) for each in around]
    if TRAP in dict(clicks):
        return machines.Verdict(Response.MadeBy.SCANNER, machines.TRAP), []
    bursts = [*_bursts(clicks, at)]
    return machines.Verdict(Response.MadeBy.SCANNER, machines.BURST) if bursts else machines.PERSON, bursts


def tell_again(sent, since, until, why):
    """Say of the clicks of this span that a scanner made them, and take back what they were taken for."""
    clicks = Response.objects.filter(
        delivery=sent.pk,
        kind=Response.Kind.CLICKED,
        made_by=Response.MadeBy.PERSON,
        at__gte=since,
        at__lte=until,
    )
    taken = set(clicks.exclude(touchpoint=None).values_list("touchpoint_id", flat=True))
    if clicks.update(made_by=Response.MadeBy.SCANNER, why=why, touchpoint=None):
        _take_back(sent, taken | _arrivals(sent, since, until), until)


def _bursts(clicks, at):
    """The spans around this moment in which more links were followed than a person can: (since, until)."""
    for span, links in BURSTS:
        for since in {when for _link, when in clicks if at - span <= when <= at}:
            if len({link for link, when in clicks if since <= when <= since + span}) >= links:
                yield since, since + span


def _arrivals(sent, since, until):
    """The visits to the shop that the links of this delivery led to, a moment later."""
    visits = Touchpoint.objects.filter(
        contact=sent.contact_id, kind=Touchpoint.Kind.VISITED, at__gte=since, at__lte=until + ARRIVES
    )
    return set(visits.filter(data__delivery=str(sent.uuid)).values_list("pk", flat=True))


def _take_back(sent, ids, at):
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
    totals.recompute([sent.contact_id])
