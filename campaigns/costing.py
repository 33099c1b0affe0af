"""What rows and campaigns cost, what was credited to them, and how much of what they said was answered."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from math import sqrt

from django.db import connection
from django.db.models import Q
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from campaigns.answers import ANSWER_WITHIN, HAD_ITS_TIME
from campaigns.models import ChannelCost, ContentVersion
from contacts.models import Channel

NOTHING = Decimal(0)
# A row is irrelevant where, chance allowed for, fewer than half as many answer as do on the whole.
FAR_BELOW, CERTAIN = 0.5, 1.96
# Of fewer than so many a share in per cent says more than is known.
FEW = 30

# Answered, inbound: what people, not machines, did with it. Relevant: a link, a reply, or what it asked for.
# Both are counted of what had its time: a message that left a minute ago is not unanswered.
_SAID = """
SELECT rule_id, campaign_id, channel, count(*), count(*) FILTER (WHERE is_reached),
       count(*) FILTER (WHERE had_its_time), min(sending_at),
       count(*) FILTER (WHERE had_its_time AND (times > 0 OR is_reached)),
       coalesce(sum(times) FILTER (WHERE had_its_time), 0)
FROM (
    SELECT d.rule_id, d.campaign_id, d.channel, d.sending_at, heard.times,
           d.outcome_at IS NOT NULL AS is_reached, {had_its_time} AS had_its_time
    FROM campaigns_delivery d
    LEFT JOIN campaigns_lifecyclerule k ON k.id = d.rule_id
    LEFT JOIN campaigns_campaign c ON c.id = d.campaign_id
    LEFT JOIN (
        SELECT r.delivery_id, count(*) AS times
        FROM campaigns_response r JOIN campaigns_delivery d ON d.id = r.delivery_id
        WHERE r.kind IN ('clicked', 'replied') AND r.made_by = 'person' {only} GROUP BY r.delivery_id
    ) heard ON heard.delivery_id = d.id
    WHERE d.status = 'sent' AND d.sending_at <= %(at)s {only}
) said
GROUP BY rule_id, campaign_id, channel
"""
_CREDITED = """
SELECT d.rule_id, d.campaign_id, count(*), sum((o.amount - o.refunded) * o.rate),
       coalesce(sum((o.amount - o.refunded - o.cost) * o.rate), 0), count(*) FILTER (WHERE o.cost IS NULL)
FROM campaigns_attribution a
JOIN campaigns_delivery d ON d.id = a.delivery_id
JOIN touchpoints_order o ON o.id = a.order_id
WHERE o.status IN ('paid', 'shipped') AND o.at <= %(at)s {only}
GROUP BY d.rule_id, d.campaign_id
"""
# How long calls took: a call says which delivery it was, and its minutes.
_MINUTES = """
SELECT d.rule_id, d.campaign_id, sum((t.data->>'minutes')::numeric)
FROM touchpoints_touchpoint t
JOIN campaigns_delivery d ON d.contact_id = t.contact_id AND d.uuid::text = t.data->>'delivery'
WHERE t.kind = 'called' AND t.at <= %(at)s AND jsonb_typeof(t.data->'minutes') = 'number' {only}
GROUP BY d.rule_id, d.campaign_id
"""


ADDED_UP = [
    "sent", "reached", "in_time", "relevant", "inbound", "minutes", "orders", "revenue", "margin",
    "unknown_costs",
]  # fmt: skip


@dataclass
class Effort:
    """What one row or campaign took, and what came of it. Amounts are in the workspace's currency."""

    sent: int = 0
    reached: int = 0
    # How many had the time to be answered in; `relevant` and `inbound` are counted of these.
    in_time: int = 0
    relevant: int = 0
    inbound: int = 0
    minutes: Decimal = NOTHING
    orders: int = 0
    revenue: Decimal = NOTHING
    margin: Decimal = NOTHING
    unknown_costs: int = 0
    cost: Decimal = NOTHING
    by_channel: dict = field(default_factory=dict)
    cost_by_channel: dict = field(default_factory=dict)
    first_at: datetime | None = None

    def spend(self, channel, amount):
        """Add what a medium cost."""
        self.cost += amount
        self.cost_by_channel[channel] = self.cost_by_channel.get(channel, NOTHING) + amount

    @property
    def dearest(self):
        """(medium, per cent) where one medium among several takes more than half of the cost; else None."""
        if not self.cost or len(self.cost_by_channel) < 2:
            return None
        channel, cost = max(self.cost_by_channel.items(), key=lambda pair: pair[1])
        return (channel.label, round(100 * cost / self.cost)) if 2 * cost > self.cost else None

    @property
    def by_medium(self):
        """(medium, how many were sent, what they cost) of each."""
        return [
            (channel.label, sent, self.cost_by_channel.get(channel))
            for channel, sent in self.by_channel.items()
        ]

    @property
    def too_young(self):
        """How many left so lately that nobody can call them unanswered."""
        return self.sent - self.in_time

    @property
    def relevance(self):
        """Per cent of what had its time that a person answered or did."""
        return 100 * self.relevant / self.in_time if self.in_time else 0

    @property
    def relevance_words(self):
        """The same to read: of few messages how many of how many."""
        if not self.in_time:
            return _("too early")
        if self.in_time < FEW:
            return _("%(relevant)s of %(sent)s") % {"relevant": self.relevant, "sent": self.in_time}
        return f"{number_format(self.relevance, 1)} %"

    @property
    def two_way(self):
        """How much came back for each message that had its time."""
        return self.inbound / self.in_time if self.in_time else 0

    @property
    def has_margin(self):
        """Whether the cost of any order is known."""
        return self.unknown_costs < self.orders or not self.orders

    @property
    def earned(self):
        """The margin of the orders credited to it; their revenue where no cost is known."""
        return self.margin if self.has_margin else self.revenue

    @property
    def contribution(self):
        return self.earned - self.cost

    @property
    def cost_each(self):
        """What one outcome cost; None without any."""
        return self.cost / self.reached if self.reached else None


def effort_of(program, at):
    """What one row or campaign took, and what came of it."""
    key = "rule_id" if program._meta.model_name == "lifecyclerule" else "campaign_id"
    found = efforts(at, only=f"AND d.{key} = %(program)s", program=program.pk)
    return found.get((key, program.pk), Effort())


def versions_of(rule):
    """How often the words of a row were written anew and published: the work beside the sending."""
    its = Q(content__steps__rule=rule) | Q(content__steps_b__rule=rule)
    return ContentVersion.objects.filter(its).distinct().count()


def efforts(at, *, only="", program=None):
    """{(rule_id or campaign_id, its number): Effort} of all that were sent, or of those asked for."""
    asked, found = {"at": at, "program": program, "answer_within": ANSWER_WITHIN}, {}
    prices = {cost.channel: cost for cost in ChannelCost.objects.all()}
    for key, channel, sent, reached, in_time, first_at, relevant, inbound in _rows(_SAID, only, asked):
        effort = found.setdefault(key, Effort())
        effort.sent, effort.reached = effort.sent + sent, effort.reached + reached
        effort.in_time, effort.first_at = effort.in_time + in_time, earlier(effort.first_at, first_at)
        effort.relevant, effort.inbound = effort.relevant + relevant, effort.inbound + int(inbound)
        effort.by_channel[Channel(channel)] = sent
        effort.spend(Channel(channel), sent * (prices[channel].each if channel in prices else NOTHING))
    for key, orders, revenue, margin, unknown in _rows(_CREDITED, only, asked):
        effort = found.setdefault(key, Effort())
        effort.orders, effort.unknown_costs = orders, unknown
        effort.revenue, effort.margin = round(revenue, 2), round(margin, 2)
    for key, minutes in _rows(_MINUTES, only, asked):
        effort = found.setdefault(key, Effort())
        effort.minutes = minutes
        each = prices[Channel.PHONE].minute if Channel.PHONE in prices else NOTHING
        effort.spend(Channel.PHONE, minutes * each)
    return found


def is_irrelevant(effort, overall):
    """Whether far fewer answer it than answer on the whole, and chance is not to blame."""
    if not effort.in_time or not overall.in_time:
        return False
    share = (effort.relevant + 2) / (effort.in_time + 4)
    most = share + CERTAIN * sqrt(share * (1 - share) / (effort.in_time + 4))
    return most < FAR_BELOW * overall.relevant / overall.in_time


def total(efforts):
    """All of them as one."""
    together = Effort()
    for effort in efforts:
        for name in ADDED_UP:
            setattr(together, name, getattr(together, name) + getattr(effort, name))
        for channel, cost in effort.cost_by_channel.items():
            together.spend(channel, cost)
        together.first_at = earlier(together.first_at, effort.first_at)
    return together


def earlier(one, other):
    """The earlier of two moments; either may be None."""
    return min(filter(None, (one, other)), default=None)


def _rows(sql, only, asked):
    """(key, the rest) of each row the database answers with."""
    with connection.cursor() as cursor:
        cursor.execute(sql.format(only=only, had_its_time=HAD_ITS_TIME), asked)
        for rule, campaign, *rest in cursor.fetchall():
            yield ("rule_id", rule) if rule else ("campaign_id", campaign), *rest
