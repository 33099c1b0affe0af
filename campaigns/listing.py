"""The list of deliveries: what the address asks for, found and ready to be shown."""

from dataclasses import dataclass, field
from functools import partial

from django.utils.translation import gettext as _

from campaigns import reports
from campaigns.models import Campaign, Delivery, LifecycleRule
from contacts import columns
from crm.ui.paging import KeysetPage, keyset_page, narrowed_address

PAGE_SIZE = 50
# So many of the newest are offered to choose from.
MOST_CAMPAIGNS = 50


@dataclass(frozen=True)
class Row:
    """One line: the delivery, their warmth, and the strongest answer as (icon, words)."""

    delivery: Delivery
    warmth: int
    answer: tuple | None


@dataclass(frozen=True)
class Listing:
    """What was asked for and what was found."""

    words: str
    state: str
    reason: str
    rule: LifecycleRule | None
    rules: list
    campaign: Campaign | None
    campaigns: list
    page: KeysetPage
    rows: list = field(default_factory=list)


def listing(request):
    """The page of deliveries that the query string asks for; what it cannot read is not asked."""
    asked = request.GET
    rules = [*LifecycleRule.objects.for_user(request.user).in_order()]
    state = asked.get("state", "") if asked.get("state") in Delivery.Status.values else ""
    reason = asked.get("reason", "") if asked.get("reason") in Delivery.Reason.values else ""
    rule = next((rule for rule in rules if str(rule.pk) == asked.get("rule")), None)
    campaigns = [*Campaign.objects.for_user(request.user).newest_first()[:MOST_CAMPAIGNS]]
    campaign = campaign_of(request, campaigns)
    words = asked.get("q", "").strip().replace("\0", "")
    found = narrowed(Delivery.objects.for_user(request.user), state, reason, rule, campaign, words)
    found = found.select_related("contact", "rule", "campaign", "parent")
    page = keyset_page(request, found, size=PAGE_SIZE, order=_("Newest first"))
    return Listing(words, state, reason, rule, rules, campaign, campaigns, page, rows_of(page.rows))


def campaign_of(request, known):
    """The campaign asked for; an old one may be asked for that is offered no more."""
    asked = request.GET.get("campaign", "")
    found = next((campaign for campaign in known if str(campaign.pk) == asked), None)
    if found is None and asked.isascii() and asked.isdecimal() and len(asked) < 19:
        found = Campaign.objects.for_user(request.user).filter(pk=asked).first()
    return found


def narrowed(deliveries, state, reason, rule, campaign, words):
    if state:
        deliveries = deliveries.filter(status=state)
    if reason:
        deliveries = deliveries.filter(reason=reason)
    if rule:
        deliveries = deliveries.filter(rule=rule)
    if campaign:
        deliveries = deliveries.filter(campaign=campaign)
    for word in words.lower().split():
        deliveries = deliveries.filter(contact__search_text__contains=word)
    return deliveries


def rows_of(deliveries):
    warmth = columns.warmth_of([delivery.contact_id for delivery in deliveries])
    answers = reports.answers_to(deliveries)
    return [Row(d, warmth.get(d.contact_id, 0), answers.get(d.pk)) for d in deliveries]


def offered_campaigns(found):
    """The newest, and the one that is chosen though it be old."""
    is_known = found.campaign is None or found.campaign in found.campaigns
    return found.campaigns if is_known else [*found.campaigns, found.campaign]


def filter_links(request, found):
    """The chosen filters with the address that drops each, and what else could be chosen."""
    link = partial(narrowed_address, request)
    choices = {
        "state": (_("State"), Delivery.Status.choices, found.state),
        "reason": (_("Reason"), [c for c in Delivery.Reason.choices if c[0]], found.reason),
        "rule": (
            _("Row"),
            [(str(rule.pk), rule.name) for rule in found.rules],
            str(found.rule.pk) if found.rule else "",
        ),
        "campaign": (
            _("Campaign"),
            [(str(each.pk), each.name) for each in offered_campaigns(found)],
            str(found.campaign.pk) if found.campaign else "",
        ),
    }
    chosen = [
        (name, label, value, dict(values)[value], link(**{name: ""}))
        for name, (label, values, value) in choices.items()
        if value
    ]
    offered = [
        (label, [(words, link(**{name: value})) for value, words in values])
        for name, (label, values, value) in choices.items()
        if values and not value
    ]
    return {"chosen": chosen, "offered": offered, "without_words": link(q=""), "none": request.path}
