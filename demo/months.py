"""What the newcomers heard a month after they came, and two days after looking around. All history."""

from collections import defaultdict
from datetime import timedelta

from django.db import transaction

from campaigns import triggers
from campaigns.models import Delivery
from demo import past, thanks
from demo.lives import ORIGIN
from demo.newcomers import DAY, HOUR, MINUTE, SECOND
from demo.people import chance
from touchpoints.models import Touchpoint

Kind = Touchpoint.Kind
PAUSE = 30 * MINUTE
CLICKS, OPENS = 22, 48


@transaction.atomic
def write_months(at):
    """Write what the rules would have made of the newcomers' visits; once. Returns how many are new."""
    rules = {key: past.rule_of(key) for key in ("few_visits", "many_visits", "abandoned_browse")}
    told = Touchpoint.objects.filter(contact__origin=ORIGIN, is_history=True, at__lte=at).order_by("at", "id")
    if None in rules.values() or Delivery.objects.filter(rule__in=rules.values()).exists():
        return 0
    visits = defaultdict(list)
    for page in told.filter(kind=Kind.VISITED).select_related("contact"):
        visits[page.contact_id].append(page)
    deliveries = [*after_a_month(rules, told, visits, at), *after_browsing(rules, visits, at)]
    thanks.keep_back(deliveries)
    past.save(deliveries)
    past.answer([answer for delivery in deliveries for answer in answers(delivery, at)])
    past.note_outcomes(deliveries)
    return len(deliveries)


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


def after_browsing(rules, visits, at):
    """One message in thirty days, so long after a visit to the pages that are asked for."""
    rule = rules["abandoned_browse"]
    asked = triggers.get(rule.trigger).values_of(rule.parameters)
    rest = timedelta(days=rule.re_entry_days or 0)
    for pages in visits.values():
        last_at = None
        for visit in sessions(pages):
            over_at = visit[-1].at + asked["hours"] * HOUR
            has_seen = any("/p/" in page.data["path"] for page in visit)
            if not has_seen or (last_at and over_at - last_at < rest):
                continue
            if written := message(rule, visit[-1], over_at, at):
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


def message(rule, touchpoint, occurred_at, at):
    """The message as it was sent; None when it would not have been by now."""
    contact = touchpoint.contact
    seconds = chance("month", touchpoint.external_id).randint(2, 40) * SECOND
    made = past.delivery_of(
        rule, contact, touchpoint, seconds=seconds, address=contact.email, occurred_at=occurred_at
    )
    return made if made.sending_at < at else None


def answers(delivery, at):
    """What came back to one message: (delivery, kind, at, data) each."""
    if delivery.status != Delivery.Status.SENT:
        return []
    choose = chance("month's answer", delivery.occurrence_key)
    opened_at = delivery.sending_at + choose.randint(3, 2 * 1440) * MINUTE
    clicked_at = opened_at + choose.randint(5, 90) * SECOND
    drawn = choose.randrange(100)
    came_back = [("opened", opened_at, {}, OPENS), ("clicked", clicked_at, {"url": past.shop_page()}, CLICKS)]
    return [
        (delivery, kind, moment, data)
        for kind, moment, data, share in came_back
        if drawn < share and moment < at
    ]
