"""The triggers there are; rooms above may add theirs."""

from datetime import timedelta

_triggers = {}


class UnknownTrigger(LookupError):
    """A rule names a trigger that no room has registered."""


def register(trigger):
    """Add a trigger; the same key replaces."""
    _triggers[trigger.key] = trigger
    return trigger


def get(key):
    """The trigger of that key; raises UnknownTrigger."""
    try:
        return _triggers[key]
    except KeyError:
        raise UnknownTrigger(f"There is no trigger “{key}”.") from None


def registered():
    """All triggers, in the order of their registration."""
    return list(_triggers.values())


def choices():
    """(key, label) of every trigger, for a form."""
    return [(trigger.key, trigger.label) for trigger in registered()]


# What belongs to a rule ------------------------------------------------------------------------------------


def told_by(rule):
    """What a trigger must know of a rule: what is set, which rule it is, and its sender's time zone."""
    return {**(rule.parameters or {}), "rule": rule.pk, "zone": rule.sender.time_zone}


def occurrences_of(rule, at, since, contact_ids=None):
    """(sql, params) of what starts this rule, as `Trigger.occurrences` gives them."""
    return get(rule.trigger).occurrences(at, since, told_by(rule), contact_ids)


def explain(rule, contact, at):
    """The conditions of this rule with the value found for one contact: (tone, words) each."""
    return get(rule.trigger).explain(contact, at, told_by(rule), starts_after(rule, at))


def occurred_at(rule, contact, at):
    """When that which `explain` tells of occurred; None where not all of it holds."""
    return get(rule.trigger).occurred_at(contact, at, told_by(rule), starts_after(rule, at))


def starts_after(rule, at):
    """After which moment something must have occurred to start this rule now."""
    due_after = max(filter(None, [rule.activated_at, at - rule.freshness]))
    return due_after - (rule.first_step.delay if rule.first_step else timedelta())


# What the gate asks once more ------------------------------------------------------------------------------


def still_true_sql():
    """One expression over `d`, `r` and %(at)s: does the condition of the delivery's rule still hold?

    What is undone by a touchpoint is asked in one place for all: each place more costs every window.
    """
    asked = [trigger for trigger in registered() if trigger.still_true_sql]
    cases = "".join(f"WHEN '{trigger.key}' THEN {trigger.still_true_sql} " for trigger in asked)
    undone = [trigger for trigger in registered() if trigger.undone_by]
    kinds = "".join(f"WHEN '{trigger.key}' THEN {trigger.undone_by} " for trigger in undone)
    if not kinds:
        return f"CASE r.trigger {cases}ELSE true END" if cases else "true"
    keys = ", ".join(f"'{trigger.key}'" for trigger in undone)
    not_undone = f"""CASE WHEN r.trigger IN ({keys}) THEN NOT EXISTS (
        SELECT 1 FROM touchpoints_touchpoint undone
        WHERE undone.contact_id = d.contact_id AND undone.at >= d.occurred_at AND undone.at <= %(at)s
          AND undone.kind = CASE r.trigger {kinds}END
    ) ELSE true END"""
    return f"CASE r.trigger {cases}ELSE {not_undone} END" if cases else not_undone
