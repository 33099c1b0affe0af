"""The table of the contact strategy: what each row says, and what it does now."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

from campaigns import outcomes, planning, reports, results, strategy_words, triggers
from campaigns.keeping import kept
from campaigns.models import LifecycleRule, Tick
from campaigns.uplift import Comparison

DAY = timedelta(days=1)
# How often the rules are asked what they want, as the clock's schedule says.
PLANNED_EVERY = timedelta(seconds=30)
# Who is eligible is asked again after so many seconds.
FRESH_FOR = 60


@dataclass(frozen=True)
class TableRow:
    """One row: the rule, its figures, and its machine form in words."""

    rule: LifecycleRule
    figures: reports.Figures
    trigger_words: str
    outcome_words: str
    also_words: list
    # Where its words say something else than it does.
    contradiction: str = ""
    live: "Live | None" = None
    # Stands below it, and goes before it by its rank.
    goes_first: LifecycleRule | None = None


@dataclass(frozen=True)
class Live:
    """What takes a look at many people: who is eligible, and what the row is worth."""

    eligible: int
    comparison: Comparison = field(default_factory=Comparison)


def table_rows(rules, at, *, is_live=False):
    """The rows of these rules, in their order; with `is_live` what takes longer, too."""
    figures = reports.rule_figures(rules, at)
    firsts = going_first(rules)
    return [
        table_row(rule, figures[rule.pk], at, is_live=is_live, goes_first=firsts.get(rule.pk))
        for rule in rules
    ]


def table_row(rule, figures, at, *, is_live=False, goes_first=None):
    outcome = outcomes.get(rule.outcome)
    return TableRow(
        rule=rule,
        figures=figures,
        trigger_words=trigger_words(rule),
        outcome_words=outcome.words(rule.outcome_parameters) if outcome else "",
        also_words=also_words(rule),
        contradiction=strategy_words.of_rule(rule),
        live=live_of(rule, at) if is_live else None,
        goes_first=goes_first,
    )


def turns(rules):
    """These rules in the order in which their messages go, by rank, then place; empty where they stand so."""
    by_rank = sorted(rules, key=lambda rule: rule.rank)
    return by_rank if by_rank != [*rules] else []


def open_rules():
    """Those that stand on the table, in their order."""
    return [*LifecycleRule.objects.exclude(status=LifecycleRule.Status.CLOSED).in_order()]


def going_first(rules):
    """{id: the row that goes first of all that stand below and have a higher rank}; of most there is none."""
    known = open_rules()
    places = {rule.pk: place for place, rule in enumerate(known)}
    found = {}
    for rule in rules:
        below = known[places[rule.pk] + 1 :] if rule.pk in places else []
        if higher := [each for each in below if each.rank < rule.rank]:
            found[rule.pk] = min(higher, key=lambda each: each.rank)
    return found


def also_words(rule):
    """What is counted besides, as a marketer reads it."""
    more = [(outcomes.get(each["outcome"]), each.get("parameters")) for each in rule.more_outcomes]
    return [also.words(parameters) for also, parameters in more if also]


def trigger_words(rule):
    return triggers.get(rule.trigger).words(rule.parameters)


def live_of(rule, at):
    """What the row is worth, at most ten minutes old, and who is eligible, at most one."""
    return Live(eligible_kept(rule, at), results.latest(rule, at))


def eligible_kept(rule, at):
    asked = repr((rule.trigger, rule.parameters, rule.audience, rule.status, rule.activated_at))
    said = hashlib.sha256(asked.encode()).hexdigest()[:16]
    return kept(f"eligible:{said}", rule, at, lambda: eligible(rule, at), seconds=FRESH_FOR)


def eligible(rule, at):
    """How many people the row is going to write to by tomorrow, and are not in the ledger yet.

    Of a row that is on, from what is fresh; of a draft, from what would fall due if it were switched on.
    """
    if rule.status == LifecycleRule.Status.CLOSED:
        return 0
    is_draft = rule.status == LifecycleRule.Status.DRAFT
    since = at if is_draft else max(rule.activated_at, at - rule.freshness)
    return planning.rehearse(rule, since, at + DAY)


def runs():
    """(when the rules were last asked what they want, when they are next); None before the first time."""
    last = reports.last_planned_at()
    slot = Tick.objects.filter(schedule="plan").order_by("-slot").values_list("slot", flat=True).first()
    return last, slot + PLANNED_EVERY if slot else None
