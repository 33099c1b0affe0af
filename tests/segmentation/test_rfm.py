"""Cut points and digits against tables worked out by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest

from segmentation import rfm
from segmentation.models import RfmCuts, RfmScore
from tests.make import DAY, HOUR, NOON, make_contact
from touchpoints.models import Totals

pytestmark = pytest.mark.django_db


def make_buyer(*, days, orders, revenue, at=NOON):
    """A contact with these totals; the last order lies `days` days and an hour before `at`."""
    last = at - timedelta(days=days) - HOUR
    contact = make_contact()
    Totals.objects.create(contact=contact, orders=orders, revenue=revenue, last_order_at=last)
    return contact


def digits():
    return {score.contact_id: str(score) for score in RfmScore.objects.all()}


# days, orders, revenue -> the digits they must get. Ten buyers, so a fifth is two of them:
# days    1 2 | 3 5 | 8 13 | 21 34 | 55 89      bounds 2, 5, 13, 34
# orders  1 1   1 1 | 2 3  | 4 5   | 8 9        bounds 1, 1, 3, 5: no one has a 2
# revenue 10 20 | 30 40 | 50 60 | 70 80 | 90 100  bounds 20, 40, 60, 80
BY_HAND = [
    (1, 9, 100, "555"),
    (2, 1, 10, "511"),
    (3, 1, 20, "411"),
    (5, 4, 90, "445"),
    (8, 2, 30, "332"),
    (13, 3, 40, "332"),
    (21, 1, 50, "213"),
    (34, 8, 60, "253"),
    (55, 1, 70, "114"),
    (89, 5, 80, "144"),
]


def test_ten_buyers_get_the_digits_worked_out_by_hand():
    wanted = {make_buyer(days=d, orders=o, revenue=r).pk: digits for d, o, r, digits in BY_HAND}

    cuts = rfm.take_cuts(NOON)

    assert (cuts.buyers, cuts.recency_days) == (10, [2, 5, 13, 34])
    assert (cuts.frequency, cuts.monetary) == ([1, 1, 3, 5], [20, 40, 60, 80])
    assert digits() == wanted


def test_equal_values_share_a_digit_and_the_bands_between_stay_empty():
    for revenue in (10, 10, 10, 10, 10, 10, 10, 10, 10, 99):
        make_buyer(days=7, orders=1, revenue=revenue)

    rfm.take_cuts(NOON)

    assert sorted(digits().values()) == ["511"] * 9 + ["515"]


def test_a_day_counts_only_when_it_is_whole():
    contact = make_contact()
    Totals.objects.create(contact=contact, orders=1, revenue=5, last_order_at=NOON - 3 * DAY)
    RfmCuts.objects.create(
        taken_at=NOON, buyers=1, recency_days=[2, 3, 4, 5], frequency=[1, 2, 3, 4], monetary=[1, 2, 3, 4]
    )

    rfm.rescore(NOON + DAY - timedelta(seconds=1))
    before = digits()
    rfm.rescore(NOON + DAY)

    assert (before, digits()) == ({contact.pk: "415"}, {contact.pk: "315"})


def test_time_alone_moves_a_buyer_down_and_an_order_brings_the_buyer_back():
    buyers = [make_buyer(days=d, orders=1, revenue=10) for d in (1, 2, 3, 4, 5)]
    rfm.take_cuts(NOON)

    rfm.rescore(NOON + 2 * DAY)
    later = digits()[buyers[0].pk]
    Totals.objects.filter(contact=buyers[0]).update(last_order_at=NOON + 2 * DAY, orders=2)
    rfm.rescore(NOON + 2 * DAY, contact_ids=[buyers[0].pk])

    assert (later, digits()[buyers[0].pk]) == ("311", "551")


def test_scoring_some_contacts_gives_what_scoring_everyone_gives():
    buyers = [make_buyer(days=d, orders=o, revenue=r) for d, o, r, _ in BY_HAND]
    rfm.take_cuts(NOON)
    Totals.objects.filter(contact__in=buyers[:3]).update(orders=7, revenue=Decimal("85.50"))
    Totals.objects.filter(contact=buyers[9]).update(last_order_at=NOON)

    rfm.rescore(NOON, contact_ids=[buyers[n].pk for n in (0, 1, 2, 9)])
    some = digits()
    RfmScore.objects.all().delete()
    rfm.rescore(NOON)

    assert some == digits()


def test_only_rows_whose_digits_changed_are_written():
    buyers = [make_buyer(days=d, orders=o, revenue=r) for d, o, r, _ in BY_HAND]
    rfm.take_cuts(NOON)
    Totals.objects.filter(contact=buyers[1]).update(revenue=95)

    written = rfm.rescore(NOON + HOUR)
    again = rfm.rescore(NOON + HOUR)

    since = dict(RfmScore.objects.values_list("contact_id", "since"))
    assert (written, again) == (1, 0)
    assert since == {b.pk: NOON for b in buyers} | {buyers[1].pk: NOON + HOUR}


def test_who_never_bought_has_no_row_and_who_no_longer_counts_loses_it():
    visitor = make_buyer(days=1, orders=0, revenue=0)
    buyer, refunded = (make_buyer(days=1, orders=1, revenue=10) for _ in range(2))
    rfm.take_cuts(NOON)
    assert set(digits()) == {buyer.pk, refunded.pk}

    Totals.objects.filter(contact=refunded).update(orders=0, revenue=0, last_order_at=None)
    rfm.rescore(NOON, contact_ids=[refunded.pk, visitor.pk])

    assert set(digits()) == {buyer.pk}


def test_the_first_cut_points_are_taken_by_themselves_and_then_hold():
    make_buyer(days=1, orders=1, revenue=10)
    rfm.keep_up(NOON)
    make_buyer(days=300, orders=50, revenue=1000)

    rfm.keep_up(NOON + HOUR)

    assert RfmCuts.objects.get().buyers == 1


def test_an_empty_base_takes_no_cut_points():
    assert (rfm.take_cuts(NOON), rfm.rescore(NOON), RfmCuts.objects.count()) == (None, 0, 0)


def test_the_first_round_of_a_month_takes_new_cut_points_once():
    make_buyer(days=1, orders=1, revenue=10)
    rfm.take_cuts(NOON)
    july = NOON + 21 * DAY

    for _ in range(3):
        rfm.keep_up(july)

    assert [cuts.taken_at for cuts in RfmCuts.objects.order_by("id")] == [NOON, july]


def test_earlier_cut_points_can_be_put_back():
    for days, orders, revenue, _ in BY_HAND:
        make_buyer(days=days, orders=orders, revenue=revenue)
    first = rfm.take_cuts(NOON)
    before = digits()
    for n in range(10):
        make_buyer(days=0, orders=20 + n, revenue=500)
    rfm.take_cuts(NOON + HOUR)

    rfm.put_back(first, at=NOON + 2 * HOUR)

    assert {pk: digits()[pk] for pk in before} == before
    assert rfm.cuts_in_force(NOON + 2 * HOUR).monetary == first.monetary


def test_a_preview_counts_who_would_change_cell():
    for days, orders, revenue, _ in BY_HAND:
        make_buyer(days=days, orders=orders, revenue=revenue)
    rfm.take_cuts(NOON)
    make_buyer(days=0, orders=20, revenue=500)

    proposed = rfm.propose_cuts(NOON)
    rfm.rescore(NOON)
    before = {pk: text[:2] for pk, text in digits().items()}
    moves = rfm.count_moves(proposed, NOON)
    rfm.take_cuts(NOON)
    after = {pk: text[:2] for pk, text in digits().items()}

    assert moves == sum(before[pk] != after[pk] for pk in before) > 0
