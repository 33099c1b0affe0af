"""Forms of the roof: the brand that writes, its hours and limits."""

from zoneinfo import available_timezones

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Fieldset, Layout, Row, Submit
from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from campaigns.models import SendingSwitch
from contacts.models import Contact, Sender, normalise_email
from crm.models import User

QUIET_WORDS = format_lazy(
    "<p class='form-text mb-3'>{} {}</p>",
    _("Marketing messages wait until quiet hours end where the person lives."),
    _("Answers to what someone just did go at once."),
)


class SenderForm(forms.ModelForm):
    """Who writes, from where, and when not."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=[(name, name) for name in sorted(available_timezones())]
    )

    class Meta:
        model = Sender
        fields = [
            "name",
            "from_name",
            "address",
            "reply_to",
            "postal_address",
            "time_zone",
            "colour",
            "quiet_from",
            "quiet_until",
            "cap",
            "cap_days",
        ]
        widgets = {
            "postal_address": forms.Textarea(attrs={"rows": 3}),
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "colour": forms.TextInput(attrs={"type": "color"}),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Fieldset(
                _("Who writes"),
                Row(Column("name"), Column("from_name")),
                Row(Column("address"), Column("reply_to")),
                "postal_address",
                Row(Column("time_zone"), Column("colour")),
            ),
            Fieldset(
                _("When not, and how often at most"),
                HTML(QUIET_WORDS),
                Row(Column("quiet_from"), Column("quiet_until")),
                Row(Column("cap"), Column("cap_days")),
            ),
            Submit("save", _("Save the sender")),
        )

    def clean(self):
        data = super().clean()
        if bool(data.get("quiet_from")) != bool(data.get("quiet_until")):
            self.add_error(
                "quiet_until", _("Quiet hours need a beginning and an end. Give both, or neither.")
            )
        return data

    def clean_postal_address(self):
        """The law asks for it in every marketing message."""
        text = self.cleaned_data["postal_address"].strip()
        if len(text) < 10:
            raise forms.ValidationError(_("Give the whole postal address: street, place and country."))
        return text

    def clean_colour(self):
        """Buttons in messages carry white words on this colour; they must be readable."""
        colour = self.cleaned_data["colour"].lower()
        ratio = contrast_with_white(colour)
        if ratio < 4.5:
            raise forms.ValidationError(
                _("White words on it have a contrast of %(ratio).1f and need 4.5. Take a darker one.")
                % {"ratio": ratio}
            )
        return colour


def contrast_with_white(colour):
    """The WCAG 2 contrast ratio of `#rrggbb` with white; 0 for what is no colour."""
    try:
        channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    except ValueError:
        return 0
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 1.05 / (luminance + 0.05)


class SwitchForm(forms.ModelForm):
    """Why all sending is held; everyone reads it."""

    class Meta:
        model = SendingSwitch
        fields = ["reason"]


class PilotForm(forms.Form):
    """Who receives anything while pilot mode is on, and from what size a second person says yes."""

    on = forms.BooleanField(label=_("Pilot mode"), required=False)
    people = forms.CharField(
        label=_("Pilot group"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("E-mail addresses of contacts, one a line. Only they receive anything while it is on."),
    )
    approval_above = forms.IntegerField(
        label=_("A second person says yes to more than"),
        required=False,
        min_value=0,
        help_text=_("So many people in one campaign. Empty for never."),
    )

    def __init__(self, *args, switch, **kwargs):
        group = switch.pilot_group.order_by("email") if switch.changed_at else Contact.objects.none()
        initial = {
            "on": switch.pilot,
            "people": "\n".join(group.values_list("email", flat=True)),
            "approval_above": switch.approval_above,
        }
        super().__init__(*args, initial=initial, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout("on", "people", "approval_above", Submit("save", _("Save the limits")))

    def clean_people(self):
        """The contacts behind the addresses; one that nobody has is refused."""
        asked = {normalise_email(line) for line in self.cleaned_data["people"].splitlines() if line.strip()}
        found = Contact.objects.present().filter(email__in=asked)
        if missing := asked - set(found.values_list("email", flat=True)):
            words = _("No contact has this address: %(addresses)s.")
            raise forms.ValidationError(words % {"addresses": ", ".join(sorted(missing))})
        return [*found]

    def clean(self):
        values = super().clean()
        if values.get("on") and not values.get("people") and "people" not in self.errors:
            self.add_error("people", _("Name at least one person, or nobody receives anything."))
        return values


class ThemeForm(forms.ModelForm):
    """How the product looks and listens for one person."""

    class Meta:
        model = User
        fields = ["theme", "single_keys"]
        widgets = {"theme": forms.RadioSelect}
