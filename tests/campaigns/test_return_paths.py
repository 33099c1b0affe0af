"""Each delivery has addresses of its own; nobody else can make one."""

import random

import pytest

from campaigns import return_paths
from tests.make import make_delivery, make_rule, make_sender

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


@pytest.fixture
def delivery(db):
    return make_delivery(make_rule(sender=make_sender(return_domain="back.example.com")))


@pytest.mark.parametrize("written", [str.lower, str.upper, str.title, "<{}>".format, " {} ".format])
def test_an_address_is_read_however_it_is_written(delivery, written):
    assert return_paths.read(written(return_paths.return_path(delivery))) == ("bounce", delivery.uuid)
    assert return_paths.read(written(return_paths.stop_address(delivery))) == ("stop", delivery.uuid)


def test_an_address_is_short_enough_and_on_the_senders_domain(delivery):
    local, _at, domain = return_paths.return_path(delivery).partition("@")

    assert len(local) <= 64
    assert domain == "back.example.com"


def test_without_a_domain_mail_comes_back_to_the_sender(db):
    delivery = make_delivery()

    assert return_paths.return_path(delivery) == delivery.sender.address
    assert return_paths.stop_address(delivery) == ""


def test_an_address_to_stop_is_none_to_bounce_to(delivery):
    address = return_paths.stop_address(delivery)

    assert return_paths.read("b" + address[1:]) is None


def test_no_altered_address_is_read(delivery):
    address, chance = return_paths.return_path(delivery), random.Random(7)
    for _time in range(2000):
        place = chance.randrange(2, 41)
        other = chance.choice(LETTERS.replace(address[place], ""))
        assert return_paths.read(address[:place] + other + address[place + 1 :]) is None


@pytest.mark.parametrize("address", ["", None, "b-", "ines@example.com", "b-" + "a" * 39, "b-" + "ä" * 39])
def test_what_is_none_of_ours_is_none(address):
    assert return_paths.read(address) is None
