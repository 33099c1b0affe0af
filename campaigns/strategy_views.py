"""The page of the contact strategy: the table, its order, its history, and the table as a file."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import (
    outcomes,
    reports,
    rows,
    strategy_csv,
    strategy_history,
    strategy_table,
    strategy_words,
    triggers,
)
from campaigns.models import LifecycleRule, SendingSwitch
from campaigns.strategy_forms import ImportForm, InlineForm
from campaigns.views import may_write, row_page, rule_of

CLOSED = LifecycleRule.Status.CLOSED


@require_GET
def rule_list(request):
    """The contact strategy as a table: what each row asks for, and what it does."""
    return render(request, "campaigns/rule_list.html", table_page(request))


def table_page(request):
    """What the page of the table shows; `?live` works out at once what else comes by itself."""
    at = timezone.now()
    rules = LifecycleRule.objects.for_user(request.user).select_related("topic").in_order()
    every = [*rules.prefetch_related("steps__follows")]
    is_closed = "closed" in request.GET
    shown = [rule for rule in every if (rule.status == CLOSED) == is_closed]
    last, following = strategy_table.runs()
    return {
        "rows": strategy_table.table_rows(shown, at, is_live="live" in request.GET),
        "turns": strategy_table.turns(shown),
        "is_closed": is_closed,
        "open_count": sum(rule.status != CLOSED for rule in every),
        "closed_count": sum(rule.status == CLOSED for rule in every),
        "purposes": reports.purposes([rule for rule in every if rule.status == LifecycleRule.Status.ACTIVE]),
        "last_planned_at": last,
        "next_planned_at": following,
        "switch": SendingSwitch.load(),
        "may_write": may_write(request),
    }


@require_GET
def rule_row(request, pk):
    """One row by itself, as it stands on the table."""
    return render(request, "campaigns/_rule_row.html", row_page(request, rule_of(request, pk)))


@require_GET
def rule_live(request, pk):
    """Who is eligible now, and what the row was worth: it may take a moment, so it comes after the table."""
    rule = rule_of(request, pk)
    page = {"rule": rule, "live": strategy_table.live_of(rule, timezone.now())}
    return render(request, "campaigns/_rule_live.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
def rule_inline(request, pk):
    """A row being changed where it stands; saved, it is a row again."""
    rule = rule_of(request, pk)
    form = InlineForm(request.POST if request.method == "POST" else None, rule=rule)
    if form.is_valid():
        rule = form.save(timezone.now())
        strategy_words.say_saved(request, rule, form.cleaned_data["condition"])
        if request.htmx:
            return render(request, "campaigns/_rule_row.html", row_page(request, rule))
        return redirect("campaigns:rule-list")
    if not request.htmx and request.method != "POST":
        return redirect("campaigns:rule-edit", rule.pk)
    template = "campaigns/_rule_inline.html" if request.htmx else "campaigns/rule_inline.html"
    return render(request, template, {"rule": rule, "form": form}, status=200)


@require_POST
def rule_move(request, pk):
    """Let a row change places with the one above or below it."""
    rows.move(rule_of(request, pk), up=request.POST.get("where") == "up")
    return table_or_page(request)


@require_POST
def rule_order(request):
    """Take the order in which the rows were dragged: their numbers, one after the other."""
    asked = [int(pk) for pk in request.POST.getlist("rule") if pk.isascii() and pk.isdecimal()]
    seen = LifecycleRule.objects.for_user(request.user).filter(pk__in=[pk for pk in asked if pk < 2**31])
    known = set(seen.values_list("pk", flat=True))
    rows.arrange([pk for pk in asked if pk in known])
    return table_or_page(request)


def table_or_page(request):
    """The body of the table for htmx, the page otherwise."""
    if request.htmx:
        page = table_page(request) | {"tells_turns": True}
        return render(request, "campaigns/_rule_rows.html", page)
    return redirect("campaigns:rule-list")


@require_POST
def rule_duplicate(request, pk):
    """The same row once more, as a draft with words of its own."""
    rule = rule_of(request, pk)
    made = rows.duplicate(rule, at=timezone.now())
    words = _("“%(made)s” is a draft; change it as you like.")
    messages.success(request, words % {"made": made})
    return redirect("campaigns:rule-edit", made.pk)


@require_GET
def rule_history(request, pk):
    """Who changed what of a row, when."""
    rule = rule_of(request, pk)
    page = {"rule": rule, "moments": strategy_history.moments(rule), "may_write": may_write(request)}
    return render(request, "campaigns/rule_history.html", page)


@require_POST
def rule_restore(request, pk):
    """Let a row be again what it was after one of its changes."""
    rule = rule_of(request, pk)
    try:
        strategy_history.restore(rule, request.POST.get("moment", ""), at=timezone.now())
    except strategy_history.NoSuchMoment:
        messages.error(request, _("Nothing was changed at that moment."))
        return redirect("campaigns:rule-history", rule.pk)
    messages.success(request, _("“%(rule)s” is as it was then.") % {"rule": rule})
    return redirect(rule)


@require_GET
def strategy_export(request):
    """The table as a file; `?plain` gives the textbook's five columns alone."""
    is_plain = "plain" in request.GET
    text = strategy_csv.write(strategy_csv.exported(request.user), is_plain=is_plain)
    file = HttpResponse(text, content_type="text/csv; charset=utf-8")
    file["Content-Disposition"] = f'attachment; filename="contact-strategy{"-plain" if is_plain else ""}.csv"'
    return file


@require_http_methods(["GET", "HEAD", "POST"])
def strategy_import(request):
    """A file becomes the table: first what it would change, and with a second yes it does."""
    is_asked = request.method == "POST"
    initial = {"text": strategy_csv.textbook_file()} if "textbook" in request.GET else {}
    form = ImportForm(
        request.POST if is_asked else None, request.FILES if is_asked else None, initial=initial
    )
    page = {"form": form, "cancel_url": reverse("campaigns:rule-list")}
    page |= {"triggers": triggers.choices(), "outcomes": outcomes.choices()}
    if not form.is_valid():
        return render(request, "campaigns/strategy_import.html", page)
    text = form.cleaned_data["text"]
    if "save" in request.POST and (answer := imported(request, text)):
        return answer
    page |= {"text": text, "reading": strategy_csv.read(text, request.user)}
    return render(request, "campaigns/strategy_import.html", page)


def imported(request, text):
    """The answer to a yes; None when something keeps the file from being taken, which the page then says."""
    try:
        reading = strategy_csv.save(text, request.user, at=timezone.now())
    except strategy_csv.CannotImport:
        messages.error(request, _("Nothing was changed: the file has refusals now."))
        return None
    words = _("%(new)s new rows, as drafts; %(changed)s changed; %(same)s as they were.")
    order = " " + _("They stand in the order of the file.") if reading.changes_order else ""
    messages.success(request, words % reading.counts + order)
    return redirect("campaigns:rule-list")
