"""They looked at something: a page, a category; and then did nothing more."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.triggers.arriving import (
    DONE_BY_PEOPLE,
    NOT_HISTORY,
    TouchpointTrigger,
    history_words,
    kind_label,
    touchpoints,
)
from campaigns.triggers.trigger import Condition, ParameterForm, Trigger, clock
from touchpoints import paths
from touchpoints.models import Touchpoint

Kind = Touchpoint.Kind
# A page of a product says which it is, or its path ends with the number of the product.
PRODUCT_OF = r"coalesce({t}.data->>'sku', substring(rtrim({t}.data->>'path', '/') from '[^/]+$'))"
_IN_CATEGORY = f"""EXISTS (
    SELECT 1 FROM touchpoints_product product
    WHERE product.sku = {PRODUCT_OF.format(t="b")} AND product.category = %(category)s
)"""
# Pages seen within half an hour of each other are one visit; of a longer one the last day counts.
LONGEST = "interval '24 hours'"
PAUSE = "interval '30 minutes'"
_SESSIONS = f"""
    SELECT t.contact_id, 't' || t.touchpoint_id AS occurrence, t.ended_at AS started_at,
           t.ended_at + {{wait}} AS occurred_at, t.touchpoint_id, t.began_at, t.pages
    FROM (
        SELECT contact_id, max(at) AS ended_at, min(at) FILTER (WHERE is_near) AS began_at,
               (array_agg(id ORDER BY at DESC, id DESC))[1] AS touchpoint_id,
               count(*) FILTER (WHERE is_near AND is_asked_for) AS pages
        FROM (
            SELECT numbered.*, at > max(at) OVER (PARTITION BY contact_id, number) - {LONGEST} AS is_near
            FROM (
                SELECT begun.*, count(*) FILTER (WHERE begins) OVER (
                    PARTITION BY contact_id ORDER BY at, id ROWS UNBOUNDED PRECEDING
                ) AS number
                FROM (
                    SELECT t.contact_id, t.id, t.at, {{is_asked_for}} AS is_asked_for,
                           t.at - lag(t.at) OVER (PARTITION BY t.contact_id ORDER BY t.at, t.id) > {PAUSE}
                           AS begins
                    FROM touchpoints_touchpoint t
                    WHERE t.kind = 'visited' AND NOT t.is_history AND t.contact_id IS NOT NULL
                      AND t.at > %(since)s::timestamptz - {{wait}} - {LONGEST}
                      AND t.at <= least(%(at)s::timestamptz - {{wait}} + {PAUSE}, %(now)s) {{{{only}}}}
                ) begun
            ) numbered
        ) sessions
        GROUP BY contact_id, number
    ) t
    WHERE t.ended_at > %(since)s::timestamptz - {{wait}} AND t.ended_at <= %(at)s::timestamptz - {{wait}}
"""


class PageForm(ParameterForm):
    """Which pages, or pages of what."""

    pages = paths.PathsField(label=gettext_lazy("Which pages"), required=False, initial=list)
    category = forms.CharField(
        label=gettext_lazy("Or products of the category"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("As your shop calls it. Nothing in both means any page."),
    )


class Visited(TouchpointTrigger):
    """A page was seen: any, one of some pages, or one of a product in a category."""

    key = "visited"
    kind = Kind.VISITED
    form_class = PageForm
    label = gettext_lazy("Looks at a page or a category")
    missing = gettext_lazy("Has not visited")
    evidence = (("page", "coalesce(b.data->'title', b.data->'path')"),)

    def words(self, parameters):
        values = self.values_of(parameters)
        if values["category"]:
            return _("Looks at a product of “%(category)s”") % values
        if values["pages"]:
            return _("Looks at %(pages)s") % {"pages": paths.in_words(values["pages"])}
        return _("Looks at a page")

    @property
    def said(self):
        return _("Looked at a page")

    def conditions(self, values):
        asked = [*super().conditions(values)]
        if values["pages"]:
            asked.append(pages_condition(values["pages"]))
        if values["category"]:
            asked.append(category_condition(values["category"]))
        return asked


def pages_condition(pages):
    """The page is one of these."""

    def words(holds, found, _row):
        told = {"page": found or _("unknown"), "pages": paths.in_words(pages)}
        if holds:
            return _("The page is %(page)s, which belongs to %(pages)s") % told
        return _("The page is %(page)s, which does not belong to %(pages)s") % told

    patterns = {"patterns": [paths.like(page) for page in pages]}
    return Condition("b.data->>'path' LIKE ANY(%(patterns)s)", words, "b.data->>'path'", patterns)


def category_condition(category):
    """The page is one of a product in this category."""

    def words(holds, _found, _row):
        if holds:
            return _("It is a product of “%(category)s”") % {"category": category}
        return _("It is no product of “%(category)s”") % {"category": category}

    return Condition(_IN_CATEGORY, words, params={"category": category})


class BrowseForm(ParameterForm):
    """What they looked at, how much of it, and what they have not done since."""

    pages = paths.PathsField(
        label=gettext_lazy("Which pages"), required=False, initial=lambda: [*settings.CONTENT_PAGES]
    )
    at_least = forms.IntegerField(
        label=gettext_lazy("At least so many of them in one visit"), min_value=1, max_value=100, initial=1
    )
    hours = forms.IntegerField(
        label=gettext_lazy("Then, for so many hours"), min_value=1, max_value=2160, initial=48
    )
    without = forms.ChoiceField(
        label=gettext_lazy("nothing of this"),
        choices=[(kind.value, kind.label) for kind in DONE_BY_PEOPLE if kind != Kind.VISITED],
        initial=Kind.ORDERED.value,
        help_text=gettext_lazy("Counted from the beginning of the visit."),
    )


class AbandonedBrowse(Trigger):
    """A visit to some pages, and then not what it was to lead to. Each visit counts by itself."""

    key = "abandoned_browse"
    form_class = BrowseForm
    label = gettext_lazy("Looks at pages, and does no more")
    missing = gettext_lazy("Has not visited")
    undone_by = "coalesce(nullif(r.parameters->>'without', ''), 'ordered')"
    evidence = (("pages", "b.pages"),)

    def words(self, parameters):
        values = self.values_of(parameters)
        told = {
            "pages": paths.in_words(values["pages"]) or _("any page"),
            "without": kind_label(values["without"]),
            "count": values["at_least"],
        }
        hours = ngettext("%(count)s hour", "%(count)s hours", values["hours"]) % {"count": values["hours"]}
        words = _("Looked at %(pages)s and then, for %(hours)s, not: %(without)s")
        if values["at_least"] > 1:
            words = _(
                "Looked at %(pages)s %(count)s times in a visit and then, for %(hours)s, not: %(without)s"
            )
        return words % (told | {"hours": hours})

    def base(self, values):
        is_asked_for = "t.data->>'path' LIKE ANY(%(patterns)s)" if values["pages"] else "true"
        sql = _SESSIONS.format(wait="%(hours)s * interval '1 hour'", is_asked_for=is_asked_for)
        found = {"hours": values["hours"], "patterns": [paths.like(page) for page in values["pages"]]}
        return sql, found if values["pages"] else {"hours": values["hours"]}

    def conditions(self, values):
        enough = Condition(
            "b.pages >= %(at_least)s", enough_words(values), "b.pages", {"at_least": values["at_least"]}
        )
        return [enough, nothing_since("b.began_at", values["without"])]

    def start_words(self, row, values):
        return _("The visit ended on %(when)s") % {"when": clock(row["started_at"])}


def enough_words(values):
    """How many pages were seen of those that are asked for."""

    def words(holds, found, _row):
        seen = ngettext("%(count)s such page was seen", "%(count)s such pages were seen", found)
        seen %= {"count": found}
        if holds:
            return seen
        return _("%(seen)s; %(asked)s are asked for") % {"seen": seen, "asked": values["at_least"]}

    return words


def nothing_since(start, kind):
    """No touchpoint of a kind between `start`, an expression over `b`, and the occurrence."""
    done = f"""FROM touchpoints_touchpoint done
        WHERE done.contact_id = b.contact_id AND done.kind = %(without)s
          AND done.at >= {start} AND done.at <= least(b.occurred_at, %(now)s)"""
    # Says nothing new, but lets it be read from the index of kinds.
    within = f"""AND done.at <= %(at)s
        AND done.at >= %(since)s::timestamptz - %(hours)s * interval '1 hour' - {LONGEST}"""
    label = kind_label(kind)

    def words(holds, found, _row):
        if holds:
            return _("Not since then: %(what)s") % {"what": label}
        return _("%(what)s on %(when)s") % {"what": label, "when": clock(found)}

    found = f"(SELECT min(done.at) {done})"
    over_weeks = f"NOT EXISTS (SELECT 1 {done} {within})"
    return Condition(f"NOT EXISTS (SELECT 1 {done})", words, found, {"without": kind}, over_weeks)


class BasketForm(ParameterForm):
    """How long a basket may wait."""

    hours = forms.IntegerField(
        label=gettext_lazy("No order for so many hours"), min_value=1, max_value=2160, initial=4
    )


class AbandonedBasket(TouchpointTrigger):
    """Something lies in the basket and is not ordered. Changing the basket begins the wait anew."""

    key = "abandoned_basket"
    kind = Kind.BASKET
    form_class = BasketForm
    label = gettext_lazy("Leaves a basket behind")
    said = gettext_lazy("Put something into the basket")
    missing = gettext_lazy("Has put nothing into a basket")
    undone_by = "'ordered'"
    evidence = (("basket", "b.data"),)

    def words(self, parameters):
        hours = self.values_of(parameters)["hours"]
        words = ngettext(
            "A basket, and no order within %(hours)s hour",
            "A basket, and no order within %(hours)s hours",
            hours,
        )
        return words % {"hours": hours}

    def base(self, values):
        sql = touchpoints(wait="%(hours)s * interval '1 hour'")
        return sql, {"kind": str(self.kind), "hours": values["hours"]}

    def conditions(self, values):
        return [
            Condition(NOT_HISTORY, history_words),
            Condition("b.data->>'items' IS DISTINCT FROM '0'", full_words),
            Condition(_NOT_CHANGED, unchanged_words),
            nothing_since("b.started_at", Kind.ORDERED.value),
        ]


_NOT_CHANGED = """NOT EXISTS (
    SELECT 1 FROM touchpoints_touchpoint later
    WHERE later.contact_id = b.contact_id AND later.kind = 'basket'
      AND (later.at, later.id) > (b.started_at, b.touchpoint_id)
      AND later.at <= least(b.occurred_at, %(now)s)
)"""


def full_words(holds, _found, _row):
    return "" if holds else _("Then the basket was empty")


def unchanged_words(holds, _found, _row):
    return "" if holds else _("The basket was changed after that")
