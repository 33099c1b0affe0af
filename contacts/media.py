"""By which media people may hear from us here: rooms above say which they use, the preference page asks."""

from contacts.models import Channel

_users = {}


def register(name, uses):
    """`uses()` gives the channels in use; the same name replaces."""
    _users[name] = uses


def in_use():
    """Every channel that somebody may be reached by; e-mail always."""
    return {Channel.EMAIL, *(Channel(channel) for uses in _users.values() for channel in uses())}
