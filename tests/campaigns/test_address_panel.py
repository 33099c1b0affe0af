"""A contact's page says what came back from their address, and an administrator may use it again."""

import itertools

import pytest
from django.urls import reverse

from campaigns import bouncing
from campaigns.models import Notice
from contacts.models import Suppression
from contacts.suppressing import suppress
from tests.make import DAY, NOON

_numbers = itertools.count(1)


def make_notice(kind, at=NOON, **fields):
    fields = {"source": "mail", "external_id": str(next(_numbers)), "is_trusted": True} | fields
    return Notice.objects.create(kind=kind, address="ada@example.com", at=at, received_at=at, **fields)


def page(client, contact):
    return " ".join(client.get(contact.get_absolute_url()).content.decode().split())


def test_without_anything_that_came_back_nothing_is_shown(as_marketer, ada):
    make_notice("opened")

    assert "What came back" not in page(as_marketer, ada)


def test_what_came_back_is_shown_with_how_the_address_stands(as_marketer, ada):
    for day in range(3):
        make_notice("soft", NOON + day * DAY, status_code="4.2.2", detail="452 4.2.2 mailbox full")
    make_notice("hard", NOON, detail="never existed", is_trusted=False)

    text = page(as_marketer, ada)

    assert "3 messages came back in a row since 10 Jun 2026." in text
    assert "12 Jun 2026 · 452 4.2.2 mailbox full" in text
    assert "10 Jun 2026 · not proven, so it changes nothing · never existed" in text


def test_the_row_begins_anew_after_an_arrival_and_after_a_lift(ada, admin):
    for day in (0, 2, 4):
        make_notice("soft", NOON + day * DAY)
    assert bouncing.soft_row_of(ada.email) == bouncing.Row(3, NOON)

    make_notice("delivered", NOON + DAY)
    assert bouncing.soft_row_of(ada.email) == bouncing.Row(2, NOON + 2 * DAY)

    lifted = {"lifted_at": NOON + 3 * DAY, "lifted_by": admin}
    Suppression.objects.create(address=ada.email, reason="bounced", at=NOON, source="mail", **lifted)
    assert bouncing.soft_row_of(ada.email) == bouncing.Row(1, NOON + 4 * DAY)


@pytest.fixture
def kept_back(ada):
    return suppress(ada.email, reason="bounced", at=NOON, source="mail", detail="5.1.1 no such user")


def lift_url(contact, suppression):
    return reverse("contacts:contact-lift", args=[contact.pk, suppression.pk])


def test_an_administrator_uses_the_address_again_and_the_page_remembers(client, admin, ada, kept_back):
    client.force_login(admin)
    assert lift_url(ada, kept_back) in page(client, ada)

    response = client.post(lift_url(ada, kept_back), follow=True)

    kept_back.refresh_from_db()
    assert kept_back.lifted_by == admin
    text = " ".join(response.content.decode().split())
    assert "ada@example.com may be used again." in text
    assert "Bounced for good: 5.1.1 no such user; from 10 Jun 2026, lifted on" in text
    assert "by Ada Admin" in text


def test_nobody_else_may_nor_sees_how(as_marketer, ada, kept_back):
    assert "This address is not used" in page(as_marketer, ada)
    assert lift_url(ada, kept_back) not in page(as_marketer, ada)

    assert as_marketer.post(lift_url(ada, kept_back)).status_code == 403
    assert Suppression.objects.active().count() == 1


def test_what_keeps_back_another_address_is_not_lifted_here(client, admin, ada, ben, kept_back):
    client.force_login(admin)

    assert client.post(lift_url(ben, kept_back)).status_code == 404
    assert Suppression.objects.active().count() == 1
