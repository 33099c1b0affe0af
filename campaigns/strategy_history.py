"""The history of a row: who changed what, when, in the words of the table; and how it was, once more."""

from dataclasses import dataclass, field
from itertools import groupby

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import rows, strategy_cells, strategy_shown
from campaigns.models import Content, LifecycleRule, Step


@dataclass
class Moment:
    """One moment at which a row was changed: what it was after it, and what that changed."""

    at: object
    row: rows.Row
    status: str
    by: str = ""
    # (column, before, after).
    changes: list = field(default_factory=list)

    @property
    def key(self):
        return self.at.isoformat()


class NoSuchMoment(ValueError):
    """Nothing was changed then."""


def moments(rule):
    """Every moment at which something of the row changed, the newest first."""
    rule_events = rule.events.select_related("pgh_context")
    step_events = Step.events.rel.related_model.objects.filter(rule=rule).select_related("pgh_context")
    events = sorted([*rule_events, *step_events], key=lambda event: (event.pgh_created_at, event.pgh_id))
    contents = Content.objects.in_bulk({pk for event in step_events for pk in contents_of(event)})
    known, steps, found, before = None, {}, [], None
    for at, some in groupby(events, key=lambda event: event.pgh_created_at):
        some = list(some)
        for event in some:
            if event.pgh_obj_id == rule.pk and not hasattr(event, "rule_id"):
                known = instance(LifecycleRule, event)
            else:
                steps[event.pgh_obj_id] = step_of(event, contents)
        if known is None:
            continue
        moment = moment_of(at, known, steps, some)
        moment.changes = differences(before, moment)
        before = moment
        found += [moment] if moment.changes else []
    return with_names(found[::-1])


def contents_of(event):
    return filter(None, (event.content_id, event.content_b_id))


def instance(model, event):
    """The object as it was, not saved."""
    return model(**{each.attname: getattr(event, each.attname) for each in model._meta.concrete_fields})


def step_of(event, contents):
    step = instance(Step, event)
    step.content, step.content_b = contents[step.content_id], contents.get(step.content_b_id)
    return step


def moment_of(at, rule, steps, events):
    row = rows.row_of(rule, [step for step in steps.values() if step.removed_at is None])
    by = next((event.pgh_context.metadata.get("user") for event in events if event.pgh_context), None)
    return Moment(at, row, str(rule.get_status_display()), by=by)


def differences(before, after):
    """What of the row is another than at the moment before, and whether it was switched on or off."""
    heads = [*strategy_cells.PLAIN, "medium", "sequence", *strategy_cells.MACHINE]
    changed = strategy_shown.differences(before and before.row, after.row, heads)
    then = before.status if before else ""
    return changed + ([(_("state"), then, after.status)] if then != after.status else [])


def with_names(found):
    """The moments with the names of those who made them; empty where it was nobody who had signed in."""
    users = get_user_model().objects.in_bulk({moment.by for moment in found if moment.by})
    for moment in found:
        user = users.get(moment.by)
        moment.by = (user.get_full_name() or user.email) if user else ""
    return found


@transaction.atomic
def restore(rule, key, *, at):
    """Let the row and its steps be what they were after that moment; whether it is on stays as it is.

    Raises NoSuchMoment.
    """
    found = next((moment for moment in moments(rule) if moment.key == key), None)
    if found is None:
        raise NoSuchMoment
    rows.save_row(rule, found.row, at=at)
    return found
