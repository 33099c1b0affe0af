"""What this room shows of a contact."""

import pytest
from django.test import RequestFactory

from contacts.panels import panels_in
from tests.make import DAY, NOON, make_contact, make_order, make_touchpoint
from touchpoints import panels, totals
from touchpoints.models import OrderLine


@pytest.fixture
def request_of(marketer):
    request = RequestFactory().get("/")
    request.user = marketer
    return request


def buy(contact, *days, amount="20.00"):
    for day in days:
        order = make_order(contact, at=NOON - day * DAY, amount=amount)
        OrderLine.objects.create(order=order, number=1, name="Late Ferry", amount=amount)
        make_touchpoint(contact, "ordered", at=order.at)
    totals.recompute([contact.pk])


def test_every_panel_draws_with_everything_and_with_nothing(ada, request_of):
    buy(ada, 30, 20, 10, amount="1234.50")
    nobody = make_contact()
    ours = [panel for place in ("tile", "main", "aside") for panel in panels_in(place)]
    ours = [panel for panel in ours if panel.render.__module__ == "touchpoints.panels"]

    drawn = {panel.name: panel.render(ada, request_of, NOON) for panel in ours}
    empty = {panel.name: panel.render(nobody, request_of, NOON) for panel in ours}

    assert set(drawn) == {"revenue", "last-seen", "year", "orders", "note"}
    assert "$3,703.50" in drawn["revenue"]
    assert "3 orders, $1,234.50 each" in drawn["revenue"]
    assert "10 days ago" in drawn["last-seen"]
    assert "usually every 10 days" in drawn["last-seen"]
    assert "Late Ferry" in drawn["orders"]
    assert "no order yet" in empty["revenue"]
    assert "nothing heard yet" in empty["last-seen"]
    assert empty["orders"] == ""


def test_only_those_who_may_write_see_the_note_form(ada, request_of, analyst):
    assert "note" in panels.note_form(ada, request_of, NOON)

    request_of.user = analyst

    assert panels.note_form(ada, request_of, NOON) == ""


def test_a_page_of_contacts_is_asked_for_once(ada, ben, cleo, django_assert_num_queries):
    for contact in (ada, ben):
        buy(contact, 10)
    ids = [ada.pk, ben.pk, cleo.pk]

    for column in (panels.orders_column, panels.revenue_column, panels.last_column):
        with django_assert_num_queries(1):
            column(ids)
    assert panels.orders_column(ids) == {ada.pk: 1, ben.pk: 1}
    assert panels.revenue_column(ids) == {ada.pk: "$20.00", ben.pk: "$20.00"}
    assert "ordered" in panels.last_column(ids)[ada.pk]
    assert set(panels.rhythm_column(ids)) == {ada.pk, ben.pk, cleo.pk}


@pytest.mark.parametrize(
    "days, words", [(0, "12:00"), (3, "Sun"), (30, "11 May"), (400, "May 2025"), (-3, "13 Jun")]
)
def test_days_are_short(days, words):
    assert panels.short_day(NOON - days * DAY, NOON) == words
