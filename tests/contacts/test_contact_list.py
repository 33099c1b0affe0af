import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts import listing
from contacts.erasing import erase
from contacts.suppressing import suppress
from tests.make import DAY, NOON, make_consent, make_contact, make_order, make_topic
from touchpoints.totals import recompute

URL = reverse("contacts:contact-list")


def names(response):
    return [row.contact.first_name for row in response.context["listing"].rows]


def body(response):
    return response.content.decode()


def test_people_stand_newest_first(as_marketer):
    for name in ("Ada", "Ben", "Cleo"):
        make_contact(first_name=name)

    assert names(as_marketer.get(URL)) == ["Cleo", "Ben", "Ada"]


@pytest.mark.parametrize("words", ["byr", "ADA byron", "byron ada", "ada@", "a@example.co"])
def test_part_of_a_name_or_address_finds_them(as_marketer, ada, ben, words):
    assert names(as_marketer.get(URL, {"q": words})) == ["Ada"]


@pytest.mark.parametrize("words", ["100%", "_", "\\", "a\0b"])
def test_signs_with_a_meaning_to_the_database_are_searched_as_they_are(as_marketer, ada, words):
    assert names(as_marketer.get(URL, {"q": words})) == []


def test_typing_answers_with_the_rows_alone(as_marketer, ada):
    response = as_marketer.get(URL, {"q": "ada"}, headers={"HX-Request": "true"})

    assert body(response).startswith('<div id="people"')
    assert "Ada Byron" in body(response)


def test_a_page_goes_on_where_the_one_before_it_ended(as_marketer, monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 2)
    for name in ("Ada", "Ben", "Cleo"):
        make_contact(first_name=name)

    first = as_marketer.get(URL)
    second = as_marketer.get(first.context["listing"].page.older_url)
    back = as_marketer.get(second.context["listing"].page.newer_url)

    assert [names(page) for page in (first, second, back)] == [["Cleo", "Ben"], ["Ada"], ["Cleo", "Ben"]]


def test_a_page_keeps_the_search_and_the_filters(as_marketer, monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 1)
    for number in range(2):
        make_contact(first_name=f"Ada{number}", level="full")

    older = as_marketer.get(URL, {"q": "ada", "level": "full"}).context["listing"].page.older_url

    assert "q=ada" in older
    assert "level=full" in older


def test_filters_narrow_and_can_be_dropped_one_by_one(as_marketer, ada, ben, cleo):
    allowed = as_marketer.get(URL, {"mail": "yes"})
    others = as_marketer.get(URL, {"mail": "no"})

    assert (names(allowed), names(others)) == (["Ada"], ["Cleo", "Ben"])
    assert f'href="{URL}" aria-label="Remove filter E-mail allowed"' in body(allowed)
    assert 'name="mail" value="yes"' in body(allowed)


def test_a_filter_that_makes_no_sense_is_left_out(as_marketer, ada):
    assert names(as_marketer.get(URL, {"mail": "perhaps", "level": "x"})) == ["Ada"]


def test_who_was_merged_or_erased_is_not_listed(as_marketer, ada, ben, cleo):
    ben.merged_into = ada
    ben.save()
    erase(cleo, at=NOON)

    assert names(as_marketer.get(URL)) == ["Ada"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "No one here yet"),
        ({"q": "nobody"}, "Nobody is called “nobody”"),
        ({"level": "full"}, "Nobody fits these filters"),
        ({"after": "WzAsIDBd"}, "Nobody is further along"),
    ],
)
def test_an_empty_list_says_why_it_is_empty(as_marketer, query, words):
    assert words in body(as_marketer.get(URL, query))


def test_the_count_stops_where_counting_would_cost(as_marketer, monkeypatch):
    monkeypatch.setattr(listing, "MOST_COUNTED", 2)
    for _ in range(3):
        make_contact(first_name="Ada")

    assert "more than 2 people" in body(as_marketer.get(URL, {"q": "ada"}))
    assert names(as_marketer.get(URL, {"q": "ada"})) == ["Ada"] * 3


def test_a_name_that_is_markup_is_shown_as_text(as_marketer):
    make_contact(first_name="<script>alert(1)</script>")

    assert "<script>alert(1)" not in body(as_marketer.get(URL))


def test_the_answer_to_may_we_takes_suppression_into_account(ada, ben, cleo):
    nobody_asked = make_contact()

    shown = listing.may_column([ada.pk, ben.pk, cleo.pk, nobody_asked.pk])

    assert ["E-mail: yes" in shown[each.pk] for each in (ada, ben, cleo)] == [True, False, False]
    assert "E-mail: not asked" in shown[nobody_asked.pk]


def test_the_same_number_of_queries_for_one_person_and_for_three(as_marketer, topic):
    def fill(count):
        for _ in range(count):
            contact = make_contact()
            make_consent(contact, topic)
            make_order(contact)
            recompute([contact.pk])

    def queries(**query):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            as_marketer.get(URL, query)
        return len(captured)

    fill(1)
    queries()
    one, one_found = queries(), queries(q="person")
    fill(2)

    assert (queries(), queries(q="person")) == (one, one_found)


def test_no_page_counts_or_skips_over_everyone(as_marketer, ada):
    with CaptureQueriesContext(connection) as captured:
        as_marketer.get(URL)
        as_marketer.get(URL, {"q": "ada", "mail": "yes"})

    asked = [query["sql"] for query in captured if "contacts_contact" in query["sql"]]
    assert asked
    assert not [sql for sql in asked if "OFFSET" in sql or "COUNT(*)" in sql.upper()]


def test_an_analyst_may_look_but_is_offered_no_change(client, analyst, ada):
    client.force_login(analyst)

    assert "Add contact" not in body(client.get(URL))
    assert "Add contact" in body_as(client, "marketer")


def body_as(client, role):
    from tests.make import make_user

    client.force_login(make_user(role))
    return body(client.get(URL))


def test_an_address_suppressed_for_good_may_not_be_written_to(as_marketer, ada, topic):
    make_topic("offers", "Offers")
    suppress(ada.email, reason="asked", at=NOON + DAY, source="user:1")

    assert names(as_marketer.get(URL, {"mail": "yes"})) == []
