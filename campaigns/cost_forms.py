"""What an administrator says of results: what messages cost, and how many get none."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row, Submit
from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from campaigns.models import ChannelCost
from contacts.models import Channel

# What is asked of each medium.
ASKED = (
    ("email", "each", _("Each e-mail")),
    ("panel", "each", _("Each panel shown")),
    ("letter", "each", _("Each letter, with postage")),
    ("phone", "each", _("Each call")),
    ("phone", "minute", _("Each minute of a call")),
)


class HoldOutForm(forms.Form):
    """How many get no marketing at all."""

    share = forms.IntegerField(
        label=_("Held out of everything, per cent"),
        min_value=0,
        max_value=20,
        help_text=_(
            "Chosen by chance, for as long as it stands; 2 to 5 are usual. Service messages reach all."
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_action = reverse("campaigns:hold-out")
        self.helper.layout = Layout("share", Submit("save", _("Hold out so many")))


class CostForm(forms.Form):
    """A price for each medium, in the workspace's currency."""

    def __init__(self, *args, **kwargs):
        known = {cost.channel: cost for cost in ChannelCost.objects.all()}
        super().__init__(*args, **kwargs)
        for channel, what, label in ASKED:
            self.fields[f"{channel}_{what}"] = forms.DecimalField(
                label=f"{label}, {settings.CURRENCY}",
                min_value=0,
                max_digits=10,
                decimal_places=4,
                initial=getattr(known.get(channel), what, 0).normalize() if channel in known else 0,
            )
        self.helper = FormHelper()
        self.helper.layout = Layout(
            Row(Column("email_each"), Column("panel_each")),
            Row(Column("letter_each")),
            Row(Column("phone_each"), Column("phone_minute")),
            Submit("save", _("Save the costs")),
        )

    def save(self):
        """Keep a row for each medium."""
        for channel in Channel.values:
            values = {
                what: self.cleaned_data[f"{channel}_{what}"]
                for known, what, _label in ASKED
                if known == channel
            }
            ChannelCost.objects.update_or_create(channel=channel, defaults=values)
