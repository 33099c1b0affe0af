"""Pages of the senders: who writes, by which way out, and whether mailboxes believe it."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import authenticating, channels, dkim, queueing, sender_reports, sender_words, senders, tasks
from campaigns.domains.findings import SMTP
from campaigns.sender_forms import SenderForm
from contacts.models import Sender

# The role that may change a sender; the access table holds them to it.
MAY_CHANGE = "admin"
# What the gate puts people off for; whoever waits for these is asked again when they change.
WAITED_FOR = {"quiet_from", "quiet_until", "time_zone", "cap", "cap_days"}


def page_of(sender):
    return reverse("campaigns:sender-detail", args=[sender.pk])


@require_GET
def sender_list(request):
    """Every sender: how its mail leaves, and whether it may write to many."""
    rows = [
        {"sender": sender, "provider": provider_label(sender), "problem": senders.problem_of_bulk(sender)}
        for sender in Sender.objects.order_by("name")
    ]
    page = {"rows": rows, "may_change": request.user.role == MAY_CHANGE}
    return render(request, "campaigns/sender_list.html", page)


@require_GET
def sender_detail(request, pk):
    """One sender: what its domain says of itself, its keys, its pace, and what came back lately."""
    sender, at = get_object_or_404(Sender, pk=pk), timezone.now()
    page = {
        "sender": sender,
        "provider": provider_label(sender),
        "is_smtp": sender.provider == SMTP,
        "problem": senders.problem_of_bulk(sender),
        "is_stale": sender.checked_at and sender.checks.get("about") != authenticating.about(sender),
        "checks": sender_words.explained(sender),
        "key_record": sender_words.key_record(sender),
        "is_key_seen": senders.state_of(sender, "dkim") in ("ok", "warn"),
        "waiting_keys": [
            (name, sender_words.as_record(*record)) for name, record in senders.waiting_keys(sender)
        ],
        "standing": sender_reports.standing(sender, at),
        "paces": sender_reports.paces(sender, at),
        "warm_up": sender_reports.warm_up(sender, at),
        "may_change": request.user.role == MAY_CHANGE,
    }
    return render(request, "campaigns/sender_detail.html", page)


def provider_label(sender):
    """What its way out is called; a key that is set up no longer stands for itself."""
    try:
        return channels.get(sender.provider).label
    except channels.UnknownProvider:
        return _("%(key)s (not set up)") % {"key": sender.provider}


@require_http_methods(["GET", "HEAD", "POST"])
def sender_create(request):
    """Add a sender."""
    form = SenderForm(request.POST or None, cancel_url=reverse("campaigns:sender-list"))
    if form.is_valid():
        sender = form.save()
        messages.success(
            request, _("“%(name)s” is added. Now let its domain be checked.") % {"name": sender.name}
        )
        return redirect(page_of(sender))
    return render(request, "campaigns/sender_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def sender_edit(request, pk):
    """Change a sender; what is planned leaves as it says from then on."""
    sender = get_object_or_404(Sender, pk=pk)
    form = SenderForm(request.POST or None, instance=sender, cancel_url=page_of(sender))
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved. It counts from the next message on."))
        if WAITED_FOR & set(form.changed_data):
            ask_again(request, sender)
        return redirect(page_of(sender))
    return render(request, "campaigns/sender_form.html", {"form": form, "sender": Sender.objects.get(pk=pk)})


def ask_again(request, sender):
    """The gate asks whoever waits for what has changed; a worker goes on where they are very many."""
    count, is_all = queueing.ask_again(sender.pk, timezone.now())
    if not is_all:
        tasks.go_on_asking(sender.pk)
    if count:
        words = ngettext(
            "%(n)s message that waited for quiet hours or the cap is asked about again.",
            "%(n)s messages that waited for quiet hours or the cap are asked about again.",
            count,
        )
        messages.info(request, words % {"n": number_format(count, force_grouping=True)})


@require_POST
def sender_check(request, pk):
    """Look at the records of its domain now."""
    sender = get_object_or_404(Sender, pk=pk)
    found = authenticating.check(sender, timezone.now())
    if any(found[key]["state"] == "unknown" for key in authenticating.LOOKS):
        messages.warning(request, _("Checked. Some of it could not be looked up."))
    else:
        messages.success(request, _("Checked."))
    return redirect(page_of(sender))


@require_POST
def sender_key(request, pk):
    """Make a key for signing."""
    sender = get_object_or_404(Sender, pk=pk)
    try:
        selector = senders.make_key(sender, timezone.now())
    except (dkim.NoSuchName, OSError) as error:
        messages.error(request, _("No key could be made: %(error)s") % {"error": error})
    else:
        messages.success(request, _("The key “%(name)s” is made. Publish its record.") % {"name": selector})
    return redirect(page_of(sender))


@require_POST
def sender_sign_with(request, pk):
    """Sign with another key from now on."""
    sender = get_object_or_404(Sender, pk=pk)
    try:
        senders.sign_with(sender, request.POST.get("selector", ""))
    except senders.CannotSign as problem:
        messages.error(request, str(problem))
    else:
        messages.success(
            request, _("Mail is signed with “%(name)s” from now on.") % {"name": sender.dkim_selector}
        )
    return redirect(page_of(sender))
