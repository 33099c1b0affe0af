"""Providers post what became of messages: genuine posts take effect once, all others none."""

import json
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from campaigns import hooks, noticing, receivers, settling, sns
from campaigns.models import Notice, RawNotice, Response
from contacts.models import Consent, Suppression
from tests.campaigns import esp_posts, esp_signed
from tests.campaigns.esp_notices import PROVIDERS, post
from tests.campaigns.esp_posts import LINK, PUBLIC_URL, SECRET, TO
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
        "SigningCertURL": esp_posts.CERTIFICATE_AT,
    }

    assert esp_signed.sns(message).taken_by(client).status_code == 200

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
