"""What can be done with the people a list shows: rooms above register theirs, the list offers them."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True)
class Action:
    """A link beside the list; `address(query)` leads on with the filters the list is asked for."""

    label: str | Promise
    icon: str
    address: Callable


_actions: dict[str, Action] = {}


def register(key, label, icon, address):
    """Add an action; the same key replaces."""
    _actions[key] = Action(label, icon, address)


def offered(query):
    """(label, icon, address) of every action, for what a list's address asks for."""
    return [(action.label, action.icon, action.address(query)) for action in _actions.values()]
