"""How much would have left, by day and by hour, beside what the sender may send."""

from campaigns.rehearsing.counting import rows_of

# Of all that one sender sends: this program's part, and all of it.
_SENT = "FROM campaigns_delivery d WHERE d.sender_id = %(sender)s AND d.status = 'sent' AND d.round >= 0"
_HOURS = f"""
SELECT extract(hour FROM d.sending_at AT TIME ZONE %(zone)s)::int, count(*) FILTER (WHERE {{mine}}), count(*)
{_SENT} GROUP BY 1 ORDER BY 1
"""
_BUSIEST = f"""
SELECT date_trunc('{{unit}}', d.sending_at AT TIME ZONE %(zone)s)::text,
       count(*) FILTER (WHERE {{mine}}), count(*)
{_SENT} GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT 1
"""


def load(program, sender):
    """By hour of the day, and the busiest hour and day of the window: [when, this, all]."""
    told = {"program": program[1], "zone": sender.time_zone, "sender": sender.pk}
    busiest = {
        unit: next(iter(rows_of(_BUSIEST.replace("{unit}", unit), program, told)), None)
        for unit in ("hour", "day")
    }
    return {
        "hours": rows_of(_HOURS, program, told),
        "busiest_hour": busiest["hour"],
        "busiest_day": busiest["day"],
        "per_minute": sender.per_minute,
    }
