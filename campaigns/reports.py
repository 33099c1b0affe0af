"""Counts for the contact strategy and the list of deliveries: one query each, however many rows."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Count, Max, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Delivery, LifecycleRule, Response, Tick

Status = Delivery.Status
ON_THE_WAY = (Status.PLANNED, Status.CLAIMED, Status.SENDING, Status.UNKNOWN, Status.PARKED)
MONTH, WEEK = timedelta(days=30), timedelta(days=7)
# The answers worth telling in a list, the strongest last; opens are not among them: machines open mail too.
ANSWERS = {
    Response.Kind.UNSUBSCRIBED: ("bell-off", _("stopped these messages")),
    Response.Kind.BOUNCED: ("mail-x", _("came back")),
    Response.Kind.COMPLAINED: ("flag", _("called it spam")),
    Response.Kind.CLICKED: ("mouse-pointer-click", _("clicked")),
    Response.Kind.REPLIED: ("reply", _("replied")),
}


@dataclass(frozen=True)
class Figures:
    """What a row of the strategy does: how many wait now; sent, answered, reached in the last 30 days."""

    waiting: int = 0
    sent: int = 0
    answered: int = 0
    reached: int = 0

    @property
    def reached_share(self):
        """Whole per cent of what was sent that reached its outcome."""
        return percent(self.reached, self.sent)

    @property
    def answered_share(self):
        """Whole per cent that was answered, beyond what reached the outcome."""
        return max(percent(self.answered, self.sent) - self.reached_share, 0)


def percent(part, whole):
    return round(100 * part / whole) if whole else 0


_FIGURES = """
SELECT d.rule_id,
       count(*) FILTER (WHERE d.status <> 'sent'),
       count(*) FILTER (WHERE d.status = 'sent'),
       count(*) FILTER (WHERE d.status = 'sent' AND EXISTS (
           SELECT 1 FROM campaigns_response r
           WHERE r.delivery_id = d.id AND r.kind IN ('clicked', 'replied') AND r.made_by = 'person')),
       count(*) FILTER (WHERE d.status = 'sent' AND d.outcome_at IS NOT NULL)
FROM campaigns_delivery d
WHERE d.rule_id = ANY(%(rules)s)
  AND (d.status = ANY(%(on_the_way)s) OR (d.status = 'sent' AND d.sending_at > %(since)s))
GROUP BY d.rule_id
"""


def rule_figures(rules, at):
    """The figures of many rules, {rule id: Figures}."""
    values = {"rules": [rule.pk for rule in rules], "on_the_way": list(ON_THE_WAY), "since": at - MONTH}
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, values)
        found = {rule: Figures(*counts) for rule, *counts in cursor.fetchall()}
    return {rule.pk: found.get(rule.pk, Figures()) for rule in rules}


def last_planned_at():
    """When the rules were last asked what they want; None before the first time."""
    finished = Tick.objects.filter(schedule="plan", finished_at__isnull=False)
    return finished.aggregate(at=Max("finished_at"))["at"]


@dataclass(frozen=True)
class Balance:
    """All deliveries planned in a span and what became of them; every one has exactly one state."""

    total: int
    counts: dict

    @property
    def parts(self):
        """(state, how many), from the end of the road to its beginning; states nobody is in are left out."""
        return [(state, self.counts[state]) for state in BALANCE_ORDER if self.counts.get(state)]

    @property
    def missing(self):
        return self.total - sum(count for _state, count in self.parts)


BALANCE_ORDER = [
    Status.SENT, Status.SKIPPED, Status.HELD_OUT, Status.CANCELLED, Status.EXPIRED, Status.MERGED,
    Status.ERASED, Status.FAILED, Status.PARKED, Status.UNKNOWN, Status.SENDING, Status.CLAIMED,
    Status.PLANNED,
]  # fmt: skip


def balance(at, *, rule=None):
    """What became of the deliveries planned in the last week, of one rule or of all."""
    planned = Delivery.objects.filter(planned_at__gt=at - WEEK, planned_at__lte=at)
    if rule:
        planned = planned.filter(rule=rule)
    states = {state: Count("id", filter=Q(status=state)) for state in Status.values}
    counts = planned.aggregate(total=Count("id"), **states)
    return Balance(counts.pop("total"), counts)


def answers_to(deliveries):
    """The strongest answer to each delivery, {id: (icon, words)}; those without one are missing."""
    ids, kinds, found = [delivery.pk for delivery in deliveries], list(ANSWERS), {}
    responses = Response.objects.by_people().filter(delivery__in=ids, kind__in=kinds)
    for pk, kind in responses.values_list("delivery", "kind"):
        found[pk] = max(found.get(pk, kind), kind, key=kinds.index)
    return {pk: ANSWERS[kind] for pk, kind in found.items()}


def purposes(rules):
    """How many rows acquire, retain and extend: (label, count) each."""
    counted = [rule.purpose for rule in rules]
    return [(label, counted.count(value)) for value, label in LifecycleRule.Purpose.choices]
