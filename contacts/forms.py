"""What people type about people."""

from django import forms

from contacts.models import Channel, Consent, ConsentWording, Topic


class PreferencesForm(forms.Form):
    """A switch for each topic by e-mail, and for whatever else they have an answer on record.

    Only a switch that was moved counts: a page left open must not bring back what was stopped meanwhile.
    """

    everything = forms.BooleanField(required=False, widget=forms.HiddenInput)
    wording = forms.ModelChoiceField(ConsentWording.objects, required=False, widget=forms.HiddenInput)
    was = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, consents, wording=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.answers = {(entry.channel, entry.topic_id): entry for entry in consents}
        self.switches = {}
        for topic in Topic.objects.all():
            for channel in Channel:
                if channel == Channel.EMAIL or (channel, topic.pk) in self.answers:
                    self._add_switch(channel, topic)
        self.initial["was"] = " ".join(name for name in self.switches if self.fields[name].initial)
        self.initial["wording"] = wording

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
