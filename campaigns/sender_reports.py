"""How a sender stands with the mailboxes: what it sent lately, and what of it came back."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from campaigns import warming
from campaigns.models import Pace

DAYS = 7
# Where mailboxes lose patience with a sender, as a share of what it sent; a campaign pauses there too.
WORST_BOUNCES, WORST_COMPLAINTS = 0.05, 0.001
# Below so many sent, a share says nothing.
ENOUGH = 200

# A message that waited longer than a month before it left is not looked for.
_BY_DAY = """
WITH days AS (
    SELECT day::date FROM generate_series(%(first)s::date, %(last)s::date, '1 day') AS day
), sent AS (
    SELECT (sending_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS sent FROM campaigns_delivery
    WHERE sender_id = %(sender)s AND status = 'sent'
      AND planned_at >= %(since)s - interval '31 days' AND sending_at >= %(since)s AND sending_at <= %(at)s
    GROUP BY 1
), back AS (
    SELECT (n.received_at AT TIME ZONE %(zone)s)::date AS day,
           count(DISTINCT n.delivery_id) FILTER (WHERE n.kind IN ('hard', 'soft')) AS bounced,
           count(DISTINCT n.delivery_id) FILTER (WHERE n.kind = 'hard') AS hard,
           count(DISTINCT n.delivery_id) FILTER (WHERE n.kind = 'policy') AS policy,
           count(DISTINCT n.delivery_id) FILTER (WHERE n.kind = 'complaint') AS complaints
    FROM campaigns_notice n JOIN campaigns_delivery d ON d.id = n.delivery_id
    WHERE n.received_at >= %(since)s AND n.received_at <= %(at)s AND n.is_trusted
      AND n.kind IN ('hard', 'soft', 'policy', 'complaint') AND d.sender_id = %(sender)s
    GROUP BY 1
)
SELECT days.day, coalesce(sent.sent, 0), coalesce(bounced, 0), coalesce(hard, 0), coalesce(policy, 0),
       coalesce(complaints, 0)
FROM days LEFT JOIN sent USING (day) LEFT JOIN back USING (day) ORDER BY days.day DESC
"""


@dataclass(frozen=True)
class Day:
    """One day of a sender, in its own time zone."""

    day: date
    sent: int
    bounced: int
    hard: int
    policy: int
    complaints: int


@dataclass(frozen=True)
class Standing:
    """The last days, newest first, and where they put the sender."""

    days: list[Day]

    @property
    def sent(self):
        return sum(day.sent for day in self.days)

    @property
    def is_telling(self):
        """Whether enough was sent for a share to mean something."""
        return self.sent >= ENOUGH

    @property
    def hard_share(self):
        return self._share("hard")

    @property
    def complaint_share(self):
        return self._share("complaints")

    @property
    def hard_words(self):
        return _("%(share)s %%") % {"share": number_format(100 * self.hard_share, 1)}

    @property
    def complaint_words(self):
        return _("%(share)s %%") % {"share": number_format(100 * self.complaint_share, 2)}

    @property
    def policy(self):
        return sum(day.policy for day in self.days)

    @property
    def bounces_are_bad(self):
        return self.is_telling and self.hard_share >= WORST_BOUNCES

    @property
    def complaints_are_bad(self):
        return self.is_telling and self.complaint_share >= WORST_COMPLAINTS

    def _share(self, name):
        return sum(getattr(day, name) for day in self.days) / self.sent if self.sent else 0


def standing(sender, at):
    """What this sender sent in the last seven days, and what came back in them."""
    last = at.astimezone(sender.zone).date()
    midnight = at.astimezone(sender.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"sender": sender.pk, "zone": sender.time_zone, "at": at, "last": last}
    named |= {"first": last - timedelta(days=DAYS - 1), "since": midnight - timedelta(days=DAYS - 1)}
    with connection.cursor() as cursor:
        cursor.execute(_BY_DAY, named)
        return Standing([Day(*row) for row in cursor])


def paces(sender, at):
    """How far each of the busiest mailbox providers is today, and which of them asks to wait."""
    today = at.astimezone(sender.zone).date()
    found = Pace.objects.filter(sender=sender).exclude(domain="").order_by("-day", "-day_count", "domain")[:8]
    return [
        {
            "domain": pace.domain,
            "count": pace.day_count if pace.day == today else 0,
            "limit": pace.day_limit if pace.day == today else None,
            "hold_until": pace.hold_until if pace.hold_until and pace.hold_until > at else None,
            "reply": pace.reply,
        }
        for pace in found
    ]


def warm_up(sender, at):
    """(day of the warm-up, what it allows to each mailbox provider) from today on; [] when there is none."""
    if sender.warm_up_since is None:
        return []
    number = max((at.astimezone(sender.zone).date() - sender.warm_up_since).days + 1, 1)
    return [(day, warming.limit_on(day)) for day in range(number, number + DAYS)]
