"""The words of a row beside what it does: known words follow its numbers, others are warned of."""

import re

from django.contrib import messages
from django.utils.translation import gettext as _

from campaigns import textbook, triggers
from campaigns.models import LifecycleRule

READ = ("condition", "trigger", "parameters")
# A row may say of itself that it has to do with a sign-up or an order, and wait for something else.
LOOSE = {"confirmed", "ordered"}


def follow_machine(before, fields):
    """The values of a row whose numbers were changed and whose words were not, with the words that say so."""
    same_words = fields["condition"] == before["condition"]
    if not same_words or all(fields[name] == before[name] for name in ("trigger", "parameters")):
        return fields
    followed = following(fields["condition"], fields["trigger"], fields["parameters"])
    return fields | {"condition": followed}


def follow(rule):
    """The same for a rule that was changed and is not saved yet."""
    if before := LifecycleRule.objects.filter(pk=rule.pk).values(*READ).first():
        rule.condition = follow_machine(before, {name: getattr(rule, name) for name in READ})["condition"]


def following(condition, trigger, parameters):
    """The same words with the numbers that the machine form has; unchanged where they are not known."""
    found, key, _said = found_in(condition)
    if not found or key != trigger or not contradiction(condition, trigger, parameters):
        return condition
    given = triggers.get(trigger).values_of(parameters)
    hours = given["hours"] if "hours" in given else given["days"] * 24
    span = spelled(hours, found["unit"].lower())
    begin, end = found.start("number"), len(found.string) - found.end("unit")
    rest = found.string[len(found.string) - end :]
    rest = rest[1:] if rest[:1].lower() == "s" else rest
    if found.groupdict().get("visits"):
        rest = re.sub(r"\d+(?= visits)", str(given["visits"]), rest, count=1)
    made = f"{found.string[:begin]}{span}{rest}"
    return condition if len(made) > 200 or contradiction(made, trigger, parameters) else made


def spelled(hours, unit):
    """A span as the textbook writes it, in the unit it was in if that tells it whole."""
    fitting = [name for name in (unit, "day", "hour") if hours % textbook.LENGTHS[name] == 0]
    number = hours // textbook.LENGTHS[fitting[0]]
    return f"{number} {fitting[0]}{'' if number == 1 else 's'}"


def contradiction(condition, trigger, parameters):
    """What to say where the words stand for another number or trigger than the row has; else empty."""
    found, key, said = found_in(condition)
    if not found or key in LOOSE:
        return ""
    given = triggers.get(trigger).values_of(parameters)
    differing = [name for name, value in said.items() if given.get(name) != value]
    if key == trigger and not differing:
        return ""
    if key == trigger and differing in (["hours"], ["days"]):
        unit = differing[0].removesuffix("s")
        words = " ".join(found.string[found.start("number") :].split()[:2]).rstrip(":")
        told = {"said": words, "done": spelled(given[f"{unit}s"] * textbook.LENGTHS[unit], unit)}
        return _("The words say %(said)s, the row does %(done)s.") % told
    told = {"said": found[0].rstrip(":;, "), "done": triggers.get(trigger).words(parameters)}
    return _("The words say “%(said)s”. What the row does is: %(done)s.") % told


def of_rule(rule):
    """The contradiction of a rule, if it has one."""
    return contradiction(rule.condition, rule.trigger, rule.parameters)


def say_saved(request, rule, typed):
    """Tell that a row is saved, and what became of the words that were typed for its condition."""
    if rule.condition != typed:
        told = {"rule": rule, "words": rule.condition}
        messages.success(request, _("“%(rule)s” is saved. Its words follow: “%(words)s”.") % told)
    else:
        messages.success(request, _("“%(rule)s” is saved.") % {"rule": rule})
    if words := of_rule(rule):
        messages.warning(request, words)


def found_in(condition):
    """(match, trigger, numbers) that these words name; a number that is not written is not said."""
    words = " ".join(condition.split())
    for pattern, read in textbook.CONDITIONS:
        if found := re.search(pattern, words, re.IGNORECASE):
            values = read(found)
            said = dict(values["parameters"])
            if "visits" in said and not found["visits"]:
                del said["visits"]
            return found, values["trigger"], said
    return None, "", {}
