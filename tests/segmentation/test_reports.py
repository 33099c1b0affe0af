"""The heat map and its groups."""

from decimal import Decimal

import pytest

from contacts.erasing import erase
from segmentation import reports
from tests.make import NOON

pytestmark = pytest.mark.django_db


def test_each_cell_counts_its_people_and_what_they_brought(scored):
    heat = reports.heat_map(NOON)

    found = {cell.value: (cell.people, cell.revenue) for cell in heat.cells if cell.people}
    assert found == {
        "55": (1, 100),
        "51": (1, 10),
        "41": (1, 20),
        "44": (1, 90),
        "33": (2, 70),
        "21": (1, 50),
        "25": (1, 60),
        "11": (1, 70),
        "14": (1, 80),
    }
    assert (heat.people, heat.revenue, len(heat.cells)) == (10, Decimal(550), 25)


def test_the_map_is_one_query_and_one_for_the_cut_points(scored, django_assert_num_queries):
    with django_assert_num_queries(2):
        reports.heat_map(NOON, measure="revenue")


def test_warmth_follows_the_share_of_the_chosen_measure(scored):
    by_people, by_revenue = reports.heat_map(NOON), reports.heat_map(NOON, measure="revenue")

    def steps(heat):
        return {cell.value: cell.warmth for cell in heat.cells if cell.value in ("55", "51", "33", "52")}

    assert steps(by_people) == {"55": 5, "51": 5, "33": 6, "52": 0}
    assert steps(by_revenue) == {"55": 5, "51": 2, "33": 5, "52": 0}


def test_people_who_are_gone_stand_on_no_map(scored):
    erase(scored[0], at=NOON)

    assert reports.heat_map(NOON).people == 9


def test_groups_add_up_and_stand_best_first(scored):
    heat = reports.heat_map(NOON)

    frame = reports.group_frame(heat)

    assert list(frame.index)[:2] == ["not_to_lose", "hibernating"]
    assert (frame.people.sum(), frame.revenue.sum()) == (10, 550)
    assert frame.loc["champions"].to_dict() == {
        "people": 1,
        "revenue": 100,
        "people_share": 10.0,
        "revenue_share": 18.2,
        "average": 100,
    }


def test_an_empty_base_has_an_empty_map(db):
    heat = reports.heat_map(NOON)

    assert (heat.people, heat.cuts, [cell.warmth for cell in heat.cells]) == (0, None, [0] * 25)
