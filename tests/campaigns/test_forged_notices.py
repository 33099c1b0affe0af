"""Posts that are not genuine leave nothing behind, whatever provider they claim to be of."""

import json
import logging
import random

import pytest
import requests

from campaigns import noticing, sns
from campaigns.models import Notice, RawNotice, Response
from contacts.models import Consent, Suppression
from tests.campaigns import esp_posts, esp_signed
from tests.campaigns.esp_notices import PROVIDERS, SIGN, SIGN_THE_BODY, post
from tests.campaigns.esp_posts import PUBLIC_URL, SECRET
from tests.make import HOUR, NOON, make_delivery
from touchpoints.models import Touchpoint

# Anymail warns at every turn: of SendGrid, no longer tried out, and of doors without basic auth.
pytestmark = pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailWarning")

NOW = NOON + HOUR


@pytest.fixture(autouse=True)
def set_up(settings, monkeypatch):
    settings.MAIL_HOOK_SECRET = SECRET
    settings.PUBLIC_URL = PUBLIC_URL
    settings.ANYMAIL = esp_posts.settings()
    # Amazon's own server lies outside the machine.
    monkeypatch.setattr(sns, "fetch", lambda address: esp_posts.certificate())


@pytest.fixture
def delivery(ada):
    return make_delivery(contact=ada, status="sent", sending_at=NOON, finished_at=NOON, address=ada.email)


def everything():
    """How many rows there are of all that a notice may make."""
    models = (RawNotice, Notice, Response, Touchpoint, Suppression, Consent)
    return {model.__name__: model.objects.count() for model in models}


def forged(rng):
    """One post that is not genuine, of any provider: a wrong secret, a wrong signature, or altered words."""
    provider = rng.choice(sorted(PROVIDERS))
    what = rng.choice(["hard", "complaint", "unsubscribed", "clicked"])
    told = post(provider, what, "0" * 8 + "-0000-4000-8000-" + "0" * 12, number=rng.randrange(10**9))
    if told is None:
        return forged(rng)
    ways = ["secret"] + ["signature"] * (provider in SIGN) + ["words"] * (provider in SIGN_THE_BODY)
    WAYS[rng.choice(ways)](told, rng)
    return told


def forge_secret(told, rng):
    wrong = [SECRET[:-1], SECRET + "x", SECRET.upper(), "x", SECRET[::-1], "ä" * 20]
    told.secret = rng.choice(wrong)


def forge_signature(told, rng):
    if told.provider in ("amazon_ses", "mailgun", "unisender_go"):
        message = json.loads(told.body)
        if told.provider == "mailgun":
            message["signature"]["signature"] = rng.choice(["", "0" * 64, None, [], 7])
        else:
            message["Signature" if told.provider == "amazon_ses" else "auth"] = rng.choice(
                ["", "AAAA", "0" * 32]
            )
        told.body = json.dumps(message).encode()
        return
    name = next(name for name in told.headers if name.endswith("ignature"))
    if rng.random() < 0.3:
        del told.headers[name]
    else:
        told.headers[name] = rng.choice(["", "AAAA", "v1,AAAA", "x" * 64, "\u00e4", "===="])


def forge_words(told, rng):
    """It speaks of somebody else."""
    altered = told.body.replace(b"ada", "".join(rng.choices("bcdef", k=3)).encode(), 1)
    assert altered != told.body
    told.body = altered


WAYS = {"secret": forge_secret, "signature": forge_signature, "words": forge_words}


def test_a_thousand_forged_posts_leave_nothing_behind(client, db):
    rng = random.Random(20261122)
    answers = []

    for _each in range(1000):
        answer = forged(rng).by(client)
        answers.append((answer.status_code, answer.content))

    assert noticing.read_unread(NOW) == 0
    assert set(answers) == {(403, b"")}
    assert set(everything().values()) == {0}


def test_no_log_learns_the_secret(client, delivery, caplog):
    told = post("postal", "hard", delivery.uuid)
    told.headers = {}

    with caplog.at_level(logging.DEBUG):
        assert told.taken_by(client).status_code == 403
        assert client.get(told.path).status_code == 405

    assert SECRET not in caplog.text


def test_the_same_posts_unforged_are_taken(client, delivery):
    for provider in PROVIDERS:
        assert post(provider, "hard", delivery.uuid).taken_by(client).status_code == 200

    assert RawNotice.objects.count() == Notice.objects.count() == len(PROVIDERS)


def test_without_a_secret_the_door_is_shut(client, delivery, settings):
    for secret in ("", "short"):
        settings.MAIL_HOOK_SECRET = secret
        told = post("postmark", "hard", delivery.uuid)
        told.secret = secret or SECRET

        assert told.taken_by(client).status_code == 403

    assert not RawNotice.objects.exists()


def test_who_is_not_known_or_not_set_up_is_refused(client, delivery, settings):
    unknown = post("postmark", "hard", delivery.uuid)
    unknown.provider = "nobody"
    assert unknown.taken_by(client).status_code == 403

    settings.ANYMAIL = {}
    assert post("postal", "hard", delivery.uuid).taken_by(client).status_code == 403
    assert not RawNotice.objects.exists()


def test_basic_auth_is_asked_for_where_it_is_set(client, delivery, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": "user:password"}
    told = post("postmark", "hard", delivery.uuid)
    assert told.taken_by(client).status_code == 403

    told.headers["Authorization"] = "Basic dXNlcjpwYXNzd29yZA=="

    assert told.taken_by(client).status_code == 200
    assert "Authorization" not in RawNotice.objects.get().headers


def test_a_certificate_from_elsewhere_proves_nothing(client, delivery, monkeypatch):
    monkeypatch.setattr(sns, "fetch", lambda address: pytest.fail("It was asked for."))
    message = json.loads(post("amazon_ses", "hard", delivery.uuid).body)
    for address in (
        "https://sns.us-east-1.amazonaws.com.evil.example/x.pem",
        "http://sns.us-east-1.amazonaws.com/x.pem",
        "https://evil.example/sns.us-east-1.amazonaws.com/x.pem",
    ):
        told = esp_signed.sns(
            {k: v for k, v in message.items() if k != "Signature"} | {"SigningCertURL": address}
        )
        assert told.taken_by(client).status_code == 403


def test_a_certificate_that_cannot_be_had_now_makes_it_come_again(client, delivery, monkeypatch):
    def fails(address):
        raise requests.ConnectionError

    monkeypatch.setattr(sns, "fetch", fails)

    assert post("amazon_ses", "hard", delivery.uuid).taken_by(client).status_code == 503
    assert not RawNotice.objects.exists()
