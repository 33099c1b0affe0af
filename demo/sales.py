"""What the newcomers ordered after a message, and what those ordered anyway who were held out. All invented.

An order ends a visit that is told already, where there is one; else it was made in a browser nobody knew.
None lies between a visit and the conversion that answers it, for that answers only who has not ordered.
"""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from campaigns.models import Delivery
from contacts.models import Channel
from demo import shop
from demo.lives import ORIGIN
from demo.months import sessions
from demo.newcomers import DAY, HOUR, SECOND, waking
from demo.people import chance
from touchpoints.models import Order, OrderLine, Touchpoint
from touchpoints.ordering import told
from touchpoints.recording import record_many

Status, Kind = Delivery.Status, Touchpoint.Kind
# By what a message answers: of a hundred, how many order when told, and how many anyway.
BUYS = {"confirmed": (6, 6), "few_visits": (5, 2), "many_visits": (10, 6), "abandoned_browse": (13, 6)}
# So many of a hundred orders have a second record on them; so long after a message most orders come.
SECOND_RECORD, MOST_AFTER = 34, 2.2 * DAY
# How often a moment is drawn again that lies where no order may be.
TRIES = 4


@dataclass(frozen=True)
class Sale:
    """One order that is to be written, and the records on it."""

    order: Order
    records: list

    def lines(self):
        for number, record in enumerate(self.records, 1):
            yield OrderLine(
                order=self.order, product=record, number=number, name=record.name, amount=record.price
            )


@transaction.atomic
def write_orders(at):
    """Write what the newcomers ordered; once. Returns how many orders are new."""
    orders = Order.objects.filter(source=shop.SOURCE, is_history=True, contact__origin=ORIGIN)
    if orders.exists():
        return 0
    buying, records = [each for each in decided() if buys(each)], [*shop.records()]
    visits, busy = whereabouts({delivery.contact_id for delivery in buying})
    sales = []
    for delivery in buying:
        if moment := moment_of(delivery, visits[delivery.contact_id], busy[delivery.contact_id], at):
            busy[delivery.contact_id].append((moment - DAY, moment + DAY))
            sales.append(sale_of(delivery, moment, records))
    save(sorted(sales, key=lambda sale: sale.order.at))
    return len(sales)


def decided():
    """The messages that may lead to an order, and those held out, as they were decided about."""
    first = Delivery.objects.filter(
        contact__origin=ORIGIN,
        touchpoint__is_history=True,
        rule__trigger__in=BUYS,
        channel__in=[Channel.EMAIL, Channel.PHONE],
        status__in=[Status.SENT, Status.HELD_OUT, Status.FAILED],
        reminder_number=0,
    )
    slim = first.select_related("rule", "contact").defer("merge_values", "evidence")
    return sorted(slim, key=lambda delivery: (since(delivery), delivery.pk))


def since(delivery):
    """When it went out, or would have."""
    return delivery.sending_at or delivery.finished_at


def buys(delivery):
    told_so, anyway = BUYS[delivery.rule.trigger]
    drawn = chance("buys", delivery.occurrence_key).randrange(100)
    return drawn < (told_so if delivery.status == Status.SENT else anyway)


def whereabouts(people):
    """Of these people {contact id: visits}, and {contact id: [(from, until)]} in which they did not order."""
    pages = Touchpoint.objects.filter(contact__in=people, kind=Kind.VISITED, is_history=True)
    visits, busy, began = defaultdict(list), defaultdict(list), {}
    for page in pages.only("contact_id", "at").order_by("at", "id"):
        visits[page.contact_id].append(page)
    for contact, seen in visits.items():
        visits[contact] = sessions(seen)
        began |= {page.pk: visit[0].at for visit in visits[contact] for page in visit}
    answered = Delivery.objects.filter(contact__in=people, rule__trigger="abandoned_browse")
    for each in answered.only("contact_id", "touchpoint_id", "due_at", "sending_at", "finished_at"):
        until = max(moment for moment in (each.due_at, each.sending_at, each.finished_at) if moment)
        busy[each.contact_id].append((began.get(each.touchpoint_id, each.due_at - 3 * DAY), until))
    return visits, busy


def moment_of(delivery, visits, busy, at):
    """When the order was made, within the span of the row; None where no moment fits."""
    choose = chance("order", delivery.occurrence_key)
    start = since(delivery)
    end = min(start + delivery.rule.outcome_within, at - HOUR)
    came = [visit[-1].at + choose.randint(90, 700) * SECOND for visit in visits if visit[0].at > start]
    drawn = [some_day(start, choose, end) for _try in range(TRIES)]
    for moment in came + drawn:
        if start < moment < end and not any(first <= moment <= last for first, last in busy):
            return moment
    return None


def some_day(start, choose, end):
    """A moment of a day soon after, at which people are up."""
    moment = start + HOUR + choose.expovariate(1 / (MOST_AFTER / DAY)) * DAY
    return waking(moment, choose, latest=end)


def sale_of(delivery, moment, records):
    """One record or two of the catalogue at its price, and what they cost the shop."""
    choose = chance("records", delivery.occurrence_key)
    chosen = choose.sample(records, 2 if choose.randrange(100) < SECOND_RECORD else 1)
    order = Order(
        contact=delivery.contact,
        source=shop.SOURCE,
        external_id=shop.order_number(UUID(int=choose.getrandbits(128), version=4)),
        at=moment,
        amount=sum(record.price for record in chosen),
        cost=sum(record.cost for record in chosen),
        items=len(chosen),
        is_history=True,
    )
    return Sale(order, chosen)


def save(sales):
    """Write the orders and their lines, and tell them, with the totals they change."""
    Order.objects.bulk_create(sale.order for sale in sales)
    OrderLine.objects.bulk_create(line for sale in sales for line in sale.lines())
    record_many(touchpoint_of(sale) for sale in sales)


def touchpoint_of(sale):
    order = sale.order
    return Touchpoint(
        kind=Kind.ORDERED,
        contact=order.contact,
        at=order.at,
        source=order.source,
        external_id=f"order:{order.external_id}",
        is_history=True,
        data=told(order, [record.name for record in sale.records]),
    )
