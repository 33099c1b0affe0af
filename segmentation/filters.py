"""The list of contacts, narrowed to a cell or a group of the RFM map."""

from functools import reduce
from operator import or_

from django.db.models import Q
from django.utils.translation import gettext as _

from segmentation import cells


def apply(queryset, value):
    """`54` keeps recency 5, frequency 4; `champions` keeps the cells of that group."""
    return queryset.filter(reduce(or_, (Q(rfm__recency=r, rfm__frequency=f) for r, f in cells_in(value))))


def describe(value):
    """The value as a reader says it; ValueError for one that names no cell and no group."""
    found = cells_in(value)
    if value in cells.GROUPS:
        return cells.GROUPS[value].name
    recency, frequency = found[0]
    words = {"r": recency, "f": frequency, "name": cells.cell_name(recency, frequency)}
    return _("R %(r)s, F %(f)s (%(name)s)") % words


def choices():
    return [(key, group.name) for key, group in cells.GROUPS.items()]


def cells_in(value):
    """The (recency, frequency) cells that a value names."""
    if value in cells.GROUPS:
        return cells.cells_of(value)
    if len(value) == 2 and set(value) <= set("12345"):
        return [(int(value[0]), int(value[1]))]
    raise ValueError(f"No cell or group of the RFM map is called {value!r}.")
