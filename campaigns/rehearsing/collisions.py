"""Where a rehearsed row or campaign meets the others: the same people, the same days, the same caps."""

from campaigns.rehearsing.counting import rows_of

# By program: on how many days one person would have heard from both, how often it held this back because
# the person had heard from it, and how often this held it back.
_MEETINGS = """
WITH mine AS MATERIALIZED (
    SELECT d.contact_id, d.status, d.reason, d.waited_for, d.sending_at, d.due_at,
           coalesce(d.first_due_at, d.due_at) AS first_due_at FROM campaigns_delivery d WHERE {mine}
), others AS MATERIALIZED (
    SELECT o.rule_id, o.campaign_id, o.contact_id, o.status, o.reason, o.waited_for, o.sending_at, o.round,
           coalesce(o.first_due_at, o.due_at) AS first_due_at
    FROM campaigns_delivery o
    WHERE NOT coalesce(o.{program} = %(program)s, false) AND o.contact_id IN (SELECT contact_id FROM mine)
), met AS (
    SELECT o.rule_id, o.campaign_id,
           (m.status = 'sent' AND o.status = 'sent' AND (m.sending_at AT TIME ZONE %(zone)s)::date
                = (o.sending_at AT TIME ZONE %(zone)s)::date)::int AS same_day,
           ('cap' IN (right(m.reason, 3), right(m.waited_for, 3)) AND o.status = 'sent'
                AND o.sending_at <= m.first_due_at
                AND o.sending_at > m.first_due_at - %(back)s * interval '1 day')::int AS held_back,
           ('cap' IN (right(o.reason, 3), right(o.waited_for, 3)) AND o.round >= 0 AND m.status = 'sent'
                AND m.sending_at <= o.first_due_at
                AND m.sending_at > o.first_due_at - %(back)s * interval '1 day')::int AS holds_back
    FROM mine m JOIN others o USING (contact_id)
)
SELECT coalesce(r.name, c.name), met.rule_id, met.campaign_id, sum(same_day), sum(held_back), sum(holds_back)
FROM met LEFT JOIN campaigns_lifecyclerule r ON r.id = met.rule_id
LEFT JOIN campaigns_campaign c ON c.id = met.campaign_id
GROUP BY 1, 2, 3 HAVING sum(same_day) + sum(held_back) + sum(holds_back) > 0
ORDER BY 4 DESC, 5 DESC, 1 LIMIT 20
"""


def collisions(program, zone, cap_days):
    """[name, rule, campaign, same day, held this back, held back by this] of each other program it met."""
    told = {"program": program[1], "zone": zone, "back": cap_days or 7}
    return rows_of(_MEETINGS.replace("{program}", program[0]), program, told)
