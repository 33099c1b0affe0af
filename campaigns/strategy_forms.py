"""What a marketer changes in a row without leaving the table: words, delays, numbers of the trigger."""

from dataclasses import replace
from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns import rows, strategy_cells, strategy_csv, strategy_words, textbook, triggers
from campaigns.models import LifecycleRule
from campaigns.spans import SpanField
from campaigns.templatetags.campaigns import step_words

NUMBERS = (forms.IntegerField, forms.FloatField)
SETTING, DELAY, RANK = "setting_", "delay_", "rank"


class InlineForm(forms.Form):
    """One row of the table, being changed where it stands."""

    name = forms.CharField(label=_("Message type"), max_length=100)
    condition = forms.CharField(
        label=_("Interval, trigger condition"), max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )
    outcomes = forms.CharField(
        label=_("Outcomes required"), max_length=200, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, data=None, *, rule):
        self.rule, self.row = rule, rows.current(rule)
        self.trigger = triggers.get(rule.trigger)
        words = {name: self.row.fields[name] for name in ("name", "condition", "outcomes")}
        super().__init__(data, initial=words, auto_id=f"row-{rule.pk}-%s")
        self.add_rank()
        self.add_settings()
        self.add_delays()
        for entry in self.fields.values():
            entry.widget.attrs["form"] = f"inline-{rule.pk}"
            if not isinstance(entry, SpanField):
                entry.widget.attrs["class"] = (
                    "form-select" if entry is self.fields.get(RANK) else "form-control"
                )

    def add_rank(self):
        """Who goes first; a service message, which needs no consent, stays one."""
        if not self.rule.is_service:
            ranks = [(rank.value, rank.label) for rank in LifecycleRule.Rank if rank.value]
            self.fields[RANK] = forms.TypedChoiceField(
                label=_("Rank: who goes first"),
                required=False,
                choices=ranks,
                coerce=int,
                empty_value=self.rule.rank,
                initial=self.rule.rank,
            )

    def add_settings(self):
        """The numbers that the trigger asks for."""
        values = self.trigger.values_of(self.rule.parameters)
        for name, entry in self.trigger.form_class.base_fields.items():
            if isinstance(entry, NUMBERS):
                made = type(entry)(
                    label=entry.label,
                    required=entry.required,
                    min_value=entry.min_value,
                    max_value=entry.max_value,
                    initial=values[name],
                )
                self.fields[SETTING + name] = made

    def add_delays(self):
        """How long after what each step goes."""
        for place, step in enumerate(self.steps):
            words = _("%(step)s: after") % {"step": step_words(step)}
            self.fields[f"{DELAY}{place}"] = SpanField(label=words, required=False, initial=step.delay)

    @property
    def steps(self):
        return rows.in_order(self.rule.steps.all())

    @property
    def settings(self):
        return [self[name] for name in self.fields if name.startswith(SETTING)]

    @property
    def delays(self):
        return [self[name] for name in self.fields if name.startswith(DELAY)]

    def clean_condition(self):
        return " ".join(self.cleaned_data["condition"].split())

    def clean_outcomes(self):
        return " ".join(self.cleaned_data["outcomes"].split())

    def clean(self):
        values = super().clean()
        if not self.errors:
            try:
                fields = self.changed_row().fields
            except ValueError as error:
                self.add_error("condition", str(error))
                return values
            asked = triggers.get(fields["trigger"])
            for problem in strategy_cells.settings_problems(_("Settings"), asked, fields["parameters"]):
                self.add_error(None, problem)
        return values

    def changed_row(self):
        """The row as it would be: words that the textbook knows say what the machine does."""
        values, fields = self.cleaned_data, dict(self.row.fields)
        fields |= {name: values[name] for name in ("name", "condition", "outcomes", RANK) if name in values}
        given = {name.removeprefix(SETTING): values[name] for name in values if name.startswith(SETTING)}
        before = self.trigger.values_of(fields["parameters"])
        changed = {name: value for name, value in given.items() if value != before[name]}
        fields["parameters"] = fields["parameters"] | changed
        fields = textbook.follow_words(self.row.fields, fields)
        fields = strategy_words.follow_machine(self.row.fields, fields)
        plans = tuple(
            replace(plan, delay=values.get(f"{DELAY}{place}") or timedelta())
            for place, plan in enumerate(self.row.plans)
        )
        return rows.Row(fields, plans)

    def save(self, at):
        return rows.save_row(self.rule, self.changed_row(), at=at)


class ImportForm(forms.Form):
    """A strategy as a file, or as the text of one."""

    file = forms.FileField(
        label=_("File"), required=False, widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"})
    )
    text = forms.CharField(
        label=_("Or its text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "form-control source", "spellcheck": "false"}),
    )

    def clean(self):
        values = super().clean()
        if file := values.get("file"):
            try:
                values["text"] = strategy_csv.decoded(file.read(strategy_csv.MOST_BYTES + 1))
            except ValueError as error:
                self.add_error("file", str(error))
        elif not (values.get("text") or "").strip():
            self.add_error("file", _("Choose a file, or paste its text."))
        return values
