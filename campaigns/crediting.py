"""What is noted to tell worth by: which message an order is credited to, and what those do who got nothing.

Both look at what happened lately and write each thing once. Nothing here is told to anybody.
"""

from datetime import timedelta

from django.db import connection
from django.db.models import F, Q

from campaigns import outcomes
from campaigns.models import Campaign, LifecycleRule

# What people did lately is looked at so far back, should the clock have stood still.
LOOK_BACK = timedelta(hours=48)

# The last message in which they followed a link, else the last they were sent, of those whose span the order
# lies in. Service messages answer what was bought; they do not sell it.
_CREDIT = """
WITH new AS MATERIALIZED (
    SELECT o.id, o.contact_id, o.at FROM touchpoints_order o
    WHERE o.at > %(at)s - %(look_back)s AND o.at <= %(at)s AND (%(history)s OR NOT o.is_history)
      AND NOT EXISTS (SELECT 1 FROM campaigns_attribution known WHERE known.order_id = o.id)
)
INSERT INTO campaigns_attribution (order_id, delivery_id, at, basis)
SELECT new.id, found.id, %(at)s, CASE WHEN found.clicked_at IS NULL THEN 'sent' ELSE 'clicked' END
FROM new CROSS JOIN LATERAL (
    SELECT d.id, clicked.at AS clicked_at
    FROM campaigns_delivery d
    LEFT JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
    LEFT JOIN campaigns_campaign c ON c.id = d.campaign_id
    LEFT JOIN LATERAL (
        SELECT max(answer.at) AS at FROM campaigns_response answer
        WHERE answer.delivery_id = d.id AND answer.kind = 'clicked' AND answer.made_by = 'person'
          AND answer.at <= new.at
    ) clicked ON true
    WHERE d.contact_id = new.contact_id AND d.status = 'sent' AND d.rank > 0 AND d.sending_at < new.at
      AND d.sending_at >= new.at - coalesce(r.outcome_within, c.outcome_within)
      AND (clicked.at IS NOT NULL OR coalesce(r.outcome, c.outcome) <> '')
    ORDER BY clicked.at DESC NULLS LAST, d.sending_at DESC, d.id DESC LIMIT 1
) found
ORDER BY new.id
ON CONFLICT (order_id) DO NOTHING
"""

# As for what was sent, but counted from the moment at which it would have left: of those held out, and of
# those whose message passed the gate and was refused. They belong to the side on which chance has put them.
_NOTE = """
WITH reached AS MATERIALIZED (
    SELECT DISTINCT ON (d.id) d.id, t.id AS touchpoint_id, t.at
    FROM touchpoints_touchpoint t
    JOIN campaigns_delivery d ON d.contact_id = t.contact_id
    LEFT JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
    LEFT JOIN campaigns_campaign c ON c.id = d.campaign_id
    WHERE t.kind = ANY(%(kinds)s) AND {reached} AND NOT t.is_history
      AND t.at > %(at)s - %(look_back)s AND t.at <= %(at)s
      AND (d.rule_id = ANY(%(rules)s) OR d.campaign_id = ANY(%(campaigns)s))
      AND (d.status = 'held_out' OR d.status = 'failed' AND d.sending_at IS NOT NULL)
      AND d.outcome_at IS NULL
      AND t.at > coalesce(d.sending_at, d.finished_at)
      AND t.at <= coalesce(d.sending_at, d.finished_at) + coalesce(r.outcome_within, c.outcome_within)
    ORDER BY d.id, t.at, t.id
), held AS MATERIALIZED (
    SELECT d.id FROM campaigns_delivery d
    WHERE d.id IN (SELECT id FROM reached) AND d.status IN ('held_out', 'failed') AND d.outcome_at IS NULL
    ORDER BY d.id FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_delivery d SET outcome_at = reached.at, outcome_touchpoint_id = reached.touchpoint_id
FROM held JOIN reached USING (id) WHERE d.id = held.id
"""


def credit_orders(at, *, look_back=LOOK_BACK, history=False):
    """Write down, once and for good, which message each new order is credited to; how many.

    What an import brought along is credited to nothing, unless the messages are of that `history`, too.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CREDIT, {"at": at, "look_back": look_back, "history": history})
        return cursor.rowcount


def note_held_out(at):
    """Mark who did, without the message, what it asks for; how many."""
    known = {"rules": _rules(), "campaigns": _campaigns(at)}
    if not any(known.values()):
        return 0
    kinds = outcomes.kinds()
    with connection.cursor() as cursor:
        sql = _NOTE.format(reached=outcomes.reached_sql("coalesce(r.outcome, c.outcome)"))
        cursor.execute(sql, {"at": at, "kinds": kinds, "look_back": LOOK_BACK} | known)
        return cursor.rowcount


def _rules():
    """The rows that ask for something; those that are off may still have people within their span."""
    asking = LifecycleRule.objects.exclude(outcome="").exclude(status=LifecycleRule.Status.DRAFT)
    return list(asking.values_list("pk", flat=True))


def _campaigns(at):
    """The campaigns of which somebody held out may still do what they ask for."""
    known = Campaign.objects.filter(control_share__gt=0, started_at__isnull=False).exclude(outcome="")
    lately = Q(finished_at=None) | Q(finished_at__gt=at - LOOK_BACK - F("outcome_within"))
    return list(known.filter(lately).values_list("pk", flat=True))
