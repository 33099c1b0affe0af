"""The thank-yous that the buyers of the last 60 days would have had, and why some had none. All history."""

from datetime import timedelta

from django.db import transaction

from campaigns.models import Delivery, LifecycleRule, Response
from contacts.models import Channel, Consent, Suppression
from demo import buyers, lives, past
from demo.newcomers import MINUTE, SECOND, SPAN
from demo.people import chance
from touchpoints.models import Touchpoint

ORIGINS = (buyers.ORIGIN, lives.ORIGIN)
CLICKS, OPENS = 31, 62
Reason = Delivery.Reason


@transaction.atomic
def write_thanks(at):
    """Write what the rule would have made of these orders; once. Returns how many deliveries are new."""
    rule = past.rule_of("ordered")
    orders = Touchpoint.objects.filter(
        kind=Touchpoint.Kind.ORDERED, contact__origin__in=ORIGINS, is_history=True, at__gt=at - SPAN
    )
    if rule is None or Delivery.objects.filter(rule=rule, touchpoint__in=orders).exists():
        return 0
    thanked = [thank_you(rule, told) for told in wanted(rule, orders)]
    deliveries = [delivery for delivery in thanked if delivery.sending_at < at]
    keep_back(deliveries)
    past.hold_out(deliveries)
    past.save(deliveries)
    past.answer([answer for delivery in deliveries for answer in answers(delivery, at)])
    past.note_outcomes(deliveries)
    return len(deliveries)


def wanted(rule, orders):
    """The orders the rule answers, by its re-entry: the first of each buyer, one in so many days, or all."""
    answered = {}
    for told in orders.select_related("contact").order_by("at", "id"):
        before = answered.get(told.contact_id)
        if before is None or rests(rule, told.at - before):
            answered[told.contact_id] = told.at
            yield told


def rests(rule, since_last):
    """Whether the rule may write to the same person again after so long."""
    if rule.re_entry == LifecycleRule.ReEntry.DAYS:
        return since_last >= timedelta(days=rule.re_entry_days)
    return rule.re_entry == LifecycleRule.ReEntry.EVERY


def thank_you(rule, told):
    seconds = chance("thanks", told.external_id).randint(2, 40) * SECOND
    return past.delivery_of(rule, told.contact, told, seconds=seconds, address=told.contact.email)


def keep_back(deliveries):
    """Mark those that the gate would have kept back at their moment, with its reason."""
    suppressed = dict(Suppression.objects.active().values_list("address", "at"))
    entries = {}
    for entry in Consent.objects.filter(contact__in={d.contact_id for d in deliveries}).order_by("at", "id"):
        entries.setdefault((entry.contact_id, entry.topic_id, entry.channel), []).append(entry)
    for delivery in deliveries:
        # A panel needs the yes of an e-mail.
        channel = Channel.EMAIL if delivery.channel == Channel.PANEL else delivery.channel
        log = entries.get((delivery.contact_id, delivery.topic_id, channel), [])
        if reason := reason_against(delivery, log, suppressed):
            past.not_sent(delivery, reason)


def reason_against(delivery, log, suppressed):
    """Why it could not go; none when it could."""
    known = [entry.action for entry in log if entry.at <= delivery.due_at]
    if suppressed.get(delivery.address, delivery.due_at) < delivery.due_at:
        return Reason.SUPPRESSED
    if not known:
        return Reason.NEVER_AGREED
    return Reason.WITHDREW if known[-1] == Consent.Action.WITHDRAWN else ""


def answers(delivery, at):
    """What came back to one thank-you: (delivery, kind, at, data) each."""
    if delivery.status != Delivery.Status.SENT:
        return []
    choose, kinds = chance("answer", delivery.address), Response.Kind
    opened_at = delivery.sending_at + choose.randint(3, 2 * 1440) * MINUTE
    clicked_at = opened_at + choose.randint(5, 90) * SECOND
    came_back = [
        (delivery, kinds.OPENED, opened_at, {}, OPENS),
        (delivery, kinds.CLICKED, clicked_at, {"url": past.shop_page()}, CLICKS),
    ]
    drawn = choose.randrange(100)
    return [answer[:4] for answer in came_back if drawn < answer[4] and answer[2] < at]
