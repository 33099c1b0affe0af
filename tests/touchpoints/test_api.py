"""Machines tell what happened: who may, what is taken, what is refused and why."""

import json
from decimal import Decimal

import pytest

from contacts.models import Consent, Contact, Identity
from tests.make import DAY, NOON, make_product
from touchpoints import wakeups
from touchpoints.keys import create_key, revoke_key
from touchpoints.models import ApiKey, Order, Totals, Touchpoint

DOOR = "/api/v1/touchpoints"


@pytest.fixture
def secret(db):
    return create_key("Shop")[1]


def item(**fields):
    fields = {
        "kind": "visited",
        "contact": {"email": "dana@example.com"},
        "at": NOON.isoformat(),
        "external_id": "v1",
    } | fields
    return {name: value for name, value in fields.items() if value is not None}


def order(external_id="1001", amount="38.47", contact=None, **fields):
    contact = contact or {"email": "dana@example.com"}
    return item(kind="order", contact=contact, external_id=external_id, order={"amount": amount} | fields)


def tell(client, secret, *items, source="shop", **body):
    return client.post(
        DOOR,
        json.dumps({"source": source, "items": items} | body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"} if secret else None,
    )


def results(answer):
    return [line["result"] for line in answer.json()["items"]]


def reason(answer):
    return answer.json()["items"][0]["reason"]


# Who may --------------------------------------------------------------------------------------------


def test_without_a_key_that_holds_the_answer_is_always_the_same(client, secret):
    expired, revoked = create_key("Old", expires_at=NOON - DAY), create_key("Lost")
    revoke_key(revoked[0], at=NOON)

    answers = [tell(client, key, item()) for key in (None, "x", secret[:-1], expired[1], revoked[1])]

    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    assert not Touchpoint.objects.exists()


def test_both_headers_open(client, secret):
    bearer = tell(client, secret, item())
    header = client.post(
        DOOR,
        {"source": "shop", "items": [item(external_id="v2")]},
        content_type="application/json",
        headers={"X-API-Key": secret},
    )

    assert (results(bearer), results(header)) == (["accepted"], ["accepted"])


def test_a_key_in_the_address_does_not_open(client, secret):
    answer = client.post(
        f"{DOOR}?X-API-Key={secret}", {"source": "shop", "items": [item()]}, "application/json"
    )

    assert answer.status_code == 401


def test_a_key_without_the_scope_does_not_open(client, db):
    _, secret = create_key("Reader", scopes=[])

    assert tell(client, secret, item()).status_code == 403


def test_a_hundred_calls_a_minute(client, secret, monkeypatch):
    monkeypatch.setattr("touchpoints.api.A_MINUTE", 2)

    assert [tell(client, secret, item()).status_code for _ in range(3)] == [200, 200, 429]


def test_the_documentation_comes_from_this_server(client, db):
    page = client.get("/api/v1/docs").content.decode()
    schema = client.get("/api/v1/openapi.json").json()

    assert "cdn." not in page
    assert (
        "external_id"
        in schema["components"]["schemas"]["Batch"]["properties"]["items"]["items"]["properties"]
    )


# What is taken --------------------------------------------------------------------------------------


def test_a_batch_is_answered_item_by_item(client, secret, ada):
    answer = tell(
        client,
        secret,
        item(external_id="v1", contact={"email": ada.email}),
        item(external_id="v1", contact={"email": ada.email}),
        item(external_id="v2", kind="colour"),
        item(external_id="v3", contact={"email": "Dana@Example.com", "first_name": "Dana"}),
    )

    assert answer.status_code == 200
    assert results(answer) == ["accepted", "duplicate", "refused", "accepted"]
    assert {name: answer.json()[name] for name in ("accepted", "duplicate", "refused")} == {
        "accepted": 2,
        "duplicate": 1,
        "refused": 1,
    }
    assert Totals.objects.get(contact=ada).visits == 1
    dana = Contact.objects.get(email="dana@example.com")
    assert (dana.first_name, dana.origin) == ("Dana", "api:Shop")
    assert not Consent.objects.filter(contact=dana).exists()


def test_telling_it_again_changes_nothing(client, secret):
    tell(client, secret, item(), order())

    assert results(tell(client, secret, item(), order())) == ["duplicate", "duplicate"]
    assert Touchpoint.objects.count() == 2


def test_orders_whose_numbers_begin_alike_are_not_mixed_up(client, secret):
    tell(client, secret, order("10010"), order("1001"))

    answer = tell(client, secret, order("1001"), order("10010", amount="40"), order("100"))

    assert results(answer) == ["duplicate", "accepted", "accepted"]


def test_an_order_comes_with_its_lines_and_may_change(client, secret):
    product = make_product(sku="CD1")
    lines = [{"sku": "CD1", "quantity": 2, "amount": "29.98"}, {"name": "A poster", "amount": "8.49"}]

    first = tell(client, secret, order(lines=lines, tax="3.10"))
    second = tell(client, secret, order(lines=lines, tax="3.10", status="refunded", refunded="38.47"))

    saved = Order.objects.get()
    assert (results(first), results(second)) == (["accepted"], ["accepted"])
    assert (saved.status, saved.items, saved.tax) == ("refunded", 3, Decimal("3.10"))
    assert [line.product for line in saved.lines.order_by("number")] == [product, None]
    kinds = Touchpoint.objects.order_by("id").values_list("kind", flat=True)
    assert [*kinds] == ["ordered", "order_changed"]


def test_a_customer_number_stays_with_the_contact(client, secret, ada):
    tell(client, secret, item(contact={"email": ada.email, "shop_id": "77"}))

    answer = tell(client, secret, item(external_id="v2", contact={"shop_id": "77"}))

    assert results(answer) == ["accepted"]
    assert Touchpoint.objects.filter(contact=ada).count() == 2


def test_the_rules_are_woken_for_whom_it_happened_with(
    client, secret, ada, django_capture_on_commit_callbacks
):
    woken = []
    wakeups.register(woken.append)

    with django_capture_on_commit_callbacks(execute=True):
        tell(client, secret, item(contact={"email": ada.email}))

    wakeups._listeners.remove(woken.append)
    assert woken == [[ada.pk]]


# What is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told, words",
    [
        (item(colour="red"), "colour: Extra inputs are not permitted"),
        (item(at="2026-06-10T12:00:00"), "at: Input should have timezone info"),
        (item(at="2126-06-10T12:00:00Z"), "at: lies in the future"),
        (item(at="0001-01-01T00:00:00+12:00"), "at: lies before the year 1900"),
        (item(contact={}), "contact: give an email or a shop_id"),
        (item(contact={"shop_id": "77"}), "contact: nobody has this shop_id; add an email"),
        (item(external_id=""), "external_id: String should have at least 1 character"),
        (item(external_id="a\0b"), "external_id: Value error, holds a null character"),
        (item(data={"x": "y" * 9000}), "data: larger than 8192 bytes"),
        (item(data={"x": "\0"}), "data: holds a null character"),
        (item(kind="order"), "order: belongs to the kind “order”, and to no other"),
        (order(amount="-1"), "order.amount: Input should be greater than or equal to 0"),
        (
            order(lines=[{"amount": "1", "colour": "red"}]),
            "order.lines.0.colour: Extra inputs are not permitted",
        ),
        (
            item(kind="confirmed"),
            "kind: Input should be 'visited', 'order', 'basket', 'feedback', 'joined', 'posted', 'called',"
            " 'note' or 'other'",
        ),
    ],
)
def test_an_item_that_cannot_be_taken_says_why(client, secret, told, words):
    answer = tell(client, secret, told)

    assert (results(answer), reason(answer)) == (["refused"], words)
    assert not Contact.objects.exists()


@pytest.mark.parametrize("raw", ["text", 7, None, [], {}, {"external_id": 7}])
def test_whatever_stands_in_the_list_is_answered(client, secret, raw):
    assert results(tell(client, secret, raw)) == ["refused"]


def test_an_address_that_is_none_is_refused(client, secret):
    answer = tell(client, secret, item(contact={"email": "dana.example.com"}))

    assert reason(answer).startswith("contact.email: ")


def test_two_ways_to_name_two_people_are_refused(client, secret, ada, ben):
    Identity.objects.create(contact=ben, kind="shop_id", source="shop", value="77", created_at=NOON)

    answer = tell(client, secret, item(contact={"email": ada.email, "shop_id": "77"}))

    assert reason(answer) == "contact: the shop_id and the email belong to two contacts"
    assert not Touchpoint.objects.exists()


@pytest.mark.parametrize(
    "body",
    [{"items": []}, {"items": [item()] * 1001}, {"source": ""}, {"source": "sign-up"}, {"colour": "red"}],
)
def test_a_batch_that_is_none_is_refused_whole(client, secret, body):
    answer = tell(client, secret, *[item()], **body)

    assert answer.status_code == 422
    assert not Touchpoint.objects.exists()


def test_a_thousand_items_go_in_one_call(client, secret):
    answer = tell(client, secret, *[item(external_id=f"v{n}") for n in range(1000)])

    assert answer.json()["accepted"] == 1000
    assert Totals.objects.get().visits == 1000


def test_the_list_of_keys_holds_no_key(secret):
    assert secret.partition(".")[2] not in str(ApiKey.objects.values_list())


# Other things that happen -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "data", "kept"),
    [
        ("basket", {"items": 2, "amount": 31.5, "currency": "EUR"}, {"items": 2, "amount": "31.5"}),
        ("feedback", {"question": "Would you come again?", "answer": "yes"}, {"answer": "yes"}),
        ("joined", {"plan": "gold"}, {"plan": "gold"}),
        ("posted", {"title": "Which needle?"}, {"title": "Which needle?"}),
        ("called", {"result": "will order", "minutes": 4}, {"result": "will order", "minutes": 4}),
        ("visited", {"url": "https://shop.example.com/jazz/1?x=2"}, {"path": "/jazz/1"}),
        ("other", {"event": "trial ended"}, {"event": "trial ended"}),
    ],
)
def test_what_else_happens_is_taken_with_its_data(client, secret, kind, data, kept):
    answer = tell(client, secret, item(kind=kind, data=data))

    touchpoint = Touchpoint.objects.get(kind=kind)
    assert results(answer) == ["accepted"]
    assert {name: touchpoint.data[name] for name in kept} == kept


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("basket", {"items": -1}, "data.items: Input should be greater than or equal to 0"),
        ("basket", {"currency": "euro"}, "data.currency: String should match pattern '^[A-Z]{3}$'"),
        ("called", {"minutes": "long"}, "data.minutes: Input should be a valid integer"),
        ("visited", {"path": 7}, "data.path: Input should be a valid string"),
    ],
)
def test_known_data_of_another_shape_is_refused(client, secret, kind, data, words):
    answer = tell(client, secret, item(kind=kind, data=data))

    assert results(answer) == ["refused"]
    assert reason(answer).startswith(words)
    assert not Touchpoint.objects.exists()


def test_who_is_told_to_have_joined_is_a_full_member_and_it_is_told_once(client, secret):
    tell(client, secret, item(kind="joined", external_id="j1"))
    tell(client, secret, item(kind="joined", external_id="j1"))

    assert Contact.objects.get().level == Contact.Level.FULL
    assert Touchpoint.objects.filter(kind="joined").count() == 1
