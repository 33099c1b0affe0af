"""The queue of calls, and a page for each: who, why, what to say, and what came of it."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from campaigns import call_queue, call_snoozing, call_undoing, calling, explaining, hours, rendering
from campaigns.call_forms import CallForm
from campaigns.models import Delivery
from contacts import about, columns, panels, timeline
from contacts.consenting import current_consents
from contacts.models import Channel
from contacts.permissions import WRITERS, icon_of
from contacts.phones import in_words, phone_of
from contacts.telling import channel_and_topic

Status = Delivery.Status
TOUCHPOINTS_SHOWN = 6


def may_write(request):
    return request.user.role in WRITERS


def call_of(request, key):
    """The call, if this person may see it."""
    calls = Delivery.objects.for_user(request.user).filter(channel=Channel.PHONE)
    calls = calls.select_related("contact", "rule", "campaign", "topic", "sender", "version", "parent")
    return get_object_or_404(calls, uuid=key)


@require_GET
def call_list(request):
    """Who is to be called now, the best first; what is in hand, and what comes later."""
    at = timezone.now()
    calls = call_queue.waiting(at)
    ids = [call.delivery.contact_id for call in calls]
    warmth = columns.warmth_of(ids)
    page = {
        "calls": [(call, warmth.get(call.delivery.contact_id, 0)) for call in calls],
        "mine": calling.has_in_hand(request.user),
        "taken": [each for each in call_queue.in_hand() if each.owner != calling.owner_of(request.user)],
        "later": call_queue.later(at),
        "last_said": call_undoing.last_said(request.user, at),
        "may_write": may_write(request),
    }
    return render(request, "campaigns/call_list.html", page)


@require_GET
def call_detail(request, key):
    """One call, with all that helps to make it."""
    return show_call(request, call_of(request, key))


def show_call(request, delivery, form=None):
    at, contact = timezone.now(), delivery.contact
    zone = contact.zone(delivery.sender)
    is_mine = delivery.status == Status.SENDING and delivery.owner == calling.owner_of(request.user)
    page = {
        "delivery": delivery,
        "contact": contact,
        "number": delivery.address or phone_of(contact),
        "is_mine": is_mine,
        "is_waiting": delivery.status == Status.PLANNED and delivery.due_at <= at,
        "form": form or (form_of(delivery, zone, at) if is_mine else None),
        "may_write": may_write(request),
        "there_now": about.there_now(contact, at),
        "hour": call_queue.usual_hour(delivery, at) if contact.is_present else None,
        "why": explaining.why(delivery, is_mine=is_mine),
        "tile": [each.render(contact, request, at) for each in panels.panels_in("tile")],
        "answers": [(channel_and_topic(each), icon_of(each), each) for each in current_consents(contact)],
        "touchpoints": last_touchpoints(contact, at),
        "warmth": columns.warmth_of([contact.pk]).get(contact.pk, 0),
    }
    page["number_words"] = in_words(page["number"])
    if page["is_mine"] or (page["is_waiting"] and page["may_write"]):
        page["moments"] = call_snoozing.moments(delivery, at)
    return render(request, "campaigns/call_detail.html", page | script_of(delivery))


def form_of(delivery, zone, at, data=None):
    """The form for what came of it; the minutes since it was taken stand in it."""
    minutes = max(1, round((at - delivery.sending_at).total_seconds() / 60)) if delivery.sending_at else 1
    action = reverse("campaigns:call-record", args=[delivery.uuid])
    return CallForm(data, at=at, zone=zone, action=action, initial={"minutes": min(minutes, 600)})


def quiet_words(delivery, said):
    """A warning where they are to be called back within the quiet hours; empty otherwise."""
    sender, zone = delivery.sender, delivery.contact.zone(delivery.sender)
    if said.outcome != calling.CALL_BACK or sender.quiet_from is None or sender.quiet_until is None:
        return ""
    if not hours.is_quiet(said.back_at, zone, sender.quiet_from, sender.quiet_until):
        return ""
    values = {"hour": f"{said.back_at.astimezone(zone):%H:%M}", "place": hours.zone_words(zone)}
    words = _(
        "The call back is set for %(hour)s in %(place)s, within quiet hours. They are called all the same."
    )
    return words % values


def script_of(delivery):
    """What is to be said to this person."""
    values = delivery.merge_values or rendering.gather([delivery]).get(delivery.pk, {})
    try:
        subject, _preheader, _html, text = rendering.show(delivery.version, values)
    except rendering.RenderError as error:
        return {"error": str(error)}
    return {"subject": subject, "script": text}


def last_touchpoints(contact, at):
    """The newest of what happened with them, as the timeline tells it."""
    past = timeline.page_of(contact, at=at).past[:TOUCHPOINTS_SHOWN]
    return [*timeline.with_days(past, at=at)]


@require_POST
def call_take(request, key):
    """Take a call, so that nobody else makes it."""
    delivery = call_of(request, key)
    try:
        calling.take(delivery, request.user, at=timezone.now())
    except calling.CannotCall as error:
        messages.error(request, _("Not yours to call: %(why)s") % {"why": error})
        mine = calling.has_in_hand(request.user)
        return redirect("campaigns:call-detail", mine.uuid) if mine else redirect("campaigns:call-list")
    return redirect("campaigns:call-detail", delivery.uuid)


@require_POST
def call_leave(request, key):
    """Put a call back that was not made."""
    calling.leave(call_of(request, key), request.user, at=timezone.now())
    messages.success(request, _("It is back in the queue."))
    return redirect("campaigns:call-list")


@require_POST
def call_snooze(request, key):
    """Put a call off to one of the moments it offers."""
    delivery, until = call_of(request, key), request.POST.get("until", "")
    try:
        moment = call_snoozing.snooze(delivery, request.user, until, at=timezone.now())
    except calling.CannotCall as error:
        messages.error(request, str(error))
        return redirect("campaigns:call-detail", delivery.uuid)
    told = {"person": delivery.contact, "moment": moment.words}
    messages.success(request, _("The call to %(person)s comes again on %(moment)s, their time.") % told)
    return redirect("campaigns:call-list")


@require_POST
def call_record(request, key):
    """Say what came of a call."""
    delivery, at = call_of(request, key), timezone.now()
    form = form_of(delivery, delivery.contact.zone(delivery.sender), at, request.POST)
    if not form.is_valid():
        return show_call(request, delivery, form)
    try:
        told = calling.record_call(delivery, request.user, form.said(), at=at)
    except calling.CannotCall as error:
        messages.error(request, str(error))
        return redirect("campaigns:call-detail", delivery.uuid)
    words = _("Written down. Here is who comes next.")
    if told and (warning := quiet_words(delivery, form.said())):
        messages.warning(request, warning)
    messages.success(request, words if told else _("They were forgotten meanwhile: nothing is written down."))
    return redirect("campaigns:call-list")


@require_POST
def call_undo(request, key):
    """Take back what was said last of a call."""
    delivery = call_of(request, key)
    try:
        call_undoing.undo(delivery, request.user, at=timezone.now())
    except call_undoing.CannotUndo as error:
        messages.error(request, str(error))
        return redirect("campaigns:call-list")
    messages.success(request, _("Taken back: the call is in your hands again."))
    return redirect("campaigns:call-detail", delivery.uuid)
