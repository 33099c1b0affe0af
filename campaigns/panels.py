"""What this room shows on a contact's page."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from campaigns import explaining
from campaigns.models import Delivery, LifecycleRule, Response, Step
from campaigns.telling import message_name


@dataclass(frozen=True)
class Prospect:
    """A row of the strategy as it stands to one contact."""

    rule: LifecycleRule
    words: str
    tone: str
    checks: list


def what_comes_next(contact, request, at):
    """What is planned, what follows silence, and why nothing else comes; empty without a strategy."""
    prospects = prospects_of(contact, at)
    if not prospects:
        return ""
    values = {"planned": planned_for(contact), "prospects": prospects}
    values["following"] = [
        (str(step), step.get_condition_display(), moment) for step, moment in following(contact, at)
    ]
    return render_to_string("campaigns/panels/next.html", values, request)


def planned_for(contact):
    """What is planned, the next first: (name, delivery, what will become of it as things stand)."""
    planned = Delivery.objects.of(contact).filter(status=Delivery.Status.PLANNED)
    planned, known = planned.select_related("rule", "campaign", "topic"), explaining.Known.of(contact)
    return [
        (message_name(delivery), delivery, explaining.outlook(delivery, known))
        for delivery in planned.order_by("due_at", "id")
    ]


def following(contact, at):
    """(step, its moment) of what comes after what was sent, as things stand, and is not planned yet."""
    sent = (
        Delivery.objects.of(contact)
        .filter(status=Delivery.Status.SENT, outcome_at=None, rule__status=LifecycleRule.Status.ACTIVE)
        .annotate(
            is_answered=Exists(_answers("clicked", "replied", "unsubscribed")),
            is_opened=Exists(_answers("opened", "clicked", "replied", "unsubscribed")),
            is_clicked=Exists(_answers("clicked")),
        )
        .select_related("rule")
        .prefetch_related("step__followers__rule")
    )
    moments = [
        (step, delivery.sending_at + step.delay)
        for delivery in sent
        for step in delivery.step.followers.all()
        if holds(step, delivery)
    ]
    return sorted(((step, moment) for step, moment in moments if moment > at), key=lambda each: each[1])


def _answers(*kinds):
    return Response.objects.by_people().filter(delivery=OuterRef("pk"), kind__in=kinds)


def holds(step, delivery):
    """Whether what a step asks for of the message before it is so until now."""
    return {
        Step.Condition.ALWAYS: True,
        Step.Condition.UNANSWERED: not delivery.is_answered,
        Step.Condition.UNOPENED: not delivery.is_opened,
        Step.Condition.CLICKED: delivery.is_clicked,
    }[step.condition]


def prospects_of(contact, at):
    """Every row that is on, with what speaks for and against it."""
    known = explaining.Known.of(contact)
    rules = (
        LifecycleRule.objects.active().in_order().select_related("topic", "sender").prefetch_related("steps")
    )
    return [_prospect(rule, explaining.why_not(contact, rule, at, known)) for rule in rules]


def _prospect(rule, lines):
    """The first thing that speaks against it stands for all."""
    against = [line for line in lines if line[0] == "stop"] or [line for line in lines if line[0] == "wait"]
    tone, words, _href = against[0] if against else ("ok", _("Nothing speaks against it"), "")
    return Prospect(rule, words, tone, [(tone, words, "", href) for tone, words, href in lines])
