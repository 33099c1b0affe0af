"""What a marketer types of a step: its medium, what it comes after, and on what condition."""

from datetime import timedelta

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Layout, Row, Submit
from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from campaigns import editing
from campaigns.form_sections import Asked, Section
from campaigns.models import Step
from campaigns.spans import SpanField
from contacts.models import Channel

MEDIA = (Channel.EMAIL, Channel.PANEL, Channel.PHONE)
# Places that most sites have; any other name will do.
PLACES = ("home", "side", "after-action")


class StepForm(forms.ModelForm):
    """One step of a row."""

    delay = SpanField(label=_("So long after it"), required=False, help_text=_("Nothing means at once."))
    tries_two = forms.BooleanField(
        label=_("Try two messages"),
        required=False,
        help_text=_("Half of the people get the other one, always the same half; write it on its own page."),
    )

    class Meta:
        model = Step
        fields = ["channel", "slot", "follows", "delay", "condition", "by_preference"]
        labels = {"follows": _("Comes after"), "slot": _("Place on your site"), "condition": _("Only")}
        help_texts = {
            "slot": _("For a panel: %(places)s, or what the page calls it.") % {"places": ", ".join(PLACES)},
            "by_preference": _("Who has not said anything prefers e-mail."),
        }

    def __init__(self, *args, cancel_url="", **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["channel"].choices = [(medium.value, medium.label) for medium in MEDIA]
        self.fields["follows"].queryset = self.steps_before()
        self.fields["follows"].label_from_instance = lambda step: step.label
        self.fields["follows"].empty_label = _("what starts the row")
        self.fields["tries_two"].initial = self.instance.content_b_id is not None
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": True}
        self.helper.layout = self.make_layout(cancel_url)

    def steps_before(self):
        """The steps it may come after: neither itself nor one that comes after it."""
        after, found = {self.instance.pk}, None
        steps = [*self.instance.rule.steps.all()]
        while found != after:
            found = set(after)
            after |= {step.pk for step in steps if step.follows_id and step.follows_id in after}
        return self.instance.rule.steps.exclude(pk__in=[pk for pk in after if pk])

    def make_layout(self, cancel_url):
        cancel = format_html('<a class="btn btn-plain" href="{}">{}</a></div>', cancel_url, _("Cancel"))
        return Layout(
            Section(
                _("By which medium"),
                _("A mail, a call, or a place on your site."),
                Row(Column("channel"), Column(Asked("place", "slot"))),
                "by_preference",
            ),
            Section(
                _("When"),
                _("After what it goes, how long after, and on what condition."),
                Row(Column("follows"), Column("delay"), Column(Asked("answer", "condition"))),
            ),
            Section(
                _("What is said"),
                _("You write the words on a page of their own."),
                "tries_two",
            ),
            HTML('<div class="form-actions">'),
            Submit("save", _("Save step"), css_class="btn-primary"),
            HTML(cancel),
        )

    def clean(self):
        values = super().clean()
        values["delay"] = values.get("delay") or timedelta()
        if values.get("channel") != Channel.PANEL:
            values["slot"] = ""
        elif not values.get("slot"):
            self.add_error("slot", _("Say where on your site the panel stands."))
        # What came back is known only of a step before it.
        if not values.get("follows") and "follows" not in self.errors:
            values["condition"] = Step.Condition.ALWAYS
        return values

    def save_step(self, at):
        """Save the step, with words to begin from where it has none."""
        step = self.save(commit=False)
        delay, tries_two = self.cleaned_data["delay"], self.cleaned_data["tries_two"]
        return editing.write_step(step, at=at, delay=delay, tries_two=tries_two)
