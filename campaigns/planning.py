"""Puts each occurrence into the ledger, once: one INSERT … SELECT for a rule and the whole base.

Every sweep looks back over the rule's whole freshness. The unique key makes that free, and what committed
late is not lost; ten planners at once plan the same set.
"""

import logging

from django.db import connection, transaction
from django.utils.translation import gettext as _

from campaigns import triggers
from campaigns.models import LifecycleRule

logger = logging.getLogger(__name__)

_ONCE = "'r' || r.id || ':s1:' || o.contact_id"
_EACH = f"{_ONCE} || ':' || o.occurrence"
KEYS = {
    LifecycleRule.ReEntry.ONCE: _ONCE,
    LifecycleRule.ReEntry.DAYS: _EACH,
    LifecycleRule.ReEntry.EVERY: _EACH,
}
# Whoever had a delivery of this rule within the days before or after is left alone.
_RESTED = """
    AND NOT EXISTS (
        SELECT 1 FROM campaigns_delivery near
        WHERE near.rule_id = r.id AND near.contact_id = o.contact_id AND near.reminder_number = 0
          AND near.occurred_at > o.occurred_at - r.re_entry_days * interval '1 day'
          AND near.occurred_at < o.occurred_at + r.re_entry_days * interval '1 day'
    )
"""
# The occurrences that are due after one moment and not yet in the ledger.
_NEW = """
    SELECT {distinct} o.*, r.delay, {key} AS key
    FROM ({occurrences}) o
    JOIN campaigns_lifecyclerule r ON r.id = %(rule)s
    WHERE o.occurred_at + r.delay > %(due_after)s
      AND NOT EXISTS (SELECT 1 FROM campaigns_delivery known WHERE known.occurrence_key = {key})
      {rested}
    ORDER BY o.contact_id, o.occurred_at, o.occurrence
"""
# Written in the order of the keys' makings, so that two planners never wait for each other in a ring.
_COLUMNS = """
INSERT INTO campaigns_delivery (
    uuid, occurrence_key, rule_id, contact_id, parent_id, reminder_number, touchpoint_id, evidence, channel,
    topic_id, sender_id, version_id, rank, status, reason, detail, occurred_at, due_at, expires_at,
    planned_at, owner, attempts, address, merge_values, reply)
"""
_PLAN = f"""
{_COLUMNS}
SELECT gen_random_uuid(), new.key, r.id, new.contact_id, NULL, 0, new.touchpoint_id, new.evidence, r.channel,
       r.topic_id, r.sender_id, c.live_id, r.rank, 'planned', '', '', new.occurred_at,
       new.occurred_at + r.delay, new.occurred_at + r.delay + r.freshness, %(at)s, '', 0, '', '{{{{}}}}', ''
FROM ({{new}}) new
JOIN campaigns_lifecyclerule r ON r.id = %(rule)s AND r.status = 'active'
JOIN campaigns_content c ON c.id = r.content_id AND c.live_id IS NOT NULL
ORDER BY new.contact_id, new.occurred_at, new.occurrence
ON CONFLICT (occurrence_key) DO NOTHING
"""
# Silence: neither a click nor a reply nor a stop, and the outcome not reached. An opening says nothing.
UNANSWERED = """
    NOT EXISTS (
        SELECT 1 FROM campaigns_response answer
        WHERE answer.delivery_id = p.id AND answer.kind IN ('clicked', 'replied', 'unsubscribed')
          AND answer.made_by = 'person'
    )
"""
SILENT = f"p.outcome_at IS NULL AND {UNANSWERED}"
_REMIND = f"""
{_COLUMNS}
SELECT gen_random_uuid(), p.occurrence_key || ':r1', r.id, p.contact_id, p.id, 1, p.touchpoint_id,
       jsonb_build_object('words', %(said)s::text, 'at', p.sending_at), r.channel, r.topic_id, r.sender_id,
       c.live_id, r.rank, 'planned', '', '', p.sending_at, p.sending_at + r.remind_after,
       p.sending_at + r.remind_after + r.freshness, %(at)s, '', 0, '', '{{}}', ''
FROM campaigns_lifecyclerule r
JOIN campaigns_content c ON c.id = r.reminder_content_id AND c.live_id IS NOT NULL
JOIN campaigns_delivery p ON p.rule_id = r.id AND p.status = 'sent' AND p.reminder_number = 0
    AND p.sending_at <= %(at)s - r.remind_after
    AND p.sending_at > greatest(r.activated_at, %(at)s - r.freshness) - r.remind_after
WHERE r.status = 'active' AND r.remind_after IS NOT NULL AND {SILENT}
  AND NOT EXISTS (
      SELECT 1 FROM campaigns_delivery known WHERE known.occurrence_key = p.occurrence_key || ':r1'
  )
ORDER BY p.id
ON CONFLICT (occurrence_key) DO NOTHING
"""


def plan(at, contact_ids=None):
    """Plan what every active rule asks for at this moment, for all or for these contacts; how many."""
    return sum(
        _plan_or_log(rule, at, contact_ids)
        for rule in LifecycleRule.objects.active().in_order().select_related("sender")
    )


def plan_rule(rule, at, contact_ids=None):
    """Plan what one rule asks for; returns how many rows are new."""
    if rule.re_entry != LifecycleRule.ReEntry.DAYS:
        return _insert(rule, at, contact_ids)
    # "Not within so many days" reads other rows, so planners of this rule take turns.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('campaigns.plan'), %s)", [rule.pk])
        return _insert(rule, at, contact_ids)


def plan_reminders(at):
    """Plan a reminder for every first message whose silence has lasted long enough; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_REMIND, {"at": at, "said": _("No answer to the first message")})
        return cursor.rowcount


def rehearse(rule, since, until):
    """How many deliveries the rule would have falling due after `since`, from what happened by `until`."""
    sql, params = _new(rule, until, since, None)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({sql}) new WHERE new.occurred_at + new.delay <= %(until)s",
            params | {"until": until},
        )
        return cursor.fetchone()[0]


def rehearsed(rule, since, until, limit):
    """The first contacts (ids) of those whom `rehearse` counts."""
    sql, params = _new(rule, until, since, None)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT new.contact_id FROM ({sql}) new WHERE new.occurred_at + new.delay <= %(until)s
            GROUP BY new.contact_id ORDER BY max(new.occurred_at) DESC LIMIT %(limit)s""",
            params | {"until": until, "limit": limit},
        )
        return [row[0] for row in cursor.fetchall()]


def _plan_or_log(rule, at, contact_ids):
    """One bad rule must not hold up the rest."""
    try:
        return plan_rule(rule, at, contact_ids)
    except Exception:
        logger.exception("Rule %s could not be planned.", rule.pk)
        return 0


def _insert(rule, at, contact_ids):
    """One statement for all; returns how many rows are new."""
    sql, params = _new(rule, at, max(rule.activated_at, at - rule.freshness), contact_ids)
    with connection.cursor() as cursor:
        cursor.execute(_PLAN.format(new=sql), params | {"at": at})
        return cursor.rowcount


def _new(rule, at, due_after, contact_ids):
    """(sql, params) of the occurrences of a rule that are not in the ledger yet."""
    occurrences, found = triggers.occurrences_of(rule, at, due_after - rule.delay, contact_ids)
    sql = _NEW.format(
        occurrences=occurrences,
        key=KEYS[rule.re_entry],
        distinct="" if rule.re_entry == LifecycleRule.ReEntry.EVERY else "DISTINCT ON (o.contact_id)",
        rested=_RESTED if rule.re_entry == LifecycleRule.ReEntry.DAYS else "",
    )
    return sql, found | {"rule": rule.pk, "due_after": due_after}
