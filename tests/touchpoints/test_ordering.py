"""Orders are saved once, changed as often as the shop says, and told as touchpoints."""

from decimal import Decimal

import pytest

from tests.make import DAY, NOON, make_contact, make_product
from tests.touchpoints.test_recording import in_threads
from touchpoints.models import Order, Totals, Touchpoint
from touchpoints.ordering import save_order


def buy(contact, **fields):
    fields = {"source": "shop", "external_id": "1001", "at": NOON, "amount": "38.47"} | fields
    return save_order(contact=contact, **fields)


def test_an_order_is_told_as_a_touchpoint_and_counted(ada):
    record = make_product(sku="CD1", name="Late Ferry")

    order, created = buy(
        ada,
        lines=[
            {"sku": "CD1", "quantity": 2, "amount": "29.98"},
            {"name": "A poster", "amount": "8.49"},
        ],
    )

    told = Touchpoint.objects.get(kind="ordered")
    assert created
    assert (told.source, told.external_id, told.at, told.contact) == ("shop", "order:1001", NOON, ada)
    assert told.data == {
        "order": "1001",
        "order_id": order.pk,
        "amount": "38.47",
        "currency": "USD",
        "items": 3,
        "names": ["Late Ferry", "A poster"],
    }
    assert [(line.product, line.quantity) for line in order.lines.order_by("number")] == [
        (record, 2),
        (None, 1),
    ]
    totals = Totals.objects.get(contact=ada)
    assert (totals.orders, totals.revenue) == (1, Decimal("38.47"))


def test_saving_the_same_order_again_changes_nothing(ada):
    lines = [{"name": "A poster", "amount": "38.47"}]
    first, _ = buy(ada, lines=lines)

    again, created = buy(ada, lines=lines)

    assert (again, created) == (first, False)
    assert [*Touchpoint.objects.values_list("kind", flat=True)] == ["ordered"]
    assert first.lines.count() == 1


def test_a_refund_is_told_and_counted(ada):
    buy(ada, lines=[{"name": "A poster", "amount": "38.47"}])

    buy(ada, refunded="8.47", changed_at=NOON + DAY)
    order, _ = buy(ada, refunded="38.47", status="refunded", changed_at=NOON + 2 * DAY)

    changes = Touchpoint.objects.filter(kind="order_changed").order_by("at")
    assert [(t.at, t.data["status"], t.data["refunded"]) for t in changes] == [
        (NOON + DAY, "paid", "8.47"),
        (NOON + 2 * DAY, "refunded", "38.47"),
    ]
    assert [line.name for line in order.lines.all()] == ["A poster"]
    assert Totals.objects.get(contact=ada).orders == 0


def test_an_order_stays_with_whom_it_came(ada, ben):
    buy(ada)

    order, _ = buy(ben)

    assert order.contact == ada


@pytest.mark.django_db(transaction=True)
def test_eight_checkouts_of_one_order_save_one():
    ada = make_contact()

    answers = in_threads(8, lambda n: buy(ada, lines=[{"name": "A poster", "amount": "38.47"}]))

    assert sum(created for _, created in answers) == 1
    assert Order.objects.get().lines.count() == 1
    assert Touchpoint.objects.count() == 1
