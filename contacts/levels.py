"""That somebody became a full member, or a guest again, is told to the rooms above: they register here."""

from collections.abc import Callable

_listeners: dict[str, Callable] = {}


def register(name, listener):
    """Add `listener(contact, was, at)`, called in the act's transaction; the same name replaces."""
    _listeners[name] = listener


def changed(contact, was, at):
    """Tell every room that this contact's level is another now."""
    for listener in _listeners.values():
        listener(contact, was, at)
