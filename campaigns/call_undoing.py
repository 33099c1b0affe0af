"""Takes back what a colleague said of a call, for some minutes, as long as nothing has come of it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.calling import LEFT_ALONE, SOURCE, hold, owner_of, source_of, told_of, write
from campaigns.models import Delivery
from contacts.locking import lock_contacts
from contacts.models import Channel, Suppression
from contacts.suppressing import lift
from touchpoints.models import Touchpoint

Status, Reason, Kind = Delivery.Status, Delivery.Reason, Touchpoint.Kind
UNDO_WITHIN = timedelta(minutes=10)
# What a person took back stays taken back.
FOR_GOOD = {LEFT_ALONE}


class CannotUndo(ValueError):
    """Something has come of it already, or it is too late; says what in words."""


def last_said(user, at):
    """What this colleague said last of a call, as long as it may be taken back: a touchpoint, or None."""
    lately = Touchpoint.objects.filter(kind__in=[Kind.CALLED, Kind.NOTE], at__gt=at - UNDO_WITHIN, at__lte=at)
    mine = lately.filter(source=SOURCE, data__user=user.pk).select_related("contact").newest_first().first()
    return mine if mine and mine.data.get("outcome") not in FOR_GOOD else None


@transaction.atomic
def undo(delivery, user, *, at):
    """Take back what was said last of a call: it is in this colleague's hands again. Raises CannotUndo."""
    lock_contacts([delivery.contact_id])
    delivery = Delivery.objects.select_related("contact").get(pk=delivery.pk)
    touchpoint = told_of(delivery).first()
    _check_undo(delivery, touchpoint, user, at)
    if delivery.episode:
        _bring_back(delivery, touchpoint)
    for suppression in Suppression.objects.active().filter(source=source_of(delivery)):
        lift(suppression, by=user, at=at)
    touchpoint.delete()
    since = datetime.fromisoformat(touchpoint.data["since"])
    again = {"sending_at": since, "finished_at": None, "owner": owner_of(user)}
    write(delivery, status=Status.SENDING, reason=Reason.NONE, detail="", **again)
    hold(delivery, owner_of(user))


def _check_undo(delivery, touchpoint, user, at):
    if touchpoint is None or touchpoint.data.get("user") != user.pk:
        raise CannotUndo(_("There is nothing of yours to take back."))
    if touchpoint.at <= at - UNDO_WITHIN:
        raise CannotUndo(_("That is too long ago to be taken back."))
    if touchpoint.data.get("outcome") in FOR_GOOD:
        raise CannotUndo(_("What a person takes back stays taken back; they may say yes again themselves."))
    to_them = Delivery.objects.filter(contact=delivery.contact_id, channel=Channel.PHONE)
    if to_them.filter(status__in=[Status.CLAIMED, Status.SENDING]).exists():
        raise CannotUndo(_("A colleague is calling this person."))
    if not delivery.contact.is_present:
        raise CannotUndo(_("The person is no longer here."))
    came_of_it = delivery.reminders.exists() or delivery.attributions.exists() or delivery.outcome_at
    if came_of_it or touchpoint.deliveries.exists() or _reached_by(touchpoint):
        raise CannotUndo(_("Something has come of it already."))


def _reached_by(touchpoint):
    return Delivery.objects.filter(outcome_touchpoint=touchpoint).exists()


def _bring_back(delivery, touchpoint):
    """What the call had stopped is planned again."""
    beside = Delivery.objects.filter(contact=delivery.contact_id, episode=delivery.episode)
    stopped = beside.filter(status=Status.CANCELLED, reason=Reason.CALLED, finished_at=touchpoint.at)
    stopped.update(status=Status.PLANNED, reason=Reason.NONE, finished_at=None)
