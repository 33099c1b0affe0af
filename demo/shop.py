"""What the demo shop sells and how it is ordered. Nothing is ever charged."""

from itertools import groupby

from contacts.identifying import get_or_create_contact
from demo.catalogue import MEMBERSHIP
from touchpoints.models import Order, Product
from touchpoints.ordering import save_order
from touchpoints.visiting import find_visitor, identify_visitor

SOURCE = "shop"
CLUB = "NS-CLUB"


def records():
    """Every record on sale, by genre and number."""
    return (
        Product.objects.filter(sku__startswith="NS-").exclude(category=MEMBERSHIP).order_by("category", "sku")
    )


def shelves(genre=""):
    """The records by genre, as (genre, records); one genre only when one is named."""
    chosen = records().filter(category=genre) if genre else records()
    return [(name, list(shelf)) for name, shelf in groupby(chosen, key=lambda record: record.category)]


def genres():
    return records().order_by("category").values_list("category", flat=True).distinct()


def place_order(product, *, order_key, email, first_name, last_name, visitor, source, at):
    """Take an order, once for a key, and return it; a browser that agreed is the buyer's from now on."""
    number = order_number(order_key)
    if order := find_order(number):
        return order
    contact, _ = get_or_create_contact(
        email, at=at, origin="shop checkout", first_name=first_name, last_name=last_name, source=source
    )
    if browser := visitor and find_visitor(visitor):
        identify_visitor(browser, contact, at)
    lines = [{"product": product, "quantity": 1, "amount": product.price}]
    order, _ = save_order(
        contact=contact, source=SOURCE, external_id=number, at=at, amount=product.price, lines=lines
    )
    return order


def order_number(order_key):
    """What the buyer reads as the number of the order."""
    return f"NS-{order_key.hex[:12].upper()}"


def find_order(number):
    """The shop's order of this number, or None."""
    return Order.objects.filter(source=SOURCE, external_id=number).select_related("contact").first()
