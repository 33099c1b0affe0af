"""One contract for every way out: what is handed over, and what is known of it afterwards."""

import socket
from datetime import timedelta
from time import monotonic

import pytest
from django.conf import settings

from campaigns import channels, sending
from campaigns.channels import (
    Accepted,
    NoAnswer,
    RefusedForGood,
    RefusedForNow,
    TooLate,
    Unreachable,
    esp,
)
from chaos.provider import FAULTS
from chaos.starting import Provider
from chaos.taken import read
from contacts.models import Sender, SettlesBy, Suppression
from tests.campaigns import esp_notices, esp_posts, esp_stub
from tests.campaigns.esp_stub import SETTINGS, TO, Stub, passed_delivery, rendered
from tests.make import (
    DAY,
    MINUTE,
    NOON,
    make_consent,
    make_delivery,
)

# Anymail warns at every turn: of SendGrid, no longer tried out, and of doors without basic auth.
pytestmark = pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailWarning")

HOUR_AHEAD = 3600


@pytest.fixture(autouse=True)
def nobody_is_left_alone():
    esp._silences.clear()


@pytest.fixture(params=sorted(SETTINGS))
def stub(request, settings):
    server = Stub(request.param)
    settings.ANYMAIL = {"IGNORE_UNSUPPORTED_FEATURES": True} | server.settings()
    settings.EMAIL_TIMEOUT = 0.5
    yield server
    server.stop()


@pytest.fixture
def delivery(db):
    return passed_delivery()


def line_to(stub):
    return esp.open_line(esp.SERVICES[stub.key], None)


def send(line, delivery, *, seconds=HOUR_AHEAD):
    return line.send(rendered(delivery), delivery, deadline=monotonic() + seconds)


def test_every_provider_that_anymail_speaks_to_over_http_is_known():
    assert sorted(esp.SERVICES) == sorted(SETTINGS)


def test_it_is_there_once_its_credentials_are(stub, settings):
    service = esp.SERVICES[stub.key]
    assert service.is_set_up

    settings.ANYMAIL = dict.fromkeys(service.needs[:-1], "x")

    assert not service.is_set_up


def test_it_is_taken_and_named(stub, delivery):
    accepted = send(line_to(stub), delivery)

    assert isinstance(accepted, Accepted)
    assert accepted.ref
    assert accepted.ref == (esp_stub.TAKES[stub.key][1] or accepted.ref)
    assert accepted.reply.startswith(f"{esp.SERVICES[stub.key].label} 20")


def test_the_whole_message_goes_to_one_recipient(stub, delivery):
    message = rendered(delivery)
    send(line_to(stub), delivery)

    (request,) = stub.taken
    asked = esp_stub.read(stub.key, request)

    assert asked["to"] == [TO]
    assert asked["key"] == str(delivery.uuid)
    assert (asked["text"], asked["html"]) == (message.text, message.html)
    headers = asked["headers"]
    assert headers["x-crm-delivery"] == str(delivery.uuid)
    assert headers["list-unsubscribe"].startswith("<http")
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert "feedback-id" in headers
    assert headers.get("list-id", "<news.example.com>") == "<news.example.com>"
    assert all(value.isascii() for value in headers.values())
    own = f"<{delivery.uuid}@example.com>"
    assert headers.get("message-id") == (own if esp.SERVICES[stub.key].keeps_message_id else None)
    everything = str(request["data"])
    assert "answers@example.com" in everything
    assert "ines@example.com" in everything


# How each is asked not to count opens and clicks; others know no such thing for one message.
UNTRACKED = {
    "mailersend": {"settings": {"track_clicks": False, "track_opens": False}},
    "mailgun": {"o:tracking-clicks": "no", "o:tracking-opens": "no"},
    "postmark": {"TrackLinks": "None", "TrackOpens": False},
    "sendgrid": {
        "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}}
    },
    "unisender_go": {"track_links": 0, "track_read": 0},
}


def test_the_provider_is_asked_to_leave_links_alone(stub, delivery):
    send(line_to(stub), delivery)

    data = stub.taken[0]["data"]
    shared = {
        "mailjet": data.get("Globals"),
        "mandrill": data.get("message"),
        "sparkpost": data.get("options"),
    }
    wanted = UNTRACKED | {
        "mailjet": {"TrackClicks": "disabled", "TrackOpens": "disabled"},
        "mandrill": {"track_clicks": False, "track_opens": False},
        "sparkpost": {"click_tracking": False, "open_tracking": False},
    }
    where = (
        shared.get(stub.key) or data.get("message", data) if stub.key != "unisender_go" else data["message"]
    )
    assert {name: where[name] for name in wanted.get(stub.key, {})} == wanted.get(stub.key, {})


def test_only_who_remembers_keys_is_given_one(stub, delivery):
    send(line_to(stub), delivery)

    key = str(delivery.uuid) if esp.SERVICES[stub.key].settles_by == SettlesBy.KEY else None
    assert stub.taken[0]["http"].get("Idempotency-Key") == key


def test_many_go_over_one_line(stub, delivery):
    line = line_to(stub)
    session = line._backend.session

    for _each in range(3):
        send(line, delivery)

    assert line._backend.session is session
    assert len(stub.taken) == 3
    line.close()


OUTCOMES = {
    "never": (RefusedForGood, {"address_is_bad": False}),
    "nobody_there": (RefusedForGood, {"address_is_bad": True}),
    "later": (RefusedForNow, {"retry_after": timedelta(seconds=7)}),
    "later_unsaid": (RefusedForNow, {"retry_after": timedelta(minutes=1)}),
    "shut": (Unreachable, {"retry_after": timedelta(minutes=5)}),
    "moved": (Unreachable, {"retry_after": timedelta(minutes=5)}),
    "broken": (NoAnswer, {}),
    "hangs_up": (NoAnswer, {}),
    "stalls": (NoAnswer, {}),
}


@pytest.mark.parametrize("fault", OUTCOMES)
def test_what_is_known_after_a_fault(stub, delivery, fault):
    stub.say(fault)

    with pytest.raises(channels.ChannelError) as caught:
        send(line_to(stub), delivery)

    expected, told = OUTCOMES[fault]
    assert type(caught.value) is expected
    assert {name: getattr(caught.value, name) for name in told} == told
    assert caught.value.reply
    assert len(stub.taken) == 1


# These say nothing in the body of a success; that there is one is all that they tell.
SILENT = {"sendgrid", "mailersend"}


def test_a_page_of_somebody_else_says_nothing(stub, delivery):
    stub.say("gibberish")
    line = line_to(stub)

    if stub.key == "sendgrid":
        assert isinstance(send(line, delivery), Accepted)
    else:
        with pytest.raises(channels.ChannelError) as caught:
            send(line, delivery)
        assert type(caught.value) in (NoAnswer, RefusedForGood)


def test_when_to_come_again_may_be_a_date(stub, delivery):
    stub.say("later_by_date")

    with pytest.raises(RefusedForNow) as caught:
        send(line_to(stub), delivery)

    assert timedelta(hours=11) < caught.value.retry_after <= timedelta(hours=12)


def test_nobody_listens(stub, delivery):
    line = line_to(stub)
    stub.stop()

    with pytest.raises(Unreachable):
        send(line, delivery)


def test_too_late_is_dropped_before_it_leaves(stub, delivery):
    line = line_to(stub)

    with pytest.raises(TooLate):
        send(line, delivery, seconds=-1)

    assert stub.taken == []
    send(line, delivery)
    assert len(stub.taken) == 1


def test_a_door_that_is_shut_is_knocked_at_once_a_line(stub, delivery):
    stub.say("shut")
    line = line_to(stub)

    for _each in range(3):
        with pytest.raises(Unreachable):
            send(line, delivery)

    assert len(stub.taken) == 1


def test_who_gives_no_answer_is_left_alone_for_a_while(stub, delivery, settings):
    stub.say("broken")
    for _each in range(esp.SILENCES):
        with pytest.raises(NoAnswer):
            send(line_to(stub), delivery)

    with pytest.raises(Unreachable):
        line_to(stub)

    esp._silences[stub.key] = (esp.SILENCES, monotonic() - esp.LEFT_ALONE - 1)
    stub.say("takes")
    send(line_to(stub), delivery)
    assert stub.key not in esp._silences


# Every way out, SMTP among them ----------------------------------------------------------------------

SMTP_SAYS = {
    "takes": {},
    "never": {"end": "554 5.6.0 This content cannot be taken"},
    "nobody_there": {"rcpt": "550 5.1.1 User unknown"},
    "later_unsaid": {"mail": "451 4.3.2 Come again"},
    "hangs_up": {"end": None},
}


class SmtpWay:
    """The mail server of the settings, that fails in the same words as the providers."""

    key = "smtp"

    def __init__(self, server, settings):
        self._server, self._settings = server, settings

    def say(self, what):
        for stage, answer in SMTP_SAYS[what].items():
            self._server.say(stage, answer)

    def stop(self):
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            self._settings.EMAIL_PORT = nobody.getsockname()[1]


@pytest.fixture(params=["smtp", *sorted(SETTINGS)])
def way(request, settings):
    if request.param == "smtp":
        settings.EMAIL_TIMEOUT = 0.5
        yield SmtpWay(request.getfixturevalue("scripted_server"), settings)
        return
    server = Stub(request.param)
    settings.ANYMAIL = {"IGNORE_UNSUPPORTED_FEATURES": True} | server.settings()
    settings.EMAIL_TIMEOUT = 0.5
    esp.register_all()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def the_same_providers_afterwards(monkeypatch):
    monkeypatch.setattr(channels, "_providers", dict(channels._providers))


def by(way, delivery, *, seconds=HOUR_AHEAD):
    """What comes of the delivery by that way."""
    delivery.sender.provider = way.key
    line = channels.get(way.key).open(delivery.sender)
    try:
        return send(line, delivery, seconds=seconds)
    except channels.ChannelError as error:
        return error
    finally:
        line.close()


def test_each_way_takes_and_says_so(way, delivery):
    accepted = by(way, delivery)

    assert isinstance(accepted, Accepted)
    assert accepted.reply


@pytest.mark.parametrize("fault", ["never", "nobody_there", "later_unsaid", "hangs_up"])
def test_each_way_fails_alike(way, delivery, fault):
    way.say(fault)

    error = by(way, delivery)

    assert type(error) is OUTCOMES[fault][0]
    assert getattr(error, "address_is_bad", None) == OUTCOMES[fault][1].get("address_is_bad")
    assert error.reply


def test_each_way_drops_what_is_too_late(way, delivery):
    assert type(by(way, delivery, seconds=-1)) is TooLate


def test_each_way_knows_that_nobody_listens(way, delivery):
    way.stop()

    with pytest.raises(Unreachable):
        raise by(way, delivery)


def test_a_way_that_is_not_set_up_is_not_there(settings, monkeypatch):
    settings.ANYMAIL = {}
    monkeypatch.setattr(channels, "_providers", {})
    esp.register_all()

    with pytest.raises(channels.UnknownProvider):
        channels.get("postmark")


def test_sending_goes_through_the_senders_provider_and_notices_find_it(settings, delivery, client):
    """From planned to arrived, over a provider: the name it gave the message is in the ledger."""
    server = Stub("postmark")
    settings.ANYMAIL = {"IGNORE_UNSUPPORTED_FEATURES": True} | server.settings()
    settings.MAIL_HOOK_SECRET, settings.PUBLIC_URL = esp_posts.SECRET, esp_posts.PUBLIC_URL
    esp.register_all()
    Sender.objects.update(provider="postmark")
    make_consent(delivery.contact, delivery.topic, at=NOON - DAY)
    planned = make_delivery(delivery.rule, delivery.contact)

    sending.send_due(NOON, "test")
    planned.refresh_from_db()
    assert (planned.status, planned.provider_ref) == ("sent", "r1")

    told = esp_notices.post("postmark", "delivered", "", ref=planned.provider_ref)
    assert told.taken_by(client).status_code == 200
    assert [*planned.responses.values_list("kind", flat=True)] == ["delivered"]
    server.stop()


@pytest.mark.parametrize(("says", "heard"), [("shut", []), ("never", ["policy"]), ("nobody_there", ["hard"])])
def test_only_what_was_said_of_the_address_is_held_against_it(settings, delivery, says, heard):
    server = Stub("postmark")
    settings.ANYMAIL = {"IGNORE_UNSUPPORTED_FEATURES": True} | server.settings()
    esp.register_all()
    Sender.objects.update(provider="postmark")
    make_consent(delivery.contact, delivery.topic, at=NOON - DAY)
    planned = make_delivery(delivery.rule, delivery.contact, expires_at=NOON + MINUTE)
    server.say(says)

    sending.send_due(NOON, "test")
    server.stop()

    planned.refresh_from_db()
    assert planned.status == "failed"
    assert planned.reply
    assert [*planned.notices.values_list("kind", flat=True)] == heard
    assert Suppression.objects.filter(address=TO).exists() == ("hard" in heard)


def test_the_documentation_names_every_provider_and_what_it_needs():
    words = (settings.BASE_DIR / "docs" / "providers.md").read_text()
    named = {
        service.key: all(
            f"`{name}`" in words for name in (service.key, *service.needs, *notices_need(service.key))
        )
        for service in esp.SERVICES.values()
    }

    assert named == dict.fromkeys(esp.SERVICES, True)
    assert "`amazon_ses`" in words


def notices_need(key):
    return [name for name in esp_posts.settings() if name.startswith(key.upper())]


# A provider that remembers keys ----------------------------------------------------------------------

MEANS = {
    "too_many": RefusedForNow,
    "forbidden": Unreachable,
    "wrong": RefusedForGood,
    **dict.fromkeys(("broken", "bad_gateway", "drop_before", "stall_before"), NoAnswer),
    **dict.fromkeys(("broken_after", "drop_after", "stall_after"), NoAnswer),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_happens_the_same_key_is_taken_once(settings, tmp_path, delivery, fault):
    """A process of its own that breaks as it is told to, once, and then takes the message."""
    other = Provider(taken=tmp_path / "taken", faults=fault, share=1)
    url = f"http://127.0.0.1:{other.ports['http']}"
    settings.ANYMAIL = {"RESEND_API_KEY": "k", "RESEND_API_URL": url, "IGNORE_UNSUPPORTED_FEATURES": True}
    settings.EMAIL_TIMEOUT = 0.5
    try:
        with pytest.raises(MEANS[fault]) as caught:
            send(esp.open_line(esp.SERVICES["resend"], None), delivery)
        line = esp.open_line(esp.SERVICES["resend"], None)
        refs = {send(line, delivery).ref for _again in range(2)}
    finally:
        other.stop()

    assert type(caught.value) is MEANS[fault]
    assert len(refs) == 1
    assert [copy.delivery for copy in read(tmp_path / "taken")] == [str(delivery.uuid)]
