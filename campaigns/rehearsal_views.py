"""Pages of rehearsals: what a row or a campaign would have done, before it may do anything."""

import csv

from csp.decorators import csp
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from kombu.exceptions import OperationalError

from campaigns import previewing, tasks
from campaigns.campaign_views import campaign_of
from campaigns.models import Campaign, Delivery, LifecycleRule, Rehearsal
from campaigns.rehearsal_forms import CampaignRehearsalForm, RuleRehearsalForm
from campaigns.rehearsing import keeping, reading
from campaigns.rehearsing.counting import KEPT
from campaigns.views import CANNOT_SHOW, FRAME_POLICY, may_write, rule_of
from contacts.permissions import WRITERS

STATES = ("sent", "held_out", "skipped", "cancelled", "expired", "planned")


def rehearsal_of(request, pk):
    """The rehearsal, if this person may see what was rehearsed."""
    rules = LifecycleRule.objects.for_user(request.user)
    found = get_object_or_404(Rehearsal.objects.select_related("rule__sender", "campaign__sender"), pk=pk)
    seen = rules if found.rule_id else Campaign.objects.for_user(request.user)
    get_object_or_404(seen, pk=found.program.pk)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def rule_rehearsal(request, pk):
    """The newest rehearsal of a row, and another one."""
    rule = rule_of(request, pk)
    return program_rehearsal(request, rule, RuleRehearsalForm)


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_rehearsal(request, pk):
    """The newest rehearsal of a campaign, and another one."""
    campaign = campaign_of(request, pk)
    return program_rehearsal(request, campaign, CampaignRehearsalForm)


def program_rehearsal(request, program, form_class):
    """Begin one, or show the newest; the form says what that was of."""
    bound, newest = request.POST if request.method == "POST" else None, keeping.newest(program)
    form = form_class(bound, initial=form_class.initial_of(newest))
    if form.is_valid() and request.user.role in WRITERS:
        begin(program, form, timezone.now(), request.user)
        return redirect(request.path)
    page = {"program": program, "form": form, "may_write": may_write(request)}
    page |= {"rehearsal": newest, "is_rule": isinstance(program, LifecycleRule)}
    page["fits"] = page["rehearsal"] is not None and page["rehearsal"] == keeping.fitting(program)
    if page["rehearsal"] and page["rehearsal"].is_done:
        page |= read(request, page["rehearsal"])
    elif page["rehearsal"]:
        page |= under_way(page["rehearsal"])
    return render(request, "campaigns/rehearsal.html", page)


def begin(program, form, at, by):
    """Run it here when it takes no more than a moment, and let a worker do it otherwise."""
    since, until = form.moments(at) if hasattr(form, "moments") else (None, None)
    rehearsal = keeping.begin(program, since, until, alone=form.is_alone, at=at, by=by)
    if keeping.is_small():
        return keeping.run(rehearsal, at=at)
    try:
        tasks.rehearse.apply_async([rehearsal.pk], expires=600, retry=False, ignore_result=True)
    except OperationalError:
        keeping.run(rehearsal, at=at)


def under_way(rehearsal):
    return {
        "share": keeping.share_done(rehearsal),
        "is_left_alone": keeping.is_left_alone(rehearsal, timezone.now()),
    }


def read(request, rehearsal):
    """What the page shows of a finished one."""
    state = request.GET.get("state", "") if request.GET.get("state") in STATES else ""
    asked = request.GET.get("page", "")
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 0
    rows = reading.chosen(rehearsal, state)
    heads, days = reading.day_table(rehearsal)
    missed, waits = reading.reasons(rehearsal)
    start = number * reading.SHOWN
    query = f"state={state}&page=" if state else "page="
    return {
        "sums": reading.sums(rehearsal),
        "drawing": reading.drawing(rehearsal),
        "heads": heads,
        "days": days,
        "keys": [(fill, str(reading.DAY_LABELS[name])) for name, fill in reading.DRAWN],
        "missed": missed,
        "waits": waits,
        "steps": reading.steps(rehearsal),
        "people": reading.people(rows[start : start + reading.SHOWN]),
        "states": [(each, Delivery.Status(each).label) for each in STATES],
        "state": state,
        "newer_url": f"?{query}{number - 1}#people" if number else "",
        "older_url": f"?{query}{number + 1}#people" if len(rows) > start + reading.SHOWN else "",
        "found": len(rows),
        "kept": KEPT,
        "load": [*reading.load_words(rehearsal)],
        "hours": reading.hours(rehearsal),
    }


@require_GET
def rehearsal_state(request, pk):
    """How far it has come, for the page that waits; at the end the page is read anew."""
    rehearsal = rehearsal_of(request, pk)
    if not rehearsal.is_under_way:
        return HttpResponse(headers={"HX-Refresh": "true"})
    page = {"rehearsal": rehearsal, "may_write": may_write(request)} | under_way(rehearsal)
    return render(request, "campaigns/_rehearsal_state.html", page)


@require_POST
def rehearsal_take_over(request, pk):
    """Make it here, where no worker has taken it."""
    rehearsal = rehearsal_of(request, pk)
    keeping.take_over(rehearsal, at=timezone.now())
    if keeping.newest(rehearsal.program).is_done:
        messages.success(request, _("No worker took it, so it was made here."))
    if request.htmx:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect(address_of(rehearsal))


@require_GET
def rehearsal_people(request, pk):
    """The very contacts, as a file."""
    rehearsal = rehearsal_of(request, pk)
    name = f"{slugify(rehearsal.program.name) or 'row'}-rehearsal.csv"
    answer = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    csv.writer(answer).writerows(reading.as_table(rehearsal) if rehearsal.is_done else [])
    return answer


def row_of(rehearsal, number):
    """One kept row of a rehearsal; not found where there is none, or where the person is gone."""
    rows = reading.people(reading.chosen(rehearsal)[number : number + 1])
    return rows[0] if rows and rows[0].contact else None


@require_GET
def rehearsal_message(request, pk, number):
    """What one person would have got."""
    rehearsal = rehearsal_of(request, pk)
    page = {"rehearsal": rehearsal, "row": row_of(rehearsal, number), "back": address_of(rehearsal)}
    try:
        page["shown"] = page["row"] and reading.message(rehearsal, page["row"])
    except CANNOT_SHOW as error:
        page["error"] = error
    return render(request, "campaigns/rehearsal_message.html", page, status=200 if page["row"] else 404)


@require_GET
@xframe_options_sameorigin
@csp(FRAME_POLICY)
def rehearsal_frame(request, pk, number):
    """Its HTML part by itself, for a sandboxed frame."""
    rehearsal = rehearsal_of(request, pk)
    row = row_of(rehearsal, number)
    try:
        html = reading.message(rehearsal, row).html if row else ""
        return HttpResponse(previewing.in_light(html))
    except CANNOT_SHOW as error:
        return HttpResponse(str(error), content_type="text/plain; charset=utf-8", status=422)


def address_of(rehearsal):
    kind = "rule" if rehearsal.rule_id else "campaign"
    return reverse(f"campaigns:{kind}-rehearsal", args=[rehearsal.program.pk])
