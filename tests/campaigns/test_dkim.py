"""Signatures, read with the eyes of another: dkimpy."""

import stat
from pathlib import Path

import dkim as oracle
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from campaigns import dkim
from campaigns.sending import send_due
from contacts.models import Sender
from tests.make import NOON, make_delivery, make_rule, make_sender

MESSAGE = (
    b"Date: Wed, 10 Jun 2026 12:00:00 +0000\r\n"
    b"Message-ID: <1@shop.example.com>\r\n"
    b"From: Ines at\r\n\tNorthside   <ines@shop.example.com>\r\n"
    b"To: ada@example.org\r\n"
    b"Subject: New  arrivals\r\n"
    b"X-Other: not signed\r\n"
    b"List-Unsubscribe: <https://crm.example.com/u/1/>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"Feedback-ID: v1:r1:news:northside\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\n'
    b"\r\n"
    b"Two new   records \t \r\n"
    b"\tin  the shop.\r\n"
    b"\r\n\r\n"
)


@pytest.fixture(autouse=True)
def key_folder(settings, tmp_path):
    settings.DKIM_DIR = str(tmp_path / "dkim")
    return Path(settings.DKIM_DIR)


@pytest.fixture
def shop():
    return Sender(name="Shop", address="ines@Shop.example.com", dkim_selector="june")


@pytest.fixture
def key(shop):
    return dkim.make_key(shop.domain, shop.dkim_selector)


def is_genuine(message, key, name=b"june._domainkey.shop.example.com."):
    records = {name: dkim.record(key).encode()}
    return oracle.verify(message, dnsfunc=lambda asked, timeout=5: records.get(asked))


def test_another_reader_finds_the_signature_genuine(shop, key):
    message = dkim.signed(MESSAGE, shop)

    assert message.endswith(MESSAGE)
    assert is_genuine(message, key)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Two new", b"Two old"),
        (b"Subject: New  arrivals", b"Subject: Old arrivals"),
        (b"From: Ines at", b"From: Eve at"),
        (b"To: ada@", b"To: ben@"),
        (b"/u/1/", b"/u/2/"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"Feedback-ID: v1", b"Feedback-ID: v2"),
        (b"From: Ines", b"From: eve@example.net\r\nFrom: Ines"),
        (b"Subject: New", b"Subject: Win\r\nSubject: New"),
        (b"X-Other:", b"Reply-To: eve@example.net\r\nX-Other:"),
    ],
)
def test_what_was_changed_on_the_way_is_found_out(shop, key, before, after):
    message = dkim.signed(MESSAGE, shop)
    tampered = message.replace(before, after)

    assert tampered != message
    assert not is_genuine(tampered, key)


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"New  arrivals", b"New arrivals"), (b"Two new   records \t \r\n", b"Two new records\r\n")],
)
def test_spaces_that_a_relay_changes_do_no_harm(shop, key, before, after):
    changed = dkim.signed(MESSAGE, shop).replace(before, after)

    assert is_genuine(changed, key)


def test_a_header_that_stands_twice_is_signed_twice_from_the_bottom_up(shop, key):
    twice = MESSAGE.replace(b"Feedback-ID:", b"Feedback-ID: one\r\nFeedback-ID:")
    message = dkim.signed(twice, shop)

    assert is_genuine(message, key)
    assert not is_genuine(message.replace(b"Feedback-ID: one", b"Feedback-ID: two"), key)


def test_the_same_message_gives_the_same_bytes(shop, key):
    assert dkim.signed(MESSAGE, shop) == dkim.signed(MESSAGE, shop)


def test_no_line_is_longer_than_a_header_should_be(shop, key):
    head = dkim.signed(MESSAGE, shop).partition(b"Date:")[0]

    assert head.count(b"\r\n") > 3
    assert max(len(line) for line in head.split(b"\r\n")) <= 78


def test_all_that_must_be_signed_is(shop, key):
    signature = dkim.signed(MESSAGE, shop).partition(b"Date:")[0]
    names = b"".join(signature.partition(b"h=")[2].partition(b";")[0].split()).decode().split(":")

    assert names == [
        *("from", "to", "subject", "date", "message-id", "mime-version", "content-type"),
        *("list-unsubscribe", "list-unsubscribe-post", "feedback-id"),
        *("from", "to", "subject", "reply-to"),
    ]


def test_without_a_selector_or_a_key_the_message_stays_as_it_is(shop, key):
    assert dkim.signed(MESSAGE, shop) != MESSAGE

    shop.dkim_selector = "july"
    assert dkim.signed(MESSAGE, shop) == MESSAGE
    shop.dkim_selector = ""
    assert dkim.signed(MESSAGE, shop) == MESSAGE


def test_a_broken_key_stops_no_mail(shop, key, key_folder):
    (key_folder / "shop.example.com.june.pem").write_text("not a key")

    assert dkim.signed(MESSAGE, shop) == MESSAGE


def test_a_key_that_was_replaced_is_read_again(shop, key, key_folder):
    dkim.signed(MESSAGE, shop)
    other = dkim.make_key(shop.domain, "july")
    (key_folder / "shop.example.com.july.pem").replace(key_folder / "shop.example.com.june.pem")

    message = dkim.signed(MESSAGE, shop)

    assert is_genuine(message, other)
    assert not is_genuine(message, key)


def test_a_key_is_made_once_and_for_this_account_alone(shop, key, key_folder):
    again = dkim.make_key(shop.domain, shop.dkim_selector)

    path = key_folder / "shop.example.com.june.pem"
    assert dkim.public_text(again) == dkim.public_text(key)
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(key_folder.stat().st_mode)) == (0o600, 0o700)
    assert list(key_folder.iterdir()) == [path]
    assert key.key_size == 2048
    assert dkim.selectors(shop.domain) == ["june"]


@pytest.mark.parametrize(("domain", "selector"), [("../etc", "a"), ("example.com", "../a"), ("", "a")])
def test_no_name_leads_out_of_the_folder(domain, selector):
    with pytest.raises(dkim.NoSuchName):
        dkim.make_key(domain, selector)

    assert dkim.private_key(domain, selector) is None


SMALL_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
LINES = st.lists(
    st.sampled_from([b" ", b"\t", b"a", b"=20", b".", b"\r\n", b"\r\n\r\n", b"--=_1"]), max_size=30
)


@given(
    body=LINES.map(b"".join),
    subject=st.text(st.characters(codec="ascii", categories=["L", "N", "Zs"]), max_size=40),
)
@trying(max_examples=150, deadline=None)
def test_any_body_is_read_alike(body, subject):
    message = f"From: ines@shop.example.com\r\nSubject: {subject}\r\n\r\n".encode() + body + b"\r\n"

    assert is_genuine(dkim.sign(message, SMALL_KEY, "shop.example.com", "june"), SMALL_KEY)


def test_the_record_holds_the_public_half(key):
    import base64

    head, _, value = dkim.record(key).rpartition("p=")
    public = serialization.load_der_public_key(base64.b64decode(value))

    assert head == "v=DKIM1; k=rsa; "
    assert public == key.public_key()


def test_what_the_mail_server_gets_is_signed_with_both_headers_of_one_click(ada, mailbox):
    sender = make_sender(name="Shop", address="ines@shop.example.com", dkim_selector="june")
    key = dkim.make_key(sender.domain, "june")
    make_delivery(make_rule(sender=sender), ada, due_at=NOON)

    send_due(NOON, "test")

    (message,) = mailbox
    names = "".join(message["DKIM-Signature"].partition("h=")[2].partition(";")[0].split()).split(":")
    assert is_genuine(message.raw, key)
    assert {"list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id"} <= set(names)
