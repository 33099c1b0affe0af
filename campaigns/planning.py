"""Puts each occurrence into the ledger, once: one INSERT … SELECT for a step and the whole base.

Every sweep looks back over the rule's whole freshness. The unique key makes that free, and what committed
late is not lost; ten planners at once plan the same set. Steps that follow another are planned from what was
sent, once their delay has passed and their condition is known.
"""

import hashlib
import logging
import re

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.utils.translation import gettext as _

from campaigns import audience, triggers
from campaigns.models import LifecycleRule

logger = logging.getLogger(__name__)

_ONCE = "'r' || r.id || ':s' || s.key || ':' || o.contact_id"
_EACH = f"{_ONCE} || ':' || o.occurrence"
KEYS = {
    LifecycleRule.ReEntry.ONCE: _ONCE,
    LifecycleRule.ReEntry.DAYS: _EACH,
    LifecycleRule.ReEntry.EVERY: _EACH,
}
# What all steps from one occurrence share.
_EPISODE = "'r' || r.id || ':' || o.contact_id || ':' || o.occurrence"
# Of several steps that start from the occurrence all take the same one: looked for by their keys, by index
# or in one hash, however little the database knows of a ledger that was filled a moment ago.
_SAME = f"""
    AND NOT EXISTS (
        SELECT 1 FROM campaigns_delivery near
        WHERE near.occurrence_key = 'r' || r.id || ':s{{key}}:' || o.contact_id AND near.episode <> {_EPISODE}
    )
"""
# Whoever had something of this rule for another occurrence within the days before or after is left alone.
_RESTED = f"""
    AND NOT EXISTS (
        SELECT 1 FROM campaigns_delivery near
        WHERE near.rule_id = %(rule)s AND near.contact_id = o.contact_id AND near.reminder_number = 0
          AND near.episode <> {_EPISODE}
          AND near.occurred_at > o.occurred_at - r.re_entry_days * interval '1 day'
          AND near.occurred_at < o.occurred_at + r.re_entry_days * interval '1 day'
    )
"""
# The occurrences that are due after one moment and not yet in the ledger.
_NEW = """
    SELECT {distinct} o.*, s.delay, {key} AS key, {episode} AS episode
    FROM ({occurrences}) o
    JOIN campaigns_step s ON s.id = %(step)s
    JOIN campaigns_lifecyclerule r ON r.id = s.rule_id
    WHERE o.occurred_at + s.delay > %(due_after)s
      AND NOT EXISTS (SELECT 1 FROM campaigns_delivery known WHERE known.occurrence_key = {key})
      {rested} {among} {preferring}
    ORDER BY o.contact_id, o.occurred_at, o.occurrence
"""
# Written in the order of the keys' makings, so that two planners never wait for each other in a ring.
_COLUMNS = """
INSERT INTO campaigns_delivery (
    uuid, occurrence_key, rule_id, step_id, episode, contact_id, parent_id, reminder_number, touchpoint_id,
    evidence, channel, topic_id, sender_id, version_id, variant, rank, position, status, reason, detail,
    occurred_at, due_at, expires_at, planned_at, owner, attempts, address, merge_values, reply)
"""
# Which of two messages a contact gets, the same for ever; `variant_of` says it in Python.
_VARIANT = """
    CASE WHEN b.live_id IS NULL THEN ''
         WHEN get_byte(sha256(convert_to('variant:' || s.id || ':' || {contact}, 'UTF8')), 7) %% 2 = 0
         THEN 'a' ELSE 'b' END
"""
_WORDS = """
JOIN campaigns_content c ON c.id = s.content_id AND c.live_id IS NOT NULL
LEFT JOIN campaigns_content b ON b.id = s.content_b_id
"""
_PLAN = f"""
{_COLUMNS}
SELECT gen_random_uuid(), new.key, r.id, s.id, new.episode, new.contact_id, NULL, 0, new.touchpoint_id,
       new.evidence, s.channel, r.topic_id, r.sender_id,
       CASE chosen.variant WHEN 'b' THEN b.live_id ELSE c.live_id END, chosen.variant, r.rank, r.position,
       'planned', '', '', new.occurred_at, new.occurred_at + s.delay,
       new.occurred_at + s.delay + r.freshness, %(at)s, '', 0, '', '{{{{}}}}', ''
FROM ({{new}}) new
JOIN campaigns_step s ON s.id = %(step)s AND s.removed_at IS NULL
JOIN campaigns_lifecyclerule r ON r.id = s.rule_id AND r.status = 'active'
{_WORDS}
CROSS JOIN LATERAL (SELECT {_VARIANT.format(contact="new.contact_id")} AS variant) chosen
ORDER BY new.contact_id, new.occurred_at, new.occurrence
ON CONFLICT (occurrence_key) DO NOTHING
"""
# What a following step asks for of the message before it: p is that message, s the step. An answer is one of
# a person; an opening alone answers nothing.
HOLDS = """
    (s.condition = '' OR (s.condition = 'clicked') = EXISTS (
        SELECT 1 FROM campaigns_response answer
        WHERE answer.delivery_id = p.id AND answer.kind = ANY(CASE s.condition
            WHEN 'clicked' THEN '{clicked}'
            WHEN 'unopened' THEN '{opened,clicked,replied,unsubscribed}'
            ELSE '{clicked,replied,unsubscribed}' END::text[])
          AND answer.made_by = 'person'
    ))
"""
# What is followed.
FOLLOWED = "p.status = 'sent'"
_FOLLOW = f"""
{_COLUMNS}
SELECT gen_random_uuid(), p.occurrence_key || ':s' || s.key, r.id, s.id, p.episode, p.contact_id, p.id,
       p.reminder_number + 1, p.touchpoint_id, jsonb_build_object('words', CASE s.condition
           WHEN 'unanswered' THEN %(unanswered)s::text WHEN 'unopened' THEN %(unopened)s::text
           WHEN 'clicked' THEN %(clicked)s::text ELSE %(always)s::text END, 'at', p.sending_at),
       s.channel, r.topic_id, r.sender_id, CASE chosen.variant WHEN 'b' THEN b.live_id ELSE c.live_id END,
       chosen.variant, r.rank, r.position, 'planned', '', '', p.sending_at, p.sending_at + s.delay,
       p.sending_at + s.delay + r.freshness, %(at)s, '', 0, '', '{{}}', ''
FROM campaigns_step s
JOIN campaigns_lifecyclerule r ON r.id = s.rule_id AND r.status = 'active'
{_WORDS}
JOIN campaigns_delivery p ON p.rule_id = r.id AND p.step_id = s.follows_id AND {FOLLOWED}
    AND p.sending_at <= %(at)s - s.delay
    AND p.sending_at > greatest(r.activated_at, %(at)s - r.freshness) - s.delay
CROSS JOIN LATERAL (SELECT {_VARIANT.format(contact="p.contact_id")} AS variant) chosen
WHERE s.removed_at IS NULL AND s.follows_id IS NOT NULL AND p.outcome_at IS NULL AND {HOLDS}
  AND NOT EXISTS (
      SELECT 1 FROM campaigns_delivery known WHERE known.occurrence_key = p.occurrence_key || ':s' || s.key
  )
  AND NOT EXISTS (
      SELECT 1 FROM campaigns_delivery beside
      WHERE beside.contact_id = p.contact_id AND beside.episode = p.episode AND beside.outcome_at IS NOT NULL
  )
  AND (NOT s.by_preference OR s.channel = (
      SELECT coalesce(nullif(who.preferred_channel, ''), 'email') FROM contacts_contact who
      WHERE who.id = p.contact_id
  ))
ORDER BY p.id, s.id
ON CONFLICT (occurrence_key) DO NOTHING
"""
_PREFERRING = """
    AND s.channel = (
        SELECT coalesce(nullif(who.preferred_channel, ''), 'email') FROM contacts_contact who
        WHERE who.id = o.contact_id
    )
"""


def plan(at, contact_ids=None):
    """Plan what every active rule asks for at this moment, for all or for these contacts; how many."""
    rules = LifecycleRule.objects.active().in_order().select_related("sender").prefetch_related("steps")
    return sum(_plan_or_log(rule, at, contact_ids) for rule in rules)


def plan_rule(rule, at, contact_ids=None):
    """Plan what one rule asks for; returns how many rows are new."""
    if rule.re_entry != LifecycleRule.ReEntry.DAYS:
        return _insert_all(rule, at, contact_ids)
    # "Not within so many days" reads other rows, so planners of this rule take turns.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('campaigns.plan'), %s)", [rule.pk])
        return _insert_all(rule, at, contact_ids)


def plan_following(at):
    """Plan each step that follows one that was sent, where its moment has come and its condition holds.

    Returns how many.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, _said() | {"at": at})
        return cursor.rowcount


def plan_following_each(followed, moment, values):
    """Plan what follows the messages `followed` (a condition on `p`), each at a moment of its own.

    `moment` is an expression over `p` and its step `s`. Returns how many.
    """
    sql = _FOLLOW.replace(FOLLOWED, f"{FOLLOWED} AND {followed}").replace("%(at)s", f"({moment})")
    with connection.cursor() as cursor:
        cursor.execute(sql, _said() | values)
        return cursor.rowcount


def plan_between(rule, since, until):
    """Plan what of one rule falls due after `since`, from what happened by `until`: all that ticks between
    the two would have planned. Returns how many.
    """
    planned = 0
    # What lies before `since` is met by the first tick alone; of the rest each person's first comes first.
    for at in (since, until):
        while new := _insert_all(rule, at, None, since):
            planned += new
            if rule.re_entry != LifecycleRule.ReEntry.DAYS:
                break
    return planned


def _said():
    return {
        "unanswered": _("No answer to the message before"),
        "unopened": _("Nobody opened the message before"),
        "clicked": _("Clicked, and nothing came of it yet"),
        "always": _("Follows the message before"),
    }


def variant_of(step_id, contact_id):
    """Which of two messages of a step a contact gets, "a" or "b": as the database says it."""
    digest = hashlib.sha256(f"variant:{step_id}:{contact_id}".encode()).digest()
    return "b" if digest[7] % 2 else "a"


def starting(rule):
    """The steps of a rule that start from the occurrence."""
    return [step for step in rule.steps.all() if step.follows_id is None]


def rehearse(rule, since, until):
    """How many people the rule would write to for the first time, falling due after `since`.

    From what happened by `until`.
    """
    first = rule.first_step
    if first is None or not first.by_preference:
        return _count(first, rule, since, until) if first else 0
    # Of steps by preference each person gets one.
    preferred = [step for step in starting(rule) if step.by_preference]
    return sum(_count(step, rule, since, until) for step in preferred)


def _count(step, rule, since, until):
    sql, params = _new(step, rule, until, since, None)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({sql}) new WHERE new.occurred_at + new.delay <= %(until)s",
            params | {"until": until},
        )
        return cursor.fetchone()[0]


def rehearsed(rule, since, until, limit):
    """The first contacts (ids) of those whom `rehearse` counts."""
    if rule.first_step is None:
        return []
    sql, params = _new(rule.first_step, rule, until, since, None)
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


def _insert_all(rule, at, contact_ids, due_after=None):
    due_after = due_after or max(rule.activated_at, at - rule.freshness)
    return sum(_insert(step, rule, at, contact_ids, due_after) for step in starting(rule))


def _insert(step, rule, at, contact_ids, due_after):
    """One statement for all; returns how many rows are new."""
    sql, params = _new(step, rule, at, due_after, contact_ids)
    with connection.cursor() as cursor:
        cursor.execute(_PLAN.format(new=sql), params | {"at": at})
        return cursor.rowcount


def _new(step, rule, at, due_after, contact_ids):
    """(sql, params) of the occurrences that a step answers and that are not in the ledger yet."""
    occurrences, found = triggers.occurrences_of(rule, at, due_after - step.delay, contact_ids)
    among, people = _among(rule)
    sql = _NEW.format(
        occurrences=occurrences,
        key=KEYS[rule.re_entry],
        episode=_EPISODE,
        distinct="" if rule.re_entry == LifecycleRule.ReEntry.EVERY else "DISTINCT ON (o.contact_id)",
        rested=_rested(step, rule),
        among=among,
        preferring=_PREFERRING if step.by_preference else "",
    )
    return sql, found | people | {"step": step.pk, "rule": rule.pk, "due_after": due_after}


def _rested(step, rule):
    """What keeps a second occurrence of a rule away from somebody."""
    if rule.re_entry == LifecycleRule.ReEntry.DAYS:
        return _RESTED
    if rule.re_entry == LifecycleRule.ReEntry.EVERY:
        return ""
    return "".join(_SAME.format(key=other.key) for other in starting(rule) if other.key != step.key)


def _among(rule):
    """(sql, params): only those whom the rule is for; nothing where it is for everybody."""
    if not rule.audience:
        return "", {}
    try:
        people = audience.contacts(rule.audience).order_by().values("pk")
        sql, params = people.query.sql_with_params()
    except EmptyResultSet:
        return "AND false", {}
    names = {f"among{number}": value for number, value in enumerate(params)}
    places = iter(names)
    named = re.sub("%%|%s", lambda sign: "%%" if sign[0] == "%%" else f"%({next(places)})s", sql)
    return f"AND o.contact_id IN ({named})", names
