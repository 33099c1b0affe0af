"""Holds all sending, keeps it to a pilot group, and lets it go on: one row that the gate reads."""

from django.db import transaction

from campaigns.models import SendingSwitch


def hold_sending(*, by, at, reason=""):
    """Let nothing pass the gate from now on. What passed before may still leave."""
    _switch(held=True, reason=reason, by=by, at=at)


def resume_sending(*, by, at):
    """Let due deliveries pass the gate again; those that are still in time go out."""
    _switch(held=False, reason="", by=by, at=at)


@transaction.atomic
def set_pilot(*, on, group, approval_above, by, at):
    """While on, nobody outside the group receives anything; more than so many need a second person's yes."""
    switch = SendingSwitch.load()
    switch.pilot, switch.approval_above = on, approval_above
    switch.changed_by, switch.changed_at = by, at
    switch.save()
    switch.pilot_group.set(group)


def hold_out(share, *, by, at):
    """From now on so many per cent of all people get no marketing at all, to see what all of it is worth."""
    switch = SendingSwitch.load()
    switch.holdout_share, switch.changed_by, switch.changed_at = share, by, at
    switch.save()


def _switch(*, held, reason, by, at):
    switch = SendingSwitch.load()
    switch.held, switch.reason, switch.changed_by, switch.changed_at = held, reason[:200], by, at
    switch.save()
