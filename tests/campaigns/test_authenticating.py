"""What the records of a sender's domain are worth: a world of DNS in memory for each case."""

import socket
import threading
import time
from datetime import timedelta

import dns.resolver
import pytest

from campaigns import authenticating, dkim, senders
from campaigns.domains.records import Records, Unanswered
from contacts.models import Sender
from tests.campaigns.worlds import CASES, DKIM, DMARC, DOMAIN, KEYS, MX, OURS, RIGHT, SPF
from tests.campaigns.zone import Silence, Zone
from tests.make import NOON, make_sender


@pytest.fixture
def shop(db, settings, tmp_path, monkeypatch):
    """A sender whose domain has everything right."""
    settings.DKIM_DIR = str(tmp_path)
    settings.PUBLIC_URL = "https://crm.example.com"
    settings.EMAIL_HOST = "mail.example.com"
    settings.EMAIL_USE_TLS = True
    monkeypatch.setattr(dkim.rsa, "generate_private_key", lambda **_options: OURS)
    dkim.make_key(DOMAIN, "june")
    return make_sender(
        name="Shop", address=f"ines@{DOMAIN}", dkim_selector="june", return_domain=f"bounces.{DOMAIN}"
    )


def states(shop, rows, at=NOON):
    found = authenticating.check(shop, at, records=Zone(rows))
    return {key: found[key]["state"] for key in authenticating.LOOKS}


def test_a_domain_with_everything_right_passes_every_check(shop):
    assert states(shop, RIGHT) == dict.fromkeys(authenticating.LOOKS, "ok")
    assert senders.bulk_problem(shop, 100_000) == ""
    assert Sender.objects.get().checked_at == NOON


@pytest.mark.parametrize("name", CASES)
def test_each_world_is_judged_as_a_mailbox_would(shop, name):
    changed, state, words = CASES[name]
    rows = {name: answer for name, answer in (RIGHT | changed).items() if answer is not None}

    found = authenticating.check(shop, NOON, records=Zone(rows))[name.partition(":")[0]]

    assert found["state"] == state, found
    assert words in found["words"]


def test_what_is_missing_comes_with_the_record_to_publish(shop):
    found = authenticating.check(shop, NOON, records=Zone({MX: RIGHT[MX]}))

    assert found["spf"]["record"] == (f"bounces.{DOMAIN}", "TXT", "v=spf1 a:mail.example.com ~all")
    assert found["dkim"]["record"] == (f"june._domainkey.{DOMAIN}", "TXT", dkim.record(OURS))
    assert found["dmarc"]["record"] == (
        f"_dmarc.{DOMAIN}",
        "TXT",
        f"v=DMARC1; p=none; rua=mailto:dmarc@{DOMAIN}",
    )


@pytest.mark.parametrize(("bits", "state"), [(1024, "warn"), (2048, "ok")])
def test_a_short_key_is_told(shop, monkeypatch, tmp_path, bits, state):
    monkeypatch.setattr(dkim.rsa, "generate_private_key", lambda **_options: KEYS[bits])
    dkim.make_key(DOMAIN, "july")
    shop.dkim_selector = "july"
    rows = RIGHT | {(f"july._domainkey.{DOMAIN}", "TXT"): [dkim.record(KEYS[bits])]}

    assert states(shop, rows)["dkim"] == state


def test_without_a_key_here_mail_leaves_unsigned_and_one_click_does_not_count(shop):
    shop.dkim_selector = "july"

    found = states(shop, RIGHT)

    assert (found["dkim"], found["one_click"], found["alignment"]) == ("fail", "fail", "warn")


@pytest.mark.parametrize(
    ("return_domain", "policy", "selector", "state"),
    [
        ("bounces.example.net", "v=DMARC1; p=none", "june", "ok"),
        ("bounces.example.net", "v=DMARC1; p=none", "", "fail"),
        (f"bounces.{DOMAIN}", "v=DMARC1; p=none", "", "warn"),
        (f"bounces.{DOMAIN}", "v=DMARC1; p=none; aspf=s", "", "fail"),
        ("", "v=DMARC1; p=none; aspf=s", "", "warn"),
    ],
)
def test_a_proof_counts_only_for_the_domain_people_see(shop, return_domain, policy, selector, state):
    shop.return_domain, shop.dkim_selector = return_domain, selector
    rows = RIGHT | {DMARC: [policy], ("bounces.example.net", "MX"): ["10 mail.example.net"]}

    assert states(shop, rows)["alignment"] == state


def test_two_shops_below_a_public_suffix_do_not_belong_together(shop):
    shop.address, shop.return_domain, shop.dkim_selector = "a@one.example.org", "two.example.org", ""
    known = {("two.example.org", "MX"): ["10 mail.example.net"]}
    rows = known | {("_dmarc.example.org", "TXT"): ["v=DMARC1; p=none; psd=y"]}
    assert states(shop, rows)["alignment"] == "fail"

    rows = known | {("_dmarc.example.org", "TXT"): ["v=DMARC1; p=none"]}
    assert states(shop, rows)["alignment"] == "warn"


BELOW = {("back.example.com", "MX"): ["10 mail.example.com"]}


@pytest.mark.parametrize(
    ("rows", "selector", "state", "words"),
    [
        (BELOW, "june", "ok", "both belong"),
        (BELOW, "", "warn", "Only the return address"),
        (BELOW | {("_dmarc.example.com", "TXT"): ["v=DMARC1; p=none"]}, "june", "ok", "both belong"),
        (BELOW | {("_dmarc.example.com", "TXT"): ["v=DMARC1; p=none; aspf=s"]}, "june", "ok", "aspf=s"),
        (
            BELOW | {("_dmarc.back.example.com", "TXT"): ["v=DMARC1; p=none; psd=n"]},
            "june",
            "ok",
            "another's",
        ),
        ({}, "june", "ok", "not provable until it exists"),
        ({}, "", "fail", "not provable until it exists"),
    ],
)
def test_what_lies_below_the_domain_people_see_is_its_own(shop, rows, selector, state, words):
    dkim.make_key("example.com", "june")
    shop.address, shop.return_domain, shop.dkim_selector = "ines@example.com", "back.example.com", selector

    found = authenticating.check(shop, NOON, records=Zone(rows))["alignment"]

    assert (found["state"], words in found["words"]) == (state, True), found


def test_a_record_that_only_its_publisher_can_finish_says_which_part(shop, settings):
    settings.EMAIL_HOST = "localhost"

    found = authenticating.check(shop, NOON, records=Zone())

    assert found["return"]["record"][2] == "10 <your mail server>"
    assert "in place of “<your mail server>”" in found["return"]["fill"]
    assert found["spf"]["record"] == (f"bounces.{DOMAIN}", "TXT", "v=spf1 mx ~all")
    assert "does not exist" in found["spf"]["words"]
    assert f"take mail for bounces.{DOMAIN}" in found["spf"]["fill"]
    assert f"dmarc@{DOMAIN} must be a mailbox that exists" in found["dmarc"]["fill"]
    assert found["dkim"]["fill"] == ""


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("https://crm.example.com", "ok"),
        ("http://crm.example.com", "fail"),
        ("https://127.0.0.1:8000", "fail"),
        ("https://localhost", "fail"),
        ("https://10.0.0.4", "fail"),
    ],
)
def test_one_click_needs_an_https_address_that_others_can_reach(shop, settings, url, state):
    settings.PUBLIC_URL = url

    assert states(shop, RIGHT)["one_click"] == state


def test_of_a_provider_is_said_what_can_be_known(shop):
    shop.provider, shop.return_domain, shop.dkim_selector = "postmark", "", ""
    assert states(shop, {DMARC: RIGHT[DMARC]}) == {
        "spf": "warn",
        "dkim": "warn",
        "dmarc": "ok",
        "alignment": "warn",
        "one_click": "ok",
        "return": "fail",
        "server": "ok",
    }

    shop.dkim_selector = "pm"
    rows = {DMARC: RIGHT[DMARC], (f"pm._domainkey.{DOMAIN}", "TXT"): [dkim.record(KEYS[2048])]}
    found = states(shop, rows)
    assert (found["dkim"], found["alignment"]) == ("ok", "ok")


def test_while_nobody_answers_what_was_found_lately_holds_for_a_week(shop):
    states(shop, RIGHT)

    later = authenticating.check(shop, NOON + timedelta(days=6), records=Silence())
    assert (later["spf"]["state"], "in time" in later["spf"]["note"]) == ("ok", True)
    assert senders.bulk_problem(shop, 100_000) == ""

    much_later = authenticating.check(shop, NOON + timedelta(days=8), records=Silence())
    assert much_later["spf"]["state"] == "unknown"
    assert "SPF" in senders.bulk_problem(shop, 100_000)


def test_what_was_found_of_another_domain_does_not_hold(shop):
    states(shop, RIGHT)
    assert senders.bulk_problem(shop, 100_000) == ""

    shop.address = "ines@example.org"
    assert "changed" in senders.bulk_problem(shop, 100_000)
    found = authenticating.check(shop, NOON, records=Silence())

    assert (found["spf"]["state"], found["dmarc"]["state"]) == ("unknown", "unknown")


@pytest.mark.parametrize("missing", [SPF, DKIM, DMARC])
def test_no_bulk_without_proof(shop, settings, missing):
    states(shop, {name: answer for name, answer in RIGHT.items() if name != missing})

    assert senders.bulk_problem(shop, 5_000) == ""
    assert DOMAIN in senders.bulk_problem(shop, 5_001)


def test_no_bulk_before_the_first_look(shop):
    assert "never been checked" in senders.bulk_problem(shop, 5_001)


def test_every_sender_is_looked_at_though_one_breaks(shop, monkeypatch):
    broken = make_sender(name="Broken", address="a@example.net")
    good = authenticating.check
    monkeypatch.setattr(authenticating, "Records", lambda: Zone(RIGHT))
    monkeypatch.setattr(
        authenticating, "check", lambda sender, at: 1 / 0 if sender == broken else good(sender, at)
    )

    assert authenticating.check_all(NOON) == 1
    assert list(Sender.objects.exclude(checked_at=None)) == [shop]


def test_no_question_is_asked_twice(shop):
    zone = Zone(RIGHT)

    authenticating.check(shop, NOON, records=zone)

    assert len(zone.asked) == len(set(zone.asked)) < 30


# The real resolver ------------------------------------------------------------------------------------


@pytest.fixture
def name_server(monkeypatch):
    """A name server on this machine that answers as it is told: with a code, or never."""
    server = NameServer()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
    monkeypatch.setattr(dns.resolver, "get_default_resolver", lambda: resolver)
    yield server
    server.stop()


class NameServer:
    SILENT = None

    def __init__(self):
        self.code = self.SILENT
        self.texts = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                question, address = self._socket.recvfrom(4096)
            except OSError:
                return
            if self.code is not self.SILENT:
                self._socket.sendto(self._answer(dns.message.from_wire(question)), address)

    def _answer(self, question):
        answer = dns.message.make_response(question)
        answer.set_rcode(self.code)
        if self.texts:
            name = question.question[0].name
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *self.texts))
        return answer.to_wire()


def test_a_name_that_does_not_exist_is_told_from_a_server_that_fails(name_server):
    name_server.code = dns.rcode.NXDOMAIN
    assert Records().rows("example.com", "TXT") == []

    name_server.code = dns.rcode.SERVFAIL
    with pytest.raises(Unanswered, match="SERVFAIL"):
        Records().rows("example.com", "TXT")

    name_server.code, name_server.texts = dns.rcode.NOERROR, ['"v=spf1 " "-all"']
    assert Records().rows("example.com", "TXT") == ["v=spf1 -all"]

    name_server.texts = []
    assert Records().find("example.com", "TXT") == []


def test_a_look_that_nobody_answers_is_soon_over(shop, name_server):
    begun = time.monotonic()

    found = authenticating.check(shop, NOON, records=Records(budget=1.5))

    assert time.monotonic() - begun < 5
    assert {key for key in authenticating.LOOKS if found[key]["state"] == "unknown"} >= {
        "spf",
        "dkim",
        "dmarc",
    }
    assert "could not be looked up" in found["spf"]["words"]
