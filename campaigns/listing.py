"""The list of deliveries: what the address asks for, found and ready to be shown."""

from dataclasses import dataclass, field
from functools import partial

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from campaigns import reports
from campaigns.models import Campaign, Delivery, LifecycleRule, Response
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
class Asked:
    """What the query string asks for; what it cannot read is not asked."""

    words: str
    state: str
    reason: str
    answer: str
    rule: LifecycleRule | None
    campaign: Campaign | None


@dataclass(frozen=True)
class Listing:
    """What was asked for, what could be, and what was found."""

    asked: Asked
    rules: list
    campaigns: list
    page: KeysetPage
    rows: list = field(default_factory=list)

    @property
    def words(self):
        return self.asked.words


def listing(request):
    """The page of deliveries that the query string asks for."""
    rules = [*LifecycleRule.objects.for_user(request.user).in_order()]
    campaigns = [*Campaign.objects.for_user(request.user).newest_first()[:MOST_CAMPAIGNS]]
    asked = asked_of(request, rules, campaigns)
    found = narrowed(Delivery.objects.for_user(request.user), asked)
    found = found.select_related("contact", "rule", "campaign", "parent")
    page = keyset_page(request, found, size=PAGE_SIZE, order=_("Newest first"))
    return Listing(asked, rules, campaigns, page, rows_of(page.rows))


def asked_of(request, rules, campaigns):
    query = request.GET
    known = {"state": Delivery.Status, "reason": Delivery.Reason, "answer": Response.Kind}
    chosen = {
        name: query.get(name, "") if query.get(name) in choices.values else ""
        for name, choices in known.items()
    }
    rule = next((rule for rule in rules if str(rule.pk) == query.get("rule")), None)
    words = query.get("q", "").strip().replace("\0", "")
    return Asked(words=words, rule=rule, campaign=campaign_of(request, campaigns), **chosen)


def campaign_of(request, known):
    """The campaign asked for; an old one may be asked for that is offered no more."""
    asked = request.GET.get("campaign", "")
    found = next((campaign for campaign in known if str(campaign.pk) == asked), None)
    if found is None and asked.isascii() and asked.isdecimal() and len(asked) < 19:
        found = Campaign.objects.for_user(request.user).filter(pk=asked).first()
    return found


def narrowed(deliveries, asked):
    exact = {"status": asked.state, "reason": asked.reason, "rule": asked.rule, "campaign": asked.campaign}
    deliveries = deliveries.filter(**{name: value for name, value in exact.items() if value})
    if asked.answer:
        deliveries = deliveries.filter(
            Exists(Response.objects.by_people().filter(delivery=OuterRef("pk"), kind=asked.answer))
        )
    for word in asked.words.lower().split():
        deliveries = deliveries.filter(contact__search_text__contains=word)
    return deliveries


def rows_of(deliveries):
    warmth = columns.warmth_of([delivery.contact_id for delivery in deliveries])
    answers = reports.answers_to(deliveries)
    return [Row(d, warmth.get(d.contact_id, 0), answers.get(d.pk)) for d in deliveries]


def offered_campaigns(found):
    """The newest, and the one that is chosen though it be old."""
    chosen = found.asked.campaign
    is_known = chosen is None or chosen in found.campaigns
    return found.campaigns if is_known else [*found.campaigns, chosen]


def choices_of(found):
    """What can be chosen: {name: (label, (value, words) each, the value that is chosen)}."""
    asked = found.asked
    return {
        "state": (_("State"), Delivery.Status.choices, asked.state),
        "reason": (_("Reason"), [c for c in Delivery.Reason.choices if c[0]], asked.reason),
        "answer": (_("Response"), Response.Kind.choices, asked.answer),
        "rule": (_("Row"), named(found.rules), key_of(asked.rule)),
        "campaign": (_("Campaign"), named(offered_campaigns(found)), key_of(asked.campaign)),
    }


def named(things):
    return [(key_of(thing), thing.name) for thing in things]


def key_of(thing):
    return str(thing.pk) if thing else ""


def filter_links(request, found):
    """The chosen filters with the address that drops each, and what else could be chosen."""
    link, choices = partial(narrowed_address, request), choices_of(found)
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
