"""The map of recency by frequency: what the people of each cell are called, and what to do for them."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

DIGITS = range(1, 6)


@dataclass(frozen=True)
class Group:
    """Cells that ask for the same treatment: their name, one of them, and one line of advice."""

    key: str
    name: str | Promise
    one: str | Promise
    advice: str | Promise


GROUPS = {
    group.key: group
    for group in (
        Group(
            "champions",
            _("Champions"),
            _("a Champion"),
            _("Thank them, show them what is new first, ask what they think."),
        ),
        Group("loyal", _("Loyal"), _("Loyal"), _("Offer what goes with their last order; reward staying.")),
        Group(
            "promising",
            _("Promising"),
            _("Promising"),
            _("Help with the next order soon, while the last one is fresh."),
        ),
        Group("new", _("New"), _("New"), _("Welcome them, show them around, make the second order easy.")),
        Group(
            "attention",
            _("Needs attention"),
            _("in need of attention"),
            _("Remind them of what they liked; give a reason to come back now."),
        ),
        Group(
            "at_risk",
            _("At risk"),
            _("at risk"),
            _("Ask personally whether something went wrong, before they are gone."),
        ),
        Group(
            "not_to_lose",
            _("Not to be lost"),
            _("not to be lost"),
            _("They bought often and stopped: call or write by hand."),
        ),
        Group(
            "sleepy",
            _("About to sleep"),
            _("about to sleep"),
            _("One good message now, then less often."),
        ),
        Group(
            "hibernating",
            _("Hibernating"),
            _("hibernating"),
            _("Write seldom; spend the effort elsewhere."),
        ),
    )
}

# recency -> the group at frequency 1, 2, 3, 4, 5.
MAP = {
    5: ("new", "promising", "loyal", "champions", "champions"),
    4: ("promising", "promising", "loyal", "loyal", "loyal"),
    3: ("sleepy", "attention", "at_risk", "at_risk", "at_risk"),
    2: ("hibernating", "attention", "at_risk", "at_risk", "not_to_lose"),
    1: ("hibernating", "hibernating", "at_risk", "not_to_lose", "not_to_lose"),
}


def group_at(recency, frequency):
    """The group of the cell with these digits."""
    return GROUPS[MAP[recency][frequency - 1]]


def cell_name(recency, frequency):
    """What the people of this cell are called."""
    return group_at(recency, frequency).name


def cells_of(key):
    """The (recency, frequency) cells that make up the group called `key`."""
    return [(r, f) for r, row in MAP.items() for f, at in enumerate(row, start=1) if at == key]


def warmth(recency, frequency):
    """How warm a customer in this cell is, on the ramp of 1 (cool) to 6 (warm)."""
    return 1 + round((recency + frequency - 2) * 5 / 8)
