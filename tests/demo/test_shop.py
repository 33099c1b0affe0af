"""The demo shop: its shelves, and a checkout that charges nothing."""

from decimal import Decimal

import pytest
from django.urls import reverse

from contacts.models import Contact
from tests.make import NOON
from touchpoints.models import Order, Touchpoint, Visitor

BUYER = {"email": "Mara@example.com", "first_name": "Mara", "last_name": "Silva"}
KEY = "5f3a9c1e-7b2d-4c8e-9a10-0123456789ab"


def order(client, record, **fields):
    address = f"{reverse('demo:checkout')}?sku={record.sku}"
    return client.post(address, BUYER | {"order_key": KEY} | fields)


def test_the_shelves_hold_every_record_by_genre(client, catalogue):
    page = client.get(reverse("demo:shop-home"))

    assert [(genre, len(shelf)) for genre, shelf in page.context["shelves"]] == [
        ("Blues", 8),
        ("Classical", 8),
        ("Electronic", 8),
        ("Folk", 8),
        ("Indie", 8),
        ("Jazz", 8),
        ("Soul & Funk", 8),
        ("World", 8),
    ]


def test_one_genre_can_be_looked_at_alone(client, catalogue):
    page = client.get(reverse("demo:shop-home"), {"genre": "Jazz"})

    assert [genre for genre, _ in page.context["shelves"]] == ["Jazz"]


def test_an_empty_shop_says_how_to_fill_it(client, db):
    assert "load_sample" in client.get(reverse("demo:shop-home")).content.decode()


@pytest.mark.parametrize("name", ["demo:shop-home", "demo:service", "demo:checkout"])
def test_every_page_carries_the_tracking_script(client, record, name):
    page = client.get(reverse(name), {"sku": record.sku})

    assert "touchpoints/track.js" in page.content.decode()


def test_a_record_shows_its_neighbours(client, record):
    page = client.get(reverse("demo:product", args=[record.sku]))

    assert [p.sku for p in page.context["beside"]] == ["NS-JAZ-02", "NS-JAZ-03", "NS-JAZ-04", "NS-JAZ-05"]


def test_the_checkout_says_that_nothing_is_charged(client, record):
    page = client.get(reverse("demo:checkout"), {"sku": record.sku})

    assert "Nothing is charged" in page.content.decode()


def test_an_order_makes_a_contact_a_touchpoint_and_totals(client, record):
    order(client, record)

    contact = Contact.objects.get()
    touchpoint = Touchpoint.objects.get(kind="ordered")
    assert (contact.email, contact.name, contact.origin) == (
        "mara@example.com",
        "Mara Silva",
        "shop checkout",
    )
    assert (touchpoint.contact, touchpoint.data["names"]) == (contact, [record.name])
    assert (contact.totals.orders, contact.totals.revenue) == (1, Decimal("21.99"))


def test_ordering_agrees_to_nothing(client, record):
    order(client, record)

    assert Contact.objects.get().consents.count() == 0


def test_pressing_the_button_twice_orders_once(client, record):
    first, second = order(client, record), order(client, record)

    assert first.url == second.url
    assert (Order.objects.count(), Touchpoint.objects.count()) == (1, 1)


def test_an_address_without_an_at_is_refused_in_words(client, record):
    page = order(client, record, email="mara")

    assert (page.status_code, Order.objects.count()) == (200, 0)
    assert "Enter a valid email address." in page.content.decode()


def test_the_thanks_page_names_the_order(client, record):
    page = client.get(order(client, record).url)

    assert Order.objects.get().external_id in page.content.decode()
    assert "Thank you, Mara" in page.content.decode()


def test_nobody_is_thanked_for_an_unknown_order(client, db):
    assert client.get(reverse("demo:thanks"), {"order": "NS-0"}).status_code == 404


def test_who_orders_says_whose_browser_it_is(client, record):
    visitor = Visitor.objects.create(created_at=NOON)

    order(client, record, visitor=str(visitor.key))

    visitor.refresh_from_db()
    assert visitor.contact == Contact.objects.get()
