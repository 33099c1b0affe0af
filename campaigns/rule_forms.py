"""What a marketer types of a row of the strategy, part by part: when, to whom, what, and to what end."""

from datetime import time, timedelta

from crispy_forms.bootstrap import InlineCheckboxes
from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Layout, Row, Submit
from django import forms
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from campaigns import (
    audience_fields,
    chosen,
    editing,
    hours,
    outcomes,
    strategy_words,
    suited,
    triggers,
)
from campaigns.also_counted import AlsoCounted
from campaigns.form_sections import Asked, Folded, Section
from campaigns.models import LifecycleRule
from campaigns.spans import SpanField
from contacts.models import Sender

# What else changes with the choice of a new row.
BESIDE = {"trigger": "#how-often", "outcome": "#held-out"}
ONCE_WORDS = _(
    "Once ever is once in a life: nobody gets it a second time, though this may happen to them again."
)


class RuleForm(audience_fields.ForPeople, forms.ModelForm):
    """A row of the strategy: the textbook's words, and the machine form beside them."""

    not_by_name = _("It goes to all who do it, unless you choose here. Asked again as it leaves.")

    trigger = forms.ChoiceField(label=_("When this happens"), choices=triggers.choices)
    delay = SpanField(label=_("So long after it"), required=False, help_text=_("Nothing means at once."))
    freshness = SpanField(
        label=_("No later than"),
        initial=timedelta(hours=48),
        help_text=_("What could not go by then is not sent any more."),
    )
    outcome = forms.ChoiceField(label=_("It has worked when the person"), required=False)
    outcome_within = SpanField(label=_("Within"), initial=timedelta(days=7))
    remind_after = SpanField(
        label=_("Remind once, after silence of"), required=False, help_text=_("Nothing means no reminder.")
    )

    leaves_hour = forms.TypedChoiceField(
        label=_("The hour"),
        required=False,
        choices=[("", _("none")), *((hour, f"{hour}:00") for hour in range(24))],
        coerce=int,
        empty_value=None,
        help_text=_("Where they live. As long as their own is not known, it is this one."),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Only on"),
        required=False,
        choices=WEEKDAYS.items(),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None means any day."),
    )

    class Meta:
        model = LifecycleRule
        widgets = {name: forms.Textarea(attrs={"rows": 2}) for name in ("condition", "outcomes")}
        fields = [
            "name", "purpose", "condition", "outcomes", "trigger", "freshness", "re_entry", "re_entry_days",
            "outcome", "outcome_within", "topic", "sender", "rank", "answers_at_once", "leaves",
            "leaves_hour", "weekdays", "control_share",
        ]  # fmt: skip
        labels = {
            "name": _("Message type"),
            "condition": _("Interval, trigger condition, in your words"),
            "outcomes": _("Outcomes required, in your words"),
            "re_entry_days": _("How many days"),
            "leaves": _("Leaves"),
            "topic": _("Topic they agreed to"),
        }
        help_texts = {
            "condition": _("As it reads on the strategy."),
            "outcomes": _("As it reads on the strategy. Part several with a semicolon."),
            "answers_at_once": _("What they did a moment ago is answered whatever the hour."),
            "rank": _("What goes first when several are due to one person. Service needs no consent."),
            "topic": _("Nobody else gets it. Service needs none: it is a rank, under Advanced."),
        }

    def __init__(self, *args, cancel_url="", **kwargs):
        super().__init__(*args, **kwargs)
        self.is_asking = "show" in self.data
        self.fields["outcome"].choices = [("", _("has no outcome to measure")), *outcomes.choices()]
        self.fields["purpose"].choices = [("", _("Choose…")), *LifecycleRule.Purpose.choices]
        for name in ("topic", "sender"):
            self.fields[name].empty_label = _("Choose…")
        if not self.is_by_name:
            self.fields |= audience_fields.fields_of(self.instance.audience)
        self.reminder = editing.reminder_of(self.instance) if self.instance.pk else None
        self.begin_with_what_holds()
        self.begin_with_what_suits()
        self.trigger_settings = self.settings_of("trigger", triggers.get, self.instance.parameters)
        self.outcome_settings = self.settings_of("outcome", outcomes.get, self.instance.outcome_parameters)
        self.also = AlsoCounted(self.instance.more_outcomes, data=self.data, is_asking=self.is_asking)
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": True}
        self.helper.layout = self.make_layout(cancel_url)

    def begin_with_what_holds(self):
        """The spans of the steps; of a new row the first sender, there is mostly one."""
        if self.instance.pk and self.instance.first_step:
            self.fields["delay"].initial = self.instance.first_step.delay
        self.fields["remind_after"].initial = self.reminder and self.reminder.delay
        if not self.instance.pk:
            self.initial["sender"] = Sender.objects.order_by("pk").values_list("pk", flat=True).first()

    def begin_with_what_suits(self):
        """A new row goes by its trigger and its outcome as long as nobody chooses otherwise."""
        trigger = self["trigger"].value() or triggers.choices()[0][0]
        advice = suited.share(self.instance, self["outcome"].value(), timezone.now())
        self.fields["control_share"].help_text = _("Advised: %(advice)s") % {"advice": advice.words}
        self.how_often, self.held_out = suited.how_often(trigger), {"control_share": advice.share}
        if self.instance.pk:
            return
        for fields in (self.how_often, self.held_out):
            self.initial |= fields
            self.data = suited.keep_up(self.data, fields) if self.is_bound else self.data

    def suited_fields(self, fields):
        """What suited is posted along with a new row."""
        return HTML("" if self.instance.pk else suited.posted(fields))

    def full_clean(self):
        """Nothing is refused while somebody only asks for the settings of what they chose."""
        if self.is_asking:
            self._errors = ErrorDict()
        else:
            super().full_clean()

    def is_valid(self):
        return not self.is_asking and super().is_valid()

    def settings_of(self, name, get, given):
        """The settings of the trigger or the outcome that is chosen now."""
        choices = [key for key, _label in self.fields[name].choices if key]
        value = self[name].value() or (choices[0] if name == "trigger" else "")
        beside = {} if self.instance.pk else {"hx-select-oob": BESIDE[name]}
        self.fields[name].widget.attrs |= chosen.asking_again(name) | beside
        is_same = self.instance.pk and value == getattr(self.instance, name)
        found = get(value) if value in choices else None
        return chosen.ChosenSettings(
            name, found, data=self.data, given=given if is_same else None, is_asking=self.is_asking
        )

    # Its parts ------------------------------------------------------------------------------------------

    def make_layout(self, cancel_url):
        return Layout(
            Section(
                _("The row"),
                _("What you call it, and what it is for."),
                Row(Column("name"), Column("purpose")),
            ),
            self.when(),
            self.who(),
            self.what(),
            self.leaving(),
            self.achieving(),
            self.advanced(),
            HTML('<div class="form-actions">'),
            Submit("save", _("Save row"), css_class="btn-primary"),
            HTML(f'<a class="btn btn-plain" href="{cancel_url}">{{% translate "Cancel" %}}</a></div>'),
        )

    def when(self):
        return Section(
            _("When"),
            _("What somebody does, or leaves undone, that starts it."),
            "trigger",
            HTML("{{ form.trigger_settings.rendered }}"),
            "condition",
        )

    def who(self):
        names = audience_fields.names_of(self)
        some = Folded(
            _("Only some of them"),
            self.audience_words(),
            Row(*(Column(name, css_class="col-sm-6") for name in names)),
            is_open=bool(self.instance.audience),
        )
        by_name = HTML(format_html('<p class="mb-0">{}</p>', self.audience_words()))
        return Section(
            _("Who"),
            _("Of those who do it, whom it goes to, and how often."),
            Row(
                Column(Asked("topic", "topic"), css_class="col-sm-6 col-lg-5"),
                Column("re_entry", css_class="col-sm-6 col-lg-4"),
                Column(Asked("days", "re_entry_days"), css_class="col-sm-6 col-lg-3"),
                self.suited_fields(self.how_often),
                css_id="how-often",
            ),
            Asked("again", HTML(format_html('<p class="form-text">{}</p>', ONCE_WORDS))),
            by_name if self.is_by_name else some,
        )

    def what(self):
        return Section(
            _("What they get"),
            _("A message, which you write on a page of its own, and perhaps a reminder."),
            Row(Column("sender"), Column("remind_after")),
            HTML(format_html('<p class="form-text mb-0">{}</p>', self.steps_words())),
        )

    def leaving(self):
        return Section(
            _("When it leaves"),
            _("How long after what starts it, and at which hour."),
            Row(
                *(
                    Column(each, css_class="col-sm-6 col-lg-4")
                    for each in ("delay", "leaves", Asked("hour", "leaves_hour"))
                )
            ),
            InlineCheckboxes("weekdays"),
        )

    def achieving(self):
        return Section(
            _("What it is to achieve"),
            _("Once it has, nothing more of the row goes to that person. Some are held out to compare with."),
            "outcomes",
            Row(Column("outcome"), Column(Asked("outcome", "outcome_within"))),
            HTML("{{ form.outcome_settings.rendered }}"),
            HTML("{{ form.also.rendered }}"),
            Asked(
                "share",
                Row(
                    Column("control_share", css_class="col-sm-6"),
                    self.suited_fields(self.held_out),
                    css_id="held-out",
                ),
            ),
        )

    def advanced(self):
        return Folded(
            _("Advanced"),
            _("What goes first, how late it may still go, and answering at once."),
            Row(Column("rank"), Column("freshness")),
            "answers_at_once",
        )

    def steps_words(self):
        """How many messages it takes now, and where others are added."""
        if not self.instance.pk:
            return _("More mail, calls and places on your site are added on the page of the row.")
        count = self.instance.steps.count()
        words = ngettext("It takes %(count)s step.", "It takes %(count)s steps.", count) % {"count": count}
        address, link = self.instance.get_absolute_url(), _("Add or change others")
        return format_html('{} <a href="{}">{}</a>', words, address, link)

    def clean_condition(self):
        return on_one_line(self.cleaned_data["condition"])

    def clean_outcomes(self):
        return on_one_line(self.cleaned_data["outcomes"])

    def clean_delay(self):
        return self.cleaned_data["delay"] or timedelta()

    def clean_remind_after(self):
        span = self.cleaned_data["remind_after"]
        if not span and self.reminder and self.reminder.followers.exists():
            raise forms.ValidationError(_("Another step follows the reminder; take that one out first."))
        return span

    def save_row(self, at):
        """Save the row, its first step and its reminder."""
        spans = {name: self.cleaned_data[name] for name in ("delay", "remind_after")}
        rule = self.save(commit=False)
        strategy_words.follow(rule)
        return editing.save_rule(rule, at=at, **spans)

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
        self.check_hour(values)
        if not self.is_by_name:
            chosen = audience_fields.chosen_of(values)
            self.instance.audience = {"filters": chosen} if chosen else {}
        self.take_settings("trigger", "parameters", self.trigger_settings)
        self.take_settings("outcome", "outcome_parameters", self.outcome_settings)
        self.take_also_counted()
        return values

    def check_hour(self, values):
        """An hour in which the sender is quiet never comes."""
        hour, sender = values.get("leaves_hour"), values.get("sender")
        if values.get("leaves") == LifecycleRule.Leaves.ANY:
            values["leaves_hour"] = None
        elif hour is None:
            self.add_error("leaves_hour", _("Choose an hour."))
        elif (
            sender
            and sender.quiet_from
            and hours.wall_is_quiet(time(hour), sender.quiet_from, sender.quiet_until)
        ):
            self.add_error("leaves_hour", _("The sender writes to nobody at that hour."))

    def take_settings(self, name, kept_in, settings):
        if settings.is_complete:
            setattr(self.instance, kept_in, settings.values)
        elif name not in self.errors:
            self.add_error(name, _("Its settings below are not complete."))

    def take_also_counted(self):
        if self.also.is_complete:
            self.instance.more_outcomes = self.also.values
        else:
            self.add_error(None, _("What is also counted: the settings of one are not complete."))


def on_one_line(words):
    """The table has one line for them; what stands on one line already stays as it is."""
    return " ".join(words.splitlines())
