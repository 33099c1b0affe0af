import http.client
import json
import time
import urllib.request
import uuid

import pytest

from chaos.provider import FAULTS
from chaos.starting import Provider
from chaos.taken import read

KEY = str(uuid.UUID(int=42))
MESSAGE = {"to": ["ada@example.com"], "subject": "Hello", "text": "Hello", "headers": {"X-CRM-Delivery": KEY}}
NOT_TAKEN = {
    "too_many": 429,
    "forbidden": 403,
    "wrong": 422,
    "broken": 500,
    "bad_gateway": 502,
    "drop_before": "RemoteDisconnected",
    "stall_before": "TimeoutError",
}
TAKEN = {"broken_after": 500, "drop_after": "RemoteDisconnected", "stall_after": "TimeoutError"}


@pytest.fixture
def start(tmp_path):
    """Starts a provider; what it takes can be read afterwards."""
    started = []

    def start(**options):
        started.append(Provider(taken=tmp_path / "taken", **options))
        return started[-1]

    yield start
    for provider in started:
        provider.stop()


@pytest.fixture
def taken(tmp_path):
    return lambda: [copy.delivery for copy in read(tmp_path / "taken")]


def post(provider, message=MESSAGE, key=KEY, authorization="Bearer a-key"):
    """(status or what went wrong, the answer, its headers)."""
    line = http.client.HTTPConnection("127.0.0.1", provider.ports["http"], timeout=0.5)
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": key} if key else {}
    try:
        line.request("POST", "/emails", json.dumps(message), headers)
        answer = line.getresponse()
        return answer.status, json.load(answer), answer.headers
    except OSError as error:
        return type(error).__name__, {}, {}
    finally:
        line.close()


def test_it_takes_a_message_and_says_so_when_asked(start, taken):
    provider = start()

    status, answer, _headers = post(provider)

    assert (status, [*answer], taken()) == (200, ["id"], [KEY])
    with urllib.request.urlopen(f"{provider.url}taken?id={KEY}") as asked:
        assert json.load(asked) == {"accepted": True}


def test_the_same_key_is_taken_once_and_answered_alike(start, taken):
    provider = start()

    first, second = post(provider), post(provider)

    assert first[1] == second[1]
    assert taken() == [KEY]


def test_without_a_key_each_is_another_message(start, taken):
    provider = start()

    post(provider, key=None)
    post(provider, key=None)

    assert taken() == [KEY, KEY]


def test_one_key_does_not_stand_for_two_messages(start, taken):
    provider = start()
    assert post(provider)[0] == 200

    assert post(provider, MESSAGE | {"subject": "Something else"})[0] == 409
    assert taken() == [KEY]


def test_nobody_without_a_key_to_the_door_gets_in(start, taken):
    assert post(start(), authorization="")[0] == 401
    assert taken() == []


@pytest.mark.parametrize("fault", NOT_TAKEN)
def test_a_message_that_is_refused_or_ignored_is_not_taken_until_it_comes_again(start, taken, fault):
    provider = start(faults=fault, share=1)

    first, not_taken, second = post(provider)[0], taken(), post(provider)[0]

    assert (first, not_taken, second, taken()) == (NOT_TAKEN[fault], [], 200, [KEY])


@pytest.mark.parametrize("fault", TAKEN)
def test_a_message_may_be_taken_and_nobody_told(start, taken, fault):
    provider = start(faults=fault, share=1)

    first, once, second = post(provider)[0], taken(), post(provider)[0]

    assert (first, once, second, taken()) == (TAKEN[fault], [KEY], 200, [KEY])


def test_too_many_are_told_when_to_come_again(start):
    assert post(start(faults="too_many", share=1))[2]["Retry-After"] == "2"


def test_it_takes_its_time(start):
    slow, began = start(faults="slow", share=1), time.monotonic()

    assert post(slow)[0] == 200
    assert time.monotonic() - began > 0.3


def test_each_fault_has_been_seen_here():
    assert {*NOT_TAKEN, *TAKEN} == set(FAULTS)
