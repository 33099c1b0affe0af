"""May this be sent, now? Asked last, with the contact locked, and answered in the row.

First the contacts are locked; then a *new* statement reads what holds. One statement that locks and reads
would see the consent as it was before it waited for the lock, and let a withdrawal through.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import hours, outcomes, statements, triggers
from campaigns.claiming import LEASE
from campaigns.crash_points import crash_point
from campaigns.models import Campaign, Delivery, LifecycleRule, Step
from campaigns.planning import HOLDS
from contacts.locking import lock_contacts
from contacts.models import Consent, Sender, Suppression

Status, Reason = Delivery.Status, Delivery.Reason
AT_ONCE = timedelta(minutes=15)
# When to ask again about what somebody has switched off for a while.
HELD_FOR = timedelta(minutes=1)
PAUSED_FOR = timedelta(minutes=15)
# A campaign is many rows: resuming it brings them forward, so they need not be asked often.
CAMPAIGN_PAUSED_FOR = timedelta(hours=6)

# Everything the gate asks, for deliveries that are still in this worker's hands. `status || ''` makes the
# database read by key: the index of what is in hand is full of entries of what has just left.
_FACTS = """
SELECT d.id, d.contact_id, d.rank, d.topic_id, d.reminder_number, d.occurred_at, d.due_at, d.expires_at,
       CASE d.channel WHEN 'email' THEN c.email ELSE '' END AS address,
       c.time_zone, c.merged_into_id, c.erased_at,
       r.status AS rule_status, coalesce(r.answers_at_once, false) AS answers_at_once,
       d.campaign_id, k.status AS campaign_status, k.control_share,
       s.time_zone AS sender_zone, s.quiet_from, s.quiet_until, s.cap, s.cap_days,
       coalesce(switch.held, false) AS held,
       coalesce(switch.pilot, false) AND NOT EXISTS (
           SELECT 1 FROM campaigns_sendingswitch_pilot_group pilot WHERE pilot.contact_id = d.contact_id
       ) AS is_outside_pilot,
       consent.action AS consent, consent.at AS consent_at,
       suppression.reason AS suppression, suppression.at AS suppressed_at,
       {still_true} AS still_true,
       parent.holds, parent.condition, parent.has_outcome,
       CASE WHEN s.cap IS NULL OR d.rank = 0 THEN NULL ELSE ARRAY(
           SELECT heard.sending_at FROM campaigns_delivery heard
           WHERE heard.contact_id = d.contact_id AND heard.rank > 0 AND heard.id <> d.id
             AND heard.status IN ('sending', 'sent', 'unknown', 'parked')
             AND heard.sending_at > %(at)s - s.cap_days * interval '1 day'
           ORDER BY heard.sending_at DESC
       ) END AS heard
FROM campaigns_delivery d
JOIN contacts_contact c ON c.id = d.contact_id
LEFT JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
LEFT JOIN campaigns_campaign k ON k.id = d.campaign_id
JOIN contacts_sender s ON s.id = d.sender_id
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
    SELECT {holds} AS holds, s.condition,
           p.outcome_at IS NOT NULL OR EXISTS (
               SELECT 1 FROM touchpoints_touchpoint t
               WHERE t.contact_id = p.contact_id AND {reached} AND NOT t.is_history
                 AND t.at > p.sending_at AND t.at <= least(p.sending_at + r.outcome_within, %(at)s)
           ) AS has_outcome
    FROM campaigns_delivery p JOIN campaigns_step s ON s.id = d.step_id WHERE p.id = d.parent_id
) parent ON true
WHERE {which}
ORDER BY d.id
"""
_IN_HAND = """d.id = ANY(%(ids)s) AND d.contact_id = ANY(%(locked)s)
  AND d.status || '' = 'claimed' AND d.owner = %(owner)s AND d.lease_until > clock_timestamp()
"""
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


@dataclass(frozen=True)
class Verdict:
    """What the gate says of one delivery."""

    status: str
    reason: str = ""
    detail: str = ""
    due_at: datetime | None = None


PASS = Verdict(Status.SENDING)
_in_json = DjangoJSONEncoder().encode


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


def _facts(delivery_ids, at, owner, locked):
    """What holds now for each of these deliveries; called only once their contacts are locked."""
    with connection.cursor() as cursor:
        asked = {"ids": list(delivery_ids), "locked": locked, "at": at, "owner": owner}
        statements.run(cursor, "gate_facts", FACTS_TYPES, _facts_sql(), asked)
        return facts_of(cursor)


def facts_of(cursor):
    """What a statement of facts has found, a row each."""
    names = [column.name for column in cursor.description]
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def facts_as_of(which):
    """The facts of the deliveries `which`, as they were at %(at)s: what was said or lifted later is not read.

    Asking now needs none of this: nothing is known of later.
    """
    suppressed = "x.at <= %(at)s AND (x.lifted_at IS NULL OR x.lifted_at > %(at)s)"
    return _facts_sql(which, said="AND said.at <= %(at)s", suppressed=suppressed)


def _facts_sql(which=_IN_HAND, said="", suppressed="x.lifted_at IS NULL"):
    return _FACTS.format(
        still_true=triggers.still_true_sql(),
        reached=outcomes.reached_sql(),
        holds=HOLDS,
        which=which,
        said=said,
        suppressed=suppressed,
    )


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


# What is asked, in this order. The first that has something to say decides. -------------------------------


def decide(fact, at):
    """The verdict on one delivery, from its facts."""
    for check in CHECKS:
        if verdict := check(fact, at):
            return verdict
    return PASS


def check_person(fact, at):
    if fact.erased_at:
        return Verdict(Status.ERASED, Reason.ERASED)
    return Verdict(Status.MERGED, Reason.MERGED) if fact.merged_into_id else None


def check_program(fact, at):
    """The row of the strategy, or the campaign, is still wanted."""
    if fact.campaign_id and fact.campaign_status == Campaign.Status.CANCELLED:
        return Verdict(Status.CANCELLED, Reason.CAMPAIGN_OFF)
    if fact.rule_status in (LifecycleRule.Status.CLOSED, LifecycleRule.Status.DRAFT):
        return Verdict(Status.CANCELLED, Reason.RULE_OFF)
    return None


def check_time_left(fact, at):
    return Verdict(Status.EXPIRED, Reason.TOO_LATE) if fact.expires_at <= at else None


def check_address(fact, at):
    if not fact.address:
        return Verdict(Status.SKIPPED, Reason.NO_ADDRESS)
    if fact.suppression:
        what = Suppression.Reason(fact.suppression).label
        return Verdict(Status.SKIPPED, Reason.SUPPRESSED, f"{what}, {_day(fact.suppressed_at)}")
    return None


def check_consent(fact, at):
    """A service message, which has no topic, needs none."""
    if fact.topic_id is None or fact.consent == Consent.Action.GIVEN:
        return None
    if fact.consent is None:
        return Verdict(Status.SKIPPED, Reason.NEVER_AGREED)
    return Verdict(Status.SKIPPED, Reason.WITHDREW, _day(fact.consent_at))


def check_condition(fact, at):
    return None if fact.still_true else Verdict(Status.CANCELLED, Reason.CONDITION_GONE)


def check_sequence(fact, at):
    """A following step goes out only while what it waited for still holds, and never after the outcome."""
    if fact.has_outcome:
        return Verdict(Status.CANCELLED, Reason.OUTCOME_REACHED)
    if fact.holds is not False:
        return None
    is_gone = fact.condition == Step.Condition.CLICKED
    return Verdict(Status.CANCELLED, Reason.CONDITION_GONE if is_gone else Reason.ANSWERED)


def check_switches(fact, at):
    if fact.held:
        return _later(fact, at + HELD_FOR, Reason.HELD)
    if fact.rule_status == LifecycleRule.Status.PAUSED:
        return _later(fact, at + PAUSED_FOR, Reason.RULE_PAUSED)
    if fact.campaign_status == Campaign.Status.PAUSED:
        due_at = min(at + CAMPAIGN_PAUSED_FOR, fact.expires_at)
        return Verdict(Status.PLANNED, Reason.CAMPAIGN_PAUSED, due_at=due_at)
    return Verdict(Status.SKIPPED, Reason.PILOT) if fact.is_outside_pilot else None


def check_hours(fact, at):
    if fact.quiet_from is None or answers_at_once(fact, at):
        return None
    zone = zone_of(fact)
    if not hours.is_quiet(at, zone, fact.quiet_from, fact.quiet_until):
        return None
    end = hours.end_of_quiet(at, zone, fact.quiet_until)
    until = _("until %(time)s in %(zone)s") % {
        "time": end.astimezone(zone).strftime("%H:%M"),
        "zone": zone.key.rpartition("/")[2].replace("_", " "),
    }
    return _later(fact, hours.spread(end, spread_key(fact)), Reason.QUIET, until)


def check_cap(fact, at):
    if fact.cap is None or fact.rank == LifecycleRule.Rank.SERVICE or answers_at_once(fact, at):
        return None
    if len(fact.heard) < fact.cap:
        return None
    free = fact.heard[fact.cap - 1] + timedelta(days=fact.cap_days) if fact.cap else fact.expires_at
    times = ngettext("%(count)s time", "%(count)s times", len(fact.heard)) % {"count": len(fact.heard)}
    within = _("%(times)s in %(days)s days") % {"times": times, "days": fact.cap_days}
    return _later(fact, free, Reason.CAP, within)


def check_control(fact, at):
    """Held out, last of all: whoever is in the control group would have been sent this."""
    if fact.control_share and is_control(f"campaign:{fact.campaign_id}", fact.contact_id, fact.control_share):
        return Verdict(Status.HELD_OUT, Reason.CONTROL)
    return None


CHECKS = (
    check_person,
    check_program,
    check_time_left,
    check_address,
    check_consent,
    check_condition,
    check_sequence,
    check_switches,
    check_hours,
    check_cap,
    check_control,
)


def is_control(experiment, contact_id, share):
    """Whether a contact is held out of an experiment, `share` per cent being so: always the same answer."""
    digest = hashlib.sha256(f"{experiment}:{contact_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % 100 < share


def answers_at_once(fact, at):
    """Whether it answers what the person did a moment ago: then no hour is too late and no cap counts."""
    return fact.answers_at_once and fact.reminder_number == 0 and at - fact.occurred_at <= AT_ONCE


def spread_key(fact):
    """By what it finds its place in the first allowed hour: the same whenever and wherever it is asked."""
    return f"{fact.contact_id}:{fact.occurred_at.timestamp()}"


def zone_of(fact):
    """Where they live; the sender's zone when that is unknown or names no zone."""
    try:
        return ZoneInfo(fact.time_zone or fact.sender_zone)
    except (LookupError, ValueError, OSError):
        return ZoneInfo(fact.sender_zone)


def _later(fact, due_at, reason, detail=""):
    """Wait until then, or end here when that would be too late."""
    if due_at < fact.expires_at:
        return Verdict(Status.PLANNED, reason, detail, due_at)
    return Verdict(Status.SKIPPED, reason, detail)


def _day(moment):
    return date_format(localtime(moment), "j F Y")
