"""What we said and what we have planned, told on a contact's timeline."""

from django.utils.translation import gettext as _

from campaigns import explaining, liquid
from campaigns.models import Delivery
from contacts.models import Channel
from contacts.timeline import Entry
from crm.ui.kinds import KINDS

Status = Delivery.Status
IN_HAND = {Status.CLAIMED, Status.SENDING, Status.UNKNOWN, Status.PARKED}
# A person has few deliveries; who has more sees the newest of them.
MOST = 300


def entries(contact, *, before, limit):
    """The newest of a contact's deliveries as entries: the planned ones stand where they are due."""
    related = ("rule", "campaign", "version", "topic", "contact", "parent")
    deliveries = Delivery.objects.of(contact).select_related(*related).newest_first()[:MOST]
    known = explaining.Known.of(contact)
    told = [entry for delivery in deliveries for entry in _entries(delivery, known) if entry.at <= before]
    return sorted(told, key=lambda entry: (entry.at, entry.key), reverse=True)[:limit]


def _entries(delivery, known):
    yield _entry(delivery, known)
    if delivery.outcome_at and delivery.status != Status.HELD_OUT:
        yield Entry(
            at=delivery.outcome_at,
            key=f"o{delivery.pk:020}",
            voice="outcome",
            icon="target",
            title=_("Outcome of “%(message)s”") % {"message": message_name(delivery)},
            detail=explaining.outcome_words(delivery),
            href=delivery.get_absolute_url(),
        )


def _entry(delivery, known):
    voice, kind, title = _voice(delivery)
    return Entry(
        at=delivery.sending_at or delivery.finished_at or delivery.due_at,
        key=f"d{delivery.pk:020}",
        voice=voice,
        icon=KINDS[kind].icon,
        title=title % {"message": _called(delivery, voice)},
        detail=_detail(delivery, known),
        quote=subject_of(delivery) if voice == "us" else "",
        href=delivery.get_absolute_url(),
        why=_("Why not?") if voice == "not" else _("Why this?"),
        checks=tuple(explaining.why(delivery, known)),
    )


def _voice(delivery):
    """(voice, kind of entry, title) of a delivery in its state."""
    if delivery.status == Status.PLANNED:
        return "next", "planned", _("%(message)s is planned")
    if delivery.channel == Channel.PHONE and delivery.status in (Status.SENT, Status.SENDING):
        return "us", "call_out", "%(message)s"
    if delivery.channel == Channel.PANEL and delivery.status == Status.SENT:
        return "us", "panel", _("%(message)s shown")
    if delivery.status == Status.SENT:
        return "us", "reminder" if delivery.reminder_number else "email", "%(message)s"
    if delivery.status in IN_HAND:
        return "us", "email", _("%(message)s is on its way")
    if delivery.status == Status.CANCELLED:
        return "not", "not_sent", _("%(message)s was called off")
    return "not", "not_sent", _("%(message)s was not sent")


def _called(delivery, voice):
    """The message within a sentence: a campaign's name may be anything, so it stands in quotes there."""
    name = message_name(delivery)
    return _("“%(name)s”") % {"name": name} if delivery.campaign_id and voice != "us" else name


def message_name(delivery):
    """What a marketer calls this message."""
    name = {"rule": delivery.program, "number": delivery.reminder_number}
    if delivery.channel == Channel.PHONE:
        return _("%(rule)s, call") % name
    if delivery.channel == Channel.PANEL:
        return _("%(rule)s, panel") % name
    if delivery.reminder_number > 1:
        return _("%(rule)s, reminder %(number)s") % name
    return _("%(rule)s, reminder") % name if delivery.reminder_number else str(delivery.program)


def _detail(delivery, known):
    if delivery.status == Status.PLANNED:
        return explaining.outlook(delivery, known)
    return "" if delivery.status == Status.SENT else delivery.why


def subject_of(delivery):
    """The subject as it was sent; empty when it cannot be made again."""
    try:
        return liquid.render(delivery.version.subject, delivery.merge_values, html=False)
    except liquid.LiquidProblem:
        return ""
