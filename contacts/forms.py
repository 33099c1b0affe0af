"""What people type about people."""

from zoneinfo import available_timezones

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Fieldset, Layout, Row, Submit
from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from contacts.addresses import AddressWrong, check_address
from contacts.models import (
    Channel,
    Consent,
    ConsentWording,
    Contact,
    ContactDate,
    Identity,
    Suppression,
    Topic,
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


class PreferencesForm(forms.Form):
    """A switch for each topic by e-mail, by phone where a number is known, and for what they ever answered.

    Only a switch that was moved counts: a page left open must not bring back what was stopped meanwhile.
    """

    everything = forms.BooleanField(required=False, widget=forms.HiddenInput)
    wording = forms.ModelChoiceField(ConsentWording.objects, required=False, widget=forms.HiddenInput)
    was = forms.CharField(required=False, widget=forms.HiddenInput)
    # How often, and by which medium, as it was when the page was shown.
    wished = forms.CharField(required=False, widget=forms.HiddenInput)
    at_most = forms.TypedChoiceField(
        label=_("How often at most"),
        required=False,
        choices=[
            ("", _("whenever there is something")),
            ("7", _("once a day")),
            ("3", _("three times a week")),
            ("2", _("twice a week")),
            ("1", _("once a week")),
        ],
        coerce=int,
        empty_value=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    preferred_channel = forms.ChoiceField(
        label=_("Rather by"),
        required=False,
        choices=[("", _("e-mail")), ("phone", _("phone"))],
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args, consents, wording=None, contact=None, **kwargs):
        super().__init__(*args, **kwargs)
        self._show_wishes(contact)
        self.answers = {(entry.channel, entry.topic_id): entry for entry in consents}
        self.switches = {}
        offered = {Channel.EMAIL} | ({Channel.PHONE} if contact and phone_of(contact) else set())
        for topic in Topic.objects.all():
            for channel in Channel:
                if channel in offered or (channel, topic.pk) in self.answers:
                    self._add_switch(channel, topic)
        self.initial["was"] = " ".join(name for name in self.switches if self.fields[name].initial)
        self.initial["wording"] = wording

    def _show_wishes(self, contact):
        """How often and by which medium; the latter of those whose number is known."""
        if contact is None or not contact.identities.filter(kind=Identity.Kind.PHONE).exists():
            del self.fields["preferred_channel"]
        if contact is None:
            return
        known = {value for value, _label in self.fields["at_most"].choices}
        if contact.at_most is not None and str(contact.at_most) not in known:
            words = _("%(count)s times in 7 days") % {"count": contact.at_most}
            self.fields["at_most"].choices += [(str(contact.at_most), words)]
        preferred = contact.preferred_channel if contact.preferred_channel == Channel.PHONE else ""
        self.initial |= {"at_most": contact.at_most, "preferred_channel": preferred}
        self.initial["wished"] = f"{'' if contact.at_most is None else contact.at_most}:{preferred}"

    def wishes(self):
        """How often and by which medium, where that was changed: fields of the contact."""
        often, medium = self.cleaned_data["at_most"], self.cleaned_data.get("preferred_channel", "")
        was_often, _colon, was_medium = self.cleaned_data["wished"].partition(":")
        changed = {}
        if "at_most" in self.data and ("" if often is None else str(often)) != was_often:
            changed["at_most"] = often
        if "preferred_channel" in self.data and medium != was_medium:
            changed["preferred_channel"] = medium
        return changed

    def _add_switch(self, channel, topic):
        answer = self.answers.get((channel, topic.pk))
        given = answer is not None and answer.action == Consent.Action.GIVEN
        name = f"{channel.value}-{topic.key}"
        self.fields[name] = forms.BooleanField(
            required=False, label=topic.name, initial=given, help_text=topic.description
        )
        self.switches[name] = (channel, topic, answer)

    def by_channel(self):
        """The switches as the page shows them: (channel's name, [(field, answer on record)])."""
        shown = {}
        for name, (channel, _topic, answer) in self.switches.items():
            shown.setdefault(channel.label, []).append((self[name], answer))
        return shown.items()

    def moved(self):
        """The switches that were moved: {(channel, topic): yes or no}."""
        was = self.cleaned_data["was"].split()
        return {
            (channel.value, topic): self.cleaned_data[name]
            for name, (channel, topic, _answer) in self.switches.items()
            if self.cleaned_data[name] != (name in was)
        }
