"""What the preference page tells its reader: by which media they may hear, and why they got what came."""

from django.utils.translation import gettext as _

from campaigns import explaining
from campaigns.models import Delivery, LifecycleRule, Step
from campaigns.telling import subject_of
from contacts.models import Channel, Consent

# A panel stands on the page they are looking at, and needs no choice of theirs.
CHOSEN = (Channel.EMAIL, Channel.PHONE)
# So many messages back, and so many of each topic.
LOOKED_AT, TOLD = 100, 5
RELATED = ("rule", "campaign", "version", "topic")


def media_in_use():
    """The channels by which rows that are on, or paused, reach people."""
    on = (LifecycleRule.Status.ACTIVE, LifecycleRule.Status.PAUSED)
    steps = Step.objects.filter(rule__status__in=on, channel__in=CHOSEN)
    return steps.order_by().values_list("channel", flat=True).distinct()


def last_messages(contact, message=None):
    """(topic, sentence) of the last message of each row and campaign by each medium; a few of each topic.

    `message` is the uuid of one that is told of elsewhere.
    """
    sent = Delivery.objects.of(contact).filter(status=Delivery.Status.SENT, reminder_number=0)
    known, told = explaining.Known.of(contact), {}
    for delivery in sent.select_related(*RELATED).newest_first()[:LOOKED_AT]:
        said, told_of = told.setdefault(delivery.topic, set()), (delivery.program, delivery.channel)
        if told_of not in said and len(said) < TOLD:
            said.add(told_of)
            if delivery.uuid != message:
                yield delivery.topic, sentence(delivery, known)


def why_this_message(contact, message):
    """The sentence of one message by its uuid; empty where it never went, or not to them."""
    left = (Delivery.Status.SENDING, Delivery.Status.SENT, Delivery.Status.UNKNOWN)
    found = Delivery.objects.filter(uuid=message, status__in=left).select_related("contact", *RELATED).first()
    if found is None or found.contact.survivor != contact:
        return ""
    return sentence(found, explaining.Known.of(contact))


def sentence(delivery, known):
    """What came, when, from which row or campaign, and which yes allowed it."""
    moment = delivery.sending_at or delivery.finished_at or delivery.due_at
    values = {"day": explaining.day(moment), "program": delivery.program, "subject": subject_of(delivery)}
    values["subject"] = values["subject"] or delivery.program
    what = {
        Channel.PHONE: _("On %(day)s we called you (“%(program)s”)"),
        Channel.PANEL: _("On %(day)s we first showed you “%(subject)s” (“%(program)s”)"),
    }.get(delivery.channel, _("On %(day)s we wrote to you “%(subject)s” (“%(program)s”)"))
    return _("%(what)s: %(why)s.") % {"what": what % values, "why": _allowed(delivery, known, moment)}


def _allowed(delivery, known, moment):
    """The yes that held when it went, and what became of it."""
    if delivery.program.is_service:
        return _("it answers what you did yourself and needs no yes")
    given = known.consent(delivery.channel, delivery.topic_id, moment)
    if given is None or given.action != Consent.Action.GIVEN:
        return _("no yes of yours to this is on record")
    words, values = _("you said yes to this on %(given)s"), {"given": explaining.day(given.at)}
    now = known.consent(delivery.channel, delivery.topic_id)
    if now.action == Consent.Action.WITHDRAWN:
        words = _("you had said yes to this on %(given)s; since %(left)s it has stopped")
        values["left"] = explaining.day(now.at)
    return words % values
