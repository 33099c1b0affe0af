"""What others looked at and bought: counted for a list of deliveries, and never what the person has."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import content, liquid, merge_fields, recommending, rendering
from tests.make import (
    DAY,
    NOON,
    make_contact,
    make_content,
    make_delivery,
    make_order,
    make_product,
    make_rule,
    make_touchpoint,
)
from touchpoints import popular
from touchpoints.models import OrderLine

pytestmark = pytest.mark.django_db
WORDS = "{% for item in similar_buyers %}{{ item.name }}, {{ item.price }}, {{ item.reason }}\n{% endfor %}"


@pytest.fixture(autouse=True)
def shop(settings):
    settings.SHOP_URL, settings.PRODUCT_PAGE = "https://shop.example.com/", "/p/{sku}/"
    settings.CONTENT_PAGES = []


@pytest.fixture
def records(db):
    """Records by a letter: A, B, C, D, E."""
    return {letter: make_product(sku=letter, name=f"Record {letter}", price="9.50") for letter in "ABCDE"}


def buy(contact, products, *, at=NOON - 10 * DAY, **fields):
    order = make_order(contact, at=at, **fields)
    lines = [
        OrderLine(order=order, product=product, number=number, amount="9.50")
        for number, product in enumerate(products, 1)
    ]
    OrderLine.objects.bulk_create(lines)


def names(contact, field="similar_buyers"):
    delivery = make_delivery(make_rule(), contact)
    return [item["name"].removeprefix("Record ") for item in rendering.gather([delivery])[delivery.pk][field]]


def test_what_people_with_something_in_common_bought_comes_first(ada, records):
    a, b, c, d, e = records.values()
    buy(ada, [a])
    for others in ([a, b], [a, b, c], [a, b]):
        buy(make_contact(), others)
    buy(make_contact(), [a, c])
    for _ in range(9):
        buy(make_contact(), [d])

    # B by three who have A too, C by two; D is bought most, by people who share nothing with her.
    assert names(ada) == ["B", "C", "D"]


def test_what_they_own_is_never_offered(ada, records):
    a, b, c, *_ = records.values()
    for _ in range(3):
        buy(make_contact(), [a, b, c])
    buy(ada, [a])
    assert "B" in names(ada)

    buy(ada, [b])

    assert names(ada) == ["C"]


def test_what_was_cancelled_was_not_bought(ada, records):
    a, b, *_ = records.values()
    buy(ada, [a])
    buy(make_contact(), [a, b], status="cancelled")
    assert names(ada) == []

    buy(make_contact(), [a, b])
    assert names(ada) == ["B"]


def test_who_bought_nothing_gets_what_is_often_bought_and_the_words_say_so(ada, records):
    a, b, *_ = records.values()
    for others in ([a], [a], [b]):
        buy(make_contact(), others)
    delivery = make_delivery(make_rule(), ada)

    values = rendering.gather([delivery])[delivery.pk]

    assert liquid.render(WORDS, values, html=False) == (
        "Record A, $9.50, Often bought lately\nRecord B, $9.50, Often bought lately\n"
    )
    assert values["similar_buyers"][0]["link"] == "https://shop.example.com/p/A/"


def test_the_reason_names_what_they_have_in_common(ada, records):
    a, b, *_ = records.values()
    buy(ada, [a])
    buy(make_contact(), [a, b])
    delivery = make_delivery(make_rule(), ada)

    (item,) = rendering.gather([delivery])[delivery.pk]["similar_buyers"]

    assert item["reason"] == "Bought by others who have “Record A”"


def test_a_shop_without_buyers_offers_nothing(ada):
    assert names(ada) == []
    assert names(ada, "top_content") == []


def see(path, people, title="A page"):
    for _ in range(people):
        make_touchpoint(make_contact(), "visited", NOON - 2 * DAY, data={"path": path, "title": title})


def test_top_content_is_what_most_people_saw_and_this_person_did_not(ada, records):
    see("/p/A/", 3)
    see("/blog/care", 2, "Care for your records · Northside")
    see("/p/B/", 1)
    popular.note_top_pages(NOON)
    assert names(ada, "top_content") == ["A", "Care for your records", "B"]

    make_touchpoint(ada, "visited", NOON - DAY, data={"path": "/p/A/"})

    delivery = make_delivery(make_rule(), ada)
    first, second = rendering.gather([delivery])[delivery.pk]["top_content"]
    assert first == {
        "name": "Care for your records",
        "link": "https://shop.example.com/blog/care",
        "price": "",
        "reason": "",
    }
    assert (second["link"], second["price"]) == ("https://shop.example.com/p/B/", "$9.50")


def test_many_deliveries_take_no_more_queries_than_one(records):
    products = [*records.values()]
    people = [make_contact() for _ in range(12)]
    for number, person in enumerate(people):
        buy(person, [products[number % 5], products[(number + 1) % 5]])
    see("/p/A/", 2)
    popular.note_top_pages(NOON)
    rule = make_rule()
    deliveries = [make_delivery(rule, person) for person in people]

    def count(some):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            recommending.similar_buyers(some)
            recommending.top_content(some)
        return len(queries)

    assert count(deliveries) <= count(deliveries[:1]) + 1


def test_both_lists_may_stand_in_the_words_of_a_message():
    words = make_content(
        body="<mj-section><mj-column><mj-text>{% for page in top_content %}"
        '<a href="{{ page.link }}">{{ page.name }}</a> {% endfor %}</mj-text></mj-column></mj-section>',
        text=WORDS,
    )

    assert content.problems(words) == []

    words.text = "{% for item in similar_buyers %}{{ item.colour }}{% endfor %}"
    assert content.problems(words)


def test_guests_and_members_may_read_different_words(ada):
    words = '{% if level == "full" %}Dear member{% else %}Dear guest{% endif %}'
    delivery = make_delivery(make_rule(), ada)

    def said():
        return liquid.render(words, merge_fields.gather([delivery])[delivery.pk], html=False)

    assert said() == "Dear guest"
    ada.level = "full"
    ada.save()
    delivery.contact.refresh_from_db()
    assert said() == "Dear member"
