"""Whose a visit is, and what is kept of those who did not agree to be recognised."""

import uuid

import pytest

from contacts.erasing import erase
from contacts.signing import sign
from tests.make import DAY, HOUR, NOON, make_consent, make_topic, make_touchpoint
from touchpoints.models import DailyVisits, Totals, Touchpoint, Visitor
from touchpoints.visiting import (
    Page,
    arrival_token,
    identify_visitor,
    read_arrival,
    receive_visit,
    record_visit,
)

PAGE = Page(url="http://shop.example.com/p/1?utm_source=mail", path="/p/1", title="Late Ferry")
DELIVERY = uuid.UUID(int=7)


def visit(number=1, **fields):
    return receive_visit(uuid.UUID(int=number), PAGE, **{"at": NOON} | fields)


def test_an_anonymous_visit_is_only_counted(db):
    visit(1)
    answer = visit(2, at=NOON + HOUR)
    visit(3, at=NOON + DAY)

    assert answer == (None, None)
    assert not Touchpoint.objects.exists()
    assert not Visitor.objects.exists()
    assert [*DailyVisits.objects.order_by("day").values_list("path", "visits")] == [("/p/1", 2), ("/p/1", 1)]


def test_a_signed_arrival_is_the_contacts_visit(ada):
    made, visitor = visit(arrival=arrival_token(ada, DELIVERY, NOON))

    assert (made.contact, made.kind, visitor) == (ada, "visited", None)
    assert made.data == {
        "url": PAGE.url,
        "path": "/p/1",
        "title": "Late Ferry",
        "delivery": str(DELIVERY),
    }
    assert Totals.objects.get(contact=ada).visits == 1


def test_a_signed_arrival_is_remembered_only_by_those_who_agreed_to_it(ada):
    make_consent(ada, make_topic("tracking", "Be recognised in the shop"))

    made, visitor = visit(arrival=arrival_token(ada, DELIVERY, NOON))

    assert visitor.contact == ada
    assert made.visitor == visitor


@pytest.mark.parametrize(
    "arrival",
    ["", "x", "é", sign("arrival", b"short"), sign("confirm", bytes(36)), sign("arrival", bytes(36))],
)
def test_a_token_that_is_not_an_arrival_ties_a_visit_to_nobody(db, arrival):
    assert visit(arrival=arrival) == (None, None)


def test_an_arrival_holds_for_an_hour(ada):
    token = arrival_token(ada, DELIVERY, NOON)

    assert read_arrival(token, NOON + HOUR) == (ada, DELIVERY)
    assert read_arrival(token, NOON + HOUR + HOUR / 60) == (None, None)


def test_an_arrival_follows_a_contact_who_was_merged(ada, ben):
    token = arrival_token(ada, DELIVERY, NOON)
    ada.merged_into = ben
    ada.save()

    assert read_arrival(token, NOON)[0] == ben


def test_a_browser_that_agreed_is_recognised(db):
    first, visitor = visit(1, agreed=True)
    second, same = visit(2, key=str(visitor.key))

    assert (first.visitor, second.visitor, same) == (visitor, visitor, visitor)
    assert first.contact is None


def test_an_unknown_key_is_nobody(db):
    assert visit(key="not a key") == (None, None)
    assert visit(key=str(uuid.uuid4())) == (None, None)


def test_a_recognised_browser_that_arrives_by_a_signed_link_becomes_the_contacts(ada):
    earlier, visitor = visit(1, agreed=True)

    later, _ = visit(2, at=NOON + HOUR, key=str(visitor.key), arrival=arrival_token(ada, DELIVERY, NOON))

    earlier.refresh_from_db()
    assert (earlier.contact, earlier.is_history) == (ada, True)
    assert (later.contact, later.is_history) == (ada, False)
    assert Totals.objects.get(contact=ada).visits == 2


def test_identifying_reaches_back_ninety_days(ada):
    visitor = Visitor.objects.create(created_at=NOON)
    old = make_touchpoint(None, visitor=visitor, at=NOON - 91 * DAY)
    young = make_touchpoint(None, visitor=visitor, at=NOON - 89 * DAY)

    identify_visitor(visitor, ada, NOON)
    identify_visitor(visitor, ada, NOON + DAY)

    assert [*Touchpoint.objects.filter(contact=ada)] == [young]
    assert old.contact is None
    visitor.refresh_from_db()
    assert visitor.identified_at == NOON


def test_nothing_more_is_kept_of_someone_who_was_forgotten(ada):
    _, visitor = visit(1, agreed=True)
    identify_visitor(visitor, ada, NOON)
    assert visit(2, key=str(visitor.key))[0].contact == ada
    erase(ada, at=NOON)

    assert visit(3, key=str(visitor.key)) == (None, None)


def test_what_a_browser_did_for_one_person_is_not_given_to_the_next(ada, ben):
    _, visitor = visit(1, agreed=True)
    identify_visitor(visitor, ada, NOON)

    identify_visitor(visitor, ben, NOON + DAY)

    assert [t.contact for t in Touchpoint.objects.all()] == [ada]


def test_the_same_visit_counts_once(ada):
    for _ in range(2):
        visit(1, arrival=arrival_token(ada, DELIVERY, NOON))

    assert Touchpoint.objects.count() == 1
    assert Totals.objects.get(contact=ada).visits == 1


def test_a_campaign_that_brings_a_contact_back_is_their_last_source(ada):
    page = Page(url="http://shop.example.com/", path="/", utm={"utm_source": "paper"})

    record_visit(uuid.UUID(int=1), page, at=NOON, contact=ada)

    ada.refresh_from_db()
    assert (ada.first_source["utm_source"], ada.last_source["utm_source"]) == ("paper", "paper")
