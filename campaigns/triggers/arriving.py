"""Something has arrived: a touchpoint of a kind."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.triggers.trigger import Condition, ParameterForm, Trigger, said_on
from touchpoints.models import Touchpoint

Kind = Touchpoint.Kind
# What people do. An opening is none: machines open mail, too.
DONE_BY_PEOPLE = [
    *(Kind.SIGNED_UP, Kind.CONFIRMED, Kind.VISITED, Kind.BASKET, Kind.ORDERED, Kind.ORDER_CHANGED),
    *(Kind.JOINED, Kind.POSTED, Kind.FEEDBACK, Kind.REPLIED, Kind.CALLED, Kind.CLICKED, Kind.COMPLAINED),
    *(Kind.UNSUBSCRIBED, Kind.CHANGED_PREFERENCES, Kind.OTHER),
]
# One row for each touchpoint of a kind.
TOUCHPOINTS = """
    SELECT t.contact_id, 't' || t.id AS occurrence, t.at AS started_at, t.at {wait} AS occurred_at,
           t.id AS touchpoint_id, t.data, t.is_history, t.source, t.external_id {more}
    FROM touchpoints_touchpoint t {joined}
    WHERE t.kind = %(kind)s AND t.at > %(since)s::timestamptz {back} AND t.at <= %(at)s::timestamptz {back}
      AND t.contact_id IS NOT NULL {{only}}
"""
NOT_HISTORY = "NOT b.is_history"


def touchpoints(*, wait="", more="", joined=""):
    """The base of all touchpoints of %(kind)s; `wait` is a span after each, by which it occurs later."""
    after, back = (f"+ {wait}", f"- {wait}") if wait else ("", "")
    more = f", {more}" if more else ""
    return TOUCHPOINTS.format(wait=after, back=back, more=more, joined=joined)


class TouchpointTrigger(Trigger):
    """Holds whenever a touchpoint of one kind arrives. History brought along by an import starts nothing."""

    kind = ""

    def base(self, values):
        return touchpoints(), {"kind": str(self.kind)}

    def conditions(self, values):
        return [Condition(NOT_HISTORY, history_words)]


def history_words(holds, _found, _row):
    return "" if holds else _("That was brought along later, so it starts nothing")


class SignedUp(TouchpointTrigger):
    key = "signed_up"
    kind = Kind.SIGNED_UP
    label = gettext_lazy("Asks to hear from us")
    said = gettext_lazy("Asked to hear from us")
    missing = gettext_lazy("Has not asked to hear from us")
    # Who has confirmed meanwhile need not be asked to.
    undone_by = "'confirmed'"


class Confirmed(TouchpointTrigger):
    key = "confirmed"
    kind = Kind.CONFIRMED
    label = gettext_lazy("Confirms the sign-up")
    said = gettext_lazy("Confirmed the sign-up")
    missing = gettext_lazy("Has not confirmed a sign-up")


class Joined(TouchpointTrigger):
    key = "joined"
    kind = Kind.JOINED
    label = gettext_lazy("Becomes a full member")
    said = gettext_lazy("Became a full member")
    missing = gettext_lazy("Has not become a full member")


class Replied(TouchpointTrigger):
    key = "replied"
    kind = Kind.REPLIED
    label = gettext_lazy("Answers a message")
    said = gettext_lazy("Answered a message")
    missing = gettext_lazy("Has not answered a message")


class Complained(TouchpointTrigger):
    """A complaint keeps the address back; a call or a letter may still be right."""

    key = "complained"
    kind = Kind.COMPLAINED
    label = gettext_lazy("Calls a message spam")
    said = gettext_lazy("Called a message spam")
    missing = gettext_lazy("Has not called a message spam")


class AnswerForm(ParameterForm):
    """Which answer; none means any."""

    answer = forms.CharField(
        label=gettext_lazy("The answer"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("As it stands on the feedback page. Nothing means any answer."),
    )


class Answered(TouchpointTrigger):
    key = "answered"
    kind = Kind.FEEDBACK
    form_class = AnswerForm
    label = gettext_lazy("Answers a feedback question")
    said = gettext_lazy("Answered a feedback question")
    missing = gettext_lazy("Has not answered a feedback question")
    evidence = (("answer", "b.data->'answer'"),)

    def words(self, parameters):
        if answer := self.values_of(parameters)["answer"]:
            return _("Answers a feedback question with “%(answer)s”") % {"answer": answer}
        return str(self.label)

    def conditions(self, values):
        asked = [*super().conditions(values)]
        if answer := values["answer"]:
            asked.append(data_condition("answer", answer))
        return asked


class TouchpointForm(ParameterForm):
    """Which kind, and what it must tell."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What happens"),
        choices=[(kind.value, kind.label) for kind in DONE_BY_PEOPLE],
        initial=Kind.OTHER.value,
        help_text=gettext_lazy("Your own systems report what they know through the API."),
    )
    name = forms.CharField(
        label=gettext_lazy("and it says"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("The name of a piece of its data, as in “event”. Nothing means all of them."),
    )
    value = forms.CharField(
        label=gettext_lazy("to be"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("As in “trial ended”. Nothing means any value."),
    )


class AnyTouchpoint(TouchpointTrigger):
    """Whatever other systems post: a kind, and perhaps a piece of its data with its value."""

    key = "touchpoint"
    form_class = TouchpointForm
    label = gettext_lazy("Something is reported")
    evidence = (("data", "b.data"),)

    def words(self, parameters):
        values = self.values_of(parameters)
        kind = kind_label(values["kind"])
        if values["name"] and values["value"]:
            return _("%(kind)s, with “%(name)s” being “%(value)s”") % (values | {"kind": kind})
        return _("%(kind)s, with a “%(name)s”") % (values | {"kind": kind}) if values["name"] else kind

    def base(self, values):
        return touchpoints(), {"kind": values["kind"]}

    def conditions(self, values):
        asked = [*super().conditions(values)]
        if values["name"]:
            asked.append(data_condition(values["name"], values["value"]))
        return asked

    def start_words(self, row, values):
        return said_on(kind_label(values["kind"]), row["started_at"])

    @property
    def missing(self):
        return _("That has not happened")


def kind_label(kind):
    """The words for a kind of touchpoint, whatever is written there."""
    return str(Kind(kind).label) if kind in Kind.values else kind


def data_condition(name, value):
    """The touchpoint tells `name`, and tells it to be `value` where one is given."""
    sql = "b.data->>%(told_name)s = %(told_value)s" if value else "b.data->>%(told_name)s IS NOT NULL"

    def words(holds, found, _row):
        if found is None:
            return _("It says nothing of “%(name)s”") % {"name": name}
        if holds:
            return _("“%(name)s” is “%(found)s”") % {"name": name, "found": found}
        told = {"name": name, "found": found, "value": value}
        return _("“%(name)s” is “%(found)s”, not “%(value)s”") % told

    return Condition(sql, words, "b.data->>%(told_name)s", {"told_name": name, "told_value": value})
