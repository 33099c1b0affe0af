"""Stops what is left of a sequence, across all media at once, and lets go what nobody came for in time."""

from django.db import connection

from campaigns.models import Delivery

# Planned rows only: what is in hand asks the gate, which finds the same.
_STOP = """
WITH found AS MATERIALIZED (
    SELECT id FROM campaigns_delivery
    WHERE episode = ANY(%(episodes)s) AND episode <> '' AND status = 'planned'
    ORDER BY id FOR UPDATE
)
UPDATE campaigns_delivery d SET status = 'cancelled', reason = %(reason)s, detail = '', finished_at = %(at)s
FROM found WHERE d.id = found.id
"""
_CALL_OFF_STEP = """
WITH found AS MATERIALIZED (
    SELECT id FROM campaigns_delivery
    WHERE rule_id = %(rule)s AND status = 'planned' AND step_id = %(step)s ORDER BY id FOR UPDATE
)
UPDATE campaigns_delivery d SET status = 'cancelled', reason = 'rule_off', finished_at = %(at)s
FROM found WHERE d.id = found.id
"""
# Mail that is too late ends at the gate; a panel or a call may never be asked for.
_EXPIRE = """
WITH found AS MATERIALIZED (
    SELECT id FROM campaigns_delivery
    WHERE status = 'planned' AND channel <> 'email' AND expires_at <= %(at)s
    ORDER BY id LIMIT %(chunk)s FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_delivery d SET status = 'expired', reason = 'too_late', detail = '', finished_at = %(at)s
FROM found WHERE d.id = found.id
"""
CHUNK = 5000


def stop(episodes, *, at, reason=Delivery.Reason.OUTCOME_REACHED):
    """Call off whatever is still planned of these sequences; returns how many."""
    asked = [episode for episode in episodes if episode]
    return _run(_STOP, {"episodes": asked, "at": at, "reason": str(reason)}) if asked else 0


def call_off_step(step, *, at):
    """Call off what a step has planned; returns how many."""
    return _run(_CALL_OFF_STEP, {"rule": step.rule_id, "step": step.pk, "at": at})


def expire(at):
    """End the panels and calls whose time is over; returns how many, at most so many at once."""
    return _run(_EXPIRE, {"at": at, "chunk": CHUNK})


def _run(sql, values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount
