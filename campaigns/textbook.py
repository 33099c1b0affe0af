"""What the textbook's words mean to the machine: a condition as a trigger, outcomes as what can be measured.

The four rows that the textbook prints are read as they stand; so are others in its manner of speaking.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns import triggers
from campaigns.models import LifecycleRule

Purpose, Rank, ReEntry = LifecycleRule.Purpose, LifecycleRule.Rank, LifecycleRule.ReEntry
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HEADS = ("message type", "interval / trigger condition", "outcomes required", "medium", "sequence")
# As they are printed; nothing of them starts later than the others, so their sequence is empty.
ROWS = (
    (
        "Welcome message",
        "guest site membership sign-up, immediate",
        "encourage trial of site services; increase awareness of range of commercial and informational"
        " offerings",
        "e-mail, post-transaction page",
        "",
    ),
    (
        "Engagement message",
        "1 month: inactive (i.e. fewer than 3 visits)",
        "encourage use of forum (good enabler of membership); highlight top content",
        "e-mail, home page, side panels deep in site",
        "",
    ),
    ("Initial cross-sell message", "1 month: active", "encourage membership; ask for feedback", "e-mail", ""),
    (
        "Conversion",
        "2 days after browsing content",
        "use of services for guest members or full members",
        "phone or e-mail",
        "",
    ),
)
LENGTHS = {"hour": 1, "day": 24, "week": 7 * 24, "month": 30 * 24}
NUMBER = r"(?P<number>\d+|one|two|three)"
SPAN, WITH_HOURS = (rf"{NUMBER} (?P<unit>{units})s?" for units in ("day|week|month", "hour|day|week|month"))
NUMBERS = {"one": 1, "two": 2, "three": 3}
# Whom the textbook calls active came three times or more.
VISITS = 3


@dataclass(frozen=True)
class Meaning:
    """The values of a row that a condition stands for."""

    values: dict


def meaning_of(condition):
    """The values of a row that has this condition; None when it says nothing known."""
    words = " ".join(condition.lower().split())
    for pattern, read in CONDITIONS:
        if found := re.search(pattern, words):
            return Meaning(read(found))
    return None


def follow_words(before, fields):
    """The values of a row whose condition was written anew, with the machine form its words now stand for.

    Where the machine form was changed as well, and means something else, the two contradict: ValueError.
    """
    meaning = meaning_of(fields["condition"])
    if meaning is None or fields["condition"] == before["condition"]:
        return fields
    key, said = meaning.values["trigger"], meaning.values["parameters"]
    given = triggers.get(fields["trigger"]).values_of(fields["parameters"])
    if fields["trigger"] == key and all(given.get(name) == value for name, value in said.items()):
        return fields
    if any(fields[name] != before[name] for name in ("trigger", "parameters")):
        words = _("The words say “%(words)s”, the trigger says “%(trigger)s”: change one of them.")
        told = triggers.get(fields["trigger"]).words(fields["parameters"])
        raise ValueError(words % {"words": triggers.get(key).words(said), "trigger": told})
    kept = fields["parameters"] if fields["trigger"] == key else {}
    return fields | {"trigger": key, "parameters": kept | said}


def hours_of(found):
    number = found["number"].lower()
    return int(NUMBERS.get(number, number)) * LENGTHS[found["unit"].lower()]


def welcome(_found):
    return {
        "trigger": "confirmed", "parameters": {}, "purpose": Purpose.ACQUISITION, "rank": Rank.WELCOME,
        "answers_at_once": True, "topic": "news", "control_share": 0,
    }  # fmt: skip


def few_visits(found):
    values = {"days": hours_of(found) // 24, "visits": int(found["visits"] or VISITS)}
    given = {"trigger": "few_visits", "parameters": values, "purpose": Purpose.RETENTION, "topic": "news"}
    return given | {"rank": Rank.OTHER}


def many_visits(found):
    values = {"days": hours_of(found) // 24, "visits": int(found["visits"] or VISITS)}
    given = {"trigger": "many_visits", "parameters": values, "purpose": Purpose.EXTENSION}
    return given | {"rank": Rank.OTHER, "topic": "offers", "outcome_within": 14 * DAY}


def browsing(found):
    return {
        "trigger": "abandoned_browse", "parameters": {"hours": hours_of(found)}, "topic": "offers",
        "purpose": Purpose.EXTENSION, "rank": Rank.CONVERSION, "re_entry": ReEntry.DAYS, "re_entry_days": 30,
    }  # fmt: skip


def ordered(_found):
    given = {"trigger": "ordered", "parameters": {}, "purpose": Purpose.RETENTION, "topic": "news"}
    return given | {"rank": Rank.OTHER, "re_entry": ReEntry.EVERY}


CONDITIONS = (
    (r"sign-?up", welcome),
    (rf"{SPAN}: inactive(?:.*?fewer than (?P<visits>\d+) visits)?", few_visits),
    (rf"{SPAN}: active(?:.*?(?P<visits>\d+) visits or more)?", many_visits),
    (rf"{WITH_HOURS} after browsing", browsing),
    (r"after (?:an|the|each|every) order", ordered),
)
# In the order in which an outcome that stops a row is chosen.
OUTCOMES = (
    (r"top content", "top_content", dict),
    (r"use of forum|community", "forum", dict),
    (r"trial of (?:\w+ )*services|use of services", "service", dict),
    (r"encourage membership|become (?:a )?(?:full )?member", "member", dict),
    (r"offerings|pages? seen", "page", lambda: {"pages": [*settings.CONTENT_PAGES] or ["/*"]}),
    (r"feedback", "feedback", dict),
    (r"\border", "order", dict),
)


def outcomes_of(words):
    """The outcomes that these words ask for: [{"outcome", "parameters"}], the one that stops a row first."""
    found = [(key, make()) for pattern, key, make in OUTCOMES if re.search(pattern, words.lower())]
    return [{"outcome": key, "parameters": parameters} for key, parameters in found]


def outcome_values(words):
    """The same as values of a row."""
    if not (found := outcomes_of(words)):
        return {}
    first, *more = found
    given = {"outcome": first["outcome"], "outcome_parameters": first["parameters"]}
    return given | {"more_outcomes": more}
