"""The messages that an invented past would hold: rows of the ledger that are over, and are never sent.

Each says in its evidence and in the mail server's reply that it belongs to the sample.
"""

import uuid

from django.conf import settings
from django.db import connection
from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns import hours, outcomes, rendering, triggers
from campaigns.models import Delivery, LifecycleRule, Response, Step
from contacts.models import Channel
from demo.people import chance
from touchpoints.models import Touchpoint
from touchpoints.recording import record_many

REPLY = "250 2.0.0 invented by the sample, never sent"
Status = Delivery.Status


def rule_of(trigger):
    """The active rule that answers this trigger."""
    rules = LifecycleRule.objects.active().filter(trigger=trigger).in_order()
    mail = Prefetch("steps", Step.objects.filter(channel=Channel.EMAIL).select_related("content__live"))
    return rules.select_related("sender", "topic").prefetch_related(mail).first()


def steps_of(rule):
    """The first mail of a rule, and the one that follows its silence; None where there is none."""
    first, *following = rule.steps.all()
    return first, next(iter(following), None)


def goes_at(rule, due_at, address):
    """When a message that is due then may go: after the quiet hours, unless it answers at once."""
    sender = rule.sender
    if sender.quiet_from is None or not hours.is_quiet(
        due_at, sender.zone, sender.quiet_from, sender.quiet_until
    ):
        return due_at
    return hours.spread(hours.end_of_quiet(due_at, sender.zone, sender.quiet_until), address)


def delivery_of(rule, contact, touchpoint, *, seconds, address, occurred_at=None):
    """A first message that went out `seconds` after it was due; not saved yet.

    What it answers occurred with the touchpoint, or some time after it.
    """
    occurred_at = occurred_at or touchpoint.at
    key = f"r{rule.pk}:s{steps_of(rule)[0].key}:{contact.pk}"
    if rule.re_entry != LifecycleRule.ReEntry.ONCE:
        key += f":t{touchpoint.pk}"
    words = str(triggers.get(rule.trigger).label)
    evidence = {"words": words, "at": touchpoint.at.isoformat(), "sample": True}
    fields = {"touchpoint": touchpoint, "evidence": evidence, "occurred_at": occurred_at}
    step = steps_of(rule)[0]
    due_at = occurred_at + step.delay
    due_at = due_at if rule.answers_at_once else goes_at(rule, due_at, address)
    fields["episode"] = f"r{rule.pk}:{contact.pk}:t{touchpoint.pk}"
    return _sent(rule, step, contact, key, due_at, seconds, address, fields)


def reminder_of(parent, *, seconds):
    """The reminder of a message that met silence; not saved yet."""
    rule = parent.rule
    evidence = {
        "words": _("No answer to the first message"),
        "at": parent.sending_at.isoformat(),
        "sample": True,
    }
    fields = {
        "parent": parent,
        "reminder_number": 1,
        "touchpoint": parent.touchpoint,
        "evidence": evidence,
        "occurred_at": parent.sending_at,
        "episode": parent.episode,
    }
    step = steps_of(rule)[1]
    key = f"{parent.occurrence_key}:s{step.key}"
    due_at = goes_at(rule, parent.sending_at + step.delay, parent.address)
    return _sent(rule, step, parent.contact, key, due_at, seconds, parent.address, fields)


def _sent(rule, step, contact, key, due_at, seconds, address, fields):
    return Delivery(
        uuid=uuid.UUID(int=chance("uuid", key, address).getrandbits(128), version=4),
        occurrence_key=key,
        rule=rule,
        step=step,
        contact=contact,
        channel=step.channel,
        topic=rule.topic,
        sender=rule.sender,
        version=step.content.live,
        rank=rule.rank,
        status=Status.SENT,
        due_at=due_at,
        expires_at=due_at + rule.freshness,
        planned_at=due_at,
        sending_at=due_at + seconds,
        finished_at=due_at + seconds,
        attempts=1,
        address=address,
        reply=REPLY,
        **fields,
    )


def not_sent(delivery, reason):
    """The same row as it would stand if the gate had kept it back."""
    delivery.status, delivery.reason = Status.SKIPPED, reason
    delivery.sending_at, delivery.attempts, delivery.address, delivery.reply = None, 0, "", ""
    return delivery


def shop_page(record=None, *, is_service=False):
    """The address of a record's page, of the service, or of the shelves."""
    if is_service:
        return settings.PUBLIC_URL + reverse("demo:service")
    path = reverse("demo:product", args=[record.sku]) if record else reverse("demo:shop-home")
    return settings.PUBLIC_URL + path


def save(deliveries):
    """Write these rows, with the merge values their messages would have been made with."""
    deliveries = sorted(deliveries, key=lambda delivery: delivery.due_at)
    Delivery.objects.bulk_create(deliveries, batch_size=1000)
    sent = [delivery for delivery in deliveries if delivery.status == Status.SENT]
    values = rendering.gather(sent)
    for delivery in sent:
        delivery.merge_values = values[delivery.pk]
    Delivery.objects.bulk_update(sent, ["merge_values"], batch_size=200)


def answer(answers):
    """Record what came back, as (delivery, kind, at, data) each."""
    touchpoints = record_many(_told(*given) for given in answers)
    Response.objects.bulk_create(
        [
            Response(delivery=delivery, kind=kind, at=at, touchpoint=touchpoint)
            for (delivery, kind, at, _data), touchpoint in zip(answers, touchpoints, strict=True)
        ]
    )


def _told(delivery, kind, at, data):
    return Touchpoint(
        kind=kind,
        contact=delivery.contact,
        at=at,
        source="campaigns",
        external_id=f"{kind}:{delivery.uuid}:sample",
        is_history=True,
        data={"delivery": str(delivery.uuid), "rule": str(delivery.rule), **data},
    )


# The first touchpoint of the kind a rule asks for, soon after sending; of a message and its reminder only the
# later one is credited.
_OUTCOMES = """
WITH reached AS MATERIALIZED (
    SELECT DISTINCT ON (d.id) d.id, d.uuid, d.contact_id, r.id AS rule_id, r.name, r.outcome,
           t.id AS touchpoint_id, t.at
    FROM campaigns_delivery d
    JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
    JOIN touchpoints_touchpoint t ON t.contact_id = d.contact_id AND {reached}
    WHERE d.id = ANY(%(ids)s) AND d.status = 'sent' AND d.outcome_at IS NULL
      AND t.at > d.sending_at AND t.at <= d.sending_at + r.outcome_within
      AND NOT EXISTS (
          SELECT 1 FROM campaigns_delivery later
          WHERE later.parent_id = d.id AND later.status = 'sent' AND later.sending_at < t.at
      )
    ORDER BY d.id, t.at, t.id
), told AS (
    INSERT INTO touchpoints_touchpoint (
        contact_id, kind, at, recorded_at, source, external_id, is_history, data
    )
    SELECT contact_id, 'outcome', at, now(), 'campaigns', 'outcome:' || uuid, true,
           jsonb_build_object('delivery', uuid, 'rule', name, 'rule_id', rule_id, 'outcome', outcome,
                              'touchpoint', touchpoint_id)
    FROM reached ORDER BY id
    ON CONFLICT (source, external_id) DO NOTHING
)
UPDATE campaigns_delivery d SET outcome_at = reached.at, outcome_touchpoint_id = reached.touchpoint_id
FROM reached WHERE d.id = reached.id
"""


def note_outcomes(deliveries):
    """Mark which of these reached what they asked for; returns how many."""
    with connection.cursor() as cursor:
        sql = _OUTCOMES.format(reached=outcomes.reached_sql())
        cursor.execute(sql, {"ids": [delivery.pk for delivery in deliveries]})
        return cursor.rowcount
