"""Coming into a group of the RFM map and leaving it, by what was written down of it."""

import pytest

from segmentation.models import RfmChange
from tests.campaigns.triggering import evidence, fires, lines, occurrences
from tests.make import HOUR, NOON

pytestmark = pytest.mark.django_db


def move(contact, before, after, at=NOON, **fields):
    return RfmChange.objects.create(contact=contact, at=at, before=before, after=after, **fields)


def test_coming_into_a_group_fires_and_moving_within_it_does_not(ada, ben):
    entered = move(ada, "331", "555")
    move(ben, "541", "555")

    assert occurrences("rfm_cell", NOON, parameters={"place": "champions"}) == [
        (ada.pk, f"z{entered.pk}", NOON)
    ]
    assert evidence("rfm_cell", NOON, place="champions") == ['{"after": "555", "before": "331"}']


def test_leaving_fires_when_asked_for(ada):
    move(ada, "555", "455")

    assert fires("rfm_cell", ada, NOON, place="champions", way="leaves") == [NOON]
    assert fires("rfm_cell", ada, NOON, place="champions") == []
    assert fires("rfm_cell", ada, NOON, place="45") == [NOON]


def test_the_first_order_comes_from_outside_and_the_last_refund_leads_there(ada):
    move(ada, "", "511", NOON - HOUR)
    move(ada, "511", "", NOON)

    assert fires("rfm_cell", ada, NOON, place="new") == [NOON - HOUR]
    assert fires("rfm_cell", ada, NOON, place="new", way="leaves") == [NOON]


def test_another_monetary_digit_is_no_other_cell(ada):
    move(ada, "551", "555")

    assert fires("rfm_cell", ada, NOON, place="55") == []


def test_what_came_of_past_orders_starts_nothing(ada, ben):
    move(ada, "331", "555")
    move(ben, "331", "555", is_history=True)

    assert [pk for pk, _key, _at in occurrences("rfm_cell", NOON, parameters={"place": "55"})] == [ada.pk]


def test_a_change_is_explained_by_its_cells(ada, ben):
    move(ada, "331", "555")

    assert lines("rfm_cell", ada, NOON, place="at_risk")[-1] == (
        "wait",
        "From At risk (331) to Champions (555)",
    )
    assert lines("rfm_cell", ben, NOON) == [("wait", "Has not changed cell")]
