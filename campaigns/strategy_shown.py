"""A row of the strategy for the eye: the columns of its file, in words where the file has keys and braces."""

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from campaigns import audience, outcomes, strategy_cells, triggers
from campaigns.models import LifecycleRule
from contacts.models import Topic

Rule = LifecycleRule


def shown(row):
    """{column: words} of a row."""
    fields, cells = row.fields, strategy_cells.cells_of(row)
    trigger = known_trigger(fields["trigger"])
    outcome = outcomes.get(fields["outcome"]) if fields["outcome"] else None
    return cells | {
        "purpose": label(Rule.Purpose, fields["purpose"]),
        "rank": label(Rule.Rank, fields["rank"]),
        "trigger": str(trigger.label) if trigger else fields["trigger"],
        "trigger settings": settings_words(trigger, fields["parameters"]),
        "for": audience_words(fields["audience"]),
        "outcome": str(outcome.label) if outcome else fields["outcome"],
        "outcome settings": settings_words(outcome, fields["outcome_parameters"]),
        "also counted": "; ".join(also_words(each) for each in fields["more_outcomes"]),
        "to one person": label(Rule.ReEntry, fields["re_entry"]),
        "topic": topic_words(fields["topic_id"]),
        "answers at once": _("yes") if fields["answers_at_once"] else _("no"),
        "leaves": label(Rule.Leaves, fields["leaves"]),
        "hour": "" if fields["leaves_hour"] is None else f"{fields['leaves_hour']}:00",
        "weekdays": ", ".join(str(WEEKDAYS[day]) for day in fields["weekdays"]),
        "messages": messages_words(row.plans),
    }


def differences(before, after, heads):
    """(column, before, after) in words of each column that says something else; all of it of a new row."""
    then = strategy_cells.cells_of(before) if before else {}
    now = strategy_cells.cells_of(after)
    said_then, said_now = shown(before) if before else {}, shown(after)
    return [
        (head, said_then.get(head, ""), said_now[head]) for head in heads if then.get(head, "") != now[head]
    ]


def label(choices, value):
    return str(choices(value).label) if value is not None else ""


def known_trigger(key):
    try:
        return triggers.get(key)
    except triggers.UnknownTrigger:
        return None


def settings_words(chosen, given):
    """The settings of a trigger or an outcome by the labels of their form."""
    if chosen is None or not given:
        return strategy_cells.as_json(given)
    entries = chosen.form_class.base_fields
    return "; ".join(
        f"{entries[name].label}: {value_words(entries[name], value)}"
        if name in entries
        else f"{name}: {value}"
        for name, value in given.items()
        if value not in (None, "", [])
    )


def value_words(entry, value):
    """A value as the form shows it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    values = value if isinstance(value, list) else [value]
    return ", ".join(choice_words(getattr(entry, "choices", ()), each) for each in values)


def choice_words(choices, value):
    """The label of a choice, which may stand in a group; what is none as it is."""
    for key, said in choices:
        if isinstance(said, list | tuple):
            if (found := dict(said).get(value)) is not None:
                return str(found)
        elif str(key) == str(value):
            return str(said)
    return str(value)


def audience_words(given):
    """Who it is for; as the file has it where that can be read no more."""
    if not given:
        return ""
    try:
        return "; ".join(f"{what}: {value}" for what, value in audience.words(given))
    except audience.CannotRead:
        return strategy_cells.as_json(given)


def also_words(each):
    found = outcomes.get(each.get("outcome", ""))
    return found.words(each.get("parameters")) if found else each.get("outcome", "")


def topic_words(pk):
    return pk and str(Topic.objects.get(pk=pk)) or ""


def messages_words(plans):
    """What the words of each step are called, two where two are tried."""
    names = [strategy_cells.names_of(plan) for plan in plans]
    return ", ".join(" / ".join(name) if isinstance(name, list) else name for name in names if name)
