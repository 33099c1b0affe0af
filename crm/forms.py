"""Forms of the roof: what holds all sending, and how the product looks."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.models import SendingSwitch
from contacts.models import Contact, normalise_email
from crm.models import User


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
