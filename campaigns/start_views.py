"""A colleague starts a row of the strategy for people they have chosen."""

from urllib.parse import urlencode

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from campaigns import audience
from campaigns.models import LifecycleRule
from campaigns.triggers import manual
from contacts.models import Contact
from contacts.permissions import WRITERS
from touchpoints import wakeups

# More at once are a campaign.
MOST = 1000


def startable():
    """The rows that are on and wait for a colleague."""
    return LifecycleRule.objects.active().filter(trigger="manual").in_order()


class StartForm(forms.Form):
    """Which row is started for them."""

    rule = forms.ModelChoiceField(
        LifecycleRule.objects.none(),
        label=gettext_lazy("Which row"),
        empty_label=None,
        help_text=gettext_lazy("Consent, caps and quiet hours are asked before each message, as always."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["rule"].queryset = startable()
        self.helper = FormHelper()
        self.helper.layout = Layout("rule", Submit("start", _("Start it for them"), css_class="btn-primary"))


@require_http_methods(["GET", "HEAD", "POST"])
def start(request):
    """Choose a row for one person (`?contact=`) or for those whom the contact list shows."""
    chosen = chosen_in(request)
    count = chosen[: MOST + 1].count()
    form = StartForm(request.POST or None)
    if 0 < count <= MOST and form.is_valid():
        rule, people = form.cleaned_data["rule"], [*chosen]
        touchpoints = manual.start(rule, people, timezone.now(), by=request.user)
        wakeups.hint([touchpoint.contact_id for touchpoint in touchpoints])
        words = ngettext(
            "“%(rule)s” is started for %(count)s person.",
            "“%(rule)s” is started for %(count)s people.",
            count,
        )
        messages.success(request, words % {"rule": rule, "count": count})
        return redirect(people[0] if len(people) == 1 else "contacts:contact-list")
    page = {"form": form, "count": count, "most": MOST, "people": chosen[:5]}
    page["rules"] = startable().exists()
    return render(request, "campaigns/start.html", page)


def chosen_in(request):
    """The people an address names; nobody by mistake."""
    if contact := request.GET.get("contact"):
        asked = {"contacts": [int(contact)] if contact.isdecimal() else []}
    else:
        asked = audience.from_query(request.GET)
    try:
        return audience.contacts(asked).order_by("pk")
    except audience.CannotRead:
        return Contact.objects.none()


def address(query):
    """Where starting a row for the people of the contact list begins."""
    asked = audience.from_query(query).get("filters", {})
    return f"{reverse('campaigns:start')}{'?' if asked else ''}{urlencode(asked)}"


def panel(contact, request, at):
    """On a contact's page: the way there, if there is a row that a colleague starts."""
    if not contact.is_present or request.user.role not in WRITERS or not startable().exists():
        return ""
    return render_to_string("campaigns/panels/start.html", {"contact": contact}, request)
