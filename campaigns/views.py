"""Pages of the contact strategy and of the deliveries."""

from csp.decorators import csp
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import (
    calling,
    content,
    explaining,
    feedback,
    launching,
    merge_fields,
    outcomes,
    previewing,
    reports,
    rules,
    settling,
    strategy_table,
    strategy_words,
    triggers,
)
from campaigns.activation import Activation, switch_on
from campaigns.answers import answers_to_rule
from campaigns.channels import ChannelError
from campaigns.explaining import outcome_words
from campaigns.forms import ContentForm
from campaigns.listing import filter_links, listing
from campaigns.models import Delivery, LifecycleRule
from campaigns.rehearsal_forms import number_said
from campaigns.rendering import RenderError
from campaigns.rule_forms import RuleForm
from campaigns.telling import message_name
from contacts.models import Channel, Contact
from contacts.permissions import WRITERS

# A message brings inline styles and pictures; nothing in it may run, load from elsewhere, or lead away.
FRAME_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["'self'", "data:", settings.PUBLIC_URL],
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'self'"],
    "sandbox": [],
}
CANNOT_SHOW = (content.CannotFreeze, RenderError)
PEOPLE_FOUND = 8


def may_write(request):
    return request.user.role in WRITERS


def rule_of(request, pk):
    """The rule, if this person may see it."""
    rules = LifecycleRule.objects.for_user(request.user).select_related("topic", "sender")
    return get_object_or_404(rules, pk=pk)


# The contact strategy --------------------------------------------------------------------------------


@require_GET
def rule_detail(request, pk):
    """One row: its words, its figures, and the last people it wrote to."""
    rule, at = rule_of(request, pk), timezone.now()
    newest = Delivery.objects.filter(rule=rule).select_related("contact", "rule", "parent").newest_first()[:8]
    page = {
        "rule": rule,
        "figures": reports.rule_figures([rule], at)[rule.pk],
        "answers": answers_to_rule(rule, at),
        "balance": reports.balance(at, rule=rule),
        "newest": newest,
        "deliveries_url": f"{reverse('campaigns:delivery-list')}?rule={rule.pk}",
        "trigger_words": triggers.get(rule.trigger).words(rule.parameters),
        "outcome": outcomes.get(rule.outcome),
        "also_words": strategy_table.also_words(rule),
        "messages_of": messages_of(rule),
        "feedback": feedback.newest_answers(rule, at),
        "steps": [*rule.steps.with_words()],
        "row_words": explaining.row_words(rule, at),
        "may_write": may_write(request),
    }
    return render(request, "campaigns/rule_detail.html", page)


def messages_of(rule):
    """(part, label, words, whether the draft differs from what is sent) of each message of a row."""
    return [(part, label, words, content.differs(words)) for part, label, words in parts_of(rule)]


def parts_of(rule):
    """(part, label, words) of each message of a row: the step's key, and a b where two are tried."""
    steps = [*rule.steps.with_words()]
    labels = [step.label for step in steps]
    for number, step in enumerate(steps):
        label = step.label
        if labels.count(label) > 1:
            label = _("%(label)s %(number)s") % {"label": label, "number": labels[:number].count(label) + 1}
        yield str(step.key), label, step.content
        if step.content_b:
            yield f"{step.key}b", _("%(label)s, the other one") % {"label": label}, step.content_b


@require_http_methods(["GET", "HEAD", "POST"])
def rule_create(request):
    """Add a row to the strategy, as a draft."""
    form = RuleForm(request.POST or None, cancel_url=reverse("campaigns:rule-list"))
    if form.is_valid():
        rule = form.save_row(timezone.now())
        messages.success(
            request, _("“%(rule)s” is added as a draft. Now write its message.") % {"rule": rule}
        )
        return redirect("campaigns:rule-content", rule.pk)
    return render(request, "campaigns/rule_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def rule_edit(request, pk):
    """Change a row: its words, when it goes, and what it asks for."""
    rule = rule_of(request, pk)
    form = RuleForm(request.POST or None, instance=rule, cancel_url=rule.get_absolute_url())
    if form.is_valid():
        rule = form.save_row(timezone.now())
        strategy_words.say_saved(request, rule, form.cleaned_data["condition"])
        return redirect(rule)
    rule = LifecycleRule.objects.get(pk=pk)
    page = {"form": form, "rule": rule, "contradiction": strategy_words.of_rule(rule)}
    return render(request, "campaigns/rule_form.html", page)


@require_POST
def rule_pause(request, pk):
    """Stop planning and sending; what is planned waits."""
    rule = rule_of(request, pk)
    rules.pause(rule, at=timezone.now(), by=request.user)
    messages.success(
        request, _("“%(rule)s” is paused. What is planned waits.") % {"rule": rule}, undo(rule, "resume")
    )
    return row_or_page(request, rule)


@require_POST
def rule_resume(request, pk):
    """Go on after a pause."""
    rule = rule_of(request, pk)
    rules.resume(rule, at=timezone.now(), by=request.user)
    messages.success(request, _("“%(rule)s” is on again.") % {"rule": rule}, undo(rule, "pause"))
    return row_or_page(request, rule)


@require_POST
def rule_close(request, pk):
    """Switch a row off for good and call off what is planned."""
    rule = rule_of(request, pk)
    count = rules.close(rule, at=timezone.now(), by=request.user)
    words = _("“%(rule)s” is switched off; %(count)s planned messages are called off.")
    messages.success(request, words % {"rule": rule, "count": count})
    return redirect(rule)


def undo(rule, act):
    return f"undo:{reverse(f'campaigns:rule-{act}', args=[rule.pk])}"


def row_or_page(request, rule):
    """The row alone for htmx, the page it was asked from otherwise."""
    if request.htmx:
        return render(request, "campaigns/_rule_row.html", row_page(request, rule))
    return redirect(rule if request.POST.get("from") == "detail" else "campaigns:rule-list")


def row_page(request, rule):
    """What the fragment of one row shows."""
    at = timezone.now()
    last, following = strategy_table.runs()
    (row,) = strategy_table.table_rows([rule], at)
    page = {"row": row, "may_write": may_write(request), "is_fragment": True, "tells_turns": True}
    page["turns"] = strategy_table.turns(strategy_table.open_rules())
    return page | {"last_planned_at": last, "next_planned_at": following}


@require_http_methods(["GET", "HEAD", "POST"])
def rule_activate(request, pk):
    """What switching on would do; a POST does it."""
    rule, at = rule_of(request, pk), timezone.now()
    activation = Activation.of(rule, at)
    to_write = (part for part, _label, words in parts_of(rule) if content.check(words))
    page = {"rule": rule, "activation": activation, "part": next(to_write, "")}
    if request.method != "POST":
        return render(request, "campaigns/rule_activate.html", page)
    try:
        if not activation.may:
            raise rules.CannotActivate(_("It cannot be switched on yet"))
        switch_on(rule, at=at, by=request.user, yes=number_said(request.POST))
    except rules.CannotActivate as error:
        return render(request, "campaigns/rule_activate.html", page | {"error": error}, status=409)
    messages.success(request, _("“%(rule)s” is on. It sends what falls due from now on.") % {"rule": rule})
    return redirect(rule)


# The words of a row ----------------------------------------------------------------------------------


def words_of(request, rule):
    """(part, label, words): the message that is asked for, else the first."""
    parts = [*parts_of(rule)]
    if not parts:
        raise Http404
    return next((each for each in parts if each[0] == request.GET.get("part")), parts[0])


@require_http_methods(["GET", "HEAD", "POST"])
def rule_content(request, pk):
    """Write the words; saving keeps a draft, publishing makes it what is sent from now on."""
    rule = rule_of(request, pk)
    part, label, words = words_of(request, rule)
    form = ContentForm(request.POST or None, instance=words, publish="publish" in request.POST)
    if form.is_valid():
        form.save()
        return saved(request, rule, part, words)
    if form.errors:
        # What was refused is not the draft.
        words.refresh_from_db()
    page = {"rule": rule, "part": part, "words": words, "form": form, "messages_of": messages_of(rule)}
    page |= {"field_groups": merge_fields.grouped(), "differs": content.differs(words)}
    page |= {"label": label, "is_panel": content.is_panel(words)}
    if page["is_panel"]:
        page["contact"] = chosen_contact(request)
    return render(request, "campaigns/rule_content.html", page)


def saved(request, rule, part, words):
    """Publish if that was the button, and say what holds now."""
    if "publish" in request.POST:
        version = content.freeze(words, at=timezone.now(), by=request.user)
        messages.success(
            request, _("Version %(number)s is what is sent from now on.") % {"number": version.number}
        )
    else:
        messages.success(request, _("The draft is saved. Nothing changes for anyone until you publish it."))
    return redirect(reverse("campaigns:rule-content", args=[rule.pk]) + f"?part={part}")


@require_GET
def rule_preview(request, pk):
    """The message as a chosen person would get it."""
    rule = rule_of(request, pk)
    part, label, words = words_of(request, rule)
    asked = request.GET.get("q", "").strip()
    page = {"rule": rule, "part": part, "words": words, "q": asked, "messages_of": messages_of(rule)}
    page |= {"people": people_like(request, asked), "contact": chosen_contact(request)}
    page |= {"may_write": may_write(request), "is_dark": "dark" in request.GET, "label": label}
    page["is_panel"] = content.is_panel(words)
    if page["contact"]:
        page["here"] = f"?part={part}&contact={page['contact'].pk}"
        try:
            page["preview"] = previewing.preview(rule, words, page["contact"], at=timezone.now())
        except CANNOT_SHOW as error:
            page["error"] = error
    if request.htmx:
        return render(request, "campaigns/_people_found.html", page)
    return render(request, "campaigns/rule_preview.html", page)


def people_like(request, words):
    """A few people whose name or address fits; the newest when nothing is asked for."""
    return Contact.objects.for_user(request.user).search(words).newest_first()[:PEOPLE_FOUND]


def chosen_contact(request):
    """The person asked for, else the newest."""
    if "contact" in request.GET:
        return contact_of(request, request.GET["contact"])
    return Contact.objects.for_user(request.user).newest_first().first()


def contact_of(request, asked):
    """The contact with that number, if this person may see them."""
    known = asked.isascii() and asked.isdecimal() and len(asked) < 19
    return get_object_or_404(Contact.objects.for_user(request.user), pk=asked if known else 0)


@require_GET
@xframe_options_sameorigin
@csp(FRAME_POLICY)
def rule_preview_frame(request, pk):
    """The HTML part by itself, for a sandboxed frame."""
    rule = rule_of(request, pk)
    _part, _label, words = words_of(request, rule)
    contact = contact_of(request, request.GET.get("contact", ""))
    try:
        html = previewing.preview(rule, words, contact, at=timezone.now()).html
        return HttpResponse(previewing.in_light(html, dark="dark" in request.GET))
    except CANNOT_SHOW as error:
        return HttpResponse(str(error), content_type="text/plain; charset=utf-8", status=422)


@require_POST
def rule_test(request, pk):
    """Send the message as a test to the person who asks for it, and to nobody else."""
    rule = rule_of(request, pk)
    part, _label, words = words_of(request, rule)
    contact = contact_of(request, request.POST.get("contact", ""))
    try:
        previewing.send_test(rule, words, contact, to=request.user.email, at=timezone.now())
    except (*CANNOT_SHOW, ChannelError, ValueError) as error:
        messages.error(request, _("The test could not be sent: %(error)s") % {"error": error})
    else:
        messages.success(request, _("A test is on its way to %(address)s.") % {"address": request.user.email})
    address = reverse("campaigns:rule-preview", args=[rule.pk])
    return redirect(f"{address}?part={part}&contact={contact.pk}")


# Deliveries ------------------------------------------------------------------------------------------


@require_GET
def delivery_list(request):
    """Every message that was meant for someone, and what became of it."""
    found = listing(request)
    page = {"listing": found, "filters": filter_links(request, found)}
    if request.htmx and not request.htmx.boosted:
        return render(request, "campaigns/_delivery_rows.html", page)
    page["balance"] = reports.balance(timezone.now())
    return render(request, "campaigns/delivery_list.html", page)


def delivery_of(request, key):
    """The delivery, if this person may see it, with what its pages read."""
    related = (
        "contact",
        "rule",
        "campaign",
        "sender",
        "topic",
        "version",
        "parent",
        "touchpoint",
        "outcome_touchpoint",
    )
    return get_object_or_404(Delivery.objects.for_user(request.user).select_related(*related), uuid=key)


@require_GET
def delivery_detail(request, key):
    """One delivery as it was sent: why, what the gate found, its road, and what came back."""
    delivery = delivery_of(request, key)
    is_mine = delivery.owner == calling.owner_of(request.user)
    page = {"delivery": delivery, "why": explaining.why(delivery, is_mine=is_mine)}
    page["may_write"] = may_write(request)
    page |= {"sent_from": previewing.sent_from(delivery)}
    page["outcome_words"] = outcome_words(delivery) if delivery.outcome_at else ""
    page |= {
        "responses": delivery.responses.order_by("at"),
        "heard": delivery.notices.order_by("at", "id"),
        "reminders": delivery.reminders.select_related("rule"),
        "said": calling.told_of(delivery).reverse() if delivery.channel == Channel.PHONE else (),
    }
    try:
        page["shown"] = previewing.as_sent(delivery)
    except RenderError as error:
        page["error"] = error
    return render(request, "campaigns/delivery_detail.html", page)


@require_GET
@xframe_options_sameorigin
@csp(FRAME_POLICY)
def delivery_message(request, key):
    """The HTML part as it was sent, for a sandboxed frame."""
    try:
        return HttpResponse(previewing.in_light(previewing.as_sent(delivery_of(request, key)).html))
    except RenderError as error:
        return HttpResponse(str(error), content_type="text/plain; charset=utf-8", status=422)


@require_POST
def delivery_settle(request, key):
    """A person says what nobody else can: it arrived, or it shall go again."""
    delivery = delivery_of(request, key)
    is_sent = request.POST.get("answer") == "sent"
    try:
        launching.settle_one(delivery, sent=is_sent, by=request.user, at=timezone.now())
    except settling.CannotSettle:
        messages.error(request, _("This was settled already."))
    else:
        said = _("“%(message)s” counts as sent.") if is_sent else _("“%(message)s” goes again.")
        messages.success(request, said % {"message": message_name(delivery)})
    return redirect(delivery.program if request.POST.get("from") == "campaign" else delivery)
