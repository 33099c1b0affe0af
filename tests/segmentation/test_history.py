"""The dated history of cells: what people do and time is told, new cut points are not."""

from datetime import timedelta

import pytest

from segmentation import rfm
from segmentation.models import RfmChange
from tests.make import DAY, HOUR, NOON, make_order
from tests.segmentation.people import make_buyer
from touchpoints.models import Totals

pytestmark = pytest.mark.django_db


def history():
    return [
        (each.contact_id, each.at, each.before, each.after, each.is_history)
        for each in RfmChange.objects.order_by("at", "contact")
    ]


def order_again(buyer, *, at, revenue=95, is_history=False):
    make_order(buyer, at=at, is_history=is_history)
    Totals.objects.filter(contact=buyer).update(last_order_at=at, orders=9, revenue=revenue)


def test_first_cut_points_and_new_ones_tell_nothing(buyers):
    first = rfm.take_cuts(NOON)
    for number in range(10):
        make_buyer(days=0, orders=20 + number, revenue=500)
    rfm.rescore(NOON)
    RfmChange.objects.all().delete()
    moved = rfm.count_moves(rfm.propose_cuts(NOON), NOON)

    rfm.take_cuts(NOON)
    rfm.put_back(first, at=NOON)

    assert moved > 0
    assert history() == []


def test_an_order_is_told_with_both_cells_and_its_moment_once(scored):
    buyer = scored[9]
    order_again(buyer, at=NOON + HOUR)

    rfm.rescore(NOON + HOUR, contact_ids=[buyer.pk])
    rfm.rescore(NOON + 2 * HOUR, contact_ids=[buyer.pk])

    assert history() == [(buyer.pk, NOON + HOUR, "144", "555", False)]


def test_time_alone_is_told(scored):
    written = rfm.rescore(NOON + DAY)

    told = {(before, after) for _pk, _at, before, after, is_history in history() if not is_history}
    assert written == len(history()) > 0
    assert ("511", "411") in told


def test_the_first_order_comes_from_no_cell_and_the_last_refund_leads_to_none(scored):
    buyer = make_buyer(days=0, orders=1, revenue=10)
    make_order(buyer, at=NOON - HOUR)
    rfm.rescore(NOON, contact_ids=[buyer.pk])
    Totals.objects.filter(contact=buyer).update(orders=0, revenue=0)
    rfm.rescore(NOON + HOUR, contact_ids=[buyer.pk])

    assert history() == [
        (buyer.pk, NOON, "", "511", False),
        (buyer.pk, NOON + HOUR, "511", "", False),
    ]


def test_what_orders_of_the_past_change_is_history(scored):
    by_past, by_both = scored[9], scored[1]
    order_again(by_past, at=NOON - DAY, is_history=True)
    order_again(by_both, at=NOON + HOUR, is_history=True)
    make_order(by_both, at=NOON + HOUR)

    rfm.rescore(NOON + HOUR, contact_ids=[by_past.pk, by_both.pk])

    assert {pk: is_history for pk, *_rest, is_history in history()} == {by_past.pk: True, by_both.pk: False}


def test_the_month_s_round_tells_what_time_did_before_it_takes_new_cut_points():
    for days in (1, 2, 3, 4, 5):
        make_buyer(days=days, orders=1, revenue=10)
    rfm.take_cuts(NOON)
    july = NOON + timedelta(days=21)

    rfm.keep_up(july)

    assert {after for _pk, _at, _before, after, _history in history()} == {"111"}
