"""Administrators erase people: from the contact's page, once they have read it, or several at once."""

import pytest
from django.urls import reverse

from contacts.models import Contact, Suppression
from tests.make import NOON, make_delivery, make_rule


@pytest.fixture
def as_admin(client, admin):
    client.force_login(admin)
    return client


def address(contact):
    return reverse("contacts:contact-erase", args=[contact.pk])


def test_the_page_says_what_it_means_and_erases_nothing_by_being_read(as_admin, ada):
    assert address(ada) in as_admin.get(ada.get_absolute_url()).text

    page = as_admin.get(address(ada)).text

    assert "Erase Ada Byron?" in page
    assert Contact.objects.present().filter(pk=ada.pk).exists()


def test_the_button_erases_and_names_nobody(as_admin, ada, admin):
    page = as_admin.post(address(ada), follow=True)

    assert "The person is erased." in page.text
    assert "Byron" not in page.text
    ada.refresh_from_db()
    assert (bool(ada.erased_at), ada.name) == (True, "")
    assert Suppression.objects.get().source == f"user:{admin.pk}"
    assert as_admin.post(address(ada)).status_code == 404
    assert as_admin.get(ada.get_absolute_url()).status_code == 404


def test_nobody_else_may(as_marketer, ada):
    assert address(ada) not in as_marketer.get(ada.get_absolute_url()).text

    assert as_marketer.post(address(ada)).status_code == 403

    ada.refresh_from_db()
    assert ada.erased_at is None


def test_several_are_erased_in_the_administration_once_that_is_confirmed(as_admin, ada, ben, cleo):
    url = reverse("admin:contacts_contact_changelist")
    chosen = {"action": "erase_chosen", "_selected_action": [ada.pk, ben.pk]}

    asked = as_admin.post(url, chosen)
    assert ("Erase these people?" in asked.text, "Ada Byron" in asked.text) == (True, True)
    assert Contact.objects.exclude(erased_at=None).count() == 0

    done = as_admin.post(url, chosen | {"confirmed": "yes"}, follow=True)
    assert "2 people are erased." in done.text
    assert set(Contact.objects.exclude(erased_at=None)) == {ada, ben}


def test_the_ledger_still_shows_what_was_sent_to_somebody_erased(as_admin, ada, sender, topic):
    delivery = make_delivery(make_rule(), ada, status="sent", sending_at=NOON, address=ada.email)
    as_admin.post(address(ada))

    page = as_admin.get(delivery.get_absolute_url())

    words = ("someone who was erased", "Byron")
    assert (page.status_code, *(word in page.text for word in words)) == (200, True, False)
    assert "The person was forgotten on" in page.text
    assert "There is no address" not in page.text
    assert as_admin.get(reverse("campaigns:delivery-list")).status_code == 200
