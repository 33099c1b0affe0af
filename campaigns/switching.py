"""Holds all sending, and lets it go on: one row that the gate reads."""

from campaigns.models import SendingSwitch


def hold_sending(*, by, at, reason=""):
    """Let nothing pass the gate from now on. What passed before may still leave."""
    _switch(held=True, reason=reason, by=by, at=at)


def resume_sending(*, by, at):
    """Let due deliveries pass the gate again; those that are still in time go out."""
    _switch(held=False, reason="", by=by, at=at)


def _switch(*, held, reason, by, at):
    switch = SendingSwitch.load()
    switch.held, switch.reason, switch.changed_by, switch.changed_at = held, reason[:200], by, at
    switch.save()
