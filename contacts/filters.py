"""What the list of contacts can be narrowed by: rooms above register theirs, the list asks."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Filter:
    """One way to narrow the list, `?name=value` in its address.

    `apply(queryset, value)` narrows, `describe(value)` says the value in words and raises ValueError for
    one that makes no sense. `choices` are (value, words) pairs offered under "Add filter", if any.
    """

    name: str
    label: str
    apply: Callable
    describe: Callable
    choices: Callable | None = None


_filters: dict[str, Filter] = {}


def register(name, label, apply, describe, *, choices=None):
    """Add a filter; the same name replaces."""
    _filters[name] = Filter(name, label, apply, describe, choices)


def all_filters():
    """Every filter, in the order in which they were registered."""
    return [*_filters.values()]


def chosen(query):
    """The filters a request asks for: (filter, value, value in words) each. Nonsense is left out."""
    found = []
    for each in _filters.values():
        if value := query.get(each.name):
            try:
                found.append((each, value, each.describe(value)))
            except ValueError:
                continue
    return found


def apply_all(queryset, choice):
    """The queryset narrowed by what `chosen` returned."""
    for each, value, _words in choice:
        queryset = each.apply(queryset, value)
    return queryset
