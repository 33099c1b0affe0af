"""What a row counts besides its outcome, as a part of its form: a choice for each, with its settings.

The last choice is free, to count one thing more. What is not changed stays byte for byte what it was.
"""

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from campaigns import outcomes
from campaigns.chosen import ChosenSettings

PREFIX = "also"
COUNT, DROP = f"{PREFIX}-count", "drop-"
TEMPLATE = "campaigns/_also_counted_fields.html"
# So many more at once: nobody adds them one by one.
MOST = 20


@dataclass
class Choice:
    """One thing that is counted, or the free place at the end."""

    number: int
    key: str
    settings: ChosenSettings
    # Its place among what was given; empty where it is new.
    was: str = ""

    @property
    def name(self):
        return f"{PREFIX}-{self.number}"

    @property
    def choices(self):
        """(key, label) of the outcomes, and of one that is no longer known."""
        known = [("", _("nothing more")), *outcomes.choices()]
        return known if self.key in dict(known) else [*known, (self.key, self.key)]


class AlsoCounted:
    """The choices of a row; of `data`, when they were typed, else of what is given."""

    def __init__(self, given, *, data, is_asking=False):
        self.given, self.is_asking = [*given], is_asking
        self.is_typed = bool(data) and COUNT in data
        chosen = self.typed(data) if self.is_typed else self.known()
        self.rows = [self.choice(number, *each, data) for number, each in enumerate([*chosen, ("", "", "")])]

    def known(self):
        return [(each["outcome"], str(place), "") for place, each in enumerate(self.given)]

    def typed(self, data):
        """(key, its place among the given, the prefix it was typed under) of what is still chosen."""
        found = []
        count = int(data[COUNT]) if data[COUNT].isascii() and data[COUNT].isdecimal() else 0
        for number in range(min(count, len(self.given) + MOST)):
            name = f"{PREFIX}-{number}"
            if data.get(name) and data.get("show") != f"{DROP}{number}":
                found.append((data[name], data.get(f"{name}-was", ""), name))
        return found

    def choice(self, number, key, was, typed_as, data):
        given = self.given_at(was)
        is_same = bool(given) and given["outcome"] == key
        parameters = given.get("parameters") or {} if is_same else None
        settings = ChosenSettings(
            f"{PREFIX}-{number}",
            outcomes.get(key) if key else None,
            data=renamed(data, typed_as, f"{PREFIX}-{number}") if typed_as else None,
            given=parameters,
            is_asking=self.is_asking,
        )
        return Choice(number, key, settings, was if is_same else "")

    def given_at(self, place):
        known = place.isascii() and place.isdecimal() and int(place) < len(self.given)
        return self.given[int(place)] if known else None

    @property
    def is_complete(self):
        """Whether each is an outcome, or was one before, with all its settings."""
        return all(
            row.settings.is_complete and (row.was or outcomes.get(row.key)) for row in self.rows if row.key
        )

    @property
    def values(self):
        """What the row keeps."""
        return [self.value(row) for row in self.rows if row.key] if self.is_typed else self.given

    def value(self, row):
        given, values = self.given_at(row.was), row.settings.values
        if given and (row.settings.form is None or values == (given.get("parameters") or {})):
            return given
        return {"outcome": row.key, "parameters": values}

    @property
    def rendered(self):
        return render_to_string(TEMPLATE, {"also": self})


def renamed(data, before, after):
    """The settings that were typed under one name, under another: what stood above may be gone."""
    names = [name for name in data if name.startswith(f"{before}-")]
    found = data.copy()
    for name in [name for name in data if name.startswith(f"{after}-")]:
        del found[name]
    for name in names:
        found.setlist(after + name.removeprefix(before), data.getlist(name))
    return found
