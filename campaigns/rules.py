"""Switches the rows of the contact strategy on and off."""

from django.db import connection, transaction
from django.utils.translation import gettext as _

from campaigns import content
from campaigns.models import Delivery, LifecycleRule

Status = LifecycleRule.Status

_CANCEL = """
WITH found AS MATERIALIZED (
    SELECT id FROM campaigns_delivery WHERE rule_id = %(rule)s AND status = 'planned' ORDER BY id FOR UPDATE
)
UPDATE campaigns_delivery d SET status = 'cancelled', reason = 'rule_off', finished_at = %(at)s
FROM found WHERE d.id = found.id
"""


class CannotActivate(ValueError):
    """What keeps a rule from being switched on, in words."""


@transaction.atomic
def activate(rule, *, at, by=None):
    """Freeze the rule's words and switch it on: what is due from now on counts, nothing from before.

    A rule that is on already takes its new words and goes on from where it began. Raises CannotActivate
    without a message or a postal address to put under them, and CannotFreeze for words with faults.
    """
    if not rule.sender.postal_line:
        raise CannotActivate(_("The sender has no postal address; every message must carry one."))
    if rule.first_step is None:
        raise CannotActivate(_("The row has no message yet."))
    for words in words_of(rule):
        content.freeze(words, at=at, by=by)
    if rule.status not in (Status.ACTIVE, Status.PAUSED):
        rule.activated_at = at
    rule.status = Status.ACTIVE
    rule.save(update_fields=["status", "activated_at"])
    _due_again(rule, at)


def words_of(rule):
    """The contents of all its steps, each once, in their order."""
    steps = rule.steps.with_words()
    return list(dict.fromkeys(words for step in steps for words in (step.content, step.content_b) if words))


def pause(rule, *, at, by=None):
    """Stop planning and sending; what is planned waits, as long as it keeps."""
    _switch(rule, Status.PAUSED, {Status.ACTIVE})


@transaction.atomic
def resume(rule, *, at, by=None):
    """Go on after a pause with what is still in time."""
    if _switch(rule, Status.ACTIVE, {Status.PAUSED}):
        _due_again(rule, at)


@transaction.atomic
def close(rule, *, at, by=None):
    """Switch the rule off and call off what is planned; returns how many."""
    _switch(rule, Status.CLOSED, {Status.ACTIVE, Status.PAUSED, Status.DRAFT})
    with connection.cursor() as cursor:
        cursor.execute(_CANCEL, {"rule": rule.pk, "at": at})
        return cursor.rowcount


def _switch(rule, status, allowed):
    """Change the status if it is one of those allowed; says whether it changed."""
    if rule.status not in allowed:
        return False
    rule.status = status
    rule.save(update_fields=["status"])
    return True


def _due_again(rule, at):
    """What the gate put off while the rule was paused is asked for again now."""
    waiting = Delivery.objects.filter(
        rule=rule, status=Delivery.Status.PLANNED, reason=Delivery.Reason.RULE_PAUSED
    )
    waiting.update(due_at=at)
