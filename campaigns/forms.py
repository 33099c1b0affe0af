"""What a marketer types: a row of the strategy, and the words of a message."""

from datetime import timedelta

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Fieldset, Layout, Row, Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns import content, outcomes, triggers
from campaigns.models import Content, LifecycleRule

UNITS = {"minutes": _("minutes"), "hours": _("hours"), "days": _("days")}


class SpanWidget(forms.MultiWidget):
    """A number and its unit, side by side."""

    template_name = "campaigns/_span_widget.html"
    use_fieldset = True

    def __init__(self, attrs=None):
        number = forms.NumberInput(
            attrs={"min": 0, "max": 9999, "class": "form-control", "aria-label": _("How many")}
        )
        unit = forms.Select(choices=UNITS.items(), attrs={"class": "form-select", "aria-label": _("Unit")})
        super().__init__([number, unit], attrs)

    def decompress(self, value):
        if value is None:
            return [None, "days"]
        minutes = round(value.total_seconds() / 60)
        for unit, size in (("days", 24 * 60), ("hours", 60)):
            if minutes and minutes % size == 0:
                return [minutes // size, unit]
        return [minutes, "minutes"]


class SpanField(forms.MultiValueField):
    """A span of time, typed as a number and a unit."""

    widget = SpanWidget

    def __init__(self, **options):
        parts = (
            forms.IntegerField(min_value=0, max_value=9999, required=False),
            forms.ChoiceField(choices=list(UNITS.items()), required=False),
        )
        super().__init__(parts, require_all_fields=False, **options)

    def compress(self, parts):
        if not parts or parts[0] is None:
            return None
        return timedelta(**{parts[1] or "days": parts[0]})


class RuleForm(forms.ModelForm):
    """A row of the strategy: the textbook's words, and the machine form beside them."""

    trigger = forms.ChoiceField(label=_("When this happens"), choices=triggers.choices)
    delay = SpanField(label=_("Send after"), required=False, help_text=_("Nothing means at once."))
    freshness = SpanField(
        label=_("No later than"), help_text=_("What could not go by then is not sent any more.")
    )
    outcome = forms.ChoiceField(label=_("It has worked when the person"), required=False)
    outcome_within = SpanField(label=_("Within"))
    remind_after = SpanField(
        label=_("Remind once, after silence of"), required=False, help_text=_("Nothing means no reminder.")
    )

    class Meta:
        model = LifecycleRule
        fields = [
            "name", "purpose", "condition", "outcomes", "trigger", "delay", "freshness", "re_entry",
            "re_entry_days", "outcome", "outcome_within", "topic", "sender", "rank", "remind_after",
            "answers_at_once",
        ]  # fmt: skip
        labels = {
            "name": _("Message type"),
            "condition": _("Interval, trigger condition, in your words"),
            "outcomes": _("Outcomes required, in your words"),
            "re_entry_days": _("How many days"),
        }
        help_texts = {
            "outcomes": _("Part several with a semicolon."),
            "answers_at_once": _("What they did a moment ago is answered whatever the hour."),
            "rank": _("Who goes first when several are due to one person."),
        }

    def __init__(self, *args, cancel_url="", **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = [("", _("has no outcome to measure")), *outcomes.choices()]
        self.parameter_form = self.make_parameter_form()
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": True}
        self.helper.layout = self.make_layout(cancel_url)

    def make_parameter_form(self):
        """The form of the trigger that is chosen now; most have nothing to set."""
        known = {trigger.key: trigger for trigger in triggers.registered()}
        trigger = known.get(self["trigger"].value()) or triggers.registered()[0]
        return trigger.form_class(self.data or None, initial=self.instance.parameters, prefix="parameters")

    def make_layout(self, cancel_url):
        return Layout(
            Fieldset(
                _("As it reads on the strategy"),
                Row(Column("name"), Column("purpose")),
                "condition",
                "outcomes",
            ),
            Fieldset(
                _("When it goes, and to whom"),
                Row(Column("trigger"), Column("delay"), Column("freshness")),
                Row(Column("re_entry"), Column("re_entry_days")),
                Row(Column("topic"), Column("sender"), Column("rank")),
                "answers_at_once",
            ),
            Fieldset(
                _("What it asks for"),
                Row(Column("outcome"), Column("outcome_within"), Column("remind_after")),
            ),
            HTML('<div class="form-actions">'),
            Submit("save", _("Save row"), css_class="btn-primary"),
            HTML(f'<a class="btn btn-plain" href="{cancel_url}">{{% translate "Cancel" %}}</a></div>'),
        )

    def clean_delay(self):
        return self.cleaned_data["delay"] or timedelta()

    def clean(self):
        values = super().clean()
        if values.get("re_entry") == LifecycleRule.ReEntry.DAYS and not values.get("re_entry_days"):
            self.add_error("re_entry_days", _("Say after how many days the same person may have it again."))
        if values.get("rank") != LifecycleRule.Rank.SERVICE and not values.get("topic"):
            self.add_error(
                "topic", _("Choose the topic people have agreed to; only service messages have none.")
            )
        if values.get("rank") == LifecycleRule.Rank.SERVICE:
            values["topic"] = None
        if self.parameter_form.is_valid():
            self.instance.parameters = dict(self.parameter_form.cleaned_data)
        else:
            self.add_error(None, _("The trigger's settings are not complete."))
        return values


class ContentForm(forms.ModelForm):
    """The words of a message; what could not be sent is refused with the reason."""

    class Meta:
        model = Content
        fields = ["subject", "preheader", "body", "text"]
        widgets = {
            "body": forms.Textarea(attrs={"rows": 22, "class": "source", "spellcheck": "true"}),
            "text": forms.Textarea(attrs={"rows": 12, "class": "source", "spellcheck": "true"}),
        }
        help_texts = {
            "preheader": _("What the inbox shows beside the subject."),
            "body": _(
                "MJML, from &lt;mj-section&gt; on. Our frame adds the head, the foot and the links to stop."
            ),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.layout = Layout("subject", "preheader", "body", "text")

    def clean(self):
        values = super().clean()
        if not self.errors:
            draft = Content(**{name: values[name] for name in self._meta.fields})
            for problem in content.problems(draft):
                self.add_error(problem.field, problem.words)
        return values
