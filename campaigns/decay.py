"""How answers dwindle: by the time since somebody first said yes, and by how many messages came before."""

from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, log, sqrt

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.answers import ANSWER_WITHIN, HAD_ITS_TIME

# Days since they first said yes: where one band ends and the next begins.
AGES = (7, 30, 90, 180, 365)
AGE_WORDS = (
    gettext_lazy("first week"),
    gettext_lazy("to 30 days"),
    gettext_lazy("to 90 days"),
    gettext_lazy("to half a year"),
    gettext_lazy("to a year"),
    gettext_lazy("later"),
)
# Messages beyond so many are one band.
MOST = 10
# A curve is as good from so many messages as from all of them.
AT_MOST = 100_000
# Fewer answers say nothing.
ENOUGH = 30
# A band of fewer messages is shown with its numbers, and counts for nothing.
ENOUGH_SENT = 30
# Two bands fit any curve: only a third can contradict it.
ENOUGH_BANDS = 3
# A half-life beyond so many times what was seen is no decay that anybody could act on.
FAR = 3
# So many standard errors must the slope lie below nought, or it is chance.
CERTAIN = 2
# The same where the bands scatter more than chance alone makes them: Student's t, by how many bands may.
STUDENT = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31}

_COUNT = "SELECT count(*) FROM campaigns_delivery d WHERE d.status = 'sent' {only}"
# Answered: a person followed a link or replied, or did what was asked. Only what had its whole span to be
# answered in counts.
_CURVES = """
WITH sent AS MATERIALIZED (
    SELECT d.contact_id, d.sending_at,
           row_number() OVER (PARTITION BY d.contact_id ORDER BY d.sending_at, d.id) AS nth,
           d.outcome_at IS NOT NULL OR EXISTS (
               SELECT 1 FROM campaigns_response r
               WHERE r.delivery_id = d.id AND r.kind IN ('clicked', 'replied') AND r.made_by = 'person'
           ) AS is_answered,
           {had_its_time} AS counts
    FROM campaigns_delivery d
    LEFT JOIN campaigns_lifecyclerule k ON k.id = d.rule_id
    LEFT JOIN campaigns_campaign c ON c.id = d.campaign_id
    WHERE d.status = 'sent' AND d.rank > 0 AND d.sending_at <= %(at)s {only} AND d.contact_id %% %(nth)s = 0
), joined AS MATERIALIZED (
    SELECT people.contact_id, coalesce(min(yes.at), people.created_at) AS at
    FROM (
        SELECT DISTINCT sent.contact_id, contact.created_at
        FROM sent JOIN contacts_contact contact ON contact.id = sent.contact_id
    ) people
    LEFT JOIN contacts_consent yes ON yes.contact_id = people.contact_id AND yes.action = 'given'
    GROUP BY people.contact_id, people.created_at
), aged AS MATERIALIZED (
    SELECT sent.nth, sent.is_answered,
           greatest(extract(epoch FROM sent.sending_at - joined.at) / 86400, 0)::float AS age
    FROM sent JOIN joined USING (contact_id) WHERE sent.counts
)
SELECT 'nth', least(nth, %(most)s)::int AS band, avg(nth)::float, count(*),
       count(*) FILTER (WHERE is_answered)
FROM aged GROUP BY band
UNION ALL
SELECT 'age', width_bucket(age, %(ages)s::float[]), avg(age), count(*), count(*) FILTER (WHERE is_answered)
FROM aged GROUP BY width_bucket(age, %(ages)s::float[])
ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Point:
    """One band: where it lies on average, how many were sent, how many answered."""

    band: int
    place: float
    sent: int
    answered: int

    @property
    def share(self):
        """Per cent that was answered."""
        return 100 * self.answered / self.sent if self.sent else 0

    @property
    def counts(self):
        """Whether it is enough to go by."""
        return self.sent >= ENOUGH_SENT

    @property
    def share_words(self):
        """Per cent, or of so few how many of how many."""
        values = {"answered": self.answered, "sent": self.sent}
        return f"{self.share:.1f}" if self.counts else _("%(answered)s of %(sent)s") % values


@dataclass(frozen=True)
class Curve:
    """The bands in order. `kind` is age, in days since they said yes, or nth, by message."""

    kind: str
    points: tuple = ()

    @property
    def counted(self):
        """The bands that are enough to go by."""
        return [point for point in self.points if point.counts]

    @property
    def answered(self):
        return sum(point.answered for point in self.counted)

    @property
    def is_early(self):
        return self.answered < ENOUGH or len(self.counted) < 2

    @cached_property
    def slope(self):
        """(the lowest, the likeliest, the highest) that the decay may be; None without enough bands."""
        if self.is_early or len(self.counted) < ENOUGH_BANDS:
            return None
        slope, margin = _slope(self.counted)
        return slope - margin, slope, slope + margin

    @cached_property
    def half_life(self):
        """After how many days, or messages, half as many answer; None where no decay can be told."""
        if self.slope is None or self.slope[2] >= 0:
            return None
        half_life = -log(2) / self.slope[1]
        return half_life if half_life < FAR * self.span else None

    @property
    def span(self):
        return self.counted[-1].place - self.counted[0].place

    @property
    def is_steady(self):
        """Whether they would not halve within what was seen, chance allowed for; False while none can say."""
        return bool(self.slope) and self.slope[0] > -log(2) / self.span

    @property
    def rows(self):
        """(band in words, sent, answered, per cent) for a table."""
        return [(self.label(p), p.sent, p.answered, p.share_words) for p in self.points]

    def label(self, point):
        if self.kind == "age":
            return str(AGE_WORDS[point.band])
        return f"{point.band}+" if point.band == MOST else str(point.band)

    @property
    def words(self):
        """What the curve says."""
        if self.is_early:
            return _early(self)
        if self.half_life is None:
            return _steady(self) if self.is_steady else _unclear(self)
        first, last = self.counted[0], self.counted[-1]
        values = {"span": self.half_words, "first": f"{first.share:.0f}", "last": f"{last.share:.0f}"}
        if self.kind == "age":
            words = _("Half as many answer after every %(span)s: %(first)s %% at first, %(last)s %% at last.")
        else:
            words = _("Half as many answer after %(span)s more: %(first)s %% at first, %(last)s %% at last.")
        return words % values

    @property
    def half_words(self):
        """The half-life in words."""
        count = max(round(self.half_life), 1)
        if self.kind == "age":
            return ngettext("%(count)s day", "%(count)s days", count) % {"count": count}
        return ngettext("%(count)s message", "%(count)s messages", count) % {"count": count}

    @property
    def advice(self):
        """What follows for how often to write; empty where nothing does."""
        if self.half_life is None:
            return ""
        if self.kind == "age":
            words = _(
                "Write half as often to those who have been here for %(span)s, and half again later on."
            )
        else:
            words = _("After %(span)s, leave twice the time before the next, or say something else.")
        return words % {"span": self.half_words}


def curves(at, *, rule=None):
    """(by age, by message) of all messages, or of what a row sent; of many people those of every n-th."""
    only = "" if rule is None else "AND d.rule_id = %(rule)s"
    values = {"at": at, "rule": rule and rule.pk, "most": MOST, "ages": list(AGES)}
    values["answer_within"] = ANSWER_WITHIN
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(only=only), values)
        values["nth"] = 1 + cursor.fetchone()[0] // AT_MOST
        cursor.execute(_CURVES.format(only=only, had_its_time=HAD_ITS_TIME), values)
        rows = cursor.fetchall()
    return tuple(
        Curve(kind, tuple(Point(*row) for found, *row in rows if found == kind)) for kind in ("age", "nth")
    )


def _slope(points):
    """(slope, how far off it may be) of the logarithm of the share, each band weighing what it has answers.

    A band without any counts as half an answer: nought has no logarithm. Where the bands lie further from the
    curve than chance alone puts them, it may be off by as much more.
    """
    seen = [(p.place, log(max(p.answered, 0.5) / p.sent), max(p.answered, 0.5)) for p in points]
    weight = sum(w for _x, _y, w in seen)
    middle_x = sum(w * x for x, _y, w in seen) / weight
    middle_y = sum(w * y for _x, y, w in seen) / weight
    spread = sum(w * (x - middle_x) ** 2 for x, _y, w in seen)
    if not spread:
        return 0.0, inf
    slope = sum(w * (x - middle_x) * (y - middle_y) for x, y, w in seen) / spread
    free = len(seen) - 2
    scatter = sum(w * (y - middle_y - slope * (x - middle_x)) ** 2 for x, y, w in seen) / free
    return slope, max(CERTAIN, STUDENT[free] * sqrt(scatter) if scatter > 1 else 0) / sqrt(spread)


def _early(curve):
    if curve.kind == "nth" and len(curve.points) == 1:
        return _("Everybody has got it once: there is no second message to compare with.")
    if curve.kind == "age" and len(curve.points) == 1:
        return _("All were written to at about the same age: there is nothing to compare.")
    if len(curve.counted) < 2:
        words = _("Too early: there is nothing to compare until two points have %(needed)s messages each.")
        return words % {"needed": ENOUGH_SENT}
    values = {"needed": ENOUGH, "count": curve.answered}
    return _("Too early: it takes %(needed)s answers, and there are %(count)s.") % values


def _steady(curve):
    if curve.kind == "age":
        return _("Hardly any decay: those who have been here long answer about as readily as newcomers.")
    return _("Hardly any decay: later messages are answered about as readily as the first.")


def _unclear(curve):
    if curve.slope is None:
        words = _("No clear pattern yet: it takes %(needed)s points of at least %(sent)s messages each.")
        return words % {"needed": ENOUGH_BANDS, "sent": ENOUGH_SENT}
    return _("No clear pattern yet: with so many answers, ups and downs like these may be chance.")


def fitted(curve):
    """(place, per cent) of the curve that halves with its half-life, through the weighted middle."""
    if curve.half_life is None:
        return []
    slope = -log(2) / curve.half_life
    weight = sum(point.answered for point in curve.counted)
    middle = sum(
        point.answered * (log(max(point.share, 0.01)) - slope * point.place) for point in curve.counted
    )
    return [(point.place, exp(middle / weight + slope * point.place)) for point in curve.counted]


def chart(curve):
    """A Vega-Lite dict: the share that answered in each band, and the curve of its half-life."""
    order = [f"{curve.label(point)} · {point.sent}" for point in curve.counted]
    halved = dict(fitted(curve))
    values = [
        {"band": label, "share": round(point.share, 2), "fitted": halved.get(point.place)}
        for label, point in zip(order, curve.counted, strict=True)
    ]
    age, nth = _("Since they said yes · how many were sent"), _("Which message · how many were sent")
    title = age if curve.kind == "age" else nth
    x = {"field": "band", "type": "ordinal", "sort": order, "axis": {"title": title, "labelAngle": 0}}
    line = {"type": "line", "color": "var(--voice-them)", "point": {"color": "var(--voice-them)"}}
    drawn = [(line, "share")]
    if halved:
        drawn.insert(0, ({"type": "line", "color": "var(--quiet)", "strokeDash": [4, 4]}, "fitted"))
    axis = {"title": None, "format": ".0f"}
    return {
        "data": {"values": values},
        "layer": [
            {
                "mark": mark,
                "encoding": {
                    "x": x,
                    "y": {"field": name, "type": "quantitative", "axis": axis, "scale": {"zero": True}},
                },
            }
            for mark, name in drawn
        ],
    }
