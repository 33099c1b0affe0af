"""What a provider's answer means, down to the odd ones."""

import json
import ssl
from datetime import timedelta
from time import monotonic

import hypothesis
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from hypothesis import strategies as st

from campaigns.channels import NoAnswer, RefusedForGood, RefusedForNow, Unreachable, answers, esp
from tests.campaigns import esp_posts
from tests.campaigns.esp_stub import Stub, passed_delivery, rendered


def answer(status, said="", **headers):
    response = requests.Response()
    response.status_code = status
    response._content = (said if isinstance(said, str) else json.dumps(said)).encode()
    response.headers.update(headers)
    return response


def meaning(status, said="", **headers):
    return answers.meaning_of_answer(answer(status, said, **headers), "Postmark")


@pytest.mark.parametrize(
    ("status", "expected"),
    {
        301: Unreachable,
        400: RefusedForGood,
        401: Unreachable,
        402: Unreachable,
        403: Unreachable,
        404: Unreachable,
        405: Unreachable,
        408: RefusedForNow,
        409: NoAnswer,
        410: Unreachable,
        413: RefusedForGood,
        420: RefusedForNow,
        422: RefusedForGood,
        425: RefusedForNow,
        429: RefusedForNow,
        451: Unreachable,
        500: NoAnswer,
        502: NoAnswer,
        503: NoAnswer,
        504: NoAnswer,
    }.items(),
)
def test_each_status_has_one_meaning(status, expected):
    error = meaning(status, {"message": "words"})

    assert type(error) is expected
    assert "words" in error.reply
    assert not getattr(error, "address_is_bad", False)


def test_a_key_that_is_busy_is_tried_again_and_one_that_was_used_leaves_a_doubt():
    busy = meaning(409, {"name": "concurrent_idempotent_requests"})
    used = meaning(409, {"name": "invalid_idempotent_request"})

    assert (type(busy), busy.retry_after) == (RefusedForNow, timedelta(minutes=1))
    assert type(used) is NoAnswer


@pytest.mark.parametrize(
    "words",
    [
        "Invalid `from` field. The email address needs to follow the format.",
        "Invalid 'From' address: 'ines@example.com'.",
        "The from.email must be verified.",
        "'from' parameter is not a valid address. please check documentation",
        "Error parsing 'ReplyTo': Illegal email address",
        "The domain example.com is not verified.",
        "Subject is required. Not valid.",
    ],
)
def test_what_is_wrong_with_the_sender_is_not_held_against_the_recipient(words):
    assert meaning(422, {"message": words}).address_is_bad is False


@pytest.mark.parametrize(
    ("value", "expected"),
    {
        "": answers.AGAIN,
        "0": timedelta(seconds=1),
        "120": timedelta(minutes=2),
        "999999999999": answers.LONGEST,
        "Wed, 21 Oct 2015 07:28:00 GMT": timedelta(seconds=1),
        "Wed, 21 Oct 2615 07:28:00 GMT": answers.LONGEST,
        "soon": answers.AGAIN,
        "-5": answers.AGAIN,
        "1.5": answers.AGAIN,
    }.items(),
)
def test_when_to_come_again(value, expected):
    assert answers.retry_after(answer(429, **{"Retry-After": value})) == expected


@hypothesis.given(value=st.text(max_size=40), status=st.integers(300, 599), body=st.text(max_size=200))
def test_no_answer_is_too_odd(value, status, body):
    error = answers.meaning_of_answer(answer(status, body, **{"Retry-After": value}), "Postmark")

    assert len(error.reply) <= 400


def test_a_server_that_is_not_who_it_says_gets_nothing(db, settings, tmp_path):
    """Its certificate is signed by nobody: the message has not left."""
    delivery = passed_delivery()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = tmp_path / "server.pem"
    pem.write_bytes(esp_posts.rsa_key().private_bytes(*form) + esp_posts.certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    stub = Stub("postmark")
    stub._server.socket = context.wrap_socket(stub._server.socket, server_side=True)
    url = stub.url.replace("http:", "https:").replace("127.0.0.1", "localhost")
    settings.ANYMAIL = stub.settings() | {"POSTMARK_API_URL": url}
    line = esp.open_line(esp.SERVICES["postmark"], None)

    with pytest.raises(Unreachable) as caught:
        line.send(rendered(delivery), delivery, deadline=monotonic() + 60)

    stub.stop()
    assert "CERTIFICATE_VERIFY_FAILED" in caught.value.reply or "certificate" in caught.value.reply.lower()
    assert stub.taken == []
