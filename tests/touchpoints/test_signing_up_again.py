"""Somebody who was erased may come back by their own wish, and only by that."""

import pytest

from campaigns import rules, starter
from campaigns.ticking import tick
from contacts.digests import digest_of
from contacts.erasing import erase, erase_echoes
from contacts.identifying import get_or_create_contact
from contacts.models import ConsentWording, Contact, Suppression
from contacts.permissions import lifted_words
from contacts.suppressing import is_suppressed, suppress
from tests.make import DAY, HOUR, MINUTE, NOON, make_contact
from touchpoints.signing_up import confirm, confirm_url, sign_up

ADDRESS = "dana@example.com"


@pytest.fixture
def forgotten(db):
    """Dana was here, and asked to be forgotten."""
    for rule in starter.set_up_workspace(NOON - 2 * DAY):
        rules.activate(rule, at=NOON - 2 * DAY)
    erase(make_contact(ADDRESS), at=NOON - DAY)


def ask(at=NOON):
    wording = ConsentWording.objects.first()
    return sign_up({"email": ADDRESS, "name": "Dana Wu", "topics": ["news"], "wording": wording}, at=at)


def token_of(touchpoint):
    return confirm_url(touchpoint).rstrip("/").rpartition("/")[2]


def kept_back():
    """(service, marketing): whether messages to the address are kept back."""
    return is_suppressed(ADDRESS, service=True), is_suppressed(ADDRESS, service=False)


def test_their_own_wish_reaches_them_and_counts_once_confirmed(forgotten, mailbox):
    asked = ask()
    tick(NOON + MINUTE)
    (request,) = mailbox.to(ADDRESS)
    assert "/confirm/" in request.get_body("plain").get_content()
    assert kept_back() == (False, True)

    confirm(token_of(asked), at=NOON + HOUR)
    tick(NOON + HOUR + MINUTE)

    assert kept_back() == (False, False)
    assert [str(message["subject"]).split(",")[0] for message in mailbox.to(ADDRESS)][1:] == ["Welcome"]


def test_what_was_kept_back_stays_in_the_log(forgotten):
    confirm(token_of(ask()), at=NOON + HOUR)

    found = Suppression.objects.filter(address=ADDRESS).order_by("id")
    assert [*found.values_list("scope", "reason", "lifted_at")] == [
        ("all", "erased", NOON),
        ("marketing", "erased", NOON + HOUR),
    ]
    assert Suppression.objects.get(address=digest_of(ADDRESS)).lifted_at == NOON + HOUR
    assert lifted_words(found[1]).endswith("lifted on 10 Jun 2026 by themselves")


def test_who_is_brought_back_by_another_stays_kept_back(forgotten):
    get_or_create_contact(ADDRESS, at=NOON, origin="import")
    assert kept_back() == (True, True)

    ask(NOON + HOUR)
    assert kept_back() == (False, True)


def test_an_import_after_an_unconfirmed_wish_keeps_back_again(forgotten):
    ask()
    Contact.objects.get(email=ADDRESS).identities.all().delete()

    get_or_create_contact(ADDRESS, at=NOON + HOUR, origin="import")

    assert kept_back() == (True, True)


def test_without_an_answer_it_ends_after_seven_days(forgotten):
    ask()

    erase_echoes(NOON + 7 * DAY - MINUTE)
    assert kept_back() == (False, True)

    erase_echoes(NOON + 7 * DAY)
    assert kept_back() == (True, True)
    assert Suppression.objects.active().get(address=ADDRESS).detail == ""
    lifted = Suppression.objects.get(address=ADDRESS, scope="marketing")
    assert lifted_words(lifted).endswith("lifted on 17 Jun 2026 by the clock")


@pytest.mark.parametrize("reason", ["bounced", "complained", "asked"])
def test_another_reason_is_not_lifted(db, reason):
    starter.set_up_workspace(NOON - 2 * DAY)
    suppress(ADDRESS, reason=reason, at=NOON - DAY, source="test")

    confirm(token_of(ask()), at=NOON + HOUR)

    assert kept_back() == (True, True)


def test_what_is_added_while_they_may_answer_stays(forgotten):
    asked = ask()
    suppress(ADDRESS, reason="bounced", at=NOON + MINUTE, source="test")

    confirm(token_of(asked), at=NOON + HOUR)

    assert kept_back() == (True, True)


def test_after_coming_back_an_import_finds_them_as_anyone(forgotten):
    confirm(token_of(ask()), at=NOON + HOUR)
    Contact.objects.get(email=ADDRESS).identities.all().delete()

    get_or_create_contact(ADDRESS, at=NOON + DAY, origin="import")

    assert kept_back() == (False, False)
