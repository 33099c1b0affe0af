"""A campaign that goes wrong pauses itself and says so; a person lets it go on.

What went wrong is counted first, and the rest only as far as it takes to know the share: a million messages
that leave well cost next to nothing.
"""

from dataclasses import dataclass

from django.db import connection
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Campaign

Pause = Campaign.Pause
IN_A_ROW = 20

# What went wrong since a person last let it go on: few rows, found by key.
_WRONG = """
SELECT (SELECT count(*) FROM campaigns_delivery d
        WHERE d.campaign_id = k.id AND d.status = 'failed' AND d.reason = 'render' {since}),
       (SELECT count(*) FROM campaigns_delivery d
        WHERE d.campaign_id = k.id AND d.status = 'failed' AND d.reason = 'bounced' {since})
       + (SELECT count(DISTINCT n.delivery_id) FROM campaigns_notice n
          JOIN campaigns_delivery d ON d.id = n.delivery_id AND d.campaign_id = k.id AND d.status <> 'failed'
          WHERE n.kind = 'hard' AND n.is_trusted
            AND n.received_at >= coalesce(k.counted_since, k.created_at)),
       (SELECT count(DISTINCT n.delivery_id) FROM campaigns_notice n
        JOIN campaigns_delivery d ON d.id = n.delivery_id AND d.campaign_id = k.id
        WHERE n.kind = 'complaint' AND n.is_trusted
          AND n.received_at >= coalesce(k.counted_since, k.created_at))
FROM campaigns_campaign k WHERE k.id = %(campaign)s
"""
_ALL = """
SELECT count(*) FROM (
    (SELECT 1 FROM campaigns_delivery d JOIN campaigns_campaign k ON k.id = d.campaign_id
     WHERE d.campaign_id = %(campaign)s AND d.status = 'failed' AND d.reason = ANY(%(failed)s) {since})
    UNION ALL
    (SELECT 1 FROM campaigns_delivery d JOIN campaigns_campaign k ON k.id = d.campaign_id
     WHERE d.campaign_id = %(campaign)s AND d.status = 'sent' {since})
    LIMIT %(most)s
) found
"""
_SINCE = "AND d.finished_at >= k.counted_since"
_PAUSE = """
UPDATE campaigns_campaign SET status = 'paused', pause = %(pause)s, pause_detail = %(words)s
WHERE id = %(campaign)s AND status IN ('planning', 'sending')
"""
# {(campaign, breaker, since): how many must have gone wrong before the share needs to be known again}.
_look_again = {}


@dataclass(frozen=True)
class Breaker:
    """Trips at so many in a thousand of all that was tried, once so many were."""

    pause: str
    words: str | Promise
    per_thousand: int
    least: int
    # What belongs to all that was tried, beside what was sent.
    failed: tuple
    # Whether the limit itself is still well.
    beyond: bool = False

    def trips(self, bad, whole):
        share, limit = bad * 1000, whole * self.per_thousand
        return whole >= self.least and (share > limit if self.beyond else share >= limit)

    def enough(self, bad):
        """With more than this the share is so small that it must double before it can trip."""
        return 2 * max(bad * 1000 // self.per_thousand, self.least) + 1


BREAKERS = (
    Breaker(
        Pause.RENDER,
        gettext_lazy("%(bad)s of %(whole)s messages could not be made"),
        50,
        20,
        ("render", "bounced", "refused"),
        beyond=True,
    ),
    Breaker(
        Pause.BOUNCES, gettext_lazy("%(bad)s of %(whole)s messages came back for good"), 50, 200, ("bounced",)
    ),
    Breaker(
        Pause.COMPLAINTS, gettext_lazy("%(bad)s of %(whole)s people called it spam"), 1, 200, ("bounced",)
    ),
)


def check(campaign_ids, at, *, in_a_row=None):
    """Pause those of these campaigns that go wrong; returns the ids of those that this call paused.

    `in_a_row` says how many messages of a campaign could not be made one after the other, {campaign id: n}.
    """
    found, in_a_row = Campaign.objects.filter(pk__in=campaign_ids).under_way(), in_a_row or {}
    return {
        campaign.pk
        for campaign in found.only("pk", "counted_since").order_by("pk")
        if _check_one(campaign, in_a_row.get(campaign.pk, 0))
    }


def _check_one(campaign, in_a_row):
    if in_a_row >= IN_A_ROW:
        said = _("%(count)s messages in a row could not be made") % {"count": in_a_row}
        return _pause(campaign, Pause.RENDER, said)
    for breaker, bad in zip(BREAKERS, _wrong(campaign), strict=True):
        if bad and (whole := _tripped(campaign, breaker, bad)):
            figures = {"bad": bad, "whole": whole}
            figures = {name: number_format(figure, force_grouping=True) for name, figure in figures.items()}
            return _pause(campaign, breaker.pause, breaker.words % figures)
    return False


def _tripped(campaign, breaker, bad):
    """Of how many so many went wrong, if that is too many; 0 if it is not."""
    key = (campaign.pk, breaker.pause, campaign.counted_since)
    if bad < _look_again.get(key, 0):
        return 0
    whole = _all(campaign, breaker, bad)
    if breaker.trips(bad, whole):
        return whole
    if whole >= breaker.least:
        _look_again[key] = whole * breaker.per_thousand // 1000
    return 0


def _wrong(campaign):
    """How many could not be made, came back for good, were called spam."""
    with connection.cursor() as cursor:
        cursor.execute(_with_since(_WRONG, campaign), {"campaign": campaign.pk})
        return cursor.fetchone()


def _all(campaign, breaker, bad):
    """How many were tried; beyond what settles the question for long it is not counted on."""
    values = {"campaign": campaign.pk, "failed": list(breaker.failed), "most": breaker.enough(bad)}
    with connection.cursor() as cursor:
        cursor.execute(_with_since(_ALL, campaign), values)
        return cursor.fetchone()[0]


def _with_since(sql, campaign):
    return sql.format(since=_SINCE if campaign.counted_since else "")


def _pause(campaign, pause, said):
    """Whether it was this call that paused it."""
    with connection.cursor() as cursor:
        cursor.execute(_PAUSE, {"campaign": campaign.pk, "pause": pause, "words": said[:200]})
        return cursor.rowcount == 1
