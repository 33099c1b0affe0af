"""Pages of results: a row, a campaign, everything together, and what a message costs."""

import pandas as pd
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import costing, decay, holding_out, outcomes, results, strategy_results, switching
from campaigns.campaign_views import campaign_of
from campaigns.cost_forms import CostForm, HoldOutForm
from campaigns.keeping import kept
from campaigns.models import SendingSwitch
from campaigns.sender_views import MAY_CHANGE
from campaigns.uplift import numbers
from campaigns.views import rule_of


@require_GET
def rule_results(request, pk):
    """What a row was worth, how answers to it dwindle, and what it cost; `?as=csv` gives the numbers."""
    rule, at = rule_of(request, pk), timezone.now()
    compared, found = results.latest(rule, at), kept("figures", rule, at, lambda: figures_of(rule, at))
    if request.GET.get("as") == "csv":
        rows = numbers(compared, found["effort"], found["variants"])
        return csv_of(rows, f"{slugify(rule.name)}-results.csv")
    page = {"rule": rule, "comparison": compared, "outcome": outcomes.get(rule.outcome)}
    page |= {"why_held_out": holding_out.why(rule, at), "is_measured": strategy_results.is_measured(rule)}
    return render(request, "campaigns/rule_results.html", page | found | {"curves": drawn(found["curves"])})


def figures_of(rule, at):
    """Everything the page of a row's results counts beside what it was worth."""
    since = results.control_since(rule)
    also_since = since or rule.activated_at or at
    also = outcomes.counted(rule, also_since, at - rule.outcome_within)
    return {
        "effort": costing.effort_of(rule, at),
        "versions": costing.versions_of(rule),
        "variants": results.variants_of(rule, at),
        "curves": decay.curves(at, rule=rule),
        "since": since,
        # The first is what stops the row; it is compared above.
        "also": also[1:] if rule.outcome else also,
        "also_since": also_since,
    }


@require_GET
def campaign_results(request, pk):
    """The numbers of a campaign as a file; its page shows them."""
    campaign, at = campaign_of(request, pk), timezone.now()
    rows = numbers(results.latest(campaign, at), costing.effort_of(campaign, at), [])
    return csv_of(rows, f"{slugify(campaign.name)}-results.csv")


@require_GET
def strategy(request):
    """All messages together, and each row and campaign beside the others; `?as=csv` gives the table."""
    at = timezone.now()
    efforts = kept("efforts", None, at, lambda: costing.efforts(at))
    rows = strategy_results.rows(request.user, efforts, worth_at=at if "worth" in request.GET else None)
    if request.GET.get("as") == "csv":
        return csv_of(strategy_results.table(rows), "results.csv")
    page = {"rows": rows, "total": costing.total(row.effort for row in rows)}
    page["measured"] = costing.total(row.effort for row in rows if row.is_measured)
    page["everything"] = kept("results", None, at, lambda: results.of_everything(at))
    page["curves"] = drawn(kept("curves", None, at, lambda: decay.curves(at)))
    page |= {"within": results.EVERYTHING_WITHIN, "has_costs": strategy_results.has_costs()}
    page["has_irrelevant"] = any(row.is_irrelevant for row in rows)
    page |= {"switch": SendingSwitch.load(), "may_change": request.user.role == MAY_CHANGE}
    page["hold_out_form"] = HoldOutForm(initial={"share": page["switch"].holdout_share})
    return render(request, "campaigns/results.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
def costs(request):
    """What a message costs in each medium; an administrator says so."""
    form = CostForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. Every cost is reckoned anew with it."))
        return redirect("campaigns:costs")
    page = {"form": form, "may_change": request.user.role == MAY_CHANGE}
    page["results_url"] = reverse("campaigns:results")
    return render(request, "campaigns/costs.html", page)


@require_GET
def rule_worth(request, pk):
    """With and without a row beside each other, for its line among all."""
    return worth(request, rule_of(request, pk))


@require_GET
def campaign_worth(request, pk):
    """With and without a campaign beside each other, for its line among all."""
    return worth(request, campaign_of(request, pk))


def worth(request, program):
    """It takes a look at many people, so it comes after the page."""
    page = {"program": program, "found": results.latest(program, timezone.now())}
    return render(request, "campaigns/_with_without.html", page)


@require_POST
def hold_out(request):
    """Hold so many per cent out of everything from now on."""
    form = HoldOutForm(request.POST)
    if form.is_valid():
        share = form.cleaned_data["share"]
        switching.hold_out(share, by=request.user, at=timezone.now())
        messages.success(request, _("%(share)s per cent get no marketing from now on.") % {"share": share})
    else:
        messages.error(request, _("Between 0 and 20 per cent may be held out of everything."))
    return redirect("campaigns:results")


def drawn(curves):
    """(curve, its chart) of those there is anything to draw of."""
    return [(curve, decay.chart(curve) if len(curve.points) > 1 else None) for curve in curves]


def csv_of(rows, name):
    """Rows, the first of them the heads, as a file to download."""
    heads, *values = rows
    frame = pd.DataFrame(values, columns=heads)
    file = HttpResponse(frame.to_csv(index=False), content_type="text/csv; charset=utf-8")
    file["Content-Disposition"] = f'attachment; filename="{name}"'
    return file
