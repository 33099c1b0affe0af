"""May this be sent, now? Asked last, with the contact locked, and answered in the row.

First the contacts are locked; then a *new* statement reads what holds. One statement that locks and reads
would see the consent as it was before it waited for the lock, and let a withdrawal through.
"""

import json
from collections import defaultdict
from itertools import count
from types import SimpleNamespace

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from campaigns import audience, outcomes, statements, triggers
from campaigns.claiming import LEASE
from campaigns.crash_points import crash_point
from campaigns.deciding import decide
from campaigns.models import Delivery
from campaigns.planning import HOLDS
from contacts.locking import lock_contacts
from contacts.models import Channel, Sender

Status = Delivery.Status
_in_json = DjangoJSONEncoder().encode
# When they heard from us: what is just leaving counts; panels, which reach only who comes by, do not.
_HEARD = """ARRAY(
           SELECT heard.sending_at FROM campaigns_delivery heard
           WHERE heard.contact_id = d.contact_id AND heard.rank > 0 AND heard.id <> d.id
             AND heard.status IN ('sending', 'sent', 'unknown', 'parked') AND heard.channel <> 'panel'
             AND heard.sending_at > %(at)s - {since}
           ORDER BY heard.sending_at DESC
       )"""
_SINCE = {
    "lately": "s.cap_days * interval '1 day'",
    "of_topic": "about.cap_days * interval '1 day' AND heard.topic_id = d.topic_id",
    "this_week": "interval '7 days'",
}
# What the gate asks of every delivery that is still in this worker's hands. `status || ''` makes the database
# read by key: the index of what is in hand is full of entries of what has just left.
_FACTS = """
SELECT d.id, d.contact_id, d.rank, d.channel, d.topic_id, d.reminder_number, d.occurred_at, d.due_at,
       d.expires_at, d.reason, d.rule_id, d.campaign_id,
       CASE d.channel WHEN 'email' THEN c.email ELSE '' END AS address,
       c.time_zone, c.merged_into_id, c.erased_at, k.status AS campaign_status, k.control_share,
       s.time_zone AS sender_zone, s.quiet_from, s.quiet_until,
       coalesce(switch.held, false) AS held, coalesce(switch.holdout_share, 0) AS holdout_share,
       coalesce(switch.pilot, false) AND NOT EXISTS (
           SELECT 1 FROM campaigns_sendingswitch_pilot_group pilot WHERE pilot.contact_id = d.contact_id
       ) AS is_outside_pilot,
       consent.action AS consent, consent.at AS consent_at,
       suppression.reason AS suppression, suppression.at AS suppressed_at,
       s.cap, s.cap_days, CASE WHEN s.cap IS NOT NULL AND d.rank > 0 THEN {lately} END AS heard,
       about.cap AS topic_cap, about.cap_days AS topic_days,
       CASE WHEN about.cap IS NOT NULL AND d.rank > 0 THEN {of_topic} END AS heard_of_topic,
       c.at_most, CASE WHEN c.at_most IS NOT NULL AND d.rank > 0 THEN {this_week} END AS heard_this_week
FROM campaigns_delivery d
JOIN contacts_contact c ON c.id = d.contact_id
LEFT JOIN campaigns_campaign k ON k.id = d.campaign_id
JOIN contacts_sender s ON s.id = d.sender_id
LEFT JOIN contacts_topic about ON about.id = d.topic_id
LEFT JOIN campaigns_sendingswitch switch ON switch.id = 1
LEFT JOIN LATERAL (
    SELECT said.action, said.at FROM contacts_consent said
    WHERE said.contact_id = d.contact_id AND said.channel = d.channel AND said.topic_id = d.topic_id {said}
    ORDER BY said.at DESC, said.id DESC LIMIT 1
) consent ON true
LEFT JOIN LATERAL (
    SELECT x.reason, x.at FROM contacts_suppression x
    WHERE x.channel = d.channel AND x.address = c.email AND {suppressed}
      AND (x.scope = 'all' OR d.rank > 0)
    ORDER BY x.scope, x.id LIMIT 1
) suppression ON true
WHERE {which}
ORDER BY d.id
"""
_IN_HAND = """d.id = ANY(%(ids)s) AND d.contact_id = ANY(%(locked)s)
  AND d.status || '' = 'claimed' AND d.owner = %(owner)s AND d.lease_until > clock_timestamp()
"""
# ... and what only the deliveries of a rule are asked, so that a campaign pays nothing for it.
_OF_RULES = """
SELECT d.id, r.status AS rule_status, r.answers_at_once, r.control_share, r.leaves, r.leaves_hour, r.weekdays,
       CASE WHEN r.audience <> '{{}}' THEN r.audience::text END AS audience,
       step.by_preference AND d.channel <> coalesce(nullif(c.preferred_channel, ''), 'email')
           AS prefers_another,
       CASE WHEN r.leaves = 'best' THEN ARRAY(
           SELECT t.at FROM touchpoints_touchpoint t
           WHERE t.contact_id = d.contact_id AND t.kind IN ('visited', 'clicked', 'ordered', 'replied')
             AND t.at > %(at)s - interval '180 days' AND t.at <= %(at)s
           ORDER BY t.at DESC, t.id DESC LIMIT 100
       ) END AS was_there,
       {still_true} AS still_true, parent.holds, parent.condition,
       EXISTS (
           SELECT 1 FROM campaigns_delivery p
           WHERE p.contact_id = d.contact_id AND d.episode <> '' AND p.episode = d.episode AND p.id <> d.id
             AND p.sending_at IS NOT NULL AND (p.outcome_at IS NOT NULL OR EXISTS (
                 SELECT 1 FROM touchpoints_touchpoint t
                 WHERE t.contact_id = p.contact_id AND {reached} AND NOT t.is_history
                   AND t.at > p.sending_at AND t.at <= least(p.sending_at + r.outcome_within, %(at)s)
             ))
       ) AS has_outcome,
       EXISTS (
           SELECT 1 FROM campaigns_delivery p
           WHERE p.contact_id = d.contact_id AND d.episode <> '' AND p.episode = d.episode AND p.id <> d.id
             AND p.channel = 'phone' AND (
                 p.status = 'sent' AND p.sending_at >= d.occurred_at AND d.parent_id IS DISTINCT FROM p.id
                 OR p.status IN ('planned', 'claimed', 'sending') AND p.reason = 'call_back'
             )
       ) AS was_called
FROM campaigns_delivery d
JOIN contacts_contact c ON c.id = d.contact_id
JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
LEFT JOIN campaigns_step step ON step.id = d.step_id
LEFT JOIN LATERAL (
    SELECT {holds} AS holds, s.condition
    FROM campaigns_delivery p JOIN campaigns_step s ON s.id = d.step_id WHERE p.id = d.parent_id
) parent ON true
WHERE {which}
"""
# ... and of what is no mail: where it goes to, and whether they agreed to it. Who agreed to mail about a
# topic may be shown a panel about it, unless they said otherwise of panels.
_ELSEWHERE = """
SELECT d.id, coalesce(reach.address, '') AS address, consent.action AS consent, consent.at AS consent_at,
       suppression.reason AS suppression, suppression.at AS suppressed_at
FROM campaigns_delivery d
LEFT JOIN campaigns_step step ON step.id = d.step_id
LEFT JOIN LATERAL (
    SELECT i.value FROM contacts_identity i
    WHERE i.contact_id = d.contact_id AND i.kind = d.channel AND i.is_primary
) identity ON true
CROSS JOIN LATERAL (
    SELECT CASE d.channel WHEN 'panel' THEN step.slot ELSE identity.value END AS address
) reach
LEFT JOIN LATERAL (
    SELECT said.action, said.at FROM contacts_consent said
    WHERE said.contact_id = d.contact_id AND said.topic_id = d.topic_id
      AND (said.channel = d.channel OR d.channel = 'panel' AND said.channel = 'email') {said}
    ORDER BY said.channel <> d.channel, said.at DESC, said.id DESC LIMIT 1
) consent ON true
LEFT JOIN LATERAL (
    SELECT x.reason, x.at FROM contacts_suppression x
    WHERE x.channel = d.channel AND x.address = reach.address AND {suppressed}
      AND (x.scope = 'all' OR d.rank > 0)
    ORDER BY x.scope, x.id LIMIT 1
) suppression ON true
WHERE {which}
"""
# All of it at once, of every medium and of rules and campaigns.
_AS_OF = """
SELECT facts.*, of_rules.*, facts.id, coalesce(of_rules.control_share, facts.control_share) AS control_share,
       coalesce(of_rules.still_true, true) AS still_true,
       CASE facts.channel WHEN 'email' THEN facts.address ELSE elsewhere.address END AS address,
       CASE facts.channel WHEN 'email' THEN facts.consent ELSE elsewhere.consent END AS consent,
       CASE facts.channel WHEN 'email' THEN facts.consent_at ELSE elsewhere.consent_at END AS consent_at,
       CASE facts.channel WHEN 'email' THEN facts.suppression ELSE elsewhere.suppression END AS suppression,
       CASE facts.channel WHEN 'email' THEN facts.suppressed_at ELSE elsewhere.suppressed_at END
           AS suppressed_at
FROM ({facts}) facts
LEFT JOIN ({of_rules}) of_rules ON of_rules.id = facts.id
LEFT JOIN ({elsewhere}) elsewhere ON elsewhere.id = facts.id
"""
_THESE, _KEPT_BACK = "d.id = ANY(%(ids)s)", "x.lifted_at IS NULL"
# On disk before a byte leaves, whatever the database's own settings say of commits.
_MARK = """
WITH durable AS MATERIALIZED (
    SELECT set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), true)
)
UPDATE campaigns_delivery d
SET status = v.status, reason = v.reason, detail = v.detail, due_at = coalesce(v.due_at, d.due_at),
    owner = CASE WHEN v.status = 'sending' THEN d.owner ELSE '' END,
    lease_until = CASE WHEN v.status = 'sending' THEN clock_timestamp() + %(lease)s END,
    sending_at = CASE WHEN v.status = 'sending' THEN %(at)s END,
    passed_at = CASE WHEN v.status = 'sending' THEN clock_timestamp() END,
    first_sending_at = CASE WHEN v.status = 'sending' THEN coalesce(d.first_sending_at, %(at)s)
                       ELSE d.first_sending_at END,
    finished_at = CASE WHEN v.status NOT IN ('sending', 'planned') THEN %(at)s END,
    attempts = d.attempts + (v.status = 'sending')::int,
    address = CASE WHEN v.status = 'sending' THEN v.address ELSE '' END,
    merge_values = CASE WHEN v.status = 'sending' THEN v.merge_values::jsonb ELSE d.merge_values END
FROM durable, unnest(%(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(details)s::text[],
                     %(dues)s::timestamptz[], %(addresses)s::text[], %(values)s::text[])
     AS v (id, status, reason, detail, due_at, address, merge_values)
WHERE d.id = v.id AND d.status || '' = 'claimed' AND d.owner = %(owner)s
RETURNING d.id, d.status, d.address
"""
FACTS_TYPES = {"ids": "bigint[]", "locked": "bigint[]", "at": "timestamptz", "owner": "text"}
OF_RULES_TYPES, ELSEWHERE_TYPES = {"ids": "bigint[]", "at": "timestamptz"}, {"ids": "bigint[]"}
MARK_TYPES = {
    "ids": "bigint[]",
    "statuses": "text[]",
    "reasons": "text[]",
    "details": "text[]",
    "dues": "timestamptz[]",
    "addresses": "text[]",
    "values": "text[]",
    "at": "timestamptz",
    "owner": "text",
    "lease": "interval",
}
_RETURN = """
UPDATE campaigns_delivery
SET status = 'claimed', sending_at = NULL, passed_at = NULL, attempts = attempts - 1,
    first_sending_at = CASE WHEN attempts > 1 THEN first_sending_at END,
    lease_until = clock_timestamp() + %(lease)s
WHERE id = ANY(%(ids)s) AND status || '' = 'sending' AND owner = %(owner)s
RETURNING id
"""


def windows(batch):
    """Split a batch into windows: one sender each, never two of one contact, the most important first."""
    sizes = dict(Sender.objects.filter(pk__in={d.sender_id for d in batch}).values_list("pk", "window"))
    turns, lines = defaultdict(count), defaultdict(list)
    for delivery in sorted(batch, key=lambda d: (d.rank, d.due_at, d.id)):
        lines[next(turns[delivery.contact_id]), delivery.sender_id].append(delivery)
    for (_turn, sender_id), line in sorted(lines.items()):
        size = sizes[sender_id]
        yield from (line[start : start + size] for start in range(0, len(line), size))


def pass_gate(delivery_ids, at, *, owner, values=None, contact_ids=None):
    """Ask for claimed deliveries, no two of one contact; those that pass are durably `sending` afterwards.

    `contact_ids` are theirs, where the caller knows them already. Returns {id: address} of what passed. The
    others say in their rows why they wait or are not sent.
    """
    crash_point("gate.before")
    with transaction.atomic(durable=True):
        contacts = contact_ids or _contacts_of(delivery_ids)
        assert len(contacts) == len(set(contacts)), "a window never holds two deliveries of one contact"
        locked = lock_contacts(contacts)
        passed = _mark(_facts(delivery_ids, at, owner, locked), at, owner, values or {})
    crash_point("gate.after")
    return passed


def return_to_gate(delivery_ids, owner):
    """Take back what passed but has not left, so that it asks anew; returns the ids still in hand."""
    if not delivery_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_RETURN, {"ids": list(delivery_ids), "owner": owner, "lease": LEASE})
        return [row[0] for row in cursor.fetchall()]


def _contacts_of(delivery_ids):
    return list(Delivery.objects.filter(pk__in=delivery_ids).values_list("contact_id", flat=True))


class Fact(SimpleNamespace):
    """What holds for one delivery, with what is so of all that belong to no rule."""

    rule_status = answers_at_once = leaves = leaves_hour = weekdays = audience = was_there = None
    still_true, holds, condition, has_outcome, was_called = True, None, None, False, False
    is_outside_audience = prefers_another = False


def _facts(delivery_ids, at, owner, locked):
    """What holds now for each of these deliveries; called only once their contacts are locked."""
    with connection.cursor() as cursor:
        asked = {"ids": list(delivery_ids), "locked": locked, "at": at, "owner": owner}
        statements.run(cursor, "gate_facts", FACTS_TYPES, _NOW, asked)
        facts = facts_of(cursor)
        of_rules = {fact.id: fact for fact in facts if fact.rule_id}
        if of_rules:
            _ask_more(cursor, "gate_of_rules", OF_RULES_TYPES, _of_rules_sql(), of_rules, at)
        if elsewhere := {fact.id: fact for fact in facts if fact.channel != Channel.EMAIL}:
            _ask_more(cursor, "gate_elsewhere", ELSEWHERE_TYPES, _NOW_ELSEWHERE, elsewhere, at)
    if of_rules:
        ask_audiences(of_rules.values())
    return facts


def _ask_more(cursor, name, types, sql, facts, at):
    """Ask of some of them what only they are asked."""
    statements.run(cursor, name, types, sql, {"ids": list(facts), "at": at})
    names = [column.name for column in cursor.description]
    for row in cursor.fetchall():
        facts[row[0]].__dict__.update(zip(names, row, strict=True))


def facts_of(cursor):
    """What a statement of facts has found, a row each."""
    names = [column.name for column in cursor.description]
    return [Fact(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def facts_as_of(which):
    """The facts of the deliveries `which`, as they were at %(at)s: what was said or lifted later is not read.

    Asking now needs none of this: nothing is known of later. `ask_audiences` completes what it finds.
    """
    past = {
        "said": "AND said.at <= %(at)s",
        "suppressed": "x.at <= %(at)s AND (x.lifted_at IS NULL OR x.lifted_at > %(at)s)",
    }
    facts, of_rules = _facts_sql(which, **past), _of_rules_sql(which)
    return _AS_OF.format(facts=facts, of_rules=of_rules, elsewhere=_ELSEWHERE.format(which=which, **past))


def ask_audiences(facts):
    """Say of the rows of rules that are for some people only whether they are for this one still."""
    asked = defaultdict(list)
    for fact in facts:
        if fact.audience:
            asked[fact.audience].append(fact)
    for who, some in asked.items():
        people = audience.contacts(json.loads(who)).filter(pk__in=[fact.contact_id for fact in some])
        among = set(people.values_list("pk", flat=True))
        for fact in some:
            fact.is_outside_audience = fact.contact_id not in among


def _facts_sql(which=_IN_HAND, said="", suppressed=_KEPT_BACK):
    heard = {name: _HEARD.format(since=since) for name, since in _SINCE.items()}
    return _FACTS.format(which=which, said=said, suppressed=suppressed, **heard)


def _of_rules_sql(which=_THESE):
    return _OF_RULES.format(
        still_true=triggers.still_true_sql(), reached=outcomes.reached_sql(), holds=HOLDS, which=which
    )


_NOW, _NOW_ELSEWHERE = _facts_sql(), _ELSEWHERE.format(which=_THESE, said="", suppressed=_KEPT_BACK)


def _mark(facts, at, owner, values):
    """Write what was decided; returns {id: address} of what passed."""
    verdicts = [(fact, decide(fact, at)) for fact in facts]
    row = {
        "ids": [fact.id for fact, _verdict in verdicts],
        "statuses": [str(verdict.status) for _fact, verdict in verdicts],
        "reasons": [str(verdict.reason) for _fact, verdict in verdicts],
        "details": [verdict.detail[:300] for _fact, verdict in verdicts],
        "dues": [verdict.due_at for _fact, verdict in verdicts],
        "addresses": [fact.address for fact, _verdict in verdicts],
        "values": [_in_json(values.get(fact.id, {})) for fact, _verdict in verdicts],
    }
    with connection.cursor() as cursor:
        row |= {"at": at, "owner": owner, "lease": LEASE}
        statements.run(cursor, "gate_mark", MARK_TYPES, _MARK, row)
        return {pk: address for pk, status, address in cursor.fetchall() if status == Status.SENDING}
