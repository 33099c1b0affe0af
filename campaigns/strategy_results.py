"""Every row and campaign beside the others: what it took, what it brought, and whether anybody cared."""

from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns import costing, results
from campaigns.costing import Effort
from campaigns.models import Campaign, ChannelCost, LifecycleRule
from campaigns.uplift import Comparison


@dataclass(frozen=True)
class Line:
    """One row of the strategy, or one campaign."""

    program: object
    effort: Effort
    is_irrelevant: bool
    # What it was worth, where that was asked for at once; else it comes after the page.
    comparison: Comparison | None = None

    @property
    def is_rule(self):
        return isinstance(self.program, LifecycleRule)

    @property
    def worth_url(self):
        name = "campaigns:rule-worth" if self.is_rule else "campaigns:campaign-worth"
        return reverse(name, args=[self.program.pk])

    @property
    def is_measured(self):
        return is_measured(self.program)


def rows(user, efforts, *, worth_at=None):
    """Those that sent anything, what people care for least first: there is something to change.

    `worth_at` asks what each was worth by then as well, which takes a look at many people.
    """
    rules = {("rule_id", rule.pk): rule for rule in LifecycleRule.objects.for_user(user)}
    campaigns = {("campaign_id", each.pk): each for each in Campaign.objects.for_user(user)}
    known = {key: program for key, program in (rules | campaigns).items() if key in efforts}
    overall = costing.total(efforts[key] for key in known if not known[key].is_service)
    found = [
        Line(program, efforts[key], not program.is_service and costing.is_irrelevant(efforts[key], overall))
        for key, program in known.items()
        if efforts[key].sent
    ]
    if worth_at:
        found = [replace(line, comparison=results.latest(line.program, worth_at)) for line in found]
    return sorted(found, key=_place)


def _place(line):
    """What answers can tell of before what they cannot, and before what had no time to be answered yet."""
    effort = line.effort
    return not line.is_measured, not effort.in_time, effort.relevance, -effort.sent


def is_measured(program):
    """Whether answers tell how relevant it is: of what only serves, and asks for no outcome, they do not.

    Whoever confirms their address has done what the request asks for, and is not counted as answering it.
    """
    return not program.is_service or bool(program.outcome)


def has_costs():
    """Whether anybody has said what a message costs."""
    return (
        ChannelCost.objects.filter(each__gt=0).exists() or ChannelCost.objects.filter(minute__gt=0).exists()
    )


def table(lines):
    """The numbers of these lines, the heads first."""
    heads = [
        _("Name"), _("Sent"), _("Outcome reached"), _("Relevance, per cent"), _("Back for each message"),
        _("Orders credited"), _("Revenue"), _("Margin"), _("Cost"), _("Contribution"),
    ]  # fmt: skip
    return [heads] + [
        [
            str(line.program), line.effort.sent, line.effort.reached,
            round(line.effort.relevance, 1) if line.is_measured and line.effort.in_time else "",
            round(line.effort.two_way, 3) if line.effort.in_time else "",
            line.effort.orders, line.effort.revenue, line.effort.margin, round(line.effort.cost, 2),
            round(line.effort.contribution, 2),
        ]
        for line in lines
    ]  # fmt: skip
