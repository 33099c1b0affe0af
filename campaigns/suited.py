"""What suits a new row, by what starts it and what it is to achieve, until somebody chooses otherwise."""

from django.utils.html import format_html_join
from django.utils.translation import gettext as _

from campaigns import holding_out
from campaigns.models import LifecycleRule

ReEntry = LifecycleRule.ReEntry
EVERY = (ReEntry.EVERY, None)
ONCE = (ReEntry.ONCE, None)
# How often one person may have it, by the trigger: once, unless it happens to them again and again.
HOW_OFTEN = {
    "date": EVERY,
    "ordered": EVERY,
    "no_order": EVERY,
    "no_visit": EVERY,
    "manual": EVERY,
    "abandoned_basket": (ReEntry.DAYS, 7),
    "abandoned_browse": (ReEntry.DAYS, 7),
    "visited": (ReEntry.DAYS, 30),
    "usage_band": (ReEntry.DAYS, 90),
    "rfm_cell": (ReEntry.DAYS, 90),
}
# What was suited before is posted beside what is chosen now, under this name.
BEFORE = "suited-"


def how_often(trigger):
    """{field: value} of how often one person may have it."""
    return dict(zip(("re_entry", "re_entry_days"), HOW_OFTEN.get(trigger, ONCE), strict=True))


def share(rule, outcome, at):
    """How many to hold out, and why: nobody where no outcome is measured."""
    if not outcome:
        return holding_out.Advice(
            0, _("Nobody: no outcome is measured, so they would go without and nothing would be learnt.")
        )
    return holding_out.for_rule(rule, at)


def keep_up(data, fields):
    """What was posted, with what suits now where these fields still were what suited before."""
    asked = {name: "" if value is None else str(value) for name, value in fields.items()}
    if any(data.get(name) != data.get(f"{BEFORE}{name}") for name in asked):
        return data
    data = data.copy()
    for name, value in asked.items():
        data[name] = value
    return data


def posted(fields):
    """What suits now as hidden fields, to be told later from what somebody chose."""
    entries = [(BEFORE + name, "" if value is None else value) for name, value in fields.items()]
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', entries)


def is_once_in_a_life(rule):
    """Whether what comes round every year is sent to one person once ever."""
    return rule.trigger == "date" and rule.re_entry == ReEntry.ONCE
