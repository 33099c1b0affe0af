"""Cut points and digits against tables worked out by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest

from segmentation import rfm
from segmentation.models import RfmCuts, RfmScore
from tests.make import DAY, HOUR, NOON, make_contact
from tests.segmentation.people import BY_HAND, make_buyer
from touchpoints.models import Totals

pytestmark = pytest.mark.django_db


def digits():
    return {score.contact_id: str(score) for score in RfmScore.objects.all()}


def test_ten_buyers_get_the_digits_worked_out_by_hand(buyers):
    wanted = {buyer.pk: row[3] for buyer, row in zip(buyers, BY_HAND, strict=True)}

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


def test_scoring_some_contacts_gives_what_scoring_everyone_gives(scored):
    Totals.objects.filter(contact__in=scored[:3]).update(orders=7, revenue=Decimal("85.50"))
    Totals.objects.filter(contact=scored[9]).update(last_order_at=NOON)

    rfm.rescore(NOON, contact_ids=[scored[n].pk for n in (0, 1, 2, 9)])
    some = digits()
    RfmScore.objects.all().delete()
    rfm.rescore(NOON)

    assert some == digits()


def test_only_rows_whose_digits_changed_are_written(scored):
    Totals.objects.filter(contact=scored[1]).update(revenue=95)

    written = rfm.rescore(NOON + HOUR)
    again = rfm.rescore(NOON + HOUR)

    since = dict(RfmScore.objects.values_list("contact_id", "since"))
    assert (written, again) == (1, 0)
    assert since == {buyer.pk: NOON for buyer in scored} | {scored[1].pk: NOON + HOUR}


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


def test_earlier_cut_points_can_be_put_back(buyers):
    first = rfm.take_cuts(NOON)
    before = digits()
    for n in range(10):
        make_buyer(days=0, orders=20 + n, revenue=500)
    rfm.take_cuts(NOON + HOUR)

    rfm.put_back(first, at=NOON + 2 * HOUR)

    assert {pk: digits()[pk] for pk in before} == before
    assert rfm.cuts_in_force(NOON + 2 * HOUR).monetary == first.monetary


def test_a_preview_counts_who_would_change_cell(scored):
    make_buyer(days=0, orders=20, revenue=500)

    proposed = rfm.propose_cuts(NOON)
    rfm.rescore(NOON)
    before = {pk: text[:2] for pk, text in digits().items()}
    moves = rfm.count_moves(proposed, NOON)
    rfm.take_cuts(NOON)
    after = {pk: text[:2] for pk, text in digits().items()}

    assert moves == sum(before[pk] != after[pk] for pk in before) > 0
