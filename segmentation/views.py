"""Pages about who matters."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from segmentation import bands, reports, rfm
from segmentation.models import RfmCuts


def rfm_map(request):
    """Where everyone who bought stands; `?as=csv` gives the groups as a file."""
    measure = request.GET.get("measure")
    measure = measure if measure in reports.MEASURES else reports.MEASURES[0]
    heat = reports.heat_map(timezone.now(), measure, request.user)
    if request.GET.get("as") == "csv":
        return csv_of(reports.group_frame(heat))
    values = {"heat": heat, "groups": reports.groups(heat) if heat.people else []}
    if heat.cuts:
        values["bands"] = words = bands.in_words(heat.cuts)
        values["rows"] = zip(words["recency"].values(), heat.rows, strict=True)
    return render(request, "segmentation/rfm.html", values)


def rfm_recut(request):
    """What new cut points would change (GET), and taking them (POST); `?back_to=` undoes it."""
    at = timezone.now()
    if request.method == "POST":
        change_cuts(request, at)
        return redirect("segmentation:rfm")
    return render(request, "segmentation/rfm_recut.html", reports.recut_preview(at))


def change_cuts(request, at):
    """Take new cut points, or put back those that `back_to` names, and say so."""
    if "back_to" in request.GET:
        pk = request.GET["back_to"]
        earlier = get_object_or_404(RfmCuts, pk=pk if pk.isdecimal() else None)
        rfm.put_back(earlier, at=at, by=request.user)
        messages.success(request, _("The earlier cut points hold again."))
        return
    rfm.rescore(at)  # so that what happened until now is told as such
    before = rfm.cuts_in_force(at)
    if rfm.take_cuts(at, by=request.user) is None:
        messages.warning(request, _("Nobody has bought yet, so there is nothing to cut."))
        return
    undo = f"undo:{reverse('segmentation:rfm-recut')}?back_to={before.pk}" if before else ""
    messages.success(request, _("New cut points hold from now on."), extra_tags=undo)


def csv_of(frame):
    """A frame as a file to download."""
    file = HttpResponse(frame.to_csv(), content_type="text/csv; charset=utf-8")
    file["Content-Disposition"] = 'attachment; filename="rfm-groups.csv"'
    return file
