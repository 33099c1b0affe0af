"""Signing up, confirming, visits, notes."""

from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts import limits
from contacts.evidence import client_ip, evidence_of
from contacts.models import ConsentWording, Contact, Sender
from contacts.preferences import masked
from contacts.signing import BadToken, sign, unsign
from contacts.sources import UTM, source_from
from touchpoints import signing_up, wakeups
from touchpoints.forms import NoteForm, SignUpForm
from touchpoints.noting import write_note
from touchpoints.visiting import NO_MESSAGE, arrival_token

SENT_TO = "sign-up-sent"


# Asking to hear from us -----------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request):
    """Ask for an address, a name and topics; whoever is known already gets the same answer."""
    at, wording = timezone.now(), ConsentWording.latest("sign-up")
    form = SignUpForm(request.POST or None, initial={"wording": wording, **_came_from(request)})
    status = 200
    if request.method == "POST":
        valid = form.is_valid()
        if not limits.within("sign-up", client_ip(request), at=at, limit=10):
            form.add_error(None, _("Too many sign-ups came from your connection. Try again in a minute."))
            status = 429
        elif valid:
            return _ask(request, form, at)
    page = {"form": form, "wording": wording, "sender": Sender.objects.first()}
    return render(request, "touchpoints/sign_up.html", page, status=status)


def _came_from(request):
    """What the first look at the form tells of where its reader came from; sent along with it."""
    return {name: request.GET.get(name, "") for name in UTM} | {
        "referrer": request.headers.get("Referer", "")
    }


def _ask(request, form, at):
    asked = form.asked
    if not form.is_machines:
        page = request.build_absolute_uri(request.path)
        source = source_from(form.cleaned_data, form.cleaned_data["referrer"], page, at)
        touchpoint = signing_up.sign_up(asked, at=at, source=source, evidence=evidence_of(request))
        if touchpoint:
            wakeups.hint([touchpoint.contact_id])
    token = sign(SENT_TO, masked(asked["email"]).encode())
    return redirect(f"{reverse('touchpoints:sign-up-sent')}?to={token}")


@never_cache
@require_GET
def sign_up_sent(request):
    """One more step: the mail. The address names it only as far as its owner needs."""
    try:
        address = unsign(SENT_TO, request.GET.get("to", "")).decode()
    except BadToken:
        address = ""
    page = {"address": address, "sender": Sender.objects.first(), "shop_url": settings.SHOP_URL}
    page["mailbox_url"] = settings.MAILBOX_URL
    return render(request, "touchpoints/sign_up_sent.html", page)


@never_cache
@csrf_exempt  # the link is the secret, and mail programs show pages without cookies
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request, token):
    """Looking at the link changes nothing; pressing the button confirms, once."""
    at = timezone.now()
    signed_up = signing_up.asked_with(token, at)
    if signed_up is None:
        status = limits.status_of_unknown("confirm", request, at=at, limit=30)
        return render(request, "touchpoints/confirm_unknown.html", status=status)
    if request.method == "POST":
        confirmed, created = signing_up.confirm(token, at=at, evidence=evidence_of(request))
        if created:
            wakeups.hint([confirmed.contact_id])
        return redirect(request.path)
    page = {
        "address": masked(signed_up.data["email"]),
        "confirmed": signing_up.confirmation_of(signed_up),
        "sender": Sender.objects.first(),
        "shop_url": settings.SHOP_URL,
    }
    if page["confirmed"]:
        page["arrival"] = arrival_token(page["confirmed"].contact, NO_MESSAGE, at)
    return render(request, "touchpoints/confirm.html", page)


# Notes ----------------------------------------------------------------------------------------------


@require_POST
def note_create(request, pk):
    """Write a note on a contact."""
    contact = get_object_or_404(Contact.objects.for_user(request.user), pk=pk)
    form = NoteForm(request.POST)
    if form.is_valid():
        write_note(
            contact,
            form.cleaned_data["text"],
            key=form.cleaned_data["key"],
            by=request.user,
            at=timezone.now(),
        )
        messages.success(request, _("The note is on the timeline."))
    else:
        messages.error(request, _("The note is empty or too long; nothing was written."))
    return redirect(contact)
