"""Pages about people."""

from copy import copy

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts import about, actions, columns, limits, panels, reasons, timeline
from contacts.consent_forms import AgreeForm
from contacts.consenting import current_consents, withdraw_consent
from contacts.editing import change_contact, create_contact, record_yes
from contacts.erasing import erase
from contacts.evidence import evidence_of
from contacts.forms import ContactForm, SuppressForm, WithdrawForm
from contacts.identifying import AddressTaken, find_by_email
from contacts.listing import filter_links, listing
from contacts.models import Contact, Sender, Suppression
from contacts.permissions import WRITERS, address_words, addresses_of
from contacts.phones import PhoneTaken, holder_of
from contacts.preference_forms import PreferencesForm
from contacts.preferences import (
    TooManyNumbers,
    choose,
    forget_number,
    give_number,
    masked,
    masked_number,
    read_message,
    read_token,
    stop_everything,
    wish,
    wordings_shown,
)
from contacts.signing import BadToken
from contacts.suppressing import is_suppressed, lift, suppress


@require_GET
def contact_list(request):
    """Everyone, newest first; searched as one types, narrowed by the filters of every room."""
    found = listing(request)
    if request.htmx and not request.htmx.boosted:
        return render(request, "contacts/_contact_rows.html", {"listing": found})
    page = {"listing": found, "filters": filter_links(request, found), "may_write": may_write(request)}
    page["actions"] = actions.offered(request.GET) if found.rows else []
    return render(request, "contacts/contact_list.html", page)


def may_write(request):
    return request.user.role in WRITERS


@require_GET
def contact_detail(request, pk):
    """One person: who they are, what we may, and everything that happened."""
    contact = get_object_or_404(Contact.objects.for_user(request.user).select_related("owner"), pk=pk)
    at, cursor = timezone.now(), request.GET.get("before", "")
    thread = thread_of(contact, at, cursor)
    if request.htmx and cursor:
        return render(request, "contacts/_timeline.html", {"contact": contact, "thread": thread})
    page = panels.rendered(contact, request, at)
    page |= {"contact": contact, "thread": thread, "may_write": may_write(request)}
    page["may_erase"] = request.user.role == "admin"
    page |= {"warmth": columns.warmth_of([pk]).get(pk, 0), "there_now": about.there_now(contact, at)}
    page["suppressed"] = is_suppressed(contact.email, service=False)
    return render(request, "contacts/contact_detail.html", page)


def thread_of(contact, at, cursor):
    """The piece of the timeline that is asked for, ready to be shown."""
    page = timeline.page_of(contact, at=at, cursor=cursor)
    return {
        "upcoming": [*timeline.when_to_come(page.upcoming, at=at)],
        "past": [*timeline.with_days(page.past, at=at, cursor=cursor)],
        "older": page.older,
        "is_later": bool(cursor),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def contact_create(request):
    """Add a person by hand."""
    form = ContactForm(request.POST or None, cancel_url=reverse("contacts:contact-list"))
    if form.is_valid():
        try:
            values, origin = form.cleaned_data, f"user:{request.user.pk}"
            contact = create_contact(values, at=timezone.now(), origin=origin)
        except AddressTaken:
            form.say_taken(find_by_email(form.cleaned_data["email"]))
        except PhoneTaken:
            form.say_number_taken(holder_of(form.cleaned_data["phone"]))
        else:
            messages.success(request, _("%(person)s is added.") % {"person": contact})
            return redirect(contact)
    return render(request, "contacts/contact_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request, pk):
    """Change what is known of a person."""
    contact = get_object_or_404(Contact.objects.for_user(request.user), pk=pk)
    # The form writes into its own copy: the act must see what was known before.
    form = ContactForm(request.POST or None, instance=copy(contact), cancel_url=contact.get_absolute_url())
    if form.is_valid():
        try:
            change_contact(contact, form.cleaned_data, at=timezone.now())
        except AddressTaken:
            form.say_taken(find_by_email(form.cleaned_data["email"]))
        except PhoneTaken:
            form.say_number_taken(holder_of(form.cleaned_data["phone"]))
        else:
            messages.success(request, _("%(person)s is saved.") % {"person": contact})
            return redirect(contact)
    return render(request, "contacts/contact_form.html", {"form": form, "contact": contact})


@require_http_methods(["GET", "HEAD", "POST"])
def contact_agree(request, pk):
    """Write down a yes that somebody gave to a colleague, with what proves it."""
    contact, at = get_object_or_404(Contact.objects.for_user(request.user), pk=pk), timezone.now()
    form = AgreeForm(request.POST or None, contact=contact, at=at)
    entries = record_agreed(request, contact, form) if form.is_valid() else None
    if entries is None:
        return render(request, "contacts/contact_agree.html", {"contact": contact, "form": form})
    if entries:
        messages.success(request, _("The yes is recorded."))
    else:
        messages.error(request, _("Nothing was recorded: they said no after that, and that stands."))
    return redirect(contact)


def record_agreed(request, contact, form):
    """The new entries; None where the number cannot be kept, and the form says why."""
    said = {name: form.cleaned_data.get(name, "") for name in ("said_at", "phone")}
    try:
        return record_yes(contact, form.chosen(), by=request.user, proof=form.proof(), **said)
    except PhoneTaken:
        form.say_number_taken(holder_of(said["phone"]))


@require_POST
def contact_withdraw(request, pk):
    """Take back, on someone's behalf, what they told a colleague to take back."""
    contact = get_object_or_404(Contact.objects.for_user(request.user), pk=pk)
    form = WithdrawForm(request.POST, consents=current_consents(contact))
    if not form.is_valid():
        messages.error(
            request, _("Nothing was changed: say what they want to hear no more, and how they asked.")
        )
        return redirect(contact)
    source, evidence = f"user:{request.user.pk}", {"asked": form.cleaned_data["how"], "by": str(request.user)}
    for channel, topics in form.chosen().items():
        withdraw_consent(
            contact, topics, channel=channel, at=timezone.now(), source=source, evidence=evidence
        )
    messages.success(request, _("Taken back. It counts from the next message on."))
    return redirect(contact)


@require_POST
def contact_suppress(request, pk):
    """Never use this person's address again."""
    contact = get_object_or_404(Contact.objects.for_user(request.user), pk=pk)
    form = SuppressForm(request.POST)
    if not (contact.email and form.is_valid()):
        messages.error(request, _("Nothing was changed: there is no address, or no reason was given."))
        return redirect(contact)
    suppress(contact.email, at=timezone.now(), source=f"user:{request.user.pk}", **form.cleaned_data)
    messages.success(request, _("%(address)s is not used any more.") % {"address": contact.email})
    return redirect(contact)


@require_http_methods(["GET", "HEAD", "POST"])
def contact_erase(request, pk):
    """Forget a person for good, once an administrator has read what that means."""
    contact = get_object_or_404(Contact.objects.for_user(request.user), pk=pk)
    if request.method != "POST":
        return render(request, "contacts/contact_erase.html", {"contact": contact})
    erase(contact, at=timezone.now(), by=request.user)
    messages.success(request, _("The person is erased."))
    return redirect("contacts:contact-list")


@require_POST
def contact_lift(request, pk, suppression):
    """Allow an address again that was kept back; what came back before that counts no longer."""
    contact = get_object_or_404(Contact.objects.for_user(request.user), pk=pk)
    found = get_object_or_404(Suppression, pk=suppression, address__in=addresses_of(contact))
    lift(found, by=request.user, at=timezone.now())
    messages.success(request, _("%(address)s may be used again.") % {"address": address_words(found)})
    return redirect(contact)


@never_cache
@csrf_exempt  # the link is the secret, and mail programs show pages without cookies
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request, token):
    """Anyone with the link: choose what to hear. Reading it changes nothing."""
    try:
        contact, message = read_token(token), read_message(token)
    except BadToken:
        status = limits.status_of_unknown("preferences", request, at=timezone.now(), limit=30)
        return render(request, "contacts/preferences_unknown.html", status=status)
    consents, wordings = current_consents(contact), wordings_shown()
    form = PreferencesForm(request.POST or None, consents=consents, wordings=wordings, contact=contact)
    if form.is_bound and (saved := save_preferences(request, contact, form)):
        return redirect(f"{request.path}?saved={saved}")
    page = {"contact": contact, "form": form, "wordings": wordings, "address": masked(contact.email)}
    page |= {"number": masked_number(form.number), "reasons": reasons.reasons_of(contact, message)}
    page["reason"] = reasons.reason_of(contact, message)
    return render(request, "contacts/preferences.html", page | {"sender": Sender.objects.first()})


def save_preferences(request, contact, form):
    """Keep what was chosen; says what, and nothing while the number cannot be kept. A no always counts."""
    proof = {"at": timezone.now(), "evidence": evidence_of(request)}
    if not form.is_valid():
        choose(contact, form.stopped(), **proof)
        return ""
    if form.cleaned_data["everything"]:
        stop_everything(contact, **proof)
        return "everything"
    if not save_number(contact, form, proof):
        choose(contact, form.stopped(), **proof)
        return ""
    choose(contact, form.moved(), wordings=form.wordings, **proof)
    wish(contact, **form.wishes())
    return "choices"


def save_number(contact, form, proof):
    """Keep, change or forget the number; whether that could be done. The form says why not."""
    try:
        if form.cleaned_data["forget_phone"]:
            forget_number(contact, **proof)
        elif number := form.cleaned_data["phone"]:
            give_number(contact, number, at=proof["at"])
    except PhoneTaken:
        form.add_error("phone", _("This number cannot be kept here. Write to us, and we will see to it."))
    except TooManyNumbers:
        form.add_error("phone", _("These were many numbers. Try again tomorrow, or write to us."))
    return form.is_valid()
