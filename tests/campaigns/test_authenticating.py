"""What the records of a sender's domain are worth: a world of DNS in memory for each case."""

import socket
import threading
import time
from datetime import timedelta

import dns.resolver
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from campaigns import authenticating, dkim, senders
from campaigns.domains.records import Records, Unanswered
from contacts.models import Sender
from tests.campaigns.zone import Silence, Zone
from tests.make import NOON, make_sender

DOMAIN = "shop.example.com"
KEYS = {bits: rsa.generate_private_key(public_exponent=65537, key_size=bits) for bits in (1024, 2048)}
OURS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = dkim.public_text(OURS)
TIMEOUT = Unanswered("the name server did not answer in time")
SERVFAIL = Unanswered("the name server could not say (SERVFAIL)")


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


SPF = (f"bounces.{DOMAIN}", "TXT")
DKIM = (f"june._domainkey.{DOMAIN}", "TXT")
DMARC = (f"_dmarc.{DOMAIN}", "TXT")
MX = (f"bounces.{DOMAIN}", "MX")
RIGHT = {
    SPF: ["v=spf1 a:mail.example.com -all"],
    DKIM: [dkim.record(OURS)],
    DMARC: [f"v=DMARC1; p=quarantine; rua=mailto:dmarc@{DOMAIN}"],
    MX: ["10 mail.example.com"],
    ("mail.example.com", "A"): ["203.0.113.9"],
    ("9.113.0.203.in-addr.arpa", "PTR"): ["mail.example.com"],
}


def chain(length):
    """Includes that lead from one to the next."""
    rows = {
        (f"i{i}.example.net", "TXT"): [f"v=spf1 include:i{i + 1}.example.net ~all"] for i in range(length)
    }
    return rows | {(f"i{length}.example.net", "TXT"): ["v=spf1 ip4:198.51.100.1 ~all"]}


def states(shop, rows, at=NOON):
    found = authenticating.check(shop, at, records=Zone(rows))
    return {key: found[key]["state"] for key in authenticating.LOOKS}


def test_a_domain_with_everything_right_passes_every_check(shop):
    assert states(shop, RIGHT) == dict.fromkeys(authenticating.LOOKS, "ok")
    assert senders.bulk_problem(shop, 100_000) == ""
    assert Sender.objects.get().checked_at == NOON


CASES = {
    # SPF
    "spf: nothing": ({SPF: None}, "fail", "does not say which servers"),
    "spf: no such domain": ({SPF: None, MX: None}, "fail", "does not exist"),
    "spf: no answer": ({SPF: TIMEOUT}, "unknown", "did not answer in time"),
    "spf: servfail": ({SPF: SERVFAIL}, "unknown", "SERVFAIL"),
    "spf: other texts only": ({SPF: ["google-site-verification=1", "v=spf10 all"]}, "fail", "not say"),
    "spf: other texts too": ({SPF: ["verify=1", "V=SPF1 ip4:203.0.113.0/24 -all"]}, "ok", "0 of the 10"),
    "spf: two": ({SPF: ["v=spf1 -all", "v=spf1 mx -all"]}, "fail", "2 SPF records"),
    "spf: softly closed": ({SPF: ["v=spf1 ip4:203.0.113.9 ~all"]}, "ok", ""),
    "spf: open": ({SPF: ["v=spf1 mx +all"]}, "fail", "anybody may send"),
    "spf: open without a sign": ({SPF: ["v=spf1 all"]}, "fail", "anybody may send"),
    "spf: neutral": ({SPF: ["v=spf1 a:mail.example.com ?all"]}, "warn", "what others may do"),
    "spf: no end": ({SPF: ["v=spf1 a:mail.example.com"]}, "warn", "what others may do"),
    "spf: nonsense": ({SPF: ["v=spf1 includes:example.net -all"]}, "fail", "includes:example.net"),
    "spf: include of nothing": ({SPF: ["v=spf1 include: -all"]}, "fail", "means nothing"),
    "spf: no address": ({SPF: ["v=spf1 ip4:203.0.113.999 -all"]}, "fail", "no address"),
    "spf: version 6 and a range": (
        {SPF: ["v=spf1 ip6:2001:db8::/32 a/24 mx//64 -all"]},
        "warn",
        "1 of its names",
    ),
    "spf: ten look-ups": (chain(9) | {SPF: ["v=spf1 include:i0.example.net -all"]}, "ok", "10 of the 10"),
    "spf: eleven": (chain(10) | {SPF: ["v=spf1 include:i0.example.net -all"]}, "fail", "more than 10"),
    "spf: a ring": ({SPF: [f"v=spf1 include:{SPF[0]} -all"]}, "fail", "more than 10"),
    "spf: an include without record": ({SPF: ["v=spf1 include:none.example.net -all"]}, "fail", "none."),
    "spf: an include unanswered": (
        {SPF: ["v=spf1 include:slow.example.net -all"], ("slow.example.net", "TXT"): TIMEOUT},
        "unknown",
        "in time",
    ),
    "spf: led on": (chain(0) | {SPF: ["v=spf1 redirect=i0.example.net"]}, "ok", "1 of the 10"),
    "spf: led on to nothing": ({SPF: ["v=spf1 redirect=none.example.net"]}, "fail", "0 SPF records"),
    "spf: one void": ({SPF: ["v=spf1 a:gone.example.net -all"]}, "warn", "1 of its names"),
    "spf: three void": (
        {SPF: ["v=spf1 a:g1.example.net mx:g2.example.net a:g3.example.net -all"]},
        "fail",
        "lead nowhere",
    ),
    "spf: ptr": ({SPF: ["v=spf1 ptr -all"]}, "warn", "ptr"),
    "spf: a macro": ({SPF: ["v=spf1 exists:%{i}.spf.example.net -all"]}, "ok", "1 of the 10"),
    "spf: too many mail servers": (
        {SPF: ["v=spf1 mx:big.example.net -all"], ("big.example.net", "MX"): [f"10 m{i}" for i in range(11)]},
        "fail",
        "more than 10 mail servers",
    ),
    # DKIM
    "dkim: nothing": ({DKIM: None}, "fail", "not published"),
    "dkim: no answer": ({DKIM: TIMEOUT}, "unknown", "in time"),
    "dkim: servfail": ({DKIM: SERVFAIL}, "unknown", "SERVFAIL"),
    "dkim: another key": ({DKIM: [dkim.record(KEYS[2048])]}, "fail", "Another key"),
    "dkim: taken back": ({DKIM: ["v=DKIM1; p="]}, "fail", "taken back"),
    "dkim: cut": ({DKIM: [dkim.record(OURS)[:200]]}, "fail", "cut"),
    "dkim: no key in it": ({DKIM: ["v=DKIM1; k=rsa"]}, "fail", "no key"),
    "dkim: of another version": ({DKIM: ["v=DKIM2; p=abc"]}, "fail", "v=DKIM1"),
    "dkim: of another kind": ({DKIM: ["v=DKIM1; k=ed25519; p=abc"]}, "fail", "ed25519"),
    "dkim: sha1 only": ({DKIM: [dkim.record(OURS) + "; h=sha1"]}, "fail", "SHA-256"),
    "dkim: not for mail": ({DKIM: [dkim.record(OURS) + "; s=web"]}, "fail", "not for mail"),
    "dkim: testing": ({DKIM: [dkim.record(OURS) + "; t=y:s"]}, "warn", "t=y"),
    "dkim: two": ({DKIM: [dkim.record(OURS), dkim.record(KEYS[2048])]}, "fail", "2 records"),
    "dkim: spaces, no version": ({DKIM: [f"k=rsa; p={PUBLIC[:90]} {PUBLIC[90:]}"]}, "ok", "2048 bits"),
    # DMARC
    "dmarc: nothing": ({DMARC: None}, "fail", "There is none"),
    "dmarc: no answer": ({DMARC: TIMEOUT}, "unknown", "in time"),
    "dmarc: none is enough": ({DMARC: ["v=DMARC1; p=none; rua=mailto:a@example.com"]}, "ok", "p=none"),
    "dmarc: no reports": ({DMARC: ["v=DMARC1;p=reject"]}, "ok", "no address for reports"),
    "dmarc: two": ({DMARC: ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "fail", "2 DMARC records"),
    "dmarc: no policy": ({DMARC: ["v=DMARC1; pct=100"]}, "fail", "names no policy"),
    "dmarc: not one": ({DMARC: ["v=DMARC2; p=none"]}, "fail", "There is none"),
    "dmarc: the organisation's": (
        {
            DMARC: None,
            ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject; sp=none; rua=mailto:a@example.com"],
        },
        "ok",
        "stands at example.com",
    ),
    "dmarc: above an own one": (
        {("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject"]},
        "ok",
        "with the junk",
    ),
    # Where it comes back
    "return: nothing": ({MX: None}, "fail", "No server takes mail"),
    "return: no answer": ({MX: TIMEOUT}, "unknown", "in time"),
    "return: an address only": ({MX: None, (MX[0], "A"): ["203.0.113.9"]}, "warn", "MX"),
    "return: says it takes none": ({MX: ["0"]}, "fail", "no mail at all"),
    "server: no name that leads back": ({("9.113.0.203.in-addr.arpa", "PTR"): None}, "warn", "PTR"),
    "server: a name that leads elsewhere": (
        {
            ("9.113.0.203.in-addr.arpa", "PTR"): ["other.example.net"],
            ("other.example.net", "A"): ["203.0.113.8"],
        },
        "warn",
        "PTR",
    ),
}


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
