"""What an administrator types about a sender: who writes, when not, by which way out, and how fast."""

import re
from zoneinfo import available_timezones

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Fieldset, Layout, Row, Submit
from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from campaigns import channels
from contacts.models import Sender, SettlesBy

DOMAIN = re.compile(r"(?=.{4,100}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
# From the best that can be known of a message whose fate is unknown, to nothing.
SETTLING = [SettlesBy.KEY, SettlesBy.EVIDENCE, SettlesBy.PERSON]
# How many go through the gate together: where a person would have to find out, one at a time.
WINDOWS = {SettlesBy.KEY: 20, SettlesBy.EVIDENCE: 20, SettlesBy.PERSON: 1}

HOURS_WORDS = format_lazy(
    "<p class='form-text mb-3'>{} {}</p>",
    _("Marketing messages wait until quiet hours end where the person lives."),
    _("Answers to what someone just did go at once."),
)
OUT_WORDS = format_lazy(
    "<p class='form-text mb-3'>{} {}</p>",
    _("Any mail server can be used (SMTP)."),
    _(
        "Other providers appear here once their keys are in the environment of Rapport; docs/providers.md"
        " names them."
    ),
)
DOUBT_WORDS = format_lazy(
    "<p class='form-text mb-3'>{} {}</p>",
    _("When a connection breaks at the wrong moment, nobody knows whether a message left."),
    _("Marketing is never simply sent again."),
)
PACE_WORDS = format_lazy(
    "<p class='form-text mb-3'>{} {}</p>",
    _("Nothing means no limit."),
    _("A mailbox provider that says “slow down” is obeyed in any case."),
)


def providers(current):
    """The ways out to choose from; the one chosen now stays, though it be no longer set up."""
    found = {provider.key: provider.label for provider in channels.registered()}
    return list(({current: current} | found if current not in found else found).items())


def settling_choices(key):
    """What may be done about a message whose fate is unknown: what this way out allows, and less."""
    try:
        best = channels.get(key).settles_by
    except channels.UnknownProvider:
        best = SettlesBy.PERSON
    return [(value, value.label) for value in SETTLING[SETTLING.index(best) :]]


class SenderForm(forms.ModelForm):
    """Who writes, from where, when not, by which way out, and how fast."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=[(name, name) for name in sorted(available_timezones())]
    )
    window = forms.IntegerField(
        label=_("Messages in doubt, at most"), min_value=1, max_value=500, required=False
    )

    class Meta:
        model = Sender
        fields = [
            "name", "from_name", "address", "reply_to", "postal_address", "time_zone", "colour",
            "quiet_from", "quiet_until", "cap", "cap_days",
            "provider", "settles_by", "window", "return_domain", "dkim_selector",
            "per_minute", "domain_per_minute", "warm_up_since",
        ]  # fmt: skip
        widgets = {
            "postal_address": forms.Textarea(attrs={"rows": 3}),
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "colour": forms.TextInput(attrs={"type": "color"}),
            "provider": forms.Select,
            "warm_up_since": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        labels = {"settles_by": _("A message whose fate is unknown")}
        help_texts = {
            "return_domain": _("Mail for it must come to Rapport: each message gets an address there."),
            "dkim_selector": _(
                "The key's name. A provider shows its own; for SMTP a key is made on the next page."
            ),
            "warm_up_since": _(
                "For a new domain: 50 a day to each mailbox provider, then more from day to day."
            ),
            "domain_per_minute": _("To each domain, as example.com."),
        }
        error_messages = {
            "settles_by": {
                "invalid_choice": _("That way out does not allow this. Choose again from what it does.")
            }
        }

    def __init__(self, *args, cancel_url="", **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["provider"].widget.choices = providers(self.instance.provider)
        self.fields["settles_by"].choices = settling_choices(self["provider"].value())
        self.fields["window"].help_text = _(
            "How many messages may be in doubt after a crash: so many are under way at once. More is faster."
            " Left empty it is 20 where it can be found out what became of them, and 1 where a person has to."
        )
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": True}
        self.helper.layout = self.make_layout(cancel_url)

    def make_layout(self, cancel_url):
        return Layout(
            Fieldset(
                _("Who writes"),
                Row(Column("name"), Column("from_name")),
                Row(Column("address"), Column("reply_to")),
                "postal_address",
                Row(Column("time_zone"), Column("colour")),
            ),
            Fieldset(
                _("When not, and how often at most"),
                HTML(HOURS_WORDS),
                Row(Column("quiet_from"), Column("quiet_until")),
                Row(Column("cap"), Column("cap_days")),
            ),
            Fieldset(
                _("The way out"),
                HTML(OUT_WORDS),
                Row(Column("provider"), Column("return_domain")),
                Row(Column("dkim_selector"), Column()),
            ),
            Fieldset(
                _("When nobody knows whether it left"),
                HTML(DOUBT_WORDS),
                Row(Column("settles_by"), Column("window")),
            ),
            Fieldset(
                _("How fast at most"),
                HTML(PACE_WORDS),
                Row(Column("per_minute"), Column("domain_per_minute"), Column("warm_up_since")),
            ),
            HTML('<div class="form-actions">'),
            Submit("save", _("Save the sender")),
            HTML(f'<a class="btn btn-plain" href="{cancel_url}">{{% translate "Cancel" %}}</a></div>'),
        )

    def clean(self):
        values = super().clean()
        if bool(values.get("quiet_from")) != bool(values.get("quiet_until")):
            self.add_error(
                "quiet_until", _("Quiet hours need a beginning and an end. Give both, or neither.")
            )
        if settles_by := values.get("settles_by"):
            values["window"] = self.window_for(settles_by, values.get("window"))
            self.refuse_waiting_for_nothing(values)
        return values

    def window_for(self, settles_by, window):
        """The window as typed; the usual one when nothing was, or when only the way of settling changed."""
        was_changed_alone = "settles_by" in self.changed_data and "window" not in self.changed_data
        return WINDOWS[settles_by] if was_changed_alone or not window else window

    def refuse_waiting_for_nothing(self, values):
        """A mail server tells what became of a message when asked, or by what comes back; else nobody."""
        is_deaf = not values.get("return_domain") and not settings.MAIL_LOOKUP_URL
        if values.get("provider") == "smtp" and values["settles_by"] == SettlesBy.EVIDENCE and is_deaf:
            words = _("A mail server tells nothing by itself. Give a domain that bounces come back to first.")
            self.add_error("settles_by", words)

    def clean_provider(self):
        key = self.cleaned_data["provider"]
        if key not in dict(providers(self.instance.provider)):
            raise forms.ValidationError(_("There is no such way out."))
        return key

    def clean_return_domain(self):
        domain = self.cleaned_data["return_domain"].strip().lower().rstrip(".")
        if domain and not DOMAIN.fullmatch(domain):
            raise forms.ValidationError(_("Give a domain alone, as bounces.example.com."))
        return domain

    def clean_dkim_selector(self):
        return self.cleaned_data["dkim_selector"].lower()

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
        channels_of = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    except ValueError:
        return 0
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels_of]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 1.05 / (luminance + 0.05)
