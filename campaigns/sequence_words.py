"""Medium and sequence of a row in the textbook's words, and back: “phone or e-mail”, “home page”.

It is a language of files: always English, and each row has exactly one way to be written in it.

    medium      e-mail, post-transaction page          the steps that start the row, in their order
                phone or e-mail                        each to those who prefer it
    sequence    1: after 2 hours                       a step that does not start at once
                3: e-mail, 5 days after 1, if nothing comes back
"""

import re
from datetime import timedelta
from itertools import groupby

from campaigns.models import Step
from campaigns.rows import Plan
from contacts.models import Channel

PLACES = {
    "after-action": "post-transaction page",
    "home": "home page",
    "side": "side panels deep in site",
}
MEDIA = {"e-mail": Channel.EMAIL, "email": Channel.EMAIL, "phone": Channel.PHONE, "letter": Channel.LETTER}
SLOTS = {words: slot for slot, words in PLACES.items()} | {"side panels": "side", "home": "home"}
Condition = Step.Condition
CONDITIONS = {
    Condition.ALWAYS: "",
    Condition.UNANSWERED: "if nothing comes back",
    Condition.UNOPENED: "if nobody opens it",
    Condition.CLICKED: "if it is clicked",
}
PREFERRED = " where preferred"
SPAN = r"at once|\d+ (?:second|minute|hour|day)s?"
STARTS = re.compile(rf"(\d+): after ({SPAN})")
FOLLOWS = re.compile(rf"(\d+): (.+?), ({SPAN}) after (\d+)(?:, (if .+))?")
UNITS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}


class Unreadable(ValueError):
    """What of it cannot be understood, in words."""


def medium_words(plans):
    """The media of the steps that start a row: “e-mail, home page”."""
    starting = [plan for plan in plans if plan.follows is None]
    parts = []
    for by_preference, some in groupby(starting, key=lambda plan: plan.by_preference):
        names = [place_words(plan) for plan in some]
        if not by_preference:
            parts += names
        else:
            parts.append(" or ".join(names) if len(names) > 1 else names[0] + PREFERRED)
    return ", ".join(parts)


def place_words(plan):
    """One medium, or the place of a panel."""
    if plan.channel == Channel.PANEL:
        return PLACES.get(plan.slot, f"panel {plan.slot}")
    return {Channel.EMAIL: "e-mail", Channel.PHONE: "phone", Channel.LETTER: "letter"}[plan.channel]


def sequence_words(plans):
    """What does not start at once, and what follows; empty when all starts at once."""
    parts = []
    for number, plan in enumerate(plans, 1):
        if plan.follows is None and plan.delay:
            parts.append(f"{number}: after {span_words(plan.delay)}")
        elif plan.follows is not None:
            preferred = PREFERRED if plan.by_preference else ""
            after = f"{span_words(plan.delay)} after {plan.follows + 1}"
            words = [f"{number}: {place_words(plan)}{preferred}", after, CONDITIONS[plan.condition]]
            parts.append(", ".join(filter(None, words)))
    return "; ".join(parts)


def span_words(span):
    """`5 days`, `90 minutes`, `at once`: the largest unit that tells it whole."""
    seconds = round(span.total_seconds())
    if not seconds:
        return "at once"
    unit, size = next((unit, size) for unit, size in UNITS.items() if seconds % size == 0)
    return f"{seconds // size} {unit}{'' if seconds == size else 's'}"


def read_span(words):
    """The span of such words; raises Unreadable."""
    words = words.strip().lower()
    if words in ("at once", "immediate", "0"):
        return timedelta()
    found = re.fullmatch(r"(\d{1,6}) (second|minute|hour|day)s?", words)
    if not found:
        raise Unreadable(f"“{words}” is no span of time, as in “5 days”.")
    return timedelta(seconds=int(found[1]) * UNITS[found[2]])


def read(medium, sequence):
    """The steps that these words describe; raises Unreadable."""
    plans = [plan for part in medium.split(",") for plan in read_part(part)]
    for clause in filter(None, (part.strip() for part in sequence.split(";"))):
        add_clause(plans, clause)
    return tuple(plans)


def read_part(words):
    """The steps of one part of a medium: one, or several of which each person gets what they prefer."""
    names = re.split(r"\s+or\s+", words.strip())
    if len(names) == 1:
        return [read_place(names[0])]
    return [Plan(**read_place_values(name), by_preference=True) for name in names]


def read_place(words):
    is_preferred = words.lower().endswith(PREFERRED)
    name = words[: -len(PREFERRED)] if is_preferred else words
    return Plan(**read_place_values(name), by_preference=is_preferred)


def read_place_values(words):
    """Channel and slot of a medium in words; raises Unreadable."""
    name = " ".join(words.lower().split())
    if name in MEDIA:
        return {"channel": str(MEDIA[name])}
    slot = SLOTS.get(name) or (re.fullmatch(r"panel ([-\w]{1,50})", name) or ["", ""])[1]
    if not slot:
        known = ", ".join(["e-mail", "phone", "letter", *PLACES.values()])
        raise Unreadable(f"“{words.strip()}” is no medium. Known are: {known}, and “panel” with a place.")
    return {"channel": str(Channel.PANEL), "slot": slot}


def add_clause(plans, clause):
    """Delay a step that starts the row, or add one that follows."""
    if found := STARTS.fullmatch(clause):
        place = int(found[1]) - 1
        if not 0 <= place < len(plans) or plans[place].follows is not None:
            raise Unreadable(f"“{clause}”: there is no step {found[1]} among those of the medium.")
        plans[place] = Plan(**vars(plans[place]) | {"delay": read_span(found[2])})
    elif found := FOLLOWS.fullmatch(clause):
        plans.append(read_following(plans, clause, *found.groups()))
    else:
        raise Unreadable(f"“{clause}” is no step, as in “2: e-mail, 5 days after 1, if nothing comes back”.")


def read_following(plans, clause, number, medium, span, parent, condition):
    if int(number) != len(plans) + 1:
        raise Unreadable(f"“{clause}”: the next step is number {len(plans) + 1}.")
    if not 1 <= int(parent) <= len(plans):
        raise Unreadable(f"“{clause}”: there is no step {parent} before it.")
    conditions = {words: value for value, words in CONDITIONS.items()}
    if (condition or "") not in conditions:
        raise Unreadable(f"“{condition}” is no condition. Known are: {', '.join(filter(None, conditions))}.")
    place = read_place(medium)
    values = {"delay": read_span(span), "follows": int(parent) - 1}
    return Plan(**vars(place) | values | {"condition": str(conditions[condition or ""])})
