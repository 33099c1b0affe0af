"""The RFM page, new cut points, and what the list and the page of contacts show."""

import csv

import pytest
from django.test import RequestFactory
from django.utils import timezone

from contacts.models import Contact
from segmentation import filters, panels, rfm
from segmentation.models import RfmCuts, RfmScore
from tests.make import NOON, make_contact
from tests.segmentation.people import make_buyer

pytestmark = pytest.mark.django_db


def page(client, url="/rfm/"):
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_a_cell_opens_its_people(as_marketer, scored):
    text = page(as_marketer)

    assert 'href="/contacts/?rfm=55" aria-label="Recency 5, frequency 5, Champions: 1 person' in text
    assert text.count(">nobody<") == 16
    assert "1 person, 10 % of those who buy, brought 18 % of the revenue." in text


def test_the_page_says_where_the_bands_end_and_who_took_them(as_marketer, marketer, buyers):
    rfm.take_cuts(NOON, by=marketer)

    text = page(as_marketer)

    assert "Taken on 10 June 2026 by Ines Duarte, from 10 people" in text
    assert "35 days and over" in text


def test_nobody_has_bought_yet(as_marketer):
    assert "No one has bought yet" in page(as_marketer)
    assert "No one has bought yet" in page(as_marketer, "/rfm/recut/")


def test_the_map_shows_people_or_revenue(as_marketer, scored):
    assert "<b>2</b>" in page(as_marketer)
    assert '<b>18.2<span class="hide-sm"> %</span></b>' in page(as_marketer, "/rfm/?measure=revenue")


def test_the_groups_can_be_downloaded(as_marketer, scored):
    answer = as_marketer.get("/rfm/?as=csv")

    rows = list(csv.DictReader(answer.content.decode().splitlines()))
    assert answer["Content-Disposition"] == 'attachment; filename="rfm-groups.csv"'
    assert rows[0] | {} == {
        "group": "not_to_lose",
        "people": "2",
        "revenue": "140.0",
        "people_share": "20.0",
        "revenue_share": "25.5",
        "average": "70.0",
    }


def test_new_cut_points_are_shown_before_they_are_taken(as_marketer, scored):
    make_buyer(days=0, orders=20, revenue=500, at=timezone.now())

    text = page(as_marketer, "/rfm/recut/")

    assert "3 of 11 people would stand in another cell" in text
    assert RfmCuts.objects.count() == 1


def test_taking_new_cut_points_can_be_undone(as_marketer, marketer, scored):
    first = RfmCuts.objects.get()
    make_buyer(days=0, orders=20, revenue=500, at=timezone.now())

    taken = as_marketer.post("/rfm/recut/", follow=True).content.decode()
    new = rfm.cuts_in_force(timezone.now())
    as_marketer.post(f"/rfm/recut/?back_to={first.pk}")

    assert f'action="/rfm/recut/?back_to={first.pk}"' in taken
    assert (new.taken_by, new.buyers) == (marketer, 11)
    assert rfm.cuts_in_force(timezone.now()).monetary == first.monetary


def test_undoing_to_cut_points_that_never_were_is_not_found(as_marketer):
    assert [as_marketer.post(f"/rfm/recut/?back_to={pk}").status_code for pk in ("9", "x")] == [404, 404]


def test_an_analyst_reads_the_map_and_takes_no_cut_points(client, analyst, scored):
    client.force_login(analyst)

    assert "/rfm/recut/" not in page(client)
    assert client.post("/rfm/recut/").status_code == 403


def test_a_base_that_doubled_asks_for_new_cut_points(as_marketer, scored):
    for _ in range(10):
        make_buyer(days=1, orders=1, revenue=10)
    rfm.rescore(NOON)

    assert "There are 20 people now" in page(as_marketer)


def test_the_list_of_contacts_is_narrowed_to_a_cell_or_a_group(scored):
    def who(value):
        return set(filters.apply(Contact.objects.all(), value))

    assert who("33") == set(scored[4:6])
    assert who("champions") == {scored[0]}
    assert (filters.describe("54"), filters.describe("loyal")) == ("R 5, F 4 (Champions)", "Loyal")


@pytest.mark.parametrize("value", ["", "06", "5", "555", "nobodies"])
def test_a_cell_that_is_none_is_refused(value):
    with pytest.raises(ValueError):
        filters.describe(value)


def test_the_contact_page_shows_the_numbers_behind_the_digits(scored):
    request = RequestFactory().get("/")
    tile, aside = (render(scored[0], request, NOON) for render in (panels.tile, panels.behind_the_digits))

    assert "Champions, since 10 Jun 2026" in tile
    assert all(words in aside for words in ("ordered 1 day ago", "9 orders", "$100.00", "0–2 days"))


def test_who_never_bought_has_no_digits_and_no_numbers_behind_them(scored):
    newcomer, request = make_contact(), RequestFactory().get("/")

    assert "no order yet" in panels.tile(newcomer, request, NOON)
    assert panels.behind_the_digits(newcomer, request, NOON) == ""


def test_the_column_of_a_page_is_one_query(scored, django_assert_num_queries):
    with django_assert_num_queries(1):
        drawn = panels.column([contact.pk for contact in scored])

    assert len(drawn) == 10
    assert "Recency 5, frequency 5, monetary 5 of 5" in drawn[scored[0].pk]
    assert panels.warmth([scored[0].pk]) == {scored[0].pk: 6}


def test_the_administration_shows_scores_and_changes_none(client, admin, scored):
    client.force_login(admin)
    score = RfmScore.objects.first()

    shown = client.get("/admin/segmentation/rfmscore/", {"q": "person", "recency": 5})
    changed = client.post(f"/admin/segmentation/rfmscore/{score.pk}/change/", {"recency": 1})

    assert (shown.status_code, changed.status_code) == (200, 403)
    assert client.get("/admin/segmentation/rfmcuts/").status_code == 200
