"""What people type about people."""

from zoneinfo import available_timezones

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Fieldset, Layout, Row, Submit
from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from contacts.addresses import AddressWrong, check_address
from contacts.models import (
    Consent,
    Contact,
    ContactDate,
    Suppression,
)
from contacts.phones import PhoneWrong, check_phone, in_words, phone_of
from contacts.telling import channel_and_topic


class ContactForm(forms.ModelForm):
    """What is known of a person; the address is checked here, whose it is by the act."""

    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        help_text=_("Where they are called. With the country's code, or as they write it in their country."),
    )

    class Meta:
        model = Contact
        fields = ["email", "first_name", "last_name", "level", "language", "country", "time_zone", "owner"]
        help_texts = {
            "email": _("Where they are written to. An address they had before stays known."),
            "language": _("As in “en” or “pt-BR”."),
            "country": _("Two letters, as in “PT”."),
        }

    def __init__(self, *args, cancel_url="", **kwargs):
        super().__init__(*args, **kwargs)
        zones = [(name, name.replace("_", " ")) for name in sorted(available_timezones())]
        self.fields["time_zone"].choices = [("", _("Not known: the sender's")), *zones]
        self.fields["owner"].queryset = get_user_model().objects.filter(is_active=True).order_by("email")
        self.fields["owner"].empty_label = _("Nobody in particular")
        self.fields["email"].widget = forms.EmailInput(attrs={"autocomplete": "off"})
        self.fields |= self.date_fields()
        if self.instance.pk:
            self.initial["phone"] = in_words(phone_of(self.instance))
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": True}
        self.helper.layout = Layout(
            Fieldset(_("Who"), Row(Column("first_name"), Column("last_name")), "email"),
            Fieldset(
                _("How to reach them"),
                "phone",
                Row(Column("language"), Column("country"), Column("time_zone")),
            ),
            Fieldset(_("With us"), Row(Column("level"), Column("owner"))),
            Fieldset(_("Dates of theirs"), Row(*(Column(kind.value) for kind in ContactDate.Kind))),
            HTML('<div class="form-actions">'),
            Submit("save", _("Save contact"), css_class="btn-primary"),
            HTML(f'<a class="btn btn-plain" href="{cancel_url}">{{% translate "Cancel" %}}</a></div>'),
        )

    def date_fields(self):
        """One field for each date of their own that may be known."""
        known = {}
        if self.instance.pk:
            known = dict(ContactDate.objects.filter(contact=self.instance).values_list("kind", "date"))
        help_texts = {
            ContactDate.Kind.BIRTHDAY: _("Comes back every year."),
            ContactDate.Kind.ANNIVERSARY: _("Comes back every year."),
            ContactDate.Kind.RENEWAL: _("Comes once."),
        }
        return {
            kind.value: forms.DateField(
                label=kind.label,
                required=False,
                initial=known.get(kind.value),
                help_text=help_texts[kind],
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            )
            for kind in ContactDate.Kind
        }

    def clean_email(self):
        text = self.cleaned_data["email"]
        if not text.strip():
            if self.instance.email:
                raise forms.ValidationError(
                    _("An address can be changed, not taken away. Suppress it instead.")
                )
            return ""
        try:
            return check_address(text)
        except AddressWrong as error:
            raise forms.ValidationError(str(error)) from error

    def clean_country(self):
        country = self.cleaned_data["country"].upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("A country is written with two letters, as in “PT”."))
        return country

    def clean(self):
        """The number, read as they write it in their country."""
        values = super().clean()
        if values.get("phone"):
            try:
                values["phone"] = check_phone(values["phone"], values.get("country") or "")
            except PhoneWrong as error:
                self.add_error("phone", str(error))
        return values

    def say_taken(self, holder):
        """Somebody else has the address: say so beside the field."""
        self.add_error("email", _("%(holder)s has this address already.") % {"holder": holder})

    def say_number_taken(self, holder):
        """Somebody else has the number: say so beside the field."""
        self.add_error("phone", _("%(holder)s has this number already.") % {"holder": holder})


class WithdrawForm(forms.Form):
    """Which permissions someone wants to take back, and how they said so."""

    permissions = forms.MultipleChoiceField(
        label=_("What they want to hear no more"), widget=forms.CheckboxSelectMultiple
    )
    how = forms.CharField(
        label=_("How they asked"), max_length=200, help_text=_("Kept as evidence, as in “by phone, 3 May”.")
    )

    def __init__(self, *args, consents, **kwargs):
        super().__init__(*args, **kwargs)
        self.given = {
            f"{entry.channel}:{entry.topic_id}": entry
            for entry in consents
            if entry.action == Consent.Action.GIVEN
        }
        self.fields["permissions"].choices = [
            (key, channel_and_topic(entry)) for key, entry in self.given.items()
        ]
        self.fields["permissions"].initial = [*self.given]

    def chosen(self):
        """{channel: [topics]} that were ticked."""
        found = {}
        for key in self.cleaned_data["permissions"]:
            entry = self.given[key]
            found.setdefault(entry.channel, []).append(entry.topic)
        return found


class SuppressForm(forms.Form):
    """Why an address must never be used again."""

    reason = forms.ChoiceField(
        label=_("Why"),
        choices=[choice for choice in Suppression.Reason.choices if choice[0] != Suppression.Reason.ERASED],
        initial=Suppression.Reason.ASKED,
    )
    detail = forms.CharField(label=_("What happened"), max_length=300, required=False)
