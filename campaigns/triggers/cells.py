"""They came into a cell of the RFM map, or into a group of cells, or left it: by what they did, or by time.

New cut points move people, too, and start nothing.
"""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.triggers.trigger import Condition, ParameterForm, Trigger, said_on
from segmentation import cells


def places():
    """What can be entered and left: each group, then each cell by its digits."""
    groups = [(key, group.name) for key, group in cells.GROUPS.items()]
    digits = [(r, f) for r in reversed(cells.DIGITS) for f in reversed(cells.DIGITS)]
    words = gettext_lazy("Recency %(r)s, frequency %(f)s")
    return [*groups, *((f"{r}{f}", _Digits(words, r, f)) for r, f in digits)]


class _Digits:
    """The words for a cell, in the reader's language."""

    def __init__(self, words, recency, frequency):
        self.words, self.values = words, {"r": recency, "f": frequency}

    def __str__(self):
        return str(self.words) % self.values


def cells_of(place):
    """The cells, as `54`, that make up a group or a cell."""
    if place in cells.GROUPS:
        return [f"{r}{f}" for r, f in cells.cells_of(place)]
    return [place]


class CellForm(ParameterForm):
    """Which cell or group, and which way."""

    place = forms.ChoiceField(
        label=gettext_lazy("Group or cell of the RFM map"), choices=places, initial="at_risk"
    )
    way = forms.ChoiceField(
        label=gettext_lazy("The person"),
        choices=[("enters", gettext_lazy("comes into it")), ("leaves", gettext_lazy("drops out of it"))],
        initial="enters",
    )


_GROUPS = " ".join(f"WHEN '{key}' THEN '{{{','.join(cells_of(key))}}}'::text[]" for key in cells.GROUPS)
_ITS_CELLS = f"CASE r.parameters->>'place' {_GROUPS} ELSE ARRAY[r.parameters->>'place'] END"


class CellChanged(Trigger):
    """A change of cell, as segmentation wrote it down."""

    key = "rfm_cell"
    form_class = CellForm
    label = gettext_lazy("Comes into a cell of the RFM map, or leaves it")
    said = gettext_lazy("Came into another cell of the RFM map")
    missing = gettext_lazy("Has not changed cell")
    evidence = (("before", "b.before"), ("after", "b.after"))
    # Unless they have gone back meanwhile.
    still_true_sql = f"""coalesce((
        SELECT (left(change.after, 2) = ANY({_ITS_CELLS})) = (r.parameters->>'way' IS DISTINCT FROM 'leaves')
        FROM segmentation_rfmchange change
        WHERE change.contact_id = d.contact_id AND change.at > d.occurred_at AND change.at <= %(at)s
        ORDER BY change.at DESC, change.id DESC LIMIT 1
    ), true)"""

    def words(self, parameters):
        values = self.values_of(parameters)
        words = {
            "enters": _("Comes into “%(place)s” of the RFM map"),
            "leaves": _("Leaves “%(place)s” of the RFM map"),
        }
        return words[values["way"]] % {"place": dict(places()).get(values["place"], values["place"])}

    def base(self, values):
        return _CHANGES, {}

    def conditions(self, values):
        before, after = (f"left(b.{name}, 2) = ANY(%(cells)s)" for name in ("before", "after"))
        sql = f"{after} AND NOT ({before})" if values["way"] == "enters" else f"{before} AND NOT ({after})"
        return [
            Condition("NOT b.is_history", history_words),
            Condition(sql, change_words, params={"cells": cells_of(values["place"])}),
        ]

    def start_words(self, row, values):
        return said_on(self.said, row["started_at"])


_CHANGES = """
    SELECT t.contact_id, 'z' || t.id AS occurrence, t.at AS started_at, t.at AS occurred_at,
           NULL::bigint AS touchpoint_id, t.before, t.after, t.is_history
    FROM segmentation_rfmchange t
    WHERE t.at > %(since)s AND t.at <= %(at)s {only}
"""


def history_words(holds, _found, _row):
    return "" if holds else _("Orders that were brought along later did it, so it starts nothing")


def change_words(holds, _found, row):
    return _("From %(before)s to %(after)s") % {
        "before": in_words(row["before"]),
        "after": in_words(row["after"]),
    }


def in_words(digits):
    """“Champions (545)”; who has not bought stands in no cell."""
    if not digits:
        return _("no cell")
    return f"{cells.cell_name(int(digits[0]), int(digits[1]))} ({digits})"
