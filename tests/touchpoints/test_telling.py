"""What happened, in sentences."""

import pytest

from tests.make import DAY, HOUR, MINUTE, NOON, make_touchpoint
from touchpoints.models import Touchpoint
from touchpoints.telling import entries


def tell(contact, before=NOON, limit=20):
    return entries(contact, before=before, limit=limit)


def only(contact):
    [entry] = tell(contact)
    return entry


def test_an_order_says_what_it_was(ada):
    data = {"amount": "1038.47", "currency": "USD", "items": 3, "names": ["A", "B", "C"]}
    make_touchpoint(ada, "ordered", data=data)

    entry = only(ada)

    assert (entry.title, entry.detail) == ("Ordered 3 items, $1,038.47", "A · B · C")
    assert (entry.voice, entry.icon, entry.at) == ("them", "shopping-bag", NOON)


def test_a_refund_says_so(ada):
    data = {"order": "1001", "status": "refunded", "status_before": "paid", "amount": "5.00"}
    make_touchpoint(ada, "order_changed", data=data)

    assert only(ada).title == "Order 1001 was refunded"


def test_pages_of_one_session_are_one_visit(ada):
    for minutes in (50, 40, 15):
        make_touchpoint(ada, at=NOON - minutes * MINUTE, data={"title": f"Page {minutes}"})
    make_touchpoint(ada, at=NOON - 3 * HOUR, data={"title": "Alone", "delivery": "7"})

    together, alone = tell(ada)

    assert (together.title, together.detail) == ("Visited 3 pages", "Page 50 · Page 40 · Page 15")
    assert together.at == NOON - 15 * MINUTE
    assert (alone.title, alone.detail) == ("Looked at “Alone”", "by a link in a message")


def test_a_visit_told_on_a_newer_page_is_not_told_again(ada):
    for minutes in (50, 40, 15):
        make_touchpoint(ada, at=NOON - minutes * MINUTE)
    make_touchpoint(ada, "note", at=NOON - 45 * MINUTE, data={"text": "between"})

    older = tell(ada, before=NOON - 45 * MINUTE)

    assert [entry.icon for entry in older] == ["sticky-note"]


def test_a_long_visit_does_not_hide_what_came_before_it(ada):
    make_touchpoint(ada, "note", at=NOON - DAY, data={"text": "before"})
    for number in range(40):
        make_touchpoint(ada, at=NOON - number * MINUTE, data={"path": "/"})

    told = tell(ada, limit=3)

    assert len(told) == 2


def test_a_sign_up_names_its_topics(ada):
    make_touchpoint(ada, "signed_up", data={"topics": ["news"]})

    assert (only(ada).title, only(ada).detail) == ("Asked to hear from us", "New arrivals")


def test_a_note_is_quoted(ada):
    make_touchpoint(ada, "note", data={"text": "Loves the cello.", "by": "Ines Duarte"})

    entry = only(ada)

    assert (entry.voice, entry.title, entry.quote) == ("us", "Note by Ines Duarte", "Loves the cello.")


def test_an_outcome_is_told_by_the_message_that_reached_it(ada):
    make_touchpoint(ada, "outcome")

    assert tell(ada) == []


@pytest.mark.parametrize("kind", [kind for kind in Touchpoint.Kind if kind != "outcome"])
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"amount": "lots", "names": "x", "items": 0, "topics": None, "title": [1], "url": {"a": 1}},
        {"amount": 7, "names": [None, 1], "topics": ["gone"], "referrer": "http://[", "text": None},
    ],
)
def test_whatever_data_holds_can_be_told(ada, kind, data):
    make_touchpoint(ada, kind, data=data)

    assert only(ada).title


def test_as_many_queries_for_one_as_for_many(ada, django_assert_num_queries):
    for number in range(10):
        make_touchpoint(ada, "signed_up", at=NOON - number * DAY, data={"topics": ["news"]})
        make_touchpoint(ada, at=NOON - number * DAY)

    with django_assert_num_queries(3):
        tell(ada)
