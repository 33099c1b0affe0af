"""Runs a rehearsal: plans in the shadow, asks, and hands on what was found before it is gone."""

from django.utils.translation import gettext as _

from campaigns import audience, campaigning, planning
from campaigns.models import LifecycleRule
from campaigns.rehearsing import shadow
from campaigns.rehearsing.asking import Asking, Clock
from contacts.primary import on_primary

# More rows than this are no rehearsal but a burden to the base.
MOST_ROWS = 3_000_000


class TooMuch(ValueError):
    """It would take more than the base should bear; says how much."""


@on_primary()
def rehearse_rule(
    rule, since, until, read, *, alone=False, history=False, clock=None, tell=lambda share: None
):
    """What the rule would have done from `since` to `until`; returns what `read()` makes of the shadow.

    With the rest of the strategy, as it is now, unless alone; with `history` what imports brought along
    starts rows, too. Raises TooMuch.
    """
    with shadow.shadowed():
        if history:
            shadow.count_history()
        shadow.switch_on(rule, since, alone=alone)
        shadow.remember_the_past(since, alone=alone, rule=rule)
        _plan_rules(since, until)
        _ask(since, until, clock, tell)
        return read()


@on_primary()
def rehearse_campaign(campaign, at, read, *, alone=False, clock=None, tell=lambda share: None):
    """What the campaign would do, leaving at that moment to those it is for now; as `rehearse_rule`."""
    until = at + campaign.lasts
    with shadow.shadowed():
        shadow.start(campaign, at)
        if not alone:
            shadow.remember_the_past(at, alone=False)
        _plan_campaign(campaign, at)
        _ask(at, until, clock, tell)
        return read()


def _plan_rules(since, until):
    rows = 0
    rules = LifecycleRule.objects.active().in_order().select_related("sender").prefetch_related("steps")
    for rule in rules:
        rows += planning.plan_between(rule, since, until)
        _hold_to(rows)


def _plan_campaign(campaign, at):
    """The whole audience in one statement, as the live planner does it chunk by chunk."""
    people = audience.contacts(campaign.audience).order_by("id")
    _hold_to(people.count())
    campaigning.plan_people(campaign, people, at)


def _ask(since, until, clock, tell):
    shadow.settle()
    Asking(since, until, clock or Clock(), tell).run()


def _hold_to(rows):
    if rows > MOST_ROWS:
        words = _("It would plan more than %(most)s messages. Choose a shorter window.")
        raise TooMuch(words % {"most": f"{MOST_ROWS:,}"})
