"""The home page, and the settings of the whole."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from campaigns import restoring, switching
from campaigns.models import SendingSwitch
from contacts.models import Sender
from crm import home
from crm.forms import PilotForm, SwitchForm, ThemeForm
from crm.models import User


def workspace_zone():
    """The time zone a working day is counted in: the sender's."""
    sender = Sender.objects.order_by("pk").first()
    return sender.zone if sender else ZoneInfo("UTC")


def today(request):
    """What goes out, what came back, and what waits for a person."""
    at, zone = timezone.now(), workspace_zone()
    frame = home.days(at, zone)
    context = {
        "now": at.astimezone(zone),
        "greeting": greeting(at.astimezone(zone).hour),
        "figures": home.figures(at, zone),
        "chart": home.chart(frame),
        "chart_heads": [_("Day"), _("Sent"), _("Answered")],
        "chart_keys": [("quiet", _("Sent")), ("voice-them", _("Answered"))],
        "chart_rows": [(f"{row.day:%a %-d %b}", row.sent, row.answered) for row in frame.itertuples()][::-1],
        "sparks": {name: frame[name].tail(7).tolist() for name in ("sent", "answered")},
        "anything_sent": bool(frame["sent"].sum()),
        "came_back": home.came_back(at),
        "going_out": home.going_out_next(),
        "morning": home.waiting_for_the_morning(),
        "needs_you": home.needs_you(at),
        "board": home.board(at),
    }
    return render(request, "crm/today.html", context)


def greeting(hour):
    if hour < 12:
        return _("Good morning")
    return _("Good afternoon") if hour < 18 else _("Good evening")


@require_GET
def workspace_settings(request):
    """Who writes, the switch that holds everything, and how the product looks."""
    context = {
        "senders": Sender.objects.order_by("name"),
        "switch": SendingSwitch.load(),
        "theme_form": ThemeForm(instance=request.user),
        "may_change": request.user.role == User.Role.ADMIN,
        "may_switch": request.user.role in (User.Role.ADMIN, User.Role.MARKETER),
    }
    return render(request, "crm/settings.html", context)


@require_POST
def switch_sending(request):
    """Hold all sending, or let it go on."""
    if "resume" in request.POST and restoring.is_restored(timezone.now()):
        messages.error(request, restoring.words_to_do())
        return redirect("settings")
    if "resume" in request.POST:
        switching.resume_sending(by=request.user, at=timezone.now())
        messages.success(request, _("Sending is on again. What waited goes out now."))
        return redirect("settings")
    form = SwitchForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    switching.hold_sending(by=request.user, at=timezone.now(), reason=reason)
    messages.warning(request, _("All sending is held. Nothing leaves until you let it go on."))
    return redirect("settings")


def pilot(request):
    """Pilot mode and its group, and from what size a campaign needs a second yes."""
    switch = SendingSwitch.load()
    form = PilotForm(request.POST or None, switch=switch)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        values = {"on": chosen["on"], "group": chosen["people"], "approval_above": chosen["approval_above"]}
        switching.set_pilot(**values, by=request.user, at=timezone.now())
        messages.success(request, _("Saved. It counts from the next message on."))
        return redirect("settings-pilot")
    may_change = request.user.role == User.Role.ADMIN
    return render(request, "crm/pilot.html", {"form": form, "switch": switch, "may_change": may_change})


@require_POST
def set_theme(request):
    """Light, dark or as the system, for this person."""
    form = ThemeForm(request.POST, instance=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
    came_from = request.POST.get("next", "")
    is_ours = came_from.startswith("/") and url_has_allowed_host_and_scheme(came_from, None)
    return redirect(came_from if is_ours else "settings")
