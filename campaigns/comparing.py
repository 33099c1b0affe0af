"""What a campaign was worth: those who got it beside those who were held out to see."""

from dataclasses import dataclass
from datetime import timedelta
from math import sqrt

from django.db import connection
from django.db.models import F, Q
from django.utils.translation import gettext as _

from campaigns import outcomes
from campaigns.models import Campaign, Delivery

Status = Delivery.Status
# Fewer than so many on either side say nothing.
ENOUGH = 100
# So many standard errors to either side: chance alone goes further once in twenty times.
CERTAIN = 1.96
# What people did lately is looked at so far back, should the clock have stood still.
LOOK_BACK = timedelta(hours=48)

# As for what was sent, but counted from the moment at which it would have left; nothing is told, for nothing
# was said. From what people did lately to whom it concerns.
_NOTE = """
WITH reached AS MATERIALIZED (
    SELECT DISTINCT ON (d.id) d.id, t.id AS touchpoint_id, t.at
    FROM touchpoints_touchpoint t
    JOIN campaigns_delivery d ON d.contact_id = t.contact_id
    JOIN campaigns_campaign c ON c.id = d.campaign_id
    WHERE t.kind = {kind} AND t.kind = ANY(%(kinds)s) AND NOT t.is_history
      AND t.at > %(at)s - %(look_back)s AND t.at <= %(at)s
      AND d.campaign_id = ANY(%(campaigns)s) AND d.status = 'held_out' AND d.outcome_at IS NULL
      AND t.at > d.finished_at AND t.at <= d.finished_at + c.outcome_within
    ORDER BY d.id, t.at, t.id
), held AS MATERIALIZED (
    SELECT d.id FROM campaigns_delivery d
    WHERE d.id IN (SELECT id FROM reached) AND d.status = 'held_out' AND d.outcome_at IS NULL
    ORDER BY d.id FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_delivery d SET outcome_at = reached.at, outcome_touchpoint_id = reached.touchpoint_id
FROM held JOIN reached USING (id) WHERE d.id = held.id
"""


@dataclass(frozen=True)
class Group:
    """One side of the comparison: how many they are, and how many did what the campaign asks for."""

    count: int
    reached: int

    @property
    def share(self):
        """Per cent of them that did."""
        return 100 * self.reached / self.count if self.count else 0


@dataclass(frozen=True)
class Worth:
    """Those who got it beside those who were held out."""

    sent: Group
    held_out: Group

    @property
    def per_thousand(self):
        """How many more of a thousand did it for having got it: (the least, as seen, the most)."""
        low, high = _bounds(self.sent, self.held_out)
        seen = self.sent.share - self.held_out.share
        return round(1000 * low), round(10 * seen), round(1000 * high)

    @property
    def words(self):
        """What the difference says, and when it says nothing."""
        if min(self.sent.count, self.held_out.count) < ENOUGH:
            return _("Too few to tell: it takes %(count)s people on either side.") % {"count": ENOUGH}
        low, seen, high = self.per_thousand
        if low <= 0 <= high:
            return _("No difference can be told: chance alone brings as much.")
        values = {"seen": abs(seen), "least": min(abs(low), abs(high)), "most": max(abs(low), abs(high))}
        if seen > 0:
            words = _("Of 1,000 who got it, about %(seen)s more did it than without: %(least)s to %(most)s.")
        else:
            words = _("Of 1,000 who got it, about %(seen)s fewer did it than without: %(least)s to %(most)s.")
        return words % values


def note_held_out(at):
    """Mark who did, without the message, what their campaign asks for; how many."""
    campaigns = _compared(at)
    if not campaigns:
        return 0
    kinds = sorted({outcome.kind.value for outcome in outcomes.registered()})
    with connection.cursor() as cursor:
        sql = _NOTE.format(kind=outcomes.kinds_sql("c.outcome"))
        cursor.execute(sql, {"at": at, "kinds": kinds, "campaigns": campaigns, "look_back": LOOK_BACK})
        return cursor.rowcount


def worth(campaign, counts):
    """Both sides of a campaign with a control group, from its {state: how many}; None for any other."""
    if not campaign.outcome or not campaign.control_share:
        return None
    found = Delivery.objects.filter(campaign=campaign, outcome_at__isnull=False)
    reached = [found.filter(status=status).count() for status in (Status.SENT, Status.HELD_OUT)]
    return Worth(Group(counts[Status.SENT], reached[0]), Group(counts[Status.HELD_OUT], reached[1]))


def _compared(at):
    """The campaigns of which somebody held out may still do what they ask for."""
    known = Campaign.objects.filter(control_share__gt=0, started_at__isnull=False).exclude(outcome="")
    lately = Q(finished_at=None) | Q(finished_at__gt=at - LOOK_BACK - F("outcome_within"))
    return list(known.filter(lately).values_list("pk", flat=True))


def _bounds(one, other):
    """The bounds of the difference of two shares, a yes and a no added to either side (Agresti, Caffo)."""
    sizes = [group.count + 2 for group in (one, other)]
    shares = [(group.reached + 1) / size for group, size in zip((one, other), sizes, strict=True)]
    seen = shares[0] - shares[1]
    error = sqrt(sum(share * (1 - share) / size for share, size in zip(shares, sizes, strict=True)))
    return seen - CERTAIN * error, seen + CERTAIN * error
