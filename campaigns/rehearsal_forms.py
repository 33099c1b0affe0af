"""What a marketer says of a rehearsal: of which days, and whether with the rest of the strategy."""

from datetime import datetime, time, timedelta

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row, Submit
from django import forms
from django.utils.timezone import get_current_timezone, localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.form_sections import Asked

WINDOWS = [
    ("30", gettext_lazy("the last 30 days")),
    ("60", gettext_lazy("the last 60 days")),
    ("90", gettext_lazy("the last 90 days")),
    ("own", gettext_lazy("days of my own")),
]
COMPANY = [
    ("", gettext_lazy("with everything else that is on")),
    ("alone", gettext_lazy("by itself")),
]
LONGEST = 366


class CampaignRehearsalForm(forms.Form):
    """A campaign has its moment; only its company can be chosen."""

    company = forms.ChoiceField(label=gettext_lazy("Rehearsed"), choices=COMPANY, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout(*self.rows(), Submit("rehearse", _("Rehearse it")))

    def rows(self):
        return ["company"]

    @classmethod
    def initial_of(cls, rehearsal):
        """What was said of this rehearsal; nothing where there is none."""
        return {"company": "alone" if rehearsal.alone else ""} if rehearsal else {}

    @property
    def is_alone(self):
        return self.cleaned_data["company"] == "alone"


class RuleRehearsalForm(CampaignRehearsalForm):
    """Which past days, and in whose company."""

    window = forms.ChoiceField(label=gettext_lazy("As if it had been on"), choices=WINDOWS, initial="30")
    since = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=gettext_lazy("Until the end of"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def rows(self):
        return [Row(Column("window"), Column("company")), Asked("own", Row(Column("since"), Column("until")))]

    @classmethod
    def initial_of(cls, rehearsal):
        """The window too: one that ends at the moment it was made, or days of one's own."""
        said = super().initial_of(rehearsal)
        if not rehearsal:
            return said
        length = str(rehearsal.days).removesuffix(".0")
        if rehearsal.until == rehearsal.made_at and length in dict(WINDOWS):
            return said | {"window": length}
        last = localdate(rehearsal.until - timedelta(microseconds=1))
        return said | {"window": "own", "since": localdate(rehearsal.since), "until": last}

    def clean(self):
        """Days of one's own need both ends, in order, and none that is to come."""
        found = super().clean()
        if found.get("window") != "own":
            return found
        since, until = found.get("since"), found.get("until")
        if not since or not until:
            raise forms.ValidationError(_("Say from which day until which."))
        if since > until or until > localdate():
            raise forms.ValidationError(_("The days must lie in the past, the first before the last."))
        if (until - since).days > LONGEST:
            raise forms.ValidationError(_("A year is the most that is rehearsed at once."))
        return found

    def moments(self, at):
        """(since, until) of the window, which ends now at the latest."""
        if self.cleaned_data["window"] != "own":
            return at - timedelta(days=int(self.cleaned_data["window"])), at
        zone = get_current_timezone()
        first, last = self.cleaned_data["since"], self.cleaned_data["until"] + timedelta(days=1)
        return (
            datetime.combine(first, time(), zone),
            min(at, datetime.combine(last, time(), zone)),
        )


def number_said(told):
    """The number of people that somebody has said a second yes to, None of anything else."""
    said = told.get("yes", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None
