"""What rooms above forget of a person who is erased: they register here, the act asks."""

from collections.abc import Callable

_steps: dict[str, Callable] = {}


def register(name, step):
    """Add `step(contact_ids, addresses, *, at)`, called with the contacts locked, in the act's transaction.

    It may be called again for the same people, to forget what came in late; then without addresses.
    """
    _steps[name] = step


def forget(contact_ids, addresses, *, at):
    """Let every room forget these people."""
    for step in _steps.values():
        step(contact_ids, addresses, at=at)
