"""A message of a real shop, and deliveries of it that are due: thanks for an order of three things.

Some 15 KB of template become 17 KB of HTML, with a loop over the things and a dozen links.
"""

from pathlib import Path

from django.db import connection

from benchmarks import population
from benchmarks.population import AT

WORDS = Path(__file__).with_name("thank-you")

CONSENTS = """
INSERT INTO contacts_consent (contact_id, channel, topic_id, action, basis, at, recorded_at, source, evidence)
SELECT id, 'email', %(topic)s, 'given', 'consent', %(at)s - interval '30 days', %(at)s, 'benchmark', '{}'
FROM contacts_contact
"""
ORDERS = """
INSERT INTO touchpoints_order (contact_id, source, external_id, status, at, recorded_at, currency, rate,
                               amount, refunded, tax, shipping, items, is_history)
SELECT id, 'mailing', 'm' || id, 'paid', %(at)s, %(at)s, 'USD', 1, 38.47, 0, 0, 0, 3, false
FROM contacts_contact ORDER BY id LIMIT %(orders)s
"""
LINES = """
INSERT INTO touchpoints_orderline (order_id, number, name, quantity, amount)
SELECT o.id, n, initcap(substr(md5('record' || (o.id * 7 + n) %% 500), 1, 9)) || ' Sessions', 1, 12.49
FROM touchpoints_order o, generate_series(1, 3) AS n WHERE o.source = 'mailing'
"""
TOUCHPOINTS = """
INSERT INTO touchpoints_touchpoint (contact_id, kind, at, recorded_at, source, external_id, data, is_history)
SELECT contact_id, 'ordered', at, at, 'mailing', external_id, jsonb_build_object('order_id', id), false
FROM touchpoints_order WHERE source = 'mailing'
"""
DELIVERIES = """
INSERT INTO campaigns_delivery (
    uuid, occurrence_key, rule_id, step_id, episode, campaign_id, contact_id, reminder_number, touchpoint_id,
    evidence, channel, topic_id, sender_id, version_id, rank, status, reason, detail, occurred_at, due_at,
    expires_at, planned_at, owner, attempts, address, merge_values, reply)
SELECT gen_random_uuid(), %(key)s || ':' || c.id, %(rule)s, %(step)s,
       CASE WHEN %(step)s IS NULL THEN '' ELSE 'r' || %(rule)s || ':' || c.id || ':' || %(key)s END,
       %(campaign)s, c.id, 0, t.id, '{}', 'email',
       %(topic)s, %(sender)s, %(version)s, %(rank)s, 'planned', '', '', %(at)s, %(at)s,
       %(at)s + interval '3 days', %(at)s, '', 0, '', '{}', ''
FROM contacts_contact c
LEFT JOIN touchpoints_touchpoint t ON t.contact_id = c.id AND t.source = 'mailing'
ORDER BY c.id LIMIT %(count)s
"""


def set_up(people, orders):
    """People who agreed to hear from us, some with an order; returns the rule that thanks for it."""
    from campaigns.models import LifecycleRule, Step
    from contacts.models import Sender, Topic

    population.people(people)
    topic = Topic.objects.create(key="news", name="New arrivals")
    sender = Sender.objects.create(
        name="Northside Records",
        from_name="Ines at Northside",
        address="ines@example.com",
        postal_address="1 Quay Street\nPorto",
        window=20,
    )
    rule = LifecycleRule.objects.create(
        name="Thank you",
        purpose="retention",
        rank=LifecycleRule.Rank.OTHER,
        trigger="ordered",
        topic=topic,
        sender=sender,
        status="active",
        activated_at=AT,
        control_share=0,
    )
    Step.objects.create(rule=rule, key=1, content=frozen_content())
    for statement in (CONSENTS, ORDERS, LINES, TOUCHPOINTS):
        _run(statement, {"topic": topic.pk, "at": AT, "orders": orders})
    population.settle("contacts_consent", "touchpoints_order", "touchpoints_orderline")
    return rule


def frozen_content():
    """The words, checked and compiled as every message is."""
    from campaigns.content import freeze
    from campaigns.models import Content

    content = Content.objects.create(
        name="Thank you",
        subject="Thank you, {{ first_name }}",
        preheader="Order {{ order.number }} is on its way to you",
        body=WORDS.with_suffix(".mjml").read_text(),
        text=WORDS.with_suffix(".txt").read_text(),
    )
    freeze(content, at=AT)
    return Content.objects.get(pk=content.pk)


def campaign_of(rule):
    """A campaign with the message of that rule, on its way."""
    from campaigns.models import Campaign

    return Campaign.objects.create(
        name="To everyone",
        goal="To be measured",
        topic=rule.topic,
        sender=rule.sender,
        content=rule.first_step.content,
        version=rule.first_step.content.live,
        control_share=0,
        send_at=AT,
        status=Campaign.Status.SENDING,
        created_at=AT,
        started_at=AT,
    )


def plan(key, count, *, rule, campaign=None):
    """Put this many deliveries into the ledger, due now: of the rule, or of a campaign with its message."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM campaigns_delivery WHERE status = 'planned'")
    values = {
        "key": key,
        "count": count,
        "at": AT,
        "rule": None if campaign else rule.pk,
        "step": None if campaign else rule.first_step.pk,
        "campaign": campaign and campaign.pk,
        "rank": campaign.rank if campaign else rule.rank,
        "topic": rule.topic_id,
        "sender": rule.sender_id,
        "version": rule.first_step.content.live_id,
    }
    _run(DELIVERIES, values)
    population.settle("campaigns_delivery")


def _run(statement, values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
