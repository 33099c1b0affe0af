"""What a marketer types: the words of a message, and a campaign."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Fieldset, Layout, Row, Submit
from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from campaigns import (
    audience_fields,
    content,
    holding_out,
    outcomes,
)
from campaigns.models import Campaign, Content, Step
from campaigns.spans import SpanField
from contacts.models import Channel


class ContentForm(forms.ModelForm):
    """The words of a message; what could not be sent is refused with the reason."""

    class Meta:
        model = Content
        fields = ["subject", "preheader", "body", "text", "question"]
        widgets = {
            "body": forms.Textarea(attrs={"rows": 22, "class": "source", "spellcheck": "true"}),
            "text": forms.Textarea(attrs={"rows": 12, "class": "source", "spellcheck": "true"}),
        }
        help_texts = {
            "subject": _("What the inbox shows first; the name of the row or campaign stays with you."),
            "preheader": _("What the inbox shows beside the subject."),
            "body": _(
                "MJML, from &lt;mj-section&gt; on. Our frame adds the head, the foot and the links to stop."
            ),
            "question": _("On a page of its own, which “The question” of the links leads to. May be empty."),
        }

    def __init__(self, *args, publish=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.publish = publish
        self.fields["subject"].widget.attrs["placeholder"] = _("What it says, in a line")
        channel = content.channel_of(self.instance)
        if channel == Channel.PANEL:
            self.ask_for_a_panel()
        elif channel == Channel.PHONE:
            self.ask_for_a_script()
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.layout = Layout(*self.fields)

    def leave_out(self, *names):
        """The administration asks for none of these to begin with."""
        for name in names:
            self.fields.pop(name, None)

    def ask_for_a_script(self):
        """A call has a purpose and a script, with the same merge fields, and nothing to look at."""
        self.leave_out("preheader", "body", "question")
        purpose, script = self.fields["subject"], self.fields["text"]
        purpose.label, script.label = _("What the call is for"), _("Script")
        purpose.help_text = ""
        script.help_text = _("What a colleague says, in their words. An empty line begins a paragraph.")

    def ask_for_a_panel(self):
        """A panel is a heading and a little HTML: it has no inbox and no text part."""
        self.leave_out("preheader", "text")
        heading, words = self.fields["subject"], self.fields["body"]
        heading.label, words.label = _("Heading"), _("Words")
        heading.help_text = ""
        words.widget.attrs["rows"] = 10
        words.help_text = _(
            "HTML: paragraphs, lists, pictures, links. A link of the class “button” looks like one. The page"
            " adds the heading and “Not now”."
        )

    def clean(self):
        values = super().clean()
        if not self.errors:
            draft = Content(pk=self.instance.pk, **{name: values[name] for name in self.fields})
            found = content.problems(draft)
            if self.publish and not found:
                found = content.unwritten(draft)
            for problem in found:
                self.add_error(problem.field if problem.field in self.fields else None, problem.words)
        return values


class CampaignForm(audience_fields.ForPeople, forms.ModelForm):
    """A campaign as a draft: to whom, what for, which words, when, and how many are held out.

    It may be saved with gaps; what is missing is asked for before it leaves.
    """

    not_by_name = _(
        "Nobody is asked whether they agreed yet: the gate does that for each person, as it leaves."
    )

    everybody = forms.BooleanField(
        label=_("Everybody: all contacts"),
        required=False,
        help_text=_("Or choose below who it is for. As long as nobody is chosen, it does not leave."),
    )
    outcome = forms.ChoiceField(label=_("It has worked when the person"), required=False)
    outcome_within = SpanField(label=_("Within"))
    send_at = forms.DateTimeField(
        label=_("Leaves on"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    control_share = forms.IntegerField(
        label=_("Held out, per cent"),
        required=False,
        min_value=0,
        max_value=90,
        help_text=_("So many get nothing, to see what the message is worth. 0 is a choice, too."),
    )

    class Meta:
        model = Campaign
        fields = [
            "name", "goal", "topic", "sender", "content", "send_at", "control_share", "outcome",
            "outcome_within",
        ]  # fmt: skip
        labels = {"content": _("Which words"), "goal": _("What it is for")}
        help_texts = {
            "topic": _("Only people who said yes to it get the message."),
            "goal": _("In one sentence. A campaign without a goal does not leave."),
        }

    def __init__(self, *args, cancel_url="", **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = [("", _("has no outcome to measure")), *outcomes.plain_choices()]
        self.offer_words()
        self.offer_topic_and_sender()
        self.fields["send_at"].help_text = _("In the time zone %(zone)s. Nothing means at once.") % {
            "zone": timezone.get_current_timezone_name()
        }
        self.fields |= self.audience_fields()
        self.advise_control()
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": True}
        self.helper.layout = self.make_layout(cancel_url)

    def offer_words(self):
        """Words of messages, and not the scripts of calls or what panels say; those it has, in any case."""
        elsewhere = Step.everything.exclude(channel=Channel.EMAIL)
        scripts = Q(pk__in=elsewhere.values("content"))
        scripts |= Q(pk__in=elsewhere.filter(content_b__isnull=False).values("content_b"))
        field = self.fields["content"]
        field.queryset = Content.objects.filter(~scripts | Q(pk=self.instance.content_id)).order_by("name")
        field.required = False
        field.empty_label = _("New words, written for it")

    def offer_topic_and_sender(self):
        """Both are to be chosen; where there is only one sender, it is that one."""
        topic, sender = self.fields["topic"], self.fields["sender"]
        topic.empty_label, sender.empty_label = _("Choose a topic"), _("Choose a sender")
        senders = [*sender.queryset[:2]]
        if len(senders) == 1 and self.instance.sender_id is None:
            self.initial["sender"] = senders[0].pk

    def advise_control(self):
        """Some are held out unless somebody chooses otherwise; how many is advised by the audience."""
        advice, field = holding_out.for_campaign(self.instance), self.fields["control_share"]
        field.help_text = _("So many get nothing, to see what the message is worth. Advised: %(advice)s") % {
            "advice": advice.words
        }
        if self.instance._state.adding and self.instance.control_share is None:
            self.initial["control_share"] = advice.share

    def audience_fields(self):
        """One field for each filter of the contact list, and the words typed into its search."""
        if self.is_by_name:
            del self.fields["everybody"]
            return {}
        self.fields["everybody"].initial = self.instance.audience == {"filters": {}}
        return audience_fields.fields_of(self.instance.audience)

    def make_layout(self, cancel_url):
        who = audience_fields.names_of(self)
        everybody = [name for name in self.fields if name == "everybody"]
        about_them = HTML(format_html('<p class="form-text mb-3">{}</p>', self.audience_words()))
        return Layout(
            Fieldset(_("What it is"), "name", "goal", Row(Column("content"), Column("sender"))),
            Fieldset(_("To whom"), about_them, *everybody, Row(*(Column(name) for name in who)), "topic"),
            Fieldset(_("When, and how its worth is seen"), Row(Column("send_at"), Column("control_share"))),
            Row(Column("outcome"), Column("outcome_within")),
            HTML('<div class="form-actions">'),
            Submit("save", _("Save draft"), css_class="btn-primary"),
            HTML(f'<a class="btn btn-plain" href="{cancel_url}">{{% translate "Cancel" %}}</a></div>'),
        )

    def clean(self):
        values = super().clean()
        if not self.is_by_name:
            chosen = audience_fields.chosen_of(values)
            if chosen and values.get("everybody"):
                self.add_error("everybody", _("Everybody, or those who are chosen below: not both."))
            is_chosen = chosen or values.get("everybody")
            self.instance.audience = {"filters": chosen} if is_chosen else {}
        return values
