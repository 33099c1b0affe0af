"""The doors of panels: a page asks for what stands in its places, and says what was clicked away."""

from dataclasses import asdict

from django import forms
from django.http import HttpResponse, JsonResponse
from django.utils import translation
from django.utils.translation import gettext as _

from campaigns import showing
from contacts.signing import BadToken
from touchpoints.tracking import forbids_recognising, shop_door
from touchpoints.visiting import whose_browser


class AskForm(forms.Form):
    """Who asks, and for which places."""

    rv = forms.CharField(required=False, max_length=200)
    key = forms.CharField(required=False, max_length=50)
    slots = forms.JSONField()

    def clean_slots(self):
        slots = self.cleaned_data["slots"]
        if not isinstance(slots, list) or not all(isinstance(slot, str) for slot in slots):
            raise forms.ValidationError(_("A list of places is needed."))
        return [slot[:50] for slot in slots if "\0" not in slot]


@shop_door("panels")
def panels(request, told, at):
    """What stands in the places of a page for who looks at it; nobody is recognised without having agreed."""
    form = AskForm(told)
    if not form.is_valid():
        return JsonResponse({"refused": [*form.errors]}, status=400)
    asked = form.cleaned_data
    contact = None if forbids_recognising(request) else whose_browser(asked["key"], asked["rv"], at)
    shown = showing.panels(contact, asked["slots"], at) if contact else []
    return kept_nowhere(JsonResponse({"panels": [told_of(panel) for panel in shown]}))


@shop_door("panels")
def away(request, told, at):
    """A panel was clicked away, for good."""
    try:
        showing.dismiss(str(told.get("token", "")), at)
    except BadToken:
        return HttpResponse(status=404)
    return kept_nowhere(HttpResponse(status=204))


def told_of(panel):
    """A panel as the page is told of it, with the word on its button."""
    with translation.override(panel.language):
        return asdict(panel) | {"away": _("Not now")}


def kept_nowhere(response):
    response["Cache-Control"] = "no-store"
    return response
