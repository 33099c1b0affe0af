"""What else speaks for and against a row writing to somebody: for whom, how often, at which hour, held out.

Each line is (tone, words, address), as in explaining.py; where a row sets nothing, it says nothing.
"""

from datetime import timedelta
from types import SimpleNamespace

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import audience, hours
from campaigns.deciding import EVERYTHING, WEEK, is_control, zone_of
from campaigns.models import Delivery, LifecycleRule, SendingSwitch
from contacts.models import Channel

OK, WAIT, STOP = "ok", "wait", "stop"
Status = Delivery.Status
TONES = {Status.SENT: OK, Status.PLANNED: WAIT, Status.CLAIMED: WAIT, Status.SENDING: WAIT}


def lines_of(contact, rule, at):
    """All of it, in the order in which the gate asks."""
    yield from audience_lines(contact, rule)
    yield from preference_lines(contact, rule)
    yield from hour_lines(contact, rule, at)
    if not rule.is_service:
        yield from cap_lines(contact, rule, at)
        yield from control_lines(contact, rule)
    yield from step_lines(contact, rule)


def audience_lines(contact, rule):
    if not rule.audience:
        return
    try:
        is_among = audience.contacts(rule.audience).filter(pk=contact.pk).exists()
    except audience.CannotRead as error:
        yield STOP, str(error), ""
        return
    told = ", ".join(f"{label}: {words}" for label, words in audience.words(rule.audience))
    words = _("Among those it is for (%(who)s)") if is_among else _("Not among those it is for (%(who)s)")
    yield OK if is_among else STOP, words % {"who": told}, rule.get_absolute_url()


def preference_lines(contact, rule):
    """Which steps are for those who prefer another medium."""
    preferred = contact.preferred_channel or Channel.EMAIL
    others = [step for step in rule.steps.all() if step.by_preference and step.channel != preferred]
    steps = [*rule.steps.all()]
    if others:
        values = {"medium": Channel(preferred).label, "steps": ", ".join(step.label for step in others)}
        tone = STOP if len(others) == len(steps) else OK
        yield tone, _("Prefers %(medium)s, so this is not for them: %(steps)s") % values, ""


def hour_lines(contact, rule, at):
    if rule.leaves == LifecycleRule.Leaves.ANY and not rule.weekdays:
        return
    zone = zone_of(SimpleNamespace(time_zone=contact.time_zone, sender_zone=rule.sender.time_zone))
    hour, is_known = rule.leaves_hour, False
    if rule.leaves == LifecycleRule.Leaves.BEST:
        best = hours.usual_hour(was_there(contact, at), zone, rule.sender.quiet_from, rule.sender.quiet_until)
        hour, is_known = (hour, False) if best is None else (best, True)
    goes_at = hours.next_hour(at, zone, hour, rule.weekdays)
    if goes_at == at:
        return
    values = {"when": localtime(goes_at, zone).strftime("%d.%m. %H:%M"), "zone": hours.zone_words(zone)}
    words = _("Would wait for its hour: %(when)s in %(zone)s") % values
    if rule.leaves == LifecycleRule.Leaves.BEST:
        words += ", " + (_("when they are usually there") if is_known else _("their own is not known yet"))
    yield WAIT, words, ""


def was_there(contact, at):
    """When they did something lately, as the gate sees it."""
    lately = contact.touchpoints.filter(
        kind__in=["visited", "clicked", "ordered", "replied"], at__gt=at - timedelta(days=180), at__lte=at
    )
    return [*lately.order_by("-at", "-id").values_list("at", flat=True)[:100]]


def cap_lines(contact, rule, at):
    """How often they have heard from us, where somebody set how often at most."""
    topic = rule.topic
    caps = [
        (rule.sender.cap, rule.sender.cap_days, None, _("Heard from us %(times)s in %(days)s days")),
        (topic.cap, topic.cap_days, topic, _("Heard about this topic %(times)s in %(days)s days")),
        (contact.at_most, WEEK, None, _("Heard from us %(times)s in %(days)s days, and wish no more")),
    ]
    for cap, days, about, words in caps:
        if cap is not None and (count := heard(contact, at, days, about)) >= cap:
            times = ngettext("%(count)s time", "%(count)s times", count) % {"count": count}
            yield WAIT, words % {"times": times, "days": days}, ""


def heard(contact, at, days, topic):
    """How many messages count: what has left or may have, panels apart."""
    found = Delivery.objects.of(contact).filter(
        rank__gt=0,
        status__in=[Status.SENDING, Status.SENT, Status.UNKNOWN, Status.PARKED],
        sending_at__gt=at - timedelta(days=days),
    )
    found = found.exclude(channel=Channel.PANEL)
    return (found.filter(topic=topic) if topic else found).count()


def control_lines(contact, rule):
    if is_control(EVERYTHING, contact.pk, SendingSwitch.load().holdout_share):
        yield STOP, _("Held out of everything, to see what all of it is worth"), ""
    elif is_control(f"rule:{rule.pk}", contact.pk, rule.control_share):
        words = _("Held out of this row: one of the %(share)s per cent who get nothing")
        yield STOP, words % {"share": rule.control_share}, ""


def step_lines(contact, rule):
    """How it stands with each further step of the last sequence."""
    last = Delivery.objects.of(contact).filter(rule=rule).exclude(episode="").order_by("-id").first()
    if last is None:
        return
    rest = Delivery.objects.of(contact).filter(rule=rule, episode=last.episode, reminder_number__gt=0)
    for delivery in rest.select_related("step").order_by("id"):
        values = {"step": delivery.step.label, "state": delivery.get_status_display()}
        why = f" – {delivery.why}" if delivery.why else ""
        words = _("%(step)s: %(state)s") % values
        yield TONES.get(delivery.status, STOP), f"{words}{why}", delivery.get_absolute_url()
