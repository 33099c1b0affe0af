"""How far campaigns have come: counts that balance, pace and end, who did not get it and why."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import launching, results
from campaigns.campaigning import ENDED, UNDER_WAY
from campaigns.models import Campaign, Delivery, Response
from campaigns.reports import Balance, percent
from campaigns.uplift import Comparison

Status, Reason = Delivery.Status, Delivery.Reason
# The pace is that of the newest so many, as long as they left within so long.
NEWEST, LATELY = 2000, timedelta(minutes=10)
# Where the reason is not told in the row, its state is.
STATES = {
    Status.HELD_OUT: gettext_lazy("held out, to see what the message is worth"),
    Status.PARKED: gettext_lazy("nobody can say whether it arrived"),
    Status.CANCELLED: gettext_lazy("the campaign was called off"),
}
_PACE = """
SELECT count(*), min(sending_at), max(sending_at) FROM (
    SELECT sending_at FROM campaigns_delivery
    WHERE campaign_id = %s AND status = 'sent' AND reason = '' ORDER BY id DESC LIMIT %s
) newest WHERE sending_at > %s
"""
# From the answers to the messages: far fewer than the messages.
_ANSWERS = """
SELECT count(DISTINCT r.delivery_id) FILTER (WHERE r.kind IN ('clicked', 'replied') AND r.made_by = 'person'),
       count(DISTINCT r.delivery_id) FILTER (WHERE r.kind = 'bounced' AND d.status = 'sent'),
       count(DISTINCT r.delivery_id) FILTER (WHERE r.kind = 'complained')
FROM campaigns_response r JOIN campaigns_delivery d ON d.id = r.delivery_id
WHERE d.campaign_id = %s AND r.at >= %s
"""


@dataclass(frozen=True)
class Group:
    """Deliveries of one campaign that share a state and a reason."""

    words: str
    state: str
    count: int
    url: str
    # When the first of them is asked about again, where a clock decides.
    until: datetime | None = None


@dataclass(frozen=True)
class Pace:
    """How many leave a minute, and when the last would at this pace; nothing while none leave."""

    per_minute: int
    ends_at: datetime


@dataclass(frozen=True)
class Last:
    """The one that is put off the longest: to when, and why."""

    at: datetime
    why: str


@dataclass(frozen=True)
class Progress:
    """Where a campaign stands."""

    balance: Balance
    # Who did not get it, and what still waits for something, by reason, the most first.
    missed: list = field(default_factory=list)
    waiting: list = field(default_factory=list)
    pace: Pace | None = None
    # Set where it is later than the pace says.
    last: Last | None = None
    answered: int = 0
    returned: int = 0
    complained: int = 0
    reached: int = 0
    retriable: int = 0
    # Where the deliveries that were sent are listed.
    sent_url: str = ""
    worth: Comparison | None = None

    def count(self, *states):
        return sum(self.balance.counts.get(state, 0) for state in states)

    @property
    def sent(self):
        return self.count(Status.SENT)

    @property
    def parked(self):
        return self.count(Status.PARKED)

    @property
    def ended(self):
        return self.count(*ENDED)

    @property
    def left(self):
        return self.count(*UNDER_WAY)

    @property
    def is_over(self):
        """Whether all that was planned has come to an end; the clock calls it finished a moment later."""
        return bool(self.balance.total) and not self.left and not self.balance.missing

    @property
    def percent(self):
        return percent(self.ended, self.balance.total)

    @property
    def sent_share(self):
        return percent(self.sent, self.balance.total)

    @property
    def answered_share(self):
        return percent(self.answered, self.sent)


def balances(campaigns):
    """Of many campaigns, {id: Balance}."""
    rows = Delivery.objects.filter(campaign__in=campaigns).values_list("campaign", "status")
    counts = defaultdict(dict)
    for pk, status, count in rows.annotate(count=Count("id")).order_by():
        counts[pk][status] = count
    return {campaign.pk: Balance(campaign.planned_count, counts[campaign.pk]) for campaign in campaigns}


def progress(campaign, at):
    """Of one campaign, with everything its page says."""
    found = Delivery.objects.filter(campaign=campaign).values_list("status", "reason")
    rows = [*found.annotate(count=Count("id")).order_by("-count", "status", "reason")]
    counts = defaultdict(int)
    for status, _reason, count in rows:
        counts[status] += count
    missed = [row for row in rows if row[0] in ENDED and row[0] != Status.SENT]
    waiting = [row for row in rows if row[0] in UNDER_WAY and row[1]]
    answers = _answers(campaign)
    pace = _pace(campaign, sum(counts[state] for state in UNDER_WAY), at)
    return Progress(
        balance=Balance(campaign.planned_count, dict(counts)),
        missed=[_group(campaign, *row) for row in missed] + _came_back(campaign, answers["returned"]),
        waiting=[_group(campaign, *row, until=_until(campaign, row[1], at)) for row in waiting],
        pace=pace,
        last=_last(campaign, pace, at) if counts[Status.PLANNED] else None,
        reached=_reached(campaign),
        retriable=launching.count_retriable(campaign),
        sent_url=_deliveries(campaign, state=Status.SENT),
        worth=results.latest(campaign, at) if _is_compared(campaign) else None,
        **answers,
    )


def _is_compared(campaign):
    """Whether it asks for something, and holds somebody out to see what it is worth."""
    return bool(campaign.outcome and campaign.control_share)


def _group(campaign, status, reason, count, until=None):
    known = reason and Reason(reason).label
    words = known or STATES.get(status) or Status(status).label
    return Group(str(words), status, count, _deliveries(campaign, state=status, reason=reason), until)


def _until(campaign, reason, at):
    """When the first of those in quiet hours, or over the cap, is asked about again."""
    if reason not in (Reason.QUIET, Reason.CAP):
        return None
    planned = Delivery.objects.filter(campaign=campaign, status=Status.PLANNED, reason=reason)
    return planned.filter(due_at__gt=at).aggregate(until=Min("due_at"))["until"]


def _came_back(campaign, count):
    """What was sent and did not arrive after all, as a group where there is any."""
    url = _deliveries(campaign, state=Status.SENT, answer=Response.Kind.BOUNCED)
    return [Group(_("it was sent and came back"), Status.SENT, count, url)] if count else []


def _deliveries(campaign, **asked):
    query = {"campaign": campaign.pk} | {name: value for name, value in asked.items() if value}
    return f"{reverse('campaigns:delivery-list')}?{urlencode(query)}"


def _answers(campaign):
    """How many were answered by a person, came back, were called spam."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, [campaign.pk, campaign.created_at])
        return dict(zip(("answered", "returned", "complained"), cursor.fetchone(), strict=True))


def _reached(campaign):
    """How many did what it asked for."""
    if not campaign.outcome:
        return 0
    sent = Delivery.objects.filter(campaign=campaign, status=Status.SENT)
    return sent.filter(outcome_at__isnull=False).count()


def _pace(campaign, left, at):
    if not left or campaign.status not in (Campaign.Status.PLANNING, Campaign.Status.SENDING):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_PACE, [campaign.pk, NEWEST, at - LATELY])
        count, first, _last = cursor.fetchone()
    if not count:
        return None
    minutes = max((at - first).total_seconds(), 1) / 60
    return Pace(round(count / minutes), at + timedelta(minutes=left * minutes / count))


def _last(campaign, pace, at):
    """Who is put off beyond the end that the pace promises; None for nobody, and while nothing may leave."""
    if campaign.status not in (Campaign.Status.PLANNING, Campaign.Status.SENDING):
        return None
    beyond = pace.ends_at if pace else at
    put_off = Delivery.objects.filter(campaign=campaign, status=Status.PLANNED, due_at__gt=beyond)
    last = put_off.order_by("-due_at", "-id").only("due_at", "reason", "detail").first()
    return last and Last(last.due_at, last.why)
