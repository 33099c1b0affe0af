"""Pages about campaigns: all of them, a new one, one with its counts, and what people do with it."""

from csp.decorators import csp
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import (
    audience,
    campaigning,
    costing,
    editing,
    launching,
    merge_fields,
    outcomes,
    previewing,
    sending_off,
)
from campaigns.answers import answers_to_campaign
from campaigns.channels import ChannelError
from campaigns.forms import CampaignForm, ContentForm
from campaigns.keeping import kept
from campaigns.models import Campaign, Delivery, SendingSwitch
from campaigns.progress import balances, progress
from campaigns.rehearsal_forms import number_said
from campaigns.views import CANNOT_SHOW, FRAME_POLICY, contact_of, may_write, people_like
from contacts.models import Contact
from crm.ui.paging import keyset_page

PAGE_SIZE = 25
PARKED_SHOWN = 8
Status = Campaign.Status
NOT_YET = {Status.DRAFT, Status.WAITING, Status.SCHEDULED}


def campaign_of(request, pk):
    """The campaign, if this person may see it."""
    related = ("topic", "sender", "content", "version", "created_by", "approved_by")
    return get_object_or_404(Campaign.objects.for_user(request.user).select_related(*related), pk=pk)


@require_GET
def campaign_list(request):
    """Every campaign, the newest first, with what became of it."""
    found = Campaign.objects.for_user(request.user).select_related("topic")
    page = keyset_page(request, found, size=PAGE_SIZE, order=_("Newest first"))
    counted = balances(page.rows)
    shown = {"page": page, "rows": [(campaign, counted[campaign.pk]) for campaign in page.rows]}
    shown |= {"switch": SendingSwitch.load(), "may_write": may_write(request)}
    return render(request, "campaigns/campaign_list.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_create(request):
    """Begin a campaign, as a draft; the address may name whom it is for, as the contact list's does."""
    campaign = Campaign(audience=audience.from_query(request.GET), created_by=request.user)
    form = CampaignForm(
        request.POST or None, instance=campaign, cancel_url=reverse("campaigns:campaign-list")
    )
    if form.is_valid():
        campaign = launching.begin(form.save(commit=False), at=timezone.now())
        messages.success(request, _("“%(name)s” is a draft. Nobody gets it yet.") % {"name": campaign})
        return redirect(campaign if form.cleaned_data["content"] else words_address(campaign))
    return render(request, "campaigns/campaign_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_edit(request, pk):
    """Change a draft."""
    campaign = campaign_of(request, pk)
    if campaign.status != Status.DRAFT:
        messages.error(request, _("Only a draft can be changed. Take it back first."))
        return redirect(campaign)
    form = CampaignForm(request.POST or None, instance=campaign, cancel_url=campaign.get_absolute_url())
    if form.is_valid():
        launching.save_draft(form.save(commit=False), at=timezone.now(), by=request.user)
        messages.success(request, _("“%(name)s” is saved.") % {"name": campaign})
        return redirect(campaign if form.cleaned_data["content"] else words_address(campaign))
    return render(request, "campaigns/campaign_form.html", {"form": form, "campaign": campaign})


@require_GET
def campaign_detail(request, pk):
    """One campaign: what it needs before it may leave; later where it stands, and who did not get it."""
    campaign, at = campaign_of(request, pk), timezone.now()
    if request.htmx.target in PARTS:
        return PARTS[request.htmx.target](request, campaign, at)
    page = {"campaign": campaign, "may_write": may_write(request), "switch": SendingSwitch.load()}
    page |= {"outcome": outcomes.get(campaign.outcome), "audience_url": audience.address(campaign.audience)}
    page |= {"audience_words": audience_words(campaign), "is_mine": campaign.created_by_id == request.user.pk}
    page |= message_page(request, campaign, at)
    if campaign.status in NOT_YET:
        page |= {"owns_words": editing.owns_words(campaign), "is_live": is_live(campaign, at)}
        page["checks"] = [*launching.checks(campaign)]
        beside = sending_off.Beside.of(campaign) if campaign.status == Status.DRAFT else None
        if beside:
            page["checks"].append(sending_off.check(campaign, beside))
        page["may_leave"] = all(tone != "stop" for tone, *_words in page["checks"])
        page |= what_sending_does(campaign, beside) if beside and page["may_leave"] else {}
        return render(request, "campaigns/campaign_draft.html", page)
    page |= {
        "progress": progress(campaign, at),
        "parked": parked_of(campaign),
        "is_live": is_live(campaign, at),
    }
    page["answers"] = answers_to_campaign(campaign)
    page["effort"] = kept("effort", campaign, at, lambda: costing.effort_of(campaign, at))
    page["may_retry"] = campaign.status in launching.MAY_RETRY
    return render(request, "campaigns/campaign_detail.html", page)


def is_live(campaign, at):
    """Whether its page changes by itself: it is leaving, or its moment has come."""
    is_due = campaign.status == Status.SCHEDULED and campaign.send_at <= at
    return is_due or campaign.status in (Status.PLANNING, Status.SENDING)


def campaign_now(request, campaign, at):
    """Where it stands by now; the whole page anew once its state is another than the one that is shown."""
    if request.GET.get("seen") != campaign.status:
        return HttpResponse(headers={"HX-Refresh": "true"})
    if campaign.status in NOT_YET:
        return HttpResponse(status=204)
    page = {"campaign": campaign, "progress": progress(campaign, at), "is_live": is_live(campaign, at)}
    page["outcome"] = outcomes.get(campaign.outcome)
    return render(request, "campaigns/_campaign_now.html", page)


def people_found(request, campaign, at):
    """Whom else the message may be shown as."""
    return render(request, "campaigns/_people_found.html", message_page(request, campaign, at))


# The parts of its page that are asked for by themselves.
PARTS = {"people-found": people_found, "campaign-now": campaign_now}


def audience_words(campaign):
    try:
        return audience.words(campaign.audience)
    except audience.CannotRead as error:
        return [(_("Cannot be read"), str(error))]


def what_sending_does(campaign, beside):
    """To how many people it goes, and whether a second one, or a second yes, is asked for before it does."""
    return {
        "needs_approval": campaigning.needs_approval(campaign),
        "people": launching.people_words(beside.now),
        "would_get": launching.people_words(beside.rehearsal.sent),
        "grown_to": beside.now if beside.has_grown else None,
    }


def parked_of(campaign):
    parked = Delivery.objects.filter(campaign=campaign, status=Delivery.Status.PARKED)
    return parked.select_related("contact", "campaign", "rule").newest_first()[:PARKED_SHOWN]


def message_page(request, campaign, at):
    """The message as one chosen person would get it, and whom else to show it as."""
    contact, asked = shown_as(request, campaign, request.GET), request.GET.get("q", "").strip()
    page = {"shown_as": contact, "contact": contact, "q": asked, "people": people_like(request, asked)}
    page["subject"] = previewing.campaign_subject(campaign)
    try:
        page["preview"] = previewing.campaign_preview(campaign, contact, at=at)
        page["subject"] = page["preview"].subject
    except CANNOT_SHOW as error:
        page["message_error"] = error
    return page


def shown_as(request, campaign, asked):
    """The person asked for, else one it is for, else the newest; None while nobody is known."""
    if asked.get("contact"):
        return contact_of(request, asked["contact"])
    try:
        found = audience.contacts(campaign.audience).for_user(request.user).newest_first().first()
    except audience.CannotRead:
        found = None
    return found or Contact.objects.for_user(request.user).newest_first().first()


@require_GET
@xframe_options_sameorigin
@csp(FRAME_POLICY)
def campaign_message(request, pk):
    """The message as one person would get it, for a sandboxed frame."""
    campaign = campaign_of(request, pk)
    contact = shown_as(request, campaign, request.GET)
    try:
        preview = previewing.campaign_preview(campaign, contact, at=timezone.now())
        return HttpResponse(previewing.in_light(preview.html))
    except CANNOT_SHOW as error:
        return HttpResponse(str(error), content_type="text/plain; charset=utf-8", status=422)


# Its words -------------------------------------------------------------------------------------------


def words_address(campaign):
    return reverse("campaigns:campaign-words", args=[campaign.pk])


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_words(request, pk):
    """Write the words of a draft, where they are its own; they are frozen when it is sent off."""
    campaign = campaign_of(request, pk)
    if campaign.status != Status.DRAFT or not editing.owns_words(campaign):
        messages.error(request, _("Only a draft's own words can be changed here."))
        return redirect(campaign)
    form = ContentForm(request.POST or None, instance=campaign.content)
    if form.is_valid():
        try:
            launching.save_words(campaign, form.save(commit=False), at=timezone.now(), by=request.user)
        except launching.CannotStart as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The words of “%(name)s” are saved.") % {"name": campaign})
        return redirect(campaign)
    page = {"campaign": campaign, "form": form, "field_groups": merge_fields.grouped(answers=False)}
    return render(request, "campaigns/campaign_words.html", page)


@require_POST
def campaign_own_words(request, pk):
    """Give a draft words of its own, and lead to where they are written."""
    campaign = campaign_of(request, pk)
    try:
        launching.own_words(campaign, at=timezone.now(), by=request.user)
    except launching.CannotStart as error:
        messages.error(request, str(error))
        return redirect(campaign)
    return redirect(words_address(campaign))


@require_POST
def campaign_test(request, pk):
    """Send the message as a test to the person who asks for it, and to nobody else."""
    campaign = campaign_of(request, pk)
    contact = shown_as(request, campaign, request.POST)
    try:
        previewing.send_campaign_test(campaign, contact, to=request.user.email, at=timezone.now())
    except (*CANNOT_SHOW, ChannelError, ValueError) as error:
        messages.error(request, _("The test could not be sent: %(error)s") % {"error": error})
    else:
        messages.success(request, _("A test is on its way to %(address)s.") % {"address": request.user.email})
    chosen = f"?contact={contact.pk}#message" if contact and request.POST.get("contact") else ""
    return redirect(f"{campaign.get_absolute_url()}{chosen}")


# What people do with it ------------------------------------------------------------------------------

ACTS = {
    "submit": (sending_off.send_off, gettext_lazy("“%(name)s” is sent off: %(state)s.")),
    "approve": (launching.approve, gettext_lazy("You said yes to “%(name)s”.")),
    "take-back": (launching.take_back, gettext_lazy("“%(name)s” is a draft again.")),
    "pause": (launching.pause, gettext_lazy("“%(name)s” is paused. What is planned waits.")),
    "resume": (launching.resume, gettext_lazy("“%(name)s” goes on.")),
    "cancel": (launching.cancel, gettext_lazy("“%(name)s” is called off. What has left has left.")),
}


@require_POST
def campaign_act(request, pk, act):
    """Do one of the acts with a campaign, and say how it went."""
    campaign = campaign_of(request, pk)
    do, words = ACTS[act]
    said = {"yes": number_said(request.POST)} if act == "submit" else {}
    try:
        done = do(campaign, at=timezone.now(), by=request.user, **said)
    except launching.CannotStart as error:
        messages.error(request, str(error))
    else:
        values = {"name": done, "state": str(done.get_status_display()).lower()}
        messages.success(request, words % values)
    return redirect(campaign)


@require_POST
def campaign_retry(request, pk):
    """Plan again whatever did not leave and still may."""
    campaign = campaign_of(request, pk)
    try:
        count = launching.retry(campaign, at=timezone.now(), by=request.user)
    except launching.CannotStart as error:
        messages.error(request, str(error))
    else:
        words = ngettext("%(n)s message is tried again.", "%(n)s messages are tried again.", count)
        nothing = _("There is nothing left to try again.")
        messages.success(
            request, words % {"n": number_format(count, force_grouping=True)} if count else nothing
        )
    return redirect(campaign)


@require_POST
def campaign_settle(request, pk):
    """A person says of everything that is parked that it arrived, or shall go again."""
    campaign, sent = campaign_of(request, pk), request.POST.get("answer") == "sent"
    try:
        count = launching.settle_parked(campaign, sent=sent, at=timezone.now(), by=request.user)
    except launching.CannotStart as error:
        messages.error(request, str(error))
    else:
        said = _("%(n)s parked messages count as sent.") if sent else _("%(n)s parked messages go again.")
        messages.success(request, said % {"n": number_format(count, force_grouping=True)})
    return redirect(campaign)
