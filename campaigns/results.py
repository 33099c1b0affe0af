"""Who got a message beside who was held out: of a row, a campaign, two variants of a step, and all together.

Each person counts once, on the side chance has put them, from the moment at which the gate first decided
about them; and only once their span from there is over, so that a look in the midst compares like with like.
"""

from dataclasses import replace
from datetime import timedelta

from django.db import connection

from campaigns.keeping import kept
from campaigns.models import Delivery, LifecycleRule, SendingSwitch
from campaigns.uplift import Comparison, Side

Status, Reason = Delivery.Status, Delivery.Reason
# All together are looked at for so long from the first message that somebody got, or would have got.
EVERYTHING_WITHIN = timedelta(days=90)
ON_THE_WAY = [Status.PLANNED, Status.CLAIMED, Status.SENDING, Status.UNKNOWN]

# What passed the gate and is in no doubt; whether it arrived is none of the experiment's choice.
_PASSED = "(d.status = 'sent' OR d.status = 'failed' AND d.sending_at IS NOT NULL)"
_HELD_OUT = "(d.status = 'held_out' AND d.reason = %(reason)s)"
_DECIDED_AT = "coalesce(d.sending_at, d.finished_at)"
# From when as many were held out as now, and somebody was at all: before, there was nobody to compare with.
_SINCE = (
    "coalesce(greatest(%(since)s::timestamptz, (SELECT min(since) FROM first WHERE NOT is_one)), '-infinity')"
)
_EVER = "'-infinity'::timestamptz"

# The first time that it was decided about each person. Whoever came before the sides were drawn as they are
# now belongs to neither.
_SIDES = """
WITH first AS MATERIALIZED (
    SELECT DISTINCT ON (d.contact_id) d.contact_id, {side} AS is_one, {decided_at} AS since
    FROM campaigns_delivery d
    WHERE {which} AND {decided_at} <= %(at)s
    ORDER BY d.contact_id, {decided_at}, d.id
), decided AS MATERIALIZED (
    SELECT contact_id, is_one, since, since + %(within)s <= %(at)s AS counts FROM first
    WHERE since >= {since}
), reached AS MATERIALIZED ({reached}), spent AS MATERIALIZED (
    SELECT decided.contact_id, count(*) FILTER (WHERE o.cost IS NULL) AS unknown_costs,
           sum((o.amount - o.refunded - o.cost) * o.rate) AS margin,
           sum((o.amount - o.refunded) * o.rate) AS revenue
    FROM decided JOIN touchpoints_order o ON o.contact_id = decided.contact_id
    WHERE decided.counts AND o.status IN ('paid', 'shipped')
      AND o.at > decided.since AND o.at <= decided.since + %(within)s
    GROUP BY decided.contact_id
)
SELECT is_one, count(*) FILTER (WHERE counts), count(*) FILTER (WHERE NOT counts),
       count(reached.contact_id) FILTER (WHERE counts),
       count(revenue) FILTER (WHERE counts), count(margin) FILTER (WHERE counts),
       coalesce(sum(revenue), 0), coalesce(sum(revenue * revenue), 0),
       coalesce(sum(margin), 0), coalesce(sum(margin * margin), 0),
       coalesce(sum(unknown_costs), 0), min(since + %(within)s) FILTER (WHERE NOT counts)
FROM decided LEFT JOIN reached USING (contact_id) LEFT JOIN spent USING (contact_id)
GROUP BY is_one
"""
# What was asked for, within the span from the first decision: on both sides the same, whoever got a reminder.
_REACHED = """
    SELECT DISTINCT decided.contact_id
    FROM decided JOIN campaigns_delivery d ON d.contact_id = decided.contact_id
    WHERE {which} AND d.outcome_at > decided.since AND d.outcome_at <= decided.since + %(within)s
"""
# All together ask for one thing: an order.
_ORDERED = """
    SELECT DISTINCT decided.contact_id
    FROM decided JOIN touchpoints_order o ON o.contact_id = decided.contact_id
    WHERE o.status IN ('paid', 'shipped') AND o.at > decided.since AND o.at <= decided.since + %(within)s
"""


def latest(program, at):
    """What a row or a campaign was worth, as it was worked out at most ten minutes ago."""
    of_program = of_rule if isinstance(program, LifecycleRule) else of_campaign
    return kept("results", program, at, lambda: of_program(program, at))


def of_rule(rule, at):
    """A row of the strategy: who got it beside who was held out, since as many are as now."""
    asked = {"program": rule.pk, "within": rule.outcome_within, "since": control_since(rule)}
    found = _compare(_of_program("rule_id"), _PASSED, asked | {"reason": Reason.CONTROL}, at)
    return replace(found, asks=bool(rule.outcome))


def of_campaign(campaign, at):
    """A campaign, which ends: who got it beside who was held out."""
    asked = {"program": campaign.pk, "within": campaign.outcome_within}
    asked |= {"reason": Reason.CONTROL}
    to_come = Delivery.objects.filter(campaign=campaign, status__in=ON_THE_WAY).count()
    found = _compare(_of_program("campaign_id"), _PASSED, asked, at, since=_EVER, to_come=to_come)
    return replace(found, asks=bool(campaign.outcome))


def of_variants(step, at):
    """The two variants of a step, from when each was sent: a beside b."""
    which = f"d.rule_id = %(program)s AND d.step_id = %(step)s AND d.variant <> '' AND {_PASSED}"
    asked = {"program": step.rule_id, "step": step.pk, "within": step.rule.outcome_within}
    reached = _REACHED.format(which="d.rule_id = %(program)s")
    found = _compare((which, reached), "d.variant = 'a'", asked, at, since=_EVER, is_variants=True)
    return replace(found, asks=bool(step.rule.outcome))


def variants_of(rule, at):
    """(step, Comparison) of each step of a row that has two variants."""
    steps = rule.steps.filter(content_b__isnull=False).select_related("rule", "content", "content_b")
    return [(step, of_variants(step, at)) for step in steps.order_by("position", "key")]


def of_everything(at):
    """All messages together: who may get any beside who gets none, in the days from the first on.

    Whom a single row held out belongs to those who may get any: all that rows and campaigns do is theirs.
    """
    since = holdout_since()
    asked = {"within": EVERYTHING_WITHIN, "since": since, "reason": Reason.HOLDOUT}
    decided = f"({_PASSED} OR d.status = 'held_out')"
    which = f"d.rank > 0 AND {decided} AND {_DECIDED_AT} >= coalesce(%(since)s, {_EVER})"
    return _compare((which, _ORDERED), "d.reason <> %(reason)s", asked, at)


def control_since(rule):
    """Since when as many of a row are held out as now; None when it never was otherwise."""
    return _since(_history_of(LifecycleRule).filter(pgh_obj=rule), "control_share")


def holdout_since():
    """Since when as many are held out of everything as now; None when it never was otherwise."""
    return _since(_history_of(SendingSwitch), "holdout_share")


def _history_of(model):
    return model.events.rel.related_model.objects.order_by("pgh_id")


def _since(events, name):
    """When the value that holds now was last chosen over another; None if none ever was."""
    history = [*events.values_list(name, "pgh_created_at")]
    changes = [
        at for (before, _at), (value, at) in zip(history, history[1:], strict=False) if value != before
    ]
    return changes[-1] if changes else None


def _of_program(key):
    which = f"d.{key} = %(program)s"
    return f"{which} AND ({_PASSED} OR {_HELD_OUT})", _REACHED.format(which=which)


def _compare(questions, side, asked, at, *, since=_SINCE, to_come=None, is_variants=False):
    which, reached = questions
    sql = _SIDES.format(side=side, decided_at=_DECIDED_AT, since=since, which=which, reached=reached)
    with connection.cursor() as cursor:
        cursor.execute(sql, asked | {"at": at})
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    # Revenue, where no cost of any order is known.
    is_margin = any(row[4] for row in rows.values()) or not any(row[3] for row in rows.values())
    one, other = (_side(rows[is_one], is_margin) if is_one in rows else Side() for is_one in (True, False))
    first_at = min((row[10] for row in rows.values() if row[10]), default=None)
    return Comparison(one, other, to_come, first_at, is_margin, is_variants)


def _side(row, is_margin):
    people, waiting, reached, buyers, with_margin, revenue, revenue_2, margin, margin_2, unknown, _first = row
    spent = (with_margin, margin, margin_2) if is_margin else (buyers, revenue, revenue_2)
    spenders, amount, squares = spent
    return Side(people, waiting, reached, spenders, float(amount), float(squares), int(unknown))
