"""Totals are what the rows say."""

from decimal import Decimal

from tests.make import DAY, NOON, make_order
from touchpoints import totals
from touchpoints.models import Totals


def figures(contact):
    row = Totals.objects.get(contact=contact)
    return row.orders, row.first_order_at, row.last_order_at, row.revenue, row.margin


def test_revenue_is_net_of_refunds_and_leaves_out_what_was_cancelled(ada):
    make_order(ada, at=NOON, amount="40.00", refunded="10.00")
    make_order(ada, at=NOON + DAY, amount="20.00", status="shipped")
    make_order(ada, at=NOON + 2 * DAY, amount="99.00", status="cancelled")
    make_order(ada, at=NOON + 3 * DAY, amount="50.00", refunded="50.00", status="refunded")

    totals.recompute([ada.pk])

    assert figures(ada) == (2, NOON, NOON + DAY, Decimal("50.00"), None)


def test_margin_and_revenue_are_in_the_currency_of_the_workspace(ada):
    make_order(ada, amount="100.00", cost="60.00", currency="EUR", rate="1.1")
    make_order(ada, amount="10.00")

    totals.recompute([ada.pk])

    assert figures(ada) == (2, NOON, NOON, Decimal("120.00"), Decimal("44.00"))


def test_a_contact_with_nothing_has_zeros(ada):
    totals.recompute([ada.pk, 999_999_999])

    assert figures(ada) == (0, None, None, Decimal("0.00"), None)
    assert Totals.objects.count() == 1


def test_when_the_last_order_goes_the_totals_go_with_it(ada):
    order = make_order(ada)
    totals.recompute([ada.pk])
    order.delete()

    totals.recompute([ada.pk])

    assert figures(ada) == (0, None, None, Decimal("0.00"), None)


def test_a_thousand_contacts_take_as_many_statements_as_one(django_assert_num_queries, ada, ben, cleo):
    with django_assert_num_queries(5):
        totals.recompute([ada.pk])
    with django_assert_num_queries(5):
        totals.recompute([ada.pk, ben.pk, cleo.pk])
