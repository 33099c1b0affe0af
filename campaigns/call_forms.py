"""What a colleague says of a call they made."""

from datetime import datetime, timedelta

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Layout, Row, Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns import calling, hours
from campaigns.form_sections import Asked

LATEST = timedelta(days=60)
LONGEST_CALL = 600


class CallForm(forms.Form):
    """The outcome, and what belongs to it: how long it took, their words, when to call again."""

    outcome = forms.ChoiceField(
        label=_("What came of it"), choices=calling.OUTCOMES.items, widget=forms.RadioSelect
    )
    minutes = forms.DecimalField(
        label=_("Minutes"), required=False, min_value=0, max_value=LONGEST_CALL, decimal_places=1
    )
    words = forms.CharField(
        label=_("What they said"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    back_at = forms.CharField(
        label=_("Call back on"), required=False, widget=forms.TextInput(attrs={"type": "datetime-local"})
    )
    scope = forms.ChoiceField(
        label=_("What they want to hear no more"), choices=calling.SCOPES.items, required=False
    )

    def __init__(self, *args, at, zone, action="", **kwargs):
        super().__init__(*args, **kwargs)
        self.at, self.zone = at, zone
        self.fields["back_at"].help_text = _("By the clock in %(zone)s.") % {"zone": hours.zone_words(zone)}
        self.helper = FormHelper()
        self.helper.form_action = action
        self.helper.attrs = {"novalidate": True}
        self.helper.layout = Layout(
            "outcome",
            Asked("back", "back_at"),
            Asked("alone", "scope"),
            Row(Column("words", css_class="col-md-9"), Column("minutes", css_class="col-md-3")),
            HTML('<div class="form-actions">'),
            Submit("save", _("Write it down"), css_class="btn-primary"),
            HTML("</div>"),
        )

    def clean_back_at(self):
        """The moment they named, on the clock where they live."""
        text = self.cleaned_data["back_at"]
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise forms.ValidationError(_("Give a day and an hour.")) from error
        return moment.replace(tzinfo=moment.tzinfo or self.zone)

    def clean(self):
        values = super().clean()
        if values.get("outcome") != calling.CALL_BACK or "back_at" in self.errors:
            return values
        if values["back_at"] is None:
            self.add_error("back_at", _("Say when they want to be called."))
        elif not self.at < values["back_at"] <= self.at + LATEST:
            self.add_error("back_at", _("Choose a moment within the next 60 days."))
        return values

    def said(self):
        """What is written down."""
        values = self.cleaned_data
        return calling.Said(
            values["outcome"],
            minutes=float(values["minutes"] or 0),
            words=values["words"].strip(),
            scope=values["scope"] or calling.THIS_TOPIC,
            back_at=values["back_at"],
        )
