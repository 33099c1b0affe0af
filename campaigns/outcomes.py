"""What a message asks for, as something that can be measured: a touchpoint of a kind, soon after sending."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.triggers.arriving import DONE_BY_PEOPLE, TouchpointForm, kind_label
from campaigns.triggers.trigger import NoParameters, ParameterForm, initial_of
from touchpoints import paths
from touchpoints.models import Touchpoint

Kind = Touchpoint.Kind
_outcomes = {}


@dataclass(frozen=True)
class Outcome:
    """Reached by the first touchpoint after sending that it asks for, within the span that is set."""

    key: str
    label: str | Promise
    kinds: tuple
    # What is asked of `t`, a touchpoint; `{p}` stands for the settings, a jsonb that may be null.
    sql: str = "true"
    form_class: type = NoParameters
    tell: Callable | None = None

    def values_of(self, parameters):
        """What is set, and what holds where nothing is."""
        given = {name: value for name, value in (parameters or {}).items() if value not in (None, "", [])}
        return {name: initial_of(entry) for name, entry in self.form_class.base_fields.items()} | given

    def words(self, parameters=None):
        """What the person is to do, as a marketer reads it."""
        return self.tell(self.values_of(parameters)) if self.tell else str(self.label)

    @property
    def needs_settings(self):
        """Whether it means nothing without settings."""
        entries = self.form_class.base_fields.values()
        return any(entry.required and not initial_of(entry) for entry in entries)


def register(outcome):
    """Add an outcome; the same key replaces."""
    _outcomes[outcome.key] = outcome
    return outcome


def get(key):
    """The outcome of that key, or None."""
    return _outcomes.get(key)


def registered():
    """All outcomes, in the order of their registration."""
    return list(_outcomes.values())


def choices():
    """(key, label) of every outcome, for a form."""
    return [(outcome.key, outcome.label) for outcome in registered()]


def plain_choices():
    """(key, label) of those that mean something without settings."""
    return [(outcome.key, outcome.label) for outcome in registered() if not outcome.needs_settings]


def kinds():
    """Every kind of touchpoint by which some outcome may be reached, for an index to start from."""
    return sorted({kind.value for outcome in registered() for kind in outcome.kinds})


def reached_sql(outcome="r.outcome", parameters="r.outcome_parameters"):
    """An expression over `t`, a touchpoint: does it fulfil this outcome, with these settings?"""
    cases = "".join(f"WHEN '{each.key}' THEN {_asked_sql(each, parameters)} " for each in registered())
    return f"CASE {outcome} {cases}ELSE false END"


def _asked_sql(outcome, parameters):
    of_kind = ", ".join(f"'{kind.value}'" for kind in outcome.kinds)
    asked = outcome.sql.replace("{p}", parameters)
    return f"t.kind IN ({of_kind}) AND ({asked})"


# The catalogue ---------------------------------------------------------------------------------------------


def pages_sql(default=()):
    """The page of `t` is one of those that are set, or of the default where none is."""
    listed = json.dumps([*default]).replace("'", "''").replace("%", "%%")
    given = f"coalesce(nullif({{p}}->'pages', '[]'), '{listed}'::jsonb)"
    return f"""EXISTS (
        SELECT 1 FROM jsonb_path_query({given}, '$[*]') page
        WHERE t.data->>'path' LIKE {paths.like_sql("(page #>> '{}')")}
    )"""


class PagesForm(ParameterForm):
    """Which pages."""

    pages = paths.PathsField(label=_("Which pages"))


class ServicesForm(ParameterForm):
    pages = paths.PathsField(
        label=_("Which pages"), required=False, initial=lambda: [*settings.SERVICE_PAGES]
    )


class ForumForm(ParameterForm):
    pages = paths.PathsField(label=_("Which pages"), required=False, initial=lambda: [*settings.FORUM_PAGES])


class TopForm(ParameterForm):
    """How many pages count as top."""

    places = forms.IntegerField(
        label=_("One of the first"),
        min_value=1,
        max_value=20,
        initial=10,
        help_text=_("Pages, by how many people saw them in the 30 days before."),
    )


_IS_TOP = """EXISTS (
    SELECT 1 FROM touchpoints_toppage top
    WHERE top.path = t.data->>'path' AND top.people > 1
      AND top.place <= CASE WHEN {p}->>'places' ~ '^[0-9]{1,3}$' THEN ({p}->>'places')::int ELSE 10 END
      AND top.day = (SELECT max(day) FROM touchpoints_toppage WHERE day <= (t.at AT TIME ZONE 'UTC')::date)
)"""
_OF_KIND = """t.kind = {p}->>'kind' AND (
    coalesce({p}->>'name', '') = '' OR t.data->>({p}->>'name') IS NOT NULL
) AND (coalesce({p}->>'value', '') = '' OR t.data->>({p}->>'name') = {p}->>'value')"""


def page_words(values):
    return gettext("Sees one of the pages %(pages)s") % {"pages": paths.in_words(values["pages"] or [])}


def top_words(values):
    return gettext("Opens one of the %(places)s pages that most others saw") % values


def kind_words(values):
    words = kind_label(values["kind"])
    if values["name"] and values["value"]:
        return gettext("%(kind)s, “%(name)s” being “%(value)s”") % (values | {"kind": words})
    return words


for _outcome in (
    Outcome("first_visit", _("Visits the shop"), (Kind.VISITED,)),
    Outcome("order", _("Orders something"), (Kind.ORDERED,)),
    Outcome("page", _("Sees a page"), (Kind.VISITED,), pages_sql(), PagesForm, page_words),
    Outcome(
        "service", _("Tries a service"), (Kind.VISITED,), pages_sql(settings.SERVICE_PAGES), ServicesForm
    ),
    Outcome("top_content", _("Opens top content"), (Kind.VISITED,), _IS_TOP, TopForm, top_words),
    Outcome(
        "forum",
        _("Visits the forum or community, or writes there"),
        (Kind.VISITED, Kind.POSTED),
        f"t.kind = 'posted' OR {pages_sql(settings.FORUM_PAGES)}",
        ForumForm,
    ),
    Outcome("member", _("Becomes a full member"), (Kind.JOINED,)),
    Outcome("feedback", _("Answers a feedback question"), (Kind.FEEDBACK,)),
    Outcome("reply", _("Answers the message"), (Kind.REPLIED,)),
    Outcome(
        "touchpoint",
        _("Does something else that is reported"),
        (*DONE_BY_PEOPLE,),
        _OF_KIND,
        TouchpointForm,
        kind_words,
    ),
):
    register(_outcome)


# Counting --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counted:
    """How often one thing was done by those whom a rule wrote to, and by those it held out."""

    words: str
    sent: int
    sent_reached: int
    held_out: int
    held_out_reached: int


# An episode begins with the first message of it that left, or was held out. What was imported counts only for
# messages that belong to the imported past themselves.
_COUNT = """
SELECT count(*) FILTER (WHERE NOT began.is_held_out),
       count(*) FILTER (WHERE NOT began.is_held_out AND did.it),
       count(*) FILTER (WHERE began.is_held_out),
       count(*) FILTER (WHERE began.is_held_out AND did.it)
FROM (
    SELECT d.contact_id, min(coalesce(d.sending_at, d.finished_at)) AS at,
           bool_and(d.status = 'held_out') AS is_held_out,
           bool_and(coalesce(answered.is_history, false)) AS is_history
    FROM campaigns_delivery d
    LEFT JOIN touchpoints_touchpoint answered ON answered.id = d.touchpoint_id
    WHERE d.rule_id = %(rule)s AND d.status IN ('sent', 'held_out') AND d.reminder_number = 0
    GROUP BY d.contact_id, d.episode
) began
CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT 1 FROM touchpoints_touchpoint t
    WHERE t.contact_id = began.contact_id AND t.at > began.at AND t.at <= began.at + %(within)s
      AND (began.is_history OR NOT t.is_history) AND {reached}
) AS it) did
WHERE began.at > %(since)s AND began.at <= %(until)s
"""


def counted(rule, since, until):
    """The outcome that stops a rule, then those that are only counted: a Counted for each."""
    stopping = [{"outcome": rule.outcome, "parameters": rule.outcome_parameters}] if rule.outcome else []
    asked = [(get(each["outcome"]), each.get("parameters") or {}) for each in stopping + rule.more_outcomes]
    return [_count(rule, outcome, parameters, since, until) for outcome, parameters in asked if outcome]


def _count(rule, outcome, parameters, since, until):
    reached = _asked_sql(outcome, "%(parameters)s::jsonb")
    params = {"rule": rule.pk, "within": rule.outcome_within, "since": since, "until": until}
    params["parameters"] = json.dumps(parameters)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(reached=reached), params)
        return Counted(outcome.words(parameters), *cursor.fetchone())
