"""May this be sent, now? Asked last, with the contact locked, and answered in the row.

First the contacts are locked; then a *new* statement reads what holds. One statement that locks and reads
would see the consent as it was before it waited for the lock, and let a withdrawal through.
"""

import json
from collections import defaultdict
from itertools import count

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from campaigns import audience, outcomes, statements, triggers
from campaigns.claiming import LEASE, Claimed
from campaigns.crash_points import crash_point
from campaigns.deciding import decide
from campaigns.models import Delivery
from campaigns.planning import HOLDS
from contacts.locking import lock_sql
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
# What the gate asks of every delivery that is still in this worker's hands, in one statement: a second one
# would cost more than what campaigns are asked in vain. `status || ''` makes the database read by key: the
# index of what is in hand is full of entries of what has just left. Only a rule of several steps can have
# something beside it: for others the history of the person, which may be long, is not read.
_FACTS = """
SELECT d.id, d.contact_id, d.rank, d.channel, d.topic_id, d.reminder_number, d.occurred_at, d.expires_at,
       d.reason, d.rule_id, d.campaign_id, {address} AS address,
       c.time_zone, c.merged_into_id, c.erased_at, k.status AS campaign_status,
       coalesce(r.control_share, k.control_share) AS control_share,
       s.time_zone AS sender_zone, s.quiet_from, s.quiet_until,
       coalesce(switch.held, false) AS held, coalesce(switch.holdout_share, 0) AS holdout_share,
       coalesce(switch.pilot, false) AND NOT EXISTS (
           SELECT 1 FROM campaigns_sendingswitch_pilot_group pilot WHERE pilot.contact_id = d.contact_id
       ) AS is_outside_pilot,
       {consent} AS consent, {consent_at} AS consent_at,
       {suppression} AS suppression, {suppressed_at} AS suppressed_at,
       s.cap, s.cap_days, CASE WHEN s.cap IS NOT NULL AND d.rank > 0 THEN {lately} END AS heard,
       about.cap AS topic_cap, about.cap_days AS topic_days,
       CASE WHEN about.cap IS NOT NULL AND d.rank > 0 THEN {of_topic} END AS heard_of_topic,
       c.at_most, CASE WHEN c.at_most IS NOT NULL AND d.rank > 0 THEN {this_week} END AS heard_this_week,
       r.status AS rule_status, r.answers_at_once, r.leaves, r.leaves_hour, r.weekdays,
       CASE WHEN r.audience <> '{{}}' THEN r.audience::text END AS audience,
       step.by_preference AND d.channel <> coalesce(nullif(c.preferred_channel, ''), 'email')
           AS prefers_another,
       CASE WHEN r.leaves = 'best' THEN ARRAY(
           SELECT t.at FROM touchpoints_touchpoint t
           WHERE t.contact_id = d.contact_id AND t.kind IN ('visited', 'clicked', 'ordered', 'replied')
             AND t.at > %(at)s - interval '180 days' AND t.at <= %(at)s
           ORDER BY t.at DESC, t.id DESC LIMIT 100
       ) END AS was_there,
       CASE WHEN r.id IS NULL THEN true ELSE {still_true} END AS still_true,
       parent.holds, parent.condition, beside.has_outcome, beside.was_called{more}
FROM campaigns_delivery d
JOIN contacts_contact c ON c.id = d.contact_id
JOIN contacts_sender s ON s.id = d.sender_id
LEFT JOIN campaigns_campaign k ON k.id = d.campaign_id
LEFT JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
LEFT JOIN campaigns_step step ON step.id = d.step_id
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
LEFT JOIN LATERAL (
    SELECT {holds} AS holds, s.condition
    FROM campaigns_delivery p JOIN campaigns_step s ON s.id = d.step_id WHERE p.id = d.parent_id
) parent ON true
LEFT JOIN LATERAL (
    SELECT bool_or(p.sending_at IS NOT NULL AND (p.outcome_at IS NOT NULL OR EXISTS (
               SELECT 1 FROM touchpoints_touchpoint t
               WHERE t.contact_id = p.contact_id AND {reached} AND NOT t.is_history
                 AND t.at > p.sending_at AND t.at <= least(p.sending_at + r.outcome_within, %(at)s)
           ))) AS has_outcome,
           bool_or(p.channel = 'phone' AND (
               p.status = 'sent' AND p.sending_at >= d.occurred_at AND d.parent_id IS DISTINCT FROM p.id
               OR p.status IN ('planned', 'claimed', 'sending') AND p.reason = 'call_back'
           )) AS was_called
    FROM campaigns_delivery p
    WHERE d.episode <> '' AND p.contact_id = d.contact_id AND p.episode = d.episode AND p.id <> d.id
      AND (SELECT EXISTS (
          SELECT 1 FROM campaigns_step other
          WHERE other.rule_id = d.rule_id AND other.id IS DISTINCT FROM d.step_id
      ))
) beside ON true{joined}
WHERE {which}
"""
# Of mail; what is no mail is asked elsewhere.
_OF_MAIL = {
    "address": "CASE d.channel WHEN 'email' THEN c.email ELSE '' END",
    "consent": "consent.action",
    "consent_at": "CASE WHEN consent.action <> 'given' THEN consent.at END",
    "suppression": "suppression.reason",
    "suppressed_at": "suppression.at",
}
_IN_HAND = """d.id = ANY(%(ids)s) AND d.contact_id = ANY(%(locked)s)
  AND d.status || '' = 'claimed' AND d.owner = %(owner)s AND d.lease_until > clock_timestamp()
ORDER BY d.id
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
_THESE, _KEPT_BACK = "d.id = ANY(%(ids)s)", "x.lifted_at IS NULL"
# On disk before a byte leaves, whatever the database's own settings say of commits. All rows come as one
# value: of many each would have to be quoted here and read there.
_MARK = """
WITH durable AS MATERIALIZED (
    SELECT set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), true)
)
UPDATE campaigns_delivery d
SET status = 'sending', reason = '', detail = '', finished_at = NULL, sending_at = %(at)s,
    first_sending_at = coalesce(d.first_sending_at, %(at)s), passed_at = clock_timestamp(),
    lease_until = clock_timestamp() + %(lease)s, attempts = d.attempts + 1,
    address = v.address, merge_values = v.merge_values
FROM durable, jsonb_to_recordset(%(rows)s) AS v (id bigint, address text, merge_values jsonb)
WHERE d.id = v.id AND d.id = ANY(%(ids)s) AND d.status || '' = 'claimed' AND d.owner = %(owner)s
RETURNING d.id
"""
_TURN_AWAY = """
UPDATE campaigns_delivery d
SET status = v.status, reason = v.reason, detail = v.detail, due_at = coalesce(v.due_at, d.due_at),
    owner = '', lease_until = NULL, sending_at = NULL, passed_at = NULL, address = '',
    finished_at = CASE WHEN v.status <> 'planned' THEN %(at)s END
FROM jsonb_to_recordset(%(rows)s) AS v (id bigint, status text, reason text, detail text, due_at timestamptz)
WHERE d.id = v.id AND d.id = ANY(%(ids)s) AND d.status || '' = 'claimed' AND d.owner = %(owner)s
"""
FACTS_TYPES = {"ids": "bigint[]", "locked": "bigint[]", "at": "timestamptz", "owner": "text"}
ELSEWHERE_TYPES = {"ids": "bigint[]"}
TURN_AWAY_TYPES = {"ids": "bigint[]", "rows": "jsonb", "at": "timestamptz", "owner": "text"}
MARK_TYPES = TURN_AWAY_TYPES | {"lease": "interval"}
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
    for delivery in sorted(batch, key=Claimed.turn):
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
        facts = _facts(delivery_ids, at, owner, contacts)
        passed = _mark(facts, at, owner, values or {})
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


class Fact:
    """What holds for one delivery: an attribute each."""

    is_outside_audience = False

    def __init__(self, told):
        self.__dict__.update(told)


def _facts(delivery_ids, at, owner, contacts):
    """Lock these contacts, and then ask what holds now for each of these deliveries of theirs."""
    asked = {"ids": list(delivery_ids), "locked": sorted(contacts), "at": at, "owner": owner}
    with connection.cursor() as cursor:
        # Two statements on one way to the database: the second does not begin before the lock is had.
        statements.run(cursor, "gate_facts", FACTS_TYPES, _facts_sql(), asked, first=lock_sql("locked"))
        facts = facts_of(cursor)
        if elsewhere := {fact.id: fact for fact in facts if fact.channel != Channel.EMAIL}:
            _ask_elsewhere(cursor, elsewhere)
    ask_audiences(facts)
    return facts


def _ask_elsewhere(cursor, facts):
    """Ask of what is no mail what only that is asked."""
    statements.run(cursor, "gate_elsewhere", ELSEWHERE_TYPES, _NOW_ELSEWHERE, {"ids": list(facts)})
    names = [column.name for column in cursor.description]
    for row in cursor.fetchall():
        facts[row[0]].__dict__.update(zip(names, row, strict=True))


def facts_of(cursor):
    """What a statement of facts has found, a row each."""
    names = [column.name for column in cursor.description]
    return [Fact(zip(names, row, strict=True)) for row in cursor.fetchall()]


def facts_as_of(which):
    """The facts of the deliveries `which`, as they were at %(at)s: what was said or lifted later is not read.

    Asking now needs none of this: nothing is known of later. `ask_audiences` completes what it finds.
    """
    past = {
        "said": "AND said.at <= %(at)s",
        "suppressed": "x.at <= %(at)s AND (x.lifted_at IS NULL OR x.lifted_at > %(at)s)",
    }
    elsewhere = _ELSEWHERE.format(which=f"{which} AND d.channel <> 'email'", **past)
    told = {
        name: f"CASE d.channel WHEN 'email' THEN {sql} ELSE elsewhere.{name} END"
        for name, sql in _OF_MAIL.items()
    }
    joined = f"\nLEFT JOIN ({elsewhere}) elsewhere ON elsewhere.id = d.id"
    return _facts_sql(f"{which} ORDER BY d.id", told, more=", d.due_at", joined=joined, **past)


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


def _facts_sql(which=_IN_HAND, told=_OF_MAIL, said="", suppressed=_KEPT_BACK, more="", joined=""):
    heard = {name: _HEARD.format(since=since) for name, since in _SINCE.items()}
    asked = {"still_true": triggers.still_true_sql(), "reached": outcomes.reached_sql(), "holds": HOLDS}
    where = {"which": which, "said": said, "suppressed": suppressed, "more": more, "joined": joined}
    return _FACTS.format(**where, **told, **heard, **asked)


_NOW_ELSEWHERE = _ELSEWHERE.format(which=_THESE, said="", suppressed=_KEPT_BACK)


def _mark(facts, at, owner, values):
    """Write what was decided; returns {id: address} of what passed."""
    passing, turned_away = [], []
    for fact in facts:
        verdict = decide(fact, at)
        if verdict.status == Status.SENDING:
            row = {"id": fact.id, "address": fact.address, "merge_values": values.get(fact.id, {})}
            passing.append(row)
        else:
            turned_away.append(_row(fact, verdict))
    told = {"at": at, "owner": owner, "lease": LEASE}
    with connection.cursor() as cursor:
        if turned_away:
            _write(cursor, "gate_turn_away", TURN_AWAY_TYPES, _TURN_AWAY, turned_away, told)
        if not passing:
            return {}
        _write(cursor, "gate_mark", MARK_TYPES, _MARK, passing, told)
        marked = {pk for (pk,) in cursor.fetchall()}
    return {row["id"]: row["address"] for row in passing if row["id"] in marked}


def _row(fact, verdict):
    due_at = verdict.due_at and verdict.due_at.isoformat()
    told = {"status": verdict.status, "reason": verdict.reason, "detail": verdict.detail[:300]}
    return {"id": fact.id, "due_at": due_at, **told}


def _write(cursor, name, types, sql, rows, told):
    told = told | {"ids": [row["id"] for row in rows], "rows": _in_json(rows)}
    statements.run(cursor, name, types, sql, told)
