"""Providers post what became of messages: genuine posts take effect once, all others none."""

import json
import logging
import random
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.db import OperationalError, connection

from campaigns import hooks, noticing, receivers, settling, sns
from campaigns.models import Notice, RawNotice, Response
from contacts.models import Consent, Suppression
from tests.campaigns import esp_notices
from tests.campaigns.esp_notices import LINK, PROVIDERS, PUBLIC_URL, SECRET, SIGN, SIGN_THE_BODY, TO, post
from tests.make import DAY, HOUR, NOON, make_delivery, make_rule, make_sender
from touchpoints.models import Touchpoint

# Anymail warns at every turn: of SendGrid, no longer tried out, and of doors without basic auth.
pytestmark = pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailWarning")

EVENT_AT = NOON + HOUR / 2
NOW = NOON + HOUR
# What is said -> (kinds of Notice that it may be, responses that it makes)
EFFECTS = {
    "accepted": ({"accepted"}, set()),
    "delivered": ({"delivered"}, {"delivered"}),
    "deferred": ({"deferred"}, set()),
    "hard": ({"hard"}, {"bounced"}),
    "soft": ({"soft"}, {"bounced"}),
    "policy": ({"policy"}, {"bounced"}),
    "complaint": ({"complaint"}, {"complained"}),
    "opened": ({"opened"}, {"opened"}),
    "clicked": ({"clicked"}, {"clicked"}),
    "unsubscribed": ({"unsubscribed"}, {"unsubscribed"}),
    "vacation": ({"vacation"}, set()),
}


@pytest.fixture(autouse=True)
def set_up(settings, monkeypatch):
    settings.MAIL_HOOK_SECRET = SECRET
    settings.PUBLIC_URL = PUBLIC_URL
    settings.ANYMAIL = esp_notices.settings()
    # Amazon's own server lies outside the machine.
    monkeypatch.setattr(sns, "fetch", lambda address: esp_notices.certificate())


@pytest.fixture
def delivery(ada):
    return make_delivery(contact=ada, status="sent", sending_at=NOON, finished_at=NOON, address=ada.email)


def everything():
    """How many rows there are of all that a notice may make."""
    models = (RawNotice, Notice, Response, Touchpoint, Suppression, Consent)
    return {model.__name__: model.objects.count() for model in models}


def test_every_provider_with_a_view_of_its_own_is_tried():
    assert set(PROVIDERS) == set(receivers.VIEWS)


@pytest.mark.parametrize(
    ("provider", "what"),
    # Not every provider has a word for everything.
    [(provider, what) for provider in sorted(PROVIDERS) for what in EFFECTS if post(provider, what, "")],
)
def test_what_a_provider_says_takes_effect_once(client, delivery, provider, what):
    told = post(provider, what, delivery.uuid)

    for _again in range(2):
        assert told.taken_by(client).status_code == 200

    kinds, responses = EFFECTS[what]
    (raw,) = RawNotice.objects.all()
    assert (raw.problem, bytes(raw.body)) == ("", told.body)
    (notice,) = Notice.objects.all()
    assert notice.kind in kinds
    assert (notice.delivery, notice.address, notice.is_trusted) == (delivery, TO, True)
    assert notice.raw == raw
    assert abs(notice.at - EVENT_AT) < timedelta(seconds=1)
    assert {*Response.objects.values_list("kind", flat=True)} == responses
    assert Response.objects.count() == len(responses)


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_hard_bounce_stops_the_address_and_a_complaint_stops_marketing(client, delivery, provider):
    said = [told for what in ("hard", "complaint") if (told := post(provider, what, delivery.uuid))]

    for told in said:
        assert told.taken_by(client).status_code == 200

    scopes = {*Suppression.objects.active().values_list("address", "scope")}
    assert (TO, "all") in scopes
    assert ((TO, "marketing") in scopes) == (len(said) == 2)


def test_who_stops_at_the_provider_has_stopped_here(client, delivery):
    assert post("postmark", "unsubscribed", delivery.uuid).taken_by(client).status_code == 200

    newest = Consent.objects.order_by("-id").first()
    assert (newest.action, newest.source, newest.topic) == ("withdrawn", "provider", delivery.topic)
    assert newest.evidence["delivery"] == str(delivery.uuid)


def test_a_followed_link_keeps_its_address(client, delivery):
    post("sendgrid", "clicked", delivery.uuid).taken_by(client)

    assert Touchpoint.objects.get().data["url"] == LINK


def test_a_link_over_our_own_door_is_heard_there(client, delivery):
    told = post("postmark", "clicked", delivery.uuid)
    told.body = told.body.replace(LINK.encode(), f"{PUBLIC_URL}/c/token".encode())

    assert told.taken_by(client).status_code == 200

    assert Notice.objects.get().kind == "clicked"
    assert not Response.objects.exists()


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_the_name_a_provider_gave_the_message_is_enough(client, delivery, provider):
    told = post(provider, "hard", "", ref="<r1@example.com>")
    delivery.provider_ref = "<r1@example.com>"
    delivery.save()

    assert told.taken_by(client).status_code == 200

    assert Notice.objects.get().delivery == delivery


def test_a_notice_that_comes_before_its_message_is_recorded_is_joined_later(client, delivery):
    post("resend", "hard", "", ref="r-late").taken_by(client)
    assert Notice.objects.get().delivery is None
    assert not Response.objects.exists()

    delivery.provider_ref = "r-late"
    delivery.save()
    at = Notice.objects.get().received_at + timedelta(minutes=1)
    assert noticing.rejoin(at) == 1

    assert Response.objects.get().kind == "bounced"


# Forged ----------------------------------------------------------------------------------------------


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
        told = esp_notices.sns(
            {k: v for k, v in message.items() if k != "Signature"} | {"SigningCertURL": address}
        )
        assert told.taken_by(client).status_code == 403


def test_a_certificate_that_cannot_be_had_now_makes_it_come_again(client, delivery, monkeypatch):
    def fails(address):
        raise requests.ConnectionError

    monkeypatch.setattr(sns, "fetch", fails)

    assert post("amazon_ses", "hard", delivery.uuid).taken_by(client).status_code == 503
    assert not RawNotice.objects.exists()


# The door itself -------------------------------------------------------------------------------------


def test_only_posts_are_taken(client, db):
    path = f"/hooks/postmark/{SECRET}/"

    assert client.get(path).status_code == 405
    assert client.put(path).status_code == 405
    assert client.head(f"/hooks/mandrill/{SECRET}/").status_code == 200
    assert client.head("/hooks/mandrill/wrong/").status_code == 403
    assert client.get(f"/hooks/unisender_go/{SECRET}/").status_code == 200
    assert not RawNotice.objects.exists()


def test_what_is_too_large_is_refused(client, db):
    body = b"[" + b" " * hooks.LARGEST + b"]"

    response = client.post(f"/hooks/sparkpost/{SECRET}/", body, content_type="application/json")

    assert response.status_code == 413
    assert not RawNotice.objects.exists()


def test_it_needs_no_cookie_and_sets_none(delivery):
    from django.test import Client

    answer = post("postmark", "hard", delivery.uuid).by(Client(enforce_csrf_checks=True))

    assert answer.status_code == 200
    assert not answer.cookies


@contextmanager
def failing(words, *, until=None):
    """Statements with these words in them fail, as when the database goes away."""

    def fail(execute, sql, params, many, context):
        if words in sql:
            raise OperationalError("the server closed the connection")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        yield


def test_while_the_database_is_away_it_shall_come_again(client, delivery):
    told = post("postmark", "hard", delivery.uuid)

    with failing("store_raw"):
        assert told.by(client).status_code == 503

    assert told.taken_by(client).status_code == 200
    assert Notice.objects.count() == 1


def test_what_was_stored_and_not_read_is_read_by_the_sweep(client, delivery):
    told = post("postmark", "hard", delivery.uuid)
    assert told.by(client).status_code == 200
    raw = RawNotice.objects.get()
    assert (raw.read_at, Notice.objects.count()) == (None, 0)

    with failing("campaigns_notice "):
        assert noticing.read_unread(raw.received_at) == 0
    assert noticing.read_unread(raw.received_at) == 1
    assert noticing.read_unread(raw.received_at) == 0

    assert Response.objects.get().kind == "bounced"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"7", b'{"RecordType": 7}', b'{"a": "\xff"}'])
def test_what_makes_no_sense_stays_and_is_shown(client, db, body):
    response = client.post(f"/hooks/postmark/{SECRET}/", body, content_type="application/json")
    noticing.read_unread(NOW)

    assert response.status_code == 200
    raw = RawNotice.objects.get()
    assert raw.read_at
    assert raw.problem or Notice.objects.get().kind == "other"


def test_a_topic_of_amazon_is_confirmed_by_a_person(client, db):
    message = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "m1",
        "Token": "t",
        "TopicArn": "arn:aws:sns:us-east-1:1:mail",
        "Message": "You have chosen to subscribe",
        "SubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
        "Timestamp": "2026-06-10T12:00:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": esp_notices.CERTIFICATE_AT,
    }

    assert esp_notices.sns(message).taken_by(client).status_code == 200

    assert "https://sns.us-east-1.amazonaws.com/?Action" in RawNotice.objects.get().problem


def test_many_in_one_post_cost_no_more_statements_each(client, ada, django_assert_max_num_queries):
    deliveries = [
        make_delivery(contact=ada, status="sent", sending_at=NOON, finished_at=NOON, address=ada.email)
        for _each in range(30)
    ]
    events = [
        json.loads(post("sparkpost", "delivered", delivery.uuid, number=number).body)[0]
        for number, delivery in enumerate(deliveries)
    ]
    body = json.dumps(events)

    with django_assert_max_num_queries(30):
        client.post(f"/hooks/sparkpost/{SECRET}/", body, content_type="application/json")
        noticing.read_unread(NOW)

    assert Response.objects.count() == 30


def test_sweeps_with_nothing_to_do_ask_little(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert noticing.read_unread(NOW + DAY) == 0
    with django_assert_num_queries(3):
        assert noticing.rejoin(NOW + DAY) == 0


# Notices that were really posted ---------------------------------------------------------------------

DATA = Path(__file__).parents[1] / "data" / "webhooks"
REAL = {
    "json-amazonses-01": ["hard"],
    "json-amazonses-02": ["hard"],
    "json-amazonses-03": ["complaint"],
    "json-amazonses-04": ["delivered"],
    "json-amazonses-05": ["delivered"],
    "json-amazonses-06": ["hard"],
    "json-sendgrid-01": ["hard"],
    "json-sendgrid-02": ["hard", "soft"],
    **{f"json-sendgrid-{number:02}": ["hard"] for number in range(3, 11)},
    "json-sendgrid-11": ["hard", "hard", "hard"],
    "json-sendgrid-12": ["soft"],
    "json-sendgrid-13": ["delivered"],
    "json-sendgrid-14": ["soft"],
    "json-sendgrid-15": ["complaint"],
    "json-sendgrid-16": ["complaint"],
    "json-sendgrid-17": ["complaint"],
}


def posted(name):
    """The post that this file was, or would have been."""
    said = json.loads((DATA / f"{name}.json").read_bytes())
    if "sendgrid" in name:
        rows = [
            {"event": "bounce", "timestamp": 1318077134 + number} | row for number, row in enumerate(said)
        ]
        return esp_notices.signed_sendgrid(json.dumps(rows).encode(), 1318077134)
    inner = said["Message"] if "Message" in said else json.dumps(said)
    message = {
        "Type": "Notification",
        "MessageId": name,
        "TopicArn": "arn:aws:sns:us-east-1:1:mail",
        "Message": inner,
        "Timestamp": "2016-10-21T06:58:02.245Z",
        "SignatureVersion": "2",
        "SigningCertURL": esp_notices.CERTIFICATE_AT,
    }
    return esp_notices.sns(message)


@pytest.mark.parametrize("name", REAL)
def test_notices_that_were_really_posted(client, db, name):
    assert posted(name).taken_by(client).status_code == 200

    assert RawNotice.objects.get().problem == ""
    assert [*Notice.objects.order_by("at", "id").values_list("kind", flat=True)] == REAL[name]


def test_every_sample_is_tried():
    assert sorted(REAL) == sorted(path.stem for path in DATA.glob("*.json"))


# Evidence --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["unknown", "parked"])
@pytest.mark.parametrize("what", ["accepted", "delivered", "hard", "complaint"])
def test_a_notice_settles_what_nobody_could_say(client, ada, status, what):
    """A provider gave no answer; that it speaks of the message says that it had taken it."""
    sender = make_sender(name="By provider", provider="sendgrid", settles_by="evidence")
    doubted = make_delivery(
        make_rule(sender=sender), ada, status=status, reason="no_answer", sending_at=NOON, address=TO
    )
    settling.settle(NOW)
    doubted.refresh_from_db()
    assert doubted.status == status

    assert post("sendgrid", what, doubted.uuid).taken_by(client).status_code == 200
    settling.settle(NOW)

    doubted.refresh_from_db()
    assert doubted.status == "sent"


def test_a_forged_notice_settles_nothing(client, ada):
    doubted = make_delivery(contact=ada, status="parked", reason="no_answer", sending_at=NOON, address=TO)
    told = post("sendgrid", "delivered", doubted.uuid)
    told.body = told.body.replace(b"250", b"251")

    assert told.taken_by(client).status_code == 403
    settling.settle(NOW)

    doubted.refresh_from_db()
    assert doubted.status == "parked"


def test_notices_of_the_old_provider_still_count_after_a_change(client, delivery):
    delivery.sender.provider = "resend"
    delivery.sender.save()

    assert post("postmark", "complaint", delivery.uuid).taken_by(client).status_code == 200

    assert delivery.responses.get().kind == "complained"
