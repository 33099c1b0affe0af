"""The door of the tracking script: whom it listens to, and what it keeps."""

import json
import random
import uuid

import pytest
from django.utils import timezone

from tests.make import make_consent, make_topic
from touchpoints import wakeups
from touchpoints.models import DailyVisits, Touchpoint, Visitor
from touchpoints.visiting import arrival_token

DOOR = "/t/visit"


def told(**fields):
    return {"visit": str(uuid.uuid4()), "url": "http://testserver/shop/", "path": "/shop/"} | fields


def tell(client, headers=None, **fields):
    return client.post(DOOR, json.dumps(told(**fields)), content_type="text/plain", headers=headers)


def test_an_anonymous_visit_gets_no_key_and_no_cookie(client, db):
    answer = tell(client)

    assert (answer.status_code, answer.json()) == (200, {"visitor": None})
    assert not client.cookies
    assert DailyVisits.objects.get().visits == 1
    assert not Touchpoint.objects.exists()


def test_a_browser_that_agrees_gets_a_key_and_is_known_by_it(client, db):
    key = tell(client, agreed=True).json()["visitor"]

    again = tell(client, key=key).json()["visitor"]

    assert again == key
    assert Touchpoint.objects.filter(visitor__key=key).count() == 2


def test_a_known_contacts_visit_wakes_the_rules(client, ada, django_capture_on_commit_callbacks):
    woken = []
    wakeups.register(woken.append)
    token = arrival_token(ada, uuid.uuid4(), timezone.now())

    with django_capture_on_commit_callbacks(execute=True):
        tell(client, rv=token)

    wakeups._listeners.remove(woken.append)
    assert Touchpoint.objects.get().contact == ada
    assert woken == [[ada.pk]]


def test_global_privacy_control_recognises_nobody(client, ada):
    make_consent(ada, make_topic("tracking", "Be recognised"))
    token = arrival_token(ada, uuid.uuid4(), timezone.now())

    answer = tell(client, headers={"Sec-GPC": "1"}, rv=token, agreed=True)

    assert answer.json() == {"visitor": None}
    assert not Touchpoint.objects.exists()
    assert not Visitor.objects.exists()


def test_the_same_visit_told_twice_is_one(client, ada):
    token = arrival_token(ada, uuid.uuid4(), timezone.now())
    visit = str(uuid.uuid4())

    for _ in range(2):
        tell(client, visit=visit, rv=token)

    assert Touchpoint.objects.count() == 1


def test_only_the_shops_pages_may_tell(client, db, settings):
    settings.SHOP_ORIGINS = ["https://shop.example.com"]
    settings.SHOP_URL = "https://www.example.com/records/"

    own = tell(client, headers={"Origin": "http://testserver"})
    shop = tell(client, headers={"Origin": "https://shop.example.com"})
    named = tell(client, headers={"Origin": "https://www.example.com"})
    other = tell(client, headers={"Origin": "https://evil.example.com"})
    nobody = tell(client, headers={"Origin": "null"})

    assert [answer.status_code for answer in (own, shop, named, other, nobody)] == [200, 200, 200, 403, 403]
    assert shop["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert "Access-Control-Allow-Origin" not in other


def test_a_preflight_is_answered(client, db):
    answer = client.options(DOOR, headers={"Origin": "http://testserver"})

    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, "http://testserver")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no",
        "[]",
        "{}",
        "[" * 5000,
        json.dumps(told(url="javascript:alert(1)")),
        json.dumps(told(visit="1")),
        json.dumps(told(title="\0")),
        json.dumps(told(title="\ud800")),
        json.dumps(told(path=["a"], url={"a": 1})),
        json.dumps(told(title="x" * 9000)),
    ],
    # Their text differs from run to run, and the workers of a run have to agree on a name.
    ids=len,
)
def test_what_is_not_a_visit_is_refused(client, db, body):
    answer = client.post(DOOR, body, content_type="text/plain")

    assert answer.status_code == 400
    assert not DailyVisits.objects.exists()


def test_looking_at_the_door_does_nothing(client, db):
    assert client.get(DOOR).status_code == 405


def test_altered_arrivals_are_nobodys(client, ada, monkeypatch):
    monkeypatch.setattr("touchpoints.tracking.A_MINUTE", 10_000)
    token = arrival_token(ada, uuid.uuid4(), timezone.now())
    dice = random.Random(11)

    for _ in range(200):
        place = dice.randrange(len(token))
        letter = dice.choice([letter for letter in "Aq7-_" if letter != token[place]])
        tell(client, rv=token[:place] + letter + token[place + 1 :])

    assert not Touchpoint.objects.exists()


def test_too_many_visits_from_one_connection_are_refused(client, db, monkeypatch):
    monkeypatch.setattr("touchpoints.tracking.A_MINUTE", 2)

    assert [tell(client).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://\u2100.com"])
def test_an_origin_that_is_no_address_is_nobodys_shop(client, db, origin):
    assert tell(client, headers={"Origin": origin}).status_code == 403
