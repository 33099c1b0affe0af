"""What the newcomers heard a month after they came, and two days after looking around. All history.

Each in every medium of its row: by e-mail, by phone for who prefers that, by panels where they looked.
"""

from collections import defaultdict
from datetime import timedelta

from django.db import transaction

from campaigns import triggers
from campaigns.models import Delivery
from contacts.models import Channel, Contact, Identity
from demo import calls, past, reactions, thanks
from demo.lives import ORIGIN
from demo.newcomers import DAY, HOUR, MINUTE, SECOND
from demo.people import chance
from touchpoints.models import Touchpoint

Kind, Status = Touchpoint.Kind, Delivery.Status
PAUSE = 30 * MINUTE
SLOTS = ("home", "side")


@transaction.atomic
def write_months(at):
    """Write what the rules would have made of the newcomers' visits; once. Returns how many are new."""
    rules = {key: past.rule_of(key) for key in ("few_visits", "many_visits", "abandoned_browse")}
    told = Touchpoint.objects.filter(contact__origin=ORIGIN, is_history=True, at__lte=at).order_by("at", "id")
    if None in rules.values() or Delivery.objects.filter(rule__in=rules.values()).exists():
        return 0
    reactions.note_top_pages(at)
    visits = visits_of(told)
    monthly = write([*after_a_month(rules, told, visits, at)])
    add_visits(visits, reactions.write(monthly, at))
    shown = write([*panels(monthly, visits)])
    reactions.write_to_panels(shown)
    browsing = write([*after_browsing(rules["abandoned_browse"], visits, at)])
    reactions.write(browsing, at)
    past.look()
    past.note_outcomes([*monthly, *shown, *browsing])
    return len(monthly) + len(shown) + len(browsing)


def write(deliveries):
    """These rows as the gate would have left them."""
    thanks.keep_back(deliveries)
    past.hold_out(deliveries)
    calls.decide(deliveries)
    past.save(deliveries)
    calls.tell(deliveries)
    return deliveries


def visits_of(told):
    """{contact id: pages, in order}."""
    people, visits = Contact.objects.filter(origin=ORIGIN).in_bulk(), defaultdict(list)
    for page in told.filter(kind=Kind.VISITED):
        page.contact = people[page.contact_id]
        visits[page.contact_id].append(page)
    return visits


def add_visits(visits, new):
    """The same with these touchpoints, as far as they are visits."""
    for page in new:
        if page.kind == Kind.VISITED:
            visits[page.contact_id].append(page)
    for pages in visits.values():
        pages.sort(key=lambda page: page.at)


def after_a_month(rules, told, visits, at):
    """One message for each who confirmed long enough ago: by how often they came since."""
    few = rules["few_visits"]
    asked = triggers.get(few.trigger).values_of(few.parameters)
    for confirmed in told.filter(kind=Kind.CONFIRMED).select_related("contact"):
        over_at = confirmed.at + asked["days"] * DAY
        came = [page for page in visits[confirmed.contact_id] if page.at <= over_at]
        since = [visit for visit in sessions(came) if visit[0].at > confirmed.at]
        rule = few if len(since) < asked["visits"] else rules["many_visits"]
        if written := message(rule, confirmed, over_at, at):
            yield written


def after_browsing(rule, visits, at):
    """One message in thirty days, so long after a visit to the pages that are asked for."""
    asked = triggers.get(rule.trigger).values_of(rule.parameters)
    rest = timedelta(days=rule.re_entry_days or 0)
    numbers = dict(
        Identity.objects.filter(kind=Identity.Kind.PHONE, is_primary=True).values_list("contact", "value")
    )
    for pages in visits.values():
        last_at = None
        for visit in sessions(pages):
            over_at = visit[-1].at + asked["hours"] * HOUR
            has_seen = any("/p/" in page.data["path"] for page in visit)
            if not has_seen or (last_at and over_at - last_at < rest):
                continue
            if written := message(rule, visit[-1], over_at, at, numbers):
                last_at = over_at
                yield written


def sessions(pages):
    """The pages, which are in order, visit by visit."""
    found = []
    for page in pages:
        if found and page.at - found[-1][-1].at <= PAUSE:
            found[-1].append(page)
        else:
            found.append([page])
    return found


def message(rule, touchpoint, occurred_at, at, numbers=()):
    """The message as it was sent, or the call as it was made; None when it would not have been by now."""
    contact = touchpoint.contact
    seconds = chance("month", touchpoint.external_id).randint(2, 40) * SECOND
    given = {"seconds": seconds, "address": contact.email, "occurred_at": occurred_at}
    step = past.step_of(rule, Channel.PHONE) if contact.preferred_channel == Channel.PHONE else None
    if step and contact.pk in numbers:
        called_at = calls.made_at(rule.sender, occurred_at + step.delay, contact)
        given |= {"address": numbers[contact.pk], "step": step, "sent_at": called_at}
    made = past.delivery_of(rule, contact, touchpoint, **given)
    return made if made.sending_at < at else None


def panels(monthly, visits):
    """What stood on the pages of those who came while it was meant for them: one a place."""
    for delivery in monthly:
        if delivery.status not in (Status.SENT, Status.HELD_OUT):
            continue
        seen = [page for page in visits[delivery.contact_id] if page.at >= delivery.occurred_at]
        for slot in SLOTS:
            step = past.step_of(delivery.rule, Channel.PANEL, slot)
            until = delivery.occurred_at + delivery.rule.freshness
            page = next((page for page in seen if slot_of(page) == slot and page.at < until), None)
            if step and page:
                yield panel(delivery, step, page)


def slot_of(page):
    """The place for panels that a page of the shop has."""
    return "side" if "/p/" in page.data["path"] or "/service" in page.data["path"] else "home"


def panel(delivery, step, page):
    given = {"seconds": SECOND, "address": step.slot, "occurred_at": delivery.occurred_at}
    return past.delivery_of(
        delivery.rule, delivery.contact, delivery.touchpoint, step=step, sent_at=page.at, **given
    )
