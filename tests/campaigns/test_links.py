"""The signed addresses in messages: each leads where it was made for, and no other leads anywhere."""

import random
import string

import pytest

from campaigns import links
from contacts.signing import BadToken
from tests.make import make_delivery

TARGET = "https://shop.example.com/records?genre=jazz&page=2#top"


@pytest.fixture
def delivery(db):
    return make_delivery()


def token_of(url):
    return url.rstrip("/").rpartition("/")[2].removesuffix(".gif")


def test_a_click_leads_to_its_address(delivery):
    url = links.click_url(delivery, TARGET)

    assert url.startswith("http://testserver/c/")
    assert links.read_click(token_of(url)) == (delivery.uuid, TARGET)


def test_open_and_stop_name_their_delivery(delivery):
    assert links.read_open(token_of(links.open_url(delivery))) == delivery.uuid
    assert links.read_stop(token_of(links.stop_url(delivery))) == delivery.uuid


def test_a_token_holds_for_its_purpose_only(delivery):
    with pytest.raises(BadToken):
        links.read_stop(token_of(links.open_url(delivery)))


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "data:text/html,x", "//evil.example.com", "", "ftp://x"]
)
def test_a_click_leads_to_web_pages_only(delivery, target):
    with pytest.raises(BadToken):
        links.read_click(token_of(links.click_url(delivery, target)))


@pytest.mark.parametrize("read", ["read_click", "read_open", "read_stop"])
def test_ten_thousand_altered_tokens_lead_nowhere(delivery, read):
    made = {
        "read_click": links.click_url(delivery, TARGET),
        "read_open": links.open_url(delivery),
        "read_stop": links.stop_url(delivery),
    }
    token, dice = token_of(made[read]), random.Random(7)

    for _ in range(10_000):
        with pytest.raises(BadToken):
            getattr(links, read)(altered(token, dice))


def altered(token, dice):
    """The token with one letter changed, cut, added, or two parts exchanged."""
    place = dice.randrange(len(token))
    letter = dice.choice([c for c in string.ascii_letters + string.digits + "-_=%é" if c != token[place]])
    return dice.choice(
        [
            token[:place] + letter + token[place + 1 :],
            token[:place],
            token + letter,
            letter + token,
            token[:place] + letter + token[place:],
        ]
    )
