"""Which order it was, what was in it, and how often they buy."""

import pytest

from tests.campaigns.triggering import evidence, fires, lines, occurrences
from tests.make import DAY, HOUR, NOON, make_order, make_product, make_touchpoint
from touchpoints.ordering import save_order

pytestmark = pytest.mark.django_db
YEAR = 365 * DAY


def buy(contact, at=NOON, amount="20.00", number="1", **fields):
    return save_order(
        contact=contact, source="shop", external_id=f"{contact.pk}-{number}", at=at, amount=amount, **fields
    )


def test_only_the_order_of_a_number_fires(ada):
    buy(ada, NOON - 9 * DAY, number="1", is_history=True)
    buy(ada, NOON - DAY, number="2")
    buy(ada, NOON, number="3")

    assert fires("ordered", ada, NOON) == [NOON - DAY, NOON]
    assert fires("ordered", ada, NOON, number=2) == [NOON - DAY]
    assert fires("ordered", ada, NOON, number=1) == []


def test_an_amount_is_reckoned_in_our_currency(ada, ben):
    buy(ada, amount="50.00", rate="2", currency="GBP")
    buy(ben, amount="99.99")

    assert [pk for pk, _key, _at in occurrences("ordered", NOON, parameters={"amount": 100})] == [ada.pk]
    assert [pk for pk, _key, _at in occurrences("ordered", NOON, parameters={"amount": 99.99})] == [
        ada.pk,
        ben.pk,
    ]


def test_a_product_or_its_category_must_be_in_it(ada, ben):
    make_product(sku="J-7", category="Jazz")
    buy(ada, lines=[{"sku": "J-7", "amount": "20.00"}])
    buy(ben, lines=[{"name": "Something", "amount": "20.00"}])

    for asked in ({"product": "J-7"}, {"category": "Jazz"}):
        assert [pk for pk, _key, _at in occurrences("ordered", NOON, parameters=asked)] == [ada.pk]


def test_what_was_missing_in_an_order_is_explained(ada):
    buy(ada, amount="20.00")

    assert lines("ordered", ada, NOON, number=2, amount=50) == [
        ("ok", "Ordered on 10 June 2026, 12:00"),
        ("wait", "It was order number 1 of theirs"),
        ("wait", "It came to 20.00"),
    ]


def test_an_amount_that_is_no_number_counts_as_none(ada):
    make_touchpoint(ada, "ordered", at=NOON, data={"amount": "much"})

    assert fires("ordered", ada, NOON) == [NOON]
    assert fires("ordered", ada, NOON, amount=1) == []


# How often they buy ----------------------------------------------------------------------------------------

BANDS = {"moderate_from": 2, "heavy_from": 3}


def test_the_order_that_makes_a_heavy_buyer_fires_once(ada):
    for number in range(4):
        make_order(ada, at=NOON - (3 - number) * HOUR)

    assert fires("usage_band", ada, NOON, band="heavy", **BANDS) == [NOON - HOUR]
    assert fires("usage_band", ada, NOON, band="moderate", **BANDS) == [NOON - 2 * HOUR]
    assert fires("usage_band", ada, NOON, band="moderate", way="leaves", **BANDS) == [NOON - HOUR]


def test_time_alone_makes_a_heavy_buyer_a_moderate_one(ada):
    for days in (365, 20, 10):
        make_order(ada, at=NOON - days * DAY, is_history=True)

    assert fires("usage_band", ada, NOON, band="heavy", way="leaves", **BANDS) == [NOON]
    assert fires("usage_band", ada, NOON - HOUR, band="heavy", way="leaves", **BANDS) == []
    assert evidence("usage_band", NOON, band="moderate", **BANDS) == ['{"orders": 2}']


def test_an_order_that_was_brought_along_makes_no_heavy_buyer(ada, ben):
    for contact, is_history in ((ada, False), (ben, True)):
        make_order(contact, at=NOON, is_history=is_history)

    assert [pk for pk, _key, _at in occurrences("usage_band", NOON, parameters={"band": "light"})] == [ada.pk]
