"""The messages that an invented past would hold: rows of the ledger that are over, and are never sent.

Each says in its evidence and in the mail server's reply that it belongs to the sample.
"""

import json
import uuid
from functools import lru_cache

from django.conf import settings
from django.db import connection
from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns import deciding, hours, loading, outcomes, triggers
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
    steps = Prefetch("steps", Step.objects.select_related("content__live"))
    return rules.select_related("sender", "topic").prefetch_related(steps).first()


def steps_of(rule):
    """The first mail of a rule, and the one that follows its silence; None where there is none."""
    first, *following = [step for step in rule.steps.all() if step.channel == Channel.EMAIL]
    return first, next(iter(following), None)


def step_of(rule, channel, slot=""):
    """The first step of a rule by this medium, in this place of the site; None where there is none."""
    steps = [step for step in rule.steps.all() if (step.channel, step.slot) == (channel, slot)]
    return next(iter(steps), None)


def goes_at(rule, due_at, address):
    """When a message that is due then may go: after the quiet hours, unless it answers at once."""
    sender = rule.sender
    if sender.quiet_from is None or not hours.is_quiet(
        due_at, sender.zone, sender.quiet_from, sender.quiet_until
    ):
        return due_at
    return hours.spread(hours.end_of_quiet(due_at, sender.zone, sender.quiet_until), address)


def delivery_of(rule, contact, touchpoint, *, seconds, address, occurred_at=None, step=None, sent_at=None):
    """A first message that went out `seconds` after it was due, or at `sent_at`; not saved yet.

    What it answers occurred with the touchpoint, or some time after it. A panel's address is its place.
    """
    occurred_at, step = occurred_at or touchpoint.at, step or steps_of(rule)[0]
    key = f"r{rule.pk}:s{step.key}:{contact.pk}"
    if rule.re_entry != LifecycleRule.ReEntry.ONCE:
        key += f":t{touchpoint.pk}"
    words = str(triggers.get(rule.trigger).label)
    fields = {
        "touchpoint": touchpoint,
        "evidence": {"words": words, "at": touchpoint.at.isoformat(), "sample": True},
        "occurred_at": occurred_at,
        "episode": f"r{rule.pk}:{contact.pk}:t{touchpoint.pk}",
    }
    due_at = occurred_at + step.delay
    if not rule.answers_at_once and step.channel == Channel.EMAIL:
        due_at = goes_at(rule, due_at, address)
    return _sent(rule, step, contact, key, due_at, (sent_at or due_at) - due_at + seconds, address, fields)


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
        reply=REPLY if step.channel == Channel.EMAIL else "",
        **fields,
    )


def not_sent(delivery, reason):
    """The same row as it would stand if the gate had kept it back."""
    delivery.status, delivery.reason = Status.SKIPPED, reason
    delivery.sending_at, delivery.attempts, delivery.address, delivery.reply = None, 0, "", ""
    return delivery


def hold_out(deliveries):
    """Hold out whom the gate would hold out now, of all that it would have let pass."""
    for delivery in deliveries:
        rule = delivery.rule
        if delivery.status == Status.SENT and deciding.is_control(
            f"rule:{rule.pk}", delivery.contact_id, rule.control_share
        ):
            not_sent(delivery, Delivery.Reason.CONTROL).status = Status.HELD_OUT


@lru_cache(maxsize=500)
def shop_page(record=None, *, is_service=False):
    """The address of a record's page, of the service, or of the shelves."""
    if is_service:
        return settings.PUBLIC_URL + reverse("demo:service")
    path = reverse("demo:product", args=[record.sku]) if record else reverse("demo:shop-home")
    return settings.PUBLIC_URL + path


# Thousands of rows, most of them large: several times as fast as one parameter for each value.
_WRITE = """
INSERT INTO campaigns_delivery
SELECT * FROM jsonb_populate_recordset(NULL::campaigns_delivery, %s::jsonb)
"""


def save(deliveries):
    """Write these rows, with the merge values their messages would have been made with."""
    deliveries = sorted(deliveries, key=lambda delivery: delivery.due_at)
    for delivery, pk in zip(deliveries, _new_ids(len(deliveries)), strict=True):
        delivery.pk = pk
    sent = [delivery for delivery in deliveries if delivery.status in (Status.SENT, Status.FAILED)]
    values = loading.gather(sent)
    for delivery in sent:
        delivery.merge_values = values[delivery.pk]
    columns = [field.attname for field in Delivery._meta.concrete_fields]
    rows = [{name: getattr(delivery, name) for name in columns} for delivery in deliveries]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [json.dumps(rows, default=str)])


def _new_ids(count):
    """So many ids of the ledger that nobody else gets: merge values go by them before there are rows."""
    with connection.cursor() as cursor:
        sequence = "pg_get_serial_sequence('campaigns_delivery', 'id')"
        cursor.execute(f"SELECT nextval({sequence}) FROM generate_series(1, %s)", [count])
        return sorted(pk for (pk,) in cursor.fetchall())


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
# later one is credited. Of whom it held out, from when it would have gone; that is told to nobody.
_OUTCOMES = """
WITH decided AS MATERIALIZED (
    SELECT d.*, coalesce(d.sending_at, d.finished_at) AS since
    FROM campaigns_delivery d
    WHERE d.id = ANY(%(ids)s) AND d.outcome_at IS NULL
      AND (d.status IN ('sent', 'held_out') OR d.status = 'failed' AND d.sending_at IS NOT NULL)
), reached AS MATERIALIZED (
    SELECT DISTINCT ON (d.id) d.id, d.uuid, d.status, d.contact_id, r.id AS rule_id, r.name, r.outcome,
           t.id AS touchpoint_id, t.at
    FROM decided d
    JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
    JOIN touchpoints_touchpoint t ON t.contact_id = d.contact_id AND {reached}
    WHERE t.kind = ANY(%(kinds)s) AND t.at > d.since AND t.at <= d.since + r.outcome_within
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
    FROM reached WHERE status = 'sent' ORDER BY id
    ON CONFLICT (source, external_id) DO NOTHING
)
UPDATE campaigns_delivery d SET outcome_at = reached.at, outcome_touchpoint_id = reached.touchpoint_id
FROM reached WHERE d.id = reached.id
"""


def look():
    """Let the planner know what is in tables that were nearly empty a moment ago."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_delivery, touchpoints_touchpoint, touchpoints_totals")


def note_outcomes(deliveries):
    """Mark which of these reached what they asked for; returns how many."""
    asked = {"ids": [delivery.pk for delivery in deliveries], "kinds": outcomes.kinds()}
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES.format(reached=outcomes.reached_sql()), asked)
        return cursor.rowcount
