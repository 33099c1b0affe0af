"""A new sender earns its reputation: to each provider of mailboxes a little more every day.

The first day allows 50 messages to a domain. A day that was used, and after which little came back, allows
the next one twice as much below 50,000, half as much again up to 100,000, and a fifth more above.
"""

from datetime import timedelta

from django.db import connection

FIRST_DAY = 50
# Above so much, the next day allows so many times as much; the first that holds.
GROWTH = ((100_000, 1.2), (50_000, 1.5), (0, 2))
# What came back within these days holds the growth, when it is a greater share of what was sent than this.
LOOK_BACK = timedelta(days=3)
WORST_BOUNCES, WORST_COMPLAINTS = 0.02, 0.001

# What came back of a sender's mail lately, and how much it sent: counted only as far as it can matter.
_CAME_BACK = """
WITH back AS MATERIALIZED (
    SELECT count(DISTINCT r.delivery_id) FILTER (
               WHERE r.kind = 'bounced' AND r.data->>'notice' IS DISTINCT FROM 'soft'
           ) AS bounced,
           count(DISTINCT r.delivery_id) FILTER (WHERE r.kind = 'complained') AS complained
    FROM campaigns_response r JOIN campaigns_delivery d ON d.id = r.delivery_id
    WHERE r.at > %(since)s AND r.at <= %(at)s AND r.kind IN ('bounced', 'complained')
      AND d.sender_id = %(sender)s
)
SELECT bounced, complained, (
    SELECT count(*) FROM (
        SELECT 1 FROM campaigns_delivery d
        WHERE (d.rule_id IS NULL OR d.rule_id IN (
                  SELECT id FROM campaigns_lifecyclerule WHERE sender_id = %(sender)s))
          AND d.status = 'sent' AND d.sending_at > %(since)s AND d.sending_at <= %(at)s
          AND d.sender_id = %(sender)s
        LIMIT (SELECT greatest(bounced / %(bounces)s, complained / %(complaints)s)::bigint + 1 FROM back)
    ) sent
) FROM back
"""


def grown(limit):
    """What the next day allows after a day that allowed `limit`."""
    return next(int(limit * factor) for above, factor in GROWTH if limit >= above)


def limit_on(number):
    """The most that the day of this number (from 1) of a warm-up allows."""
    limit = FIRST_DAY
    for _day in range(number - 1):
        limit = grown(limit)
    return limit


def limit_of(pace, day, since, is_held):
    """What `day` allows to this pace; `is_held()` says whether so much came back that nothing may grow."""
    if pace.day is None or pace.day < since or not pace.day_limit:
        return FIRST_DAY
    was_used = pace.day_count * 2 >= pace.day_limit
    if pace.day >= day or not was_used or is_held():
        return pace.day_limit
    return grown(pace.day_limit)


def is_held(sender_id, at):
    """Whether so much of what this sender sent lately came back that its pace must not grow."""
    shares = {"bounces": WORST_BOUNCES, "complaints": WORST_COMPLAINTS}
    with connection.cursor() as cursor:
        cursor.execute(_CAME_BACK, shares | {"sender": sender_id, "since": at - LOOK_BACK, "at": at})
        bounced, complained, sent = cursor.fetchone()
    return bounced > WORST_BOUNCES * sent or complained > WORST_COMPLAINTS * sent
