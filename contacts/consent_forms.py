"""What a colleague writes down of a yes that was said to them."""

from datetime import timedelta

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Layout, Submit
from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from contacts.consenting import current_consents
from contacts.models import Channel, Consent, Topic
from contacts.number_typed import NumberTyped
from contacts.phones import LONGEST, phone_of
from contacts.telling import channel_and_topic

# A clock may be a little ahead of another.
AHEAD = timedelta(minutes=2)
HOW = [
    ("in person", _("In person")),
    ("on the phone", _("On the phone")),
    ("on paper", _("On paper, signed")),
    ("in writing", _("In a letter or message to us")),
]


class AgreeForm(NumberTyped, forms.Form):
    """What somebody said yes to, when, how, and in which words: together they prove it."""

    permissions = forms.MultipleChoiceField(
        label=_("What they said yes to"), widget=forms.CheckboxSelectMultiple
    )
    phone = forms.CharField(
        label=_("Their phone number"),
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        help_text=_("No number of theirs is known yet: a yes to calls needs one, as in +351 912 345 678."),
    )
    how = forms.ChoiceField(label=_("How they said so"), choices=HOW, widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("The words"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What they were asked or signed, as exactly as you can. Kept as proof."),
    )
    source = forms.CharField(
        label=_("Where the proof is"),
        max_length=200,
        required=False,
        help_text=_("As in “card in the blue folder” or “call of 3 May”."),
    )
    said_at = forms.DateTimeField(
        label=_("When they said so"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("A no of theirs that came after it stands."),
    )

    def __init__(self, *args, contact, at, **kwargs):
        super().__init__(*args, **kwargs)
        self.contact, self.at, self.offered = contact, at, offered_to(contact)
        if phone_of(contact) or not any(
            channel == Channel.PHONE for _w, channel, _t in self.offered.values()
        ):
            del self.fields["phone"]
        if not contact.email:
            self.fields["permissions"].help_text = _(
                "By e-mail they cannot be asked: no address is known yet."
            )
        self.fields["permissions"].choices = [(key, words) for key, (words, *_of) in self.offered.items()]
        self.initial["said_at"] = timezone.localtime(at).replace(second=0, microsecond=0)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            *self.fields,
            HTML('<div class="form-actions">'),
            Submit("save", _("Record the yes"), css_class="btn-primary"),
            HTML(
                f'<a class="btn btn-plain" href="{contact.get_absolute_url()}">{{% translate "Cancel" %}}</a>'
            ),
            HTML("</div>"),
        )

    def clean_said_at(self):
        said_at = self.cleaned_data["said_at"]
        if said_at > self.at + AHEAD:
            raise forms.ValidationError(_("That is still to come."))
        return min(said_at, self.at)

    def clean(self):
        """A yes to calls says at which number."""
        values = super().clean()
        asks_calls = "permissions" in values and Channel.PHONE in self.chosen()
        if asks_calls and values.get("phone") == "":
            self.add_error("phone", _("At which number did they say you may call them?"))
        return values

    def say_number_taken(self, holder):
        """Somebody else has the number: say so beside the field."""
        self.add_error("phone", _("%(holder)s has this number already.") % {"holder": holder})

    def chosen(self):
        """{channel: [topics]} that were ticked."""
        found = {}
        for key in self.cleaned_data["permissions"]:
            _words, channel, topic = self.offered[key]
            found.setdefault(channel, []).append(topic)
        return found

    def proof(self):
        """What is kept with each entry."""
        told = {name: self.cleaned_data[name] for name in ("words", "how", "source")}
        return told | ({"number": number} if (number := self.cleaned_data.get("phone")) else {})


def offered_to(contact):
    """{key: (words, channel, topic)} of what they have said no yes to yet; calls even without a number."""
    answers = {(entry.channel, entry.topic_id): entry for entry in current_consents(contact)}
    offered = {}
    for channel in (Channel.EMAIL, Channel.PHONE) if contact.email else (Channel.PHONE,):
        for topic in Topic.objects.all():
            answer = answers.get((channel, topic.pk))
            if answer is None or answer.action != Consent.Action.GIVEN:
                words = words_of(channel, topic, answer)
                offered[f"{channel}:{topic.pk}"] = (words, channel, topic)
    return offered


def words_of(channel, topic, answer):
    """`New arrivals, by phone`, and since when they said no to it."""
    what = channel_and_topic(Consent(channel=channel, topic=topic))
    if answer is None:
        return what
    day = date_format(timezone.localtime(answer.at), "j M Y")
    return _("%(what)s (said no on %(day)s)") % {"what": what, "day": day}
