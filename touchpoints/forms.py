"""What people and browsers tell us: sign-ups, visits, notes."""

import re

from crispy_forms.bootstrap import StrictButton
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.models import ConsentWording, Topic

# What a name never holds and an advertisement often does.
NOT_A_NAME = re.compile(r"[<>@/\\{}\[\]]|www\.|\.(com|net|org|info|ru|top)\b", re.IGNORECASE)


class SignUpForm(forms.Form):
    """E-mail first, then name; topics unticked; the words agreed to are named by their version."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={
            "required": _("An e-mail address is needed to write to you."),
            "invalid": _("This is not an e-mail address. It looks like name@example.com."),
        },
    )
    name = forms.CharField(
        label=_("Name, if you like"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    topics = forms.ModelMultipleChoiceField(
        Topic.objects,
        to_field_name="key",
        error_messages={"required": _("Choose at least one thing to hear about.")},
    )
    wording = forms.ModelChoiceField(ConsentWording.objects, widget=forms.HiddenInput)
    utm_source = forms.CharField(required=False, widget=forms.HiddenInput)
    utm_medium = forms.CharField(required=False, widget=forms.HiddenInput)
    utm_campaign = forms.CharField(required=False, widget=forms.HiddenInput)
    referrer = forms.CharField(required=False, widget=forms.HiddenInput)
    # A trap: people do not see it, machines fill it in.
    nickname = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["wording"].queryset = ConsentWording.objects.filter(key="sign-up")
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout("email", "name", "wording", *self.hidden_names)

    hidden_names = ("utm_source", "utm_medium", "utm_campaign", "referrer")

    def clean_name(self):
        name = " ".join(self.cleaned_data["name"].split())
        if NOT_A_NAME.search(name):
            raise forms.ValidationError(_("This does not look like a name. You can leave it empty."))
        return name

    @property
    def switches(self):
        """The topics with what was ticked before an error: (topic, is it on)."""
        chosen = self.data.getlist("topics") if self.is_bound else []
        return [(topic, topic.key in chosen) for topic in Topic.objects.all()]

    @property
    def is_machines(self):
        """Whether the trap was stepped into."""
        return bool(self.cleaned_data["nickname"])

    @property
    def asked(self):
        """What was asked for, as `signing_up.sign_up` takes it."""
        asked = {name: self.cleaned_data[name] for name in ("email", "name", "wording")}
        return asked | {"topics": [topic.key for topic in self.cleaned_data["topics"]]}


class NoteForm(forms.Form):
    """A note on a contact. The key, made with the page, lets a second press write nothing."""

    text = forms.CharField(
        label=_("Note"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("The note is empty; nothing was written.")},
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, action="", **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_action = action
        button = StrictButton(_("Write the note"), type="submit", css_class="btn-plain")
        self.helper.layout = Layout(Field("text"), "key", button)


class VisitForm(forms.Form):
    """What the tracking script sends for one page. It cuts what is long; anything longer is refused."""

    visit = forms.UUIDField()
    url = forms.CharField(max_length=2000)
    path = forms.CharField(max_length=500)
    title = forms.CharField(required=False, max_length=300)
    referrer = forms.CharField(required=False, max_length=2000)
    utm_source = forms.CharField(required=False, max_length=200)
    utm_medium = forms.CharField(required=False, max_length=200)
    utm_campaign = forms.CharField(required=False, max_length=200)
    utm_content = forms.CharField(required=False, max_length=200)
    utm_term = forms.CharField(required=False, max_length=200)
    rv = forms.CharField(required=False, max_length=200)
    key = forms.CharField(required=False, max_length=40)
    agreed = forms.BooleanField(required=False)

    def clean_url(self):
        url = self.cleaned_data["url"]
        if not url.startswith(("https://", "http://")):
            raise forms.ValidationError(_("Not the address of a page."))
        return url
