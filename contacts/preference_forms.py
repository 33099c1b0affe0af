"""What people choose for themselves on their preference page."""

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts import media
from contacts.models import Channel, Consent, ConsentWording, Identity, Topic
from contacts.number_typed import NumberTyped
from contacts.phones import LONGEST, phone_of
from contacts.preferences import CALLS
from contacts.suppressing import is_suppressed

PHONE_ATTRS = {
    "class": "form-control",
    "type": "tel",
    "autocomplete": "tel",
    "aria-describedby": "own-number-d own-number-e",
}


class PreferencesForm(NumberTyped, forms.Form):
    """A switch for each topic by e-mail, by phone where anybody is called, and for what they ever answered.

    Only a switch that was moved counts: a page left open must not bring back what was stopped meanwhile.
    """

    everything = forms.BooleanField(required=False, widget=forms.HiddenInput)
    wording = forms.ModelChoiceField(ConsentWording.objects, required=False, widget=forms.HiddenInput)
    # The words that stand beside the switches of calls.
    said = forms.ModelChoiceField(
        ConsentWording.objects.filter(key=CALLS), required=False, widget=forms.HiddenInput
    )
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

    phone = forms.CharField(
        label=_("Your phone number"),
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(attrs=PHONE_ATTRS),
    )
    forget_phone = forms.BooleanField(
        label=_("Take my number away"), required=False, help_text=_("Nobody calls you any more.")
    )

    def __init__(self, *args, consents, wordings, contact, **kwargs):
        super().__init__(*args, **kwargs)
        self._show_wishes(contact)
        self.answers = {(entry.channel, entry.topic_id): entry for entry in consents}
        self.switches, self.contact = {}, contact
        self.number = phone_of(contact)
        self.is_kept_back = bool(self.number) and is_suppressed(
            self.number, service=False, channel=Channel.PHONE
        )
        offered = media.in_use() | ({Channel.PHONE} if self.number else set())
        self.may_call = Channel.PHONE in offered
        offered &= {Channel.EMAIL, Channel.PHONE}
        for topic in Topic.objects.all():
            for channel in Channel:
                if channel in offered or (channel, topic.pk) in self.answers:
                    self._add_switch(channel, topic)
        self.initial["was"] = " ".join(name for name in self.switches if self.fields[name].initial)
        self.initial |= {"wording": wordings.get(Channel.EMAIL), "said": wordings.get(Channel.PHONE)}

    def _show_wishes(self, contact):
        """How often and by which medium; the latter of those whose number is known."""
        if not contact.identities.filter(kind=Identity.Kind.PHONE).exists():
            del self.fields["preferred_channel"]
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
        """The switches as the page shows them: (channel, [(field, answer on record)])."""
        shown = {}
        for name, (channel, _topic, answer) in self.switches.items():
            shown.setdefault(channel, []).append((self[name], answer))
        return shown.items()

    @property
    def wordings(self):
        """The words that stood beside the switches, by channel."""
        said = {Channel.EMAIL: self.cleaned_data["wording"], Channel.PHONE: self.cleaned_data["said"]}
        return {channel: wording for channel, wording in said.items() if wording}

    def clean(self):
        """Whoever wants to be called says where; stopping everything needs nothing else to be right."""
        values = super().clean()
        if values.get("everything"):
            self._errors.clear()
        elif "phone" not in self.errors and (words := self._number_wrong(values)):
            self.add_error("phone", words)
        return values

    def _number_wrong(self, values):
        if values.get("forget_phone"):
            asks = values.get("phone") or self._wants_calls(values)
            return asks and _("Either take your number away, or say where you want to be called.")
        is_missing = not (values.get("phone") or self.number)
        return is_missing and self._wants_calls(values) and _("At which number do you want to be called?")

    def _wants_calls(self, values):
        """Whether a switch of calls was turned on just now."""
        was = values.get("was", "").split()
        return any(
            values.get(name) and name not in was
            for name, (channel, _topic, _answer) in self.switches.items()
            if channel == Channel.PHONE
        )

    def stopped(self):
        """The switches that were turned off: a no counts even where something else is wrong."""
        if "was" not in self.cleaned_data:
            return {}
        return {permission: chosen for permission, chosen in self.moved().items() if not chosen}

    def wrong_words(self):
        """Which entry is in the way of the rest."""
        if "phone" in self.errors:
            return _("Look at the phone number below.")
        for name in ("at_most", "preferred_channel"):
            if name in self.errors:
                return _("Look at “%(field)s” below.") % {"field": self[name].label}
        return _("The page was no longer as it should be: look through your choices and save them again.")

    def moved(self):
        """The switches that were moved: {(channel, topic): yes or no}."""
        was = self.cleaned_data["was"].split()
        return {
            (channel.value, topic): self.cleaned_data[name]
            for name, (channel, topic, _answer) in self.switches.items()
            if self.cleaned_data[name] != (name in was)
        }
