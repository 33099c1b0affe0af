"""They did not come: too few visits after the sign-up, no visit, no order.

An absence is an episode, known by the visit or the order before it. What an import brought along counts as
such, since the silence after it is of today. A day is 24 hours.
"""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.triggers.arriving import NOT_HISTORY, history_words, touchpoints
from campaigns.triggers.trigger import Condition, ParameterForm, Trigger, clock, said_on
from touchpoints.models import Touchpoint

Kind = Touchpoint.Kind
DAYS = "%(days)s * interval '24 hours'"
# A visit begins with a page before which, for half an hour, there was none.
_VISITS = """CROSS JOIN LATERAL (
    SELECT count(*) AS visits FROM (
        SELECT page.at, page.at - lag(page.at) OVER (ORDER BY page.at, page.id) AS pause
        FROM touchpoints_touchpoint page
        WHERE page.contact_id = t.contact_id AND page.kind = 'visited'
          AND page.at > t.at - interval '30 minutes'
          AND page.at <= least(t.at + %(days)s * interval '24 hours', %(now)s)
    ) page
    WHERE page.at > t.at AND (page.pause IS NULL OR page.pause > interval '30 minutes')
) seen"""


class VisitsForm(ParameterForm):
    """How many visits, in how many days, after what."""

    visits = forms.IntegerField(
        label=gettext_lazy("So many visits"),
        min_value=1,
        max_value=1000,
        initial=3,
        help_text=gettext_lazy("Pages seen within half an hour of each other are one visit."),
    )
    days = forms.IntegerField(label=gettext_lazy("In so many days"), min_value=1, max_value=730, initial=30)
    start = forms.ChoiceField(
        label=gettext_lazy("After"),
        choices=[
            (Kind.CONFIRMED.value, gettext_lazy("the sign-up was confirmed")),
            (Kind.SIGNED_UP.value, gettext_lazy("they asked to hear from us")),
            (Kind.JOINED.value, gettext_lazy("they became a full member")),
        ],
        initial=Kind.CONFIRMED.value,
    )


class VisitsAfter(Trigger):
    """So many days after the sign-up, by how often they came in them."""

    form_class = VisitsForm
    missing = gettext_lazy("Has not signed up")
    evidence = (("visits", "b.visits"),)
    holds = ""

    def base(self, values):
        sql = touchpoints(wait=DAYS, more="seen.visits", joined=_VISITS)
        return sql, {"kind": values["start"], "days": values["days"]}

    def conditions(self, values):
        asked = Condition(
            f"b.visits {self.holds} %(visits)s", self.found_words, "b.visits", {"visits": values["visits"]}
        )
        return [Condition(NOT_HISTORY, history_words), asked]

    def start_words(self, row, values):
        return said_on(Kind(values["start"]).label, row["started_at"])

    def found_words(self, holds, found, row):
        words = ngettext("%(count)s visit in the time", "%(count)s visits in the time", found)
        return words % {"count": found}


class FewVisits(VisitsAfter):
    key = "few_visits"
    label = gettext_lazy("Seldom comes after the sign-up")
    holds = "<"

    def words(self, parameters):
        values = self.values_of(parameters)
        words = ngettext(
            "Fewer than %(visits)s visits in the %(days)s day after the sign-up",
            "Fewer than %(visits)s visits in the %(days)s days after the sign-up",
            values["days"],
        )
        return words % values


class ManyVisits(VisitsAfter):
    """Exactly those whom the same numbers of FewVisits leave out."""

    key = "many_visits"
    label = gettext_lazy("Comes often after the sign-up")
    holds = ">="

    def words(self, parameters):
        values = self.values_of(parameters)
        words = ngettext(
            "%(visits)s visits or more in the %(days)s day after the sign-up",
            "%(visits)s visits or more in the %(days)s days after the sign-up",
            values["days"],
        )
        return words % values


class DaysForm(ParameterForm):
    """How long it must be."""

    days = forms.IntegerField(label=gettext_lazy("So many days"), min_value=1, max_value=1825, initial=60)


class NoVisit(Trigger):
    """The last visit is so many days ago."""

    key = "no_visit"
    form_class = DaysForm
    label = gettext_lazy("Does not visit for a time")
    said = gettext_lazy("Visited a page")
    missing = gettext_lazy("Has not visited")
    undone_by = "'visited'"

    def words(self, parameters):
        days = self.values_of(parameters)["days"]
        return ngettext("No visit for %(days)s day", "No visit for %(days)s days", days) % {"days": days}

    def base(self, values):
        return _LAST_VISITS, {"days": values["days"]}

    def conditions(self, values):
        once, over_weeks = _NO_VISIT_SINCE.format(within=""), _NO_VISIT_SINCE.format(within=_WITHIN)
        return [Condition(once, no_visit_words, over_weeks=over_weeks)]


# Most pages are soon followed by another: that is seen among themselves, without a look at anything else.
_LAST_VISITS = f"""
    SELECT t.contact_id, 't' || t.id AS occurrence, t.at AS started_at, t.at + {DAYS} AS occurred_at,
           t.id AS touchpoint_id
    FROM (
        SELECT t.contact_id, t.id, t.at,
               lead(t.at) OVER (PARTITION BY t.contact_id ORDER BY t.at, t.id) AS next_at
        FROM touchpoints_touchpoint t
        WHERE t.kind = 'visited' AND t.at > %(since)s::timestamptz - {DAYS}
          AND t.at <= %(at)s::timestamptz - {DAYS} AND t.contact_id IS NOT NULL {{only}}
    ) t
    WHERE t.next_at IS NULL OR t.next_at > t.at + {DAYS} OR t.next_at > %(now)s
"""
# Says nothing new, but lets it be read from the index of kinds.
_WITHIN = f"AND later.at > %(since)s::timestamptz - {DAYS} AND later.at <= %(at)s"
_NO_VISIT_SINCE = """NOT EXISTS (
    SELECT 1 FROM touchpoints_touchpoint later
    WHERE later.contact_id = b.contact_id AND later.kind = 'visited'
      AND (later.at, later.id) > (b.started_at, b.touchpoint_id)
      AND later.at >= b.started_at AND later.at <= least(b.occurred_at, %(now)s) {within}
)"""


def no_visit_words(holds, _found, _row):
    return _("No visit since then") if holds else _("They came again in that time")


class NoOrderForm(ParameterForm):
    """A number of days, or a multiple of what is usual for each."""

    rhythm = forms.FloatField(
        label=gettext_lazy("So many times their own pause between two orders"),
        required=False,
        min_value=1,
        max_value=10,
        help_text=gettext_lazy(
            "As in 2: twice the pause that is usual for this person (the middle one of all), a week at the"
            " least. Nothing means the same number of days for everybody."
        ),
    )
    days = forms.IntegerField(
        label=gettext_lazy("So many days"),
        min_value=1,
        max_value=1825,
        initial=90,
        help_text=gettext_lazy(
            "For everybody; or for those with fewer than three orders, who have no pause."
        ),
    )


class NoOrder(Trigger):
    """The last order is so many days ago, or so many times the usual pause of this person."""

    key = "no_order"
    form_class = NoOrderForm
    label = gettext_lazy("Does not order for a time")
    said = gettext_lazy("Ordered")
    missing = gettext_lazy("Has not ordered")
    undone_by = "'ordered'"
    evidence = (("days", "round(extract(epoch FROM b.occurred_at - b.started_at) / 86400)"),)

    def words(self, parameters):
        values = self.values_of(parameters)
        days = ngettext("%(days)s day", "%(days)s days", values["days"]) % values
        if not values["rhythm"]:
            return _("No order for %(days)s") % {"days": days}
        words = _(
            "No order for %(rhythm)s times their usual pause; with fewer than three orders, for %(days)s"
        )
        return words % {"rhythm": f"{values['rhythm']:g}", "days": days}

    def base(self, values):
        if values["rhythm"]:
            return _RHYTHM, {"rhythm": values["rhythm"], "days": values["days"]}
        return _ORDERS, {"days": values["days"]}

    def conditions(self, values):
        return [Condition(_NO_ORDER_SINCE, no_order_words, _NEXT_ORDER)]


_TOLD = """(
    SELECT told.id FROM touchpoints_touchpoint told
    WHERE told.source = {o}.source AND told.external_id = 'order:' || {o}.external_id
)"""
_ORDERS = f"""
    SELECT t.contact_id, 'o' || t.id AS occurrence, t.at AS started_at, t.at + {DAYS} AS occurred_at,
           {_TOLD.format(o="t")} AS touchpoint_id, t.id AS order_id
    FROM touchpoints_order t
    WHERE t.at > %(since)s::timestamptz - {DAYS} AND t.at <= %(at)s::timestamptz - {DAYS} {{only}}
"""
_WEEK = "interval '7 days'"
# How long the silence after an order must be, by the middle one of the pauses before it.
_WAIT = f"""CROSS JOIN LATERAL (
    SELECT CASE WHEN t.number < 3 THEN {DAYS} ELSE greatest({_WEEK}, %(rhythm)s::float8 * (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY pause) FROM (
            SELECT o.at - lag(o.at) OVER (ORDER BY o.at) AS pause FROM touchpoints_order o
            WHERE o.contact_id = t.contact_id AND o.at <= t.at
        ) pauses
    )) END AS span OFFSET 0
) wait"""
# It takes one look at every order, in an index that has them by person and moment. The middle pause is worked
# out only where it can matter: an order soon followed by the next begins no absence; and half of the pauses,
# rounded down, and one more are no shorter than the middle one, which bounds it by their whole span.
_RHYTHM = f"""
    SELECT t.contact_id, 'o' || o.id AS occurrence, t.at AS started_at, t.occurred_at, o.id AS order_id,
           {_TOLD.format(o="o")} AS touchpoint_id
    FROM (
        SELECT t.contact_id, t.at, t.at + wait.span AS occurred_at
        FROM (
            SELECT t.contact_id, t.at, count(*) OVER person - row_number() OVER newest + 1 AS number,
                   min(t.at) OVER person AS first_at, lag(t.at) OVER newest AS next_at
            FROM touchpoints_order t WHERE t.at <= %(now)s {{only}}
            WINDOW person AS (PARTITION BY t.contact_id),
                   newest AS (PARTITION BY t.contact_id ORDER BY t.at DESC)
        ) t {_WAIT}
        WHERE (t.next_at IS NULL OR t.next_at > t.at + least({_WEEK}, {DAYS}))
          AND t.at + CASE WHEN t.number < 3 THEN {DAYS} ELSE {_WEEK} END <= %(at)s
          AND t.at + CASE WHEN t.number < 3 THEN {DAYS} ELSE greatest(
              {_WEEK}, %(rhythm)s::float8 * (t.at - t.first_at) / ((t.number - 1) / 2 + 1)
          ) END > %(since)s
          AND t.at + wait.span > %(since)s AND t.at + wait.span <= %(at)s
    ) t
    CROSS JOIN LATERAL (
        SELECT o.id, o.source, o.external_id FROM touchpoints_order o
        WHERE o.contact_id = t.contact_id AND o.at = t.at ORDER BY o.id DESC LIMIT 1
    ) o
"""
_NEXT_ORDER = """(
    SELECT min(later.at) FROM touchpoints_order later
    WHERE later.contact_id = b.contact_id AND (later.at, later.id) > (b.started_at, b.order_id)
      AND later.at >= b.started_at AND later.at <= least(b.occurred_at, %(now)s)
)"""
_NO_ORDER_SINCE = f"{_NEXT_ORDER} IS NULL"


def no_order_words(holds, found, _row):
    return _("No order since then") if holds else _("Ordered again on %(when)s") % {"when": clock(found)}
