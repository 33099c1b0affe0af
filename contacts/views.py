"""Pages about people."""

from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from contacts.consenting import current_consents
from contacts.evidence import evidence_of
from contacts.forms import PreferencesForm
from contacts.models import Sender
from contacts.preferences import choose, masked, read_token, stop_everything, wording_shown
from contacts.signing import BadToken


@never_cache
@csrf_exempt  # the link is the secret, and mail programs show pages without cookies
def preferences(request, token):
    """Anyone with the link: choose what to hear. Reading it changes nothing."""
    try:
        contact = read_token(token)
    except BadToken:
        return render(request, "contacts/preferences_unknown.html", status=404)
    consents, wording = current_consents(contact), wording_shown()
    form = PreferencesForm(request.POST or None, consents=consents, wording=wording)
    if form.is_valid():
        return redirect(f"{request.path}?saved={_save_preferences(request, contact, form)}")
    page = {"contact": contact, "form": form, "wording": wording, "address": masked(contact.email)}
    return render(request, "contacts/preferences.html", page | {"sender": Sender.objects.first()})


def _save_preferences(request, contact, form):
    proof = {"at": timezone.now(), "evidence": evidence_of(request)}
    if form.cleaned_data["everything"]:
        stop_everything(contact, **proof)
        return "everything"
    choose(contact, form.moved(), wording=form.cleaned_data["wording"], **proof)
    return "choices"
