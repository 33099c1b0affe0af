"""A row of the contact strategy as one value: what it says, and its steps. Read, saved, copied as a whole."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import editing, panel_words
from campaigns.models import Content, LifecycleRule, Step
from contacts.models import Channel

FIELDS = (
    "name", "condition", "outcomes", "purpose", "rank", "trigger", "parameters", "audience", "outcome",
    "outcome_parameters", "outcome_within", "more_outcomes", "freshness", "re_entry", "re_entry_days",
    "topic_id", "sender_id", "answers_at_once", "leaves", "leaves_hour", "weekdays", "control_share",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """One step: by which medium, how long after what; `follows` is the place of the step before it."""

    channel: str = Channel.EMAIL
    slot: str = ""
    by_preference: bool = False
    delay: timedelta = timedelta()
    follows: int | None = None
    condition: str = ""
    content: Content | None = field(default=None, compare=False)
    content_b: Content | None = field(default=None, compare=False)

    @property
    def kind(self):
        """What two steps must share for one to become the other: its ledger knows it by that."""
        return self.channel, self.slot, self.follows is None


@dataclass(frozen=True)
class Row:
    """The values of a row by field, and its steps: first those that start it, then those that follow."""

    fields: dict
    plans: tuple


def row_of(rule, steps):
    """The row that a rule and its steps are; both may be of the past."""
    ordered = in_order(steps)
    places = {step.pk: place for place, step in enumerate(ordered)}
    plans = tuple(
        Plan(
            channel=str(step.channel),
            slot=step.slot,
            by_preference=step.by_preference,
            delay=step.delay,
            follows=places.get(step.follows_id) if step.follows_id else None,
            condition=str(step.condition),
            content=step.content,
            content_b=step.content_b,
        )
        for step in ordered
    )
    return Row({name: getattr(rule, name) for name in FIELDS}, plans)


def in_order(steps):
    """Those that start a row before those that follow, and each after the one it follows."""
    steps = sorted(steps, key=lambda step: (step.position, step.pk))
    ordered = [step for step in steps if step.follows_id is None]
    waiting = [step for step in steps if step.follows_id is not None]
    while waiting:
        known = {step.pk for step in ordered}
        ready = [step for step in waiting if step.follows_id in known] or waiting
        ordered += ready
        waiting = [step for step in waiting if step not in ready]
    return ordered


def current(rule):
    """The row as it is now."""
    return row_of(rule, rule.steps.select_related("content", "content_b"))


@transaction.atomic
def save_row(rule, row, *, at):
    """Let a rule, new or known, be this row; what is due already starts nothing anew. Returns the rule."""
    before = LifecycleRule.objects.select_for_update().filter(pk=rule.pk).first() if rule.pk else None
    for name, value in row.fields.items():
        setattr(rule, name, value)
    editing.write_rule(rule, before, at)
    save_plans(rule, row.plans, at)
    return rule


def save_plans(rule, plans, at):
    """Change the steps of a rule into these: those alike stay themselves, the others go or come."""
    known = in_order(rule.steps.select_related("content", "content_b"))
    kinds = [plan.kind for plan in row_of(rule, known).plans]
    made = []
    for place, plan in enumerate(plans):
        step = take_alike(known, kinds, plan, place) or Step(rule=rule)
        made.append(save_plan(step, plan, made, at))
    for step in reversed(known):
        if step is not None:
            editing.remove_step(step, at=at)


def take_alike(known, kinds, plan, place):
    """The step of the same kind, the one at the same place before any other; it is taken out."""
    alike = [n for n, step in enumerate(known) if step is not None and kinds[n] == plan.kind]
    if not alike:
        return None
    found = place if place in alike else alike[0]
    step, known[found] = known[found], None
    return step


def save_plan(step, plan, made, at):
    """Save one step, unless nothing of it changed; `made` are those before it."""
    values = {
        "channel": plan.channel,
        "slot": plan.slot,
        "by_preference": plan.by_preference,
        "delay": plan.delay,
        "follows_id": None if plan.follows is None else made[plan.follows].pk,
        "condition": plan.condition,
    }
    if plan.content or step.pk is None:
        values["content"] = plan.content or first_words(step.rule, plan)
        if values["content"].pk is None:
            values["content"].save()
        values["content_b"] = plan.content_b
    if step.pk is None or any(getattr(step, name) != value for name, value in values.items()):
        editing.save_step(step, at=at, **values)
    return step


def first_words(rule, plan):
    """Words to begin from, in the shape that the medium takes."""
    words = editing.first_words(rule, channel=plan.channel)
    if plan.channel == Channel.EMAIL and plan.follows is None:
        return words
    medium = Channel(plan.channel).label
    words.name = f"{rule.name}, {medium} {plan.slot}".strip()[:100]
    if plan.channel == Channel.PANEL:
        words.body, words.text = panel_words.FIRST_BODY, ""
    words.save()
    return words


@transaction.atomic
def duplicate(rule, *, at):
    """The same row once more, as a draft with words of its own, below the one it is taken from."""
    row = current(rule)
    name = free_name(rule.name)
    plans = tuple(
        replace(plan, content=copied(plan.content, name), content_b=copied(plan.content_b, name))
        for plan in row.plans
    )
    made = save_row(LifecycleRule(), Row(row.fields | {"name": name}, plans), at=at)
    order = [each.pk for each in LifecycleRule.objects.in_order() if each.pk != made.pk]
    order.insert(order.index(rule.pk) + 1, made.pk)
    arrange(order)
    return made


def copied(words, name):
    return words and editing.copy_of(words, name=f"{name}: {words.name}"[:100])


def free_name(name):
    """A name for a copy that no row has."""
    taken = set(LifecycleRule.objects.values_list("name", flat=True))
    number = 1
    while (found := numbered(name, number)) in taken:
        number += 1
    return found


def numbered(name, number):
    end = _(" (copy)") if number == 1 else _(" (copy %(number)s)") % {"number": number}
    return name[: 100 - len(end)] + end


@transaction.atomic
def arrange(order):
    """Put the rules, by their ids, into this order; those that are not named keep their place among them."""
    known = {rule.pk: rule for rule in LifecycleRule.objects.select_for_update().in_order()}
    named = iter([pk for pk in dict.fromkeys(order) if pk in known])
    asked = set(order)
    placed = [known[next(named)] if pk in asked else known[pk] for pk in known]
    moved = [rule for position, rule in enumerate(placed) if rule.position != position]
    for position, rule in enumerate(placed):
        rule.position = position
    LifecycleRule.objects.bulk_update(moved, ["position"])


def move(rule, *, up):
    """Let a row change places with the one above or below it on the table."""
    is_closed = rule.status == LifecycleRule.Status.CLOSED
    rules = LifecycleRule.objects.in_order()
    beside = [each.pk for each in rules if (each.status == LifecycleRule.Status.CLOSED) == is_closed]
    place = beside.index(rule.pk)
    other = place + (-1 if up else 1)
    if 0 <= other < len(beside):
        beside[place], beside[other] = beside[other], beside[place]
        arrange(beside)
