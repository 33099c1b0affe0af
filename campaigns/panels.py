"""What this room shows on a contact's page."""

from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from campaigns import explaining
from campaigns.models import Delivery, LifecycleRule, Response
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
    values["waiting"] = [(message_name(first), moment) for first, moment in silences(contact, at)]
    return render_to_string("campaigns/panels/next.html", values, request)


def planned_for(contact):
    """What is planned, the next first: (name, delivery, what will become of it as things stand)."""
    planned = Delivery.objects.of(contact).filter(status=Delivery.Status.PLANNED)
    planned, known = planned.select_related("rule", "campaign", "topic"), explaining.Known.of(contact)
    return [
        (message_name(delivery), delivery, explaining.outlook(delivery, known))
        for delivery in planned.order_by("due_at", "id")
    ]


def silences(contact, at):
    """(first message, moment of its reminder) of what is still unanswered."""
    answers = Response.objects.by_people().filter(
        delivery=OuterRef("pk"), kind__in=("clicked", "replied", "unsubscribed")
    )
    unanswered = (
        Delivery.objects.of(contact)
        .filter(status=Delivery.Status.SENT, reminder_number=0, reminders=None, outcome_at=None)
        .filter(rule__status=LifecycleRule.Status.ACTIVE, rule__remind_after__isnull=False)
        .exclude(Exists(answers))
        .annotate(remind_at=F("sending_at") + F("rule__remind_after"))
        .filter(remind_at__gt=at)
        .select_related("rule")
    )
    return [(first, first.remind_at) for first in unanswered.order_by("remind_at")]


def prospects_of(contact, at):
    """Every row that is on, with what speaks for and against it."""
    known = explaining.Known.of(contact)
    rules = LifecycleRule.objects.active().in_order().select_related("topic")
    return [_prospect(rule, explaining.why_not(contact, rule, at, known)) for rule in rules]


def _prospect(rule, lines):
    """The first thing that speaks against it stands for all."""
    against = [line for line in lines if line[0] == "stop"] or [line for line in lines if line[0] == "wait"]
    tone, words, _href = against[0] if against else ("ok", _("Nothing speaks against it"), "")
    return Prospect(rule, words, tone, [(tone, words, "", href) for tone, words, href in lines])
