"""Puts a call off that could be made now: to later the same day, or to a day to come."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import calling, hours
from campaigns.models import Delivery
from contacts.locking import lock_contacts

Status = Delivery.Status
# On the clock where they live.
MORNING = time(10)
LABELS = {
    "hour": gettext_lazy("In an hour"),
    "later": gettext_lazy("In three hours"),
    "tomorrow": gettext_lazy("Tomorrow"),
    "days": gettext_lazy("In three days"),
}


@dataclass(frozen=True)
class Moment:
    """When a call may come again: by which name it is chosen, and when that is where they live."""

    key: str
    at: datetime

    @property
    def label(self):
        return LABELS[self.key]

    @property
    def words(self):
        return date_format(self.at, "j M, H:i")


def moments(delivery, at):
    """The moments it may be put off to: within its time, and none in quiet hours."""
    sender, zone = delivery.sender, delivery.contact.zone(delivery.sender)
    today = at.astimezone(zone).date()
    every = {
        "hour": (at + timedelta(hours=1)).astimezone(zone),
        "later": (at + timedelta(hours=3)).astimezone(zone),
        "tomorrow": datetime.combine(today + timedelta(days=1), MORNING, zone),
        "days": datetime.combine(today + timedelta(days=3), MORNING, zone),
    }
    quiet = (zone, sender.quiet_from, sender.quiet_until)
    has_quiet = sender.quiet_from is not None and sender.quiet_until is not None
    return [
        Moment(key, moment)
        for key, moment in every.items()
        if moment < delivery.expires_at and not (has_quiet and hours.is_quiet(moment, *quiet))
    ]


def snooze(delivery, user, key, *, at):
    """Put a call off that waits, or is in this colleague's hands; returns its Moment. Raises CannotCall."""
    found = next((each for each in moments(delivery, at) if each.key == key), None)
    if found is None:
        raise calling.CannotCall(_("It cannot be put off to then."))
    by = user.get_full_name() or user.get_username()
    words = _("put off by %(name)s to %(moment)s") % {"name": by, "moment": found.words}
    if not _put_off(delivery, user, found.at, words[:300], at):
        raise calling.CannotCall(_("It is no longer in the queue, nor in your hands."))
    return found


@transaction.atomic
def _put_off(delivery, user, until, words, at):
    """Whether it was still to be put off."""
    lock_contacts([delivery.contact_id])
    if calling.leave(delivery, user, at=at, until=until, words=words):
        return True
    waiting = Delivery.objects.due(at).filter(pk=delivery.pk, status=Status.PLANNED)
    return waiting.update(due_at=until, reason=calling.promise_kept_for(delivery), detail=words) == 1
