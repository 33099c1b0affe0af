"""What rooms above show on a contact's page: they register here, the page asks."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """One piece of the page: `render(contact, request, at)` gives HTML, empty for nothing."""

    name: str
    place: str
    order: int
    render: Callable


PLACES = ("tile", "main", "aside")
_panels: dict[str, Panel] = {}


def register(name, *, place, order, render):
    """Add a panel in one of PLACES; the same name replaces."""
    if place not in PLACES:
        raise ValueError(f"A panel stands in one of {PLACES}, not in {place!r}.")
    _panels[name] = Panel(name, place, order, render)


def panels_in(place):
    """The panels of a place, in order."""
    return sorted((panel for panel in _panels.values() if panel.place == place), key=lambda p: p.order)


def rendered(contact, request, at):
    """The markup of every panel, by place; what has nothing to show is left out."""
    shown = {place: [each.render(contact, request, at) for each in panels_in(place)] for place in PLACES}
    return {place: [markup for markup in pieces if markup] for place, pieces in shown.items()}
