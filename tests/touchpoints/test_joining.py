"""Who becomes a full member has a touchpoint of it, by every door."""

import pytest
from django.urls import reverse

from contacts.editing import create_contact, set_level
from tests.make import NOON, make_contact, make_user
from touchpoints.models import Touchpoint

pytestmark = pytest.mark.django_db


def joined():
    return list(Touchpoint.objects.filter(kind="joined").values_list("contact_id", "at", "data"))


def test_becoming_a_full_member_is_told_and_being_one_is_not():
    contact = make_contact()

    changed = [set_level(contact, "full", at=NOON), set_level(contact, "full", at=NOON)]

    assert changed == [True, False]
    assert joined() == [(contact.pk, NOON, {"was": "guest"})]


def test_becoming_a_guest_again_tells_nothing():
    contact = make_contact(level="full")

    set_level(contact, "guest", at=NOON)

    assert joined() == []


def test_who_is_entered_as_a_full_member_has_not_become_one():
    values = dict.fromkeys(("first_name", "last_name", "language", "country", "time_zone"), "")
    create_contact(
        values | {"email": "dana@example.com", "level": "full", "owner": None}, at=NOON, origin="user:1"
    )

    assert joined() == []


def test_the_form_tells_it(as_marketer):
    contact = make_contact()
    form = {"email": contact.email, "level": "full", "birthday": "1980-02-29"}

    as_marketer.post(reverse("contacts:contact-edit", args=[contact.pk]), form)

    assert [pk for pk, _at, _data in joined()] == [contact.pk]
    assert [str(each.date) for each in contact.dates.all()] == ["1980-02-29"]


def test_the_administration_tells_it(client):
    contact = make_contact()
    client.force_login(make_user("admin", is_staff=True, is_superuser=True))
    url = reverse("admin:contacts_contact_change", args=[contact.pk])
    inlines = {
        f"{name}-{part}_FORMS": "0" for name in ("identities", "consents") for part in ("TOTAL", "INITIAL")
    }

    answer = client.post(url, {"level": "full", **inlines})

    assert answer.status_code == 302
    assert [pk for pk, _at, _data in joined()] == [contact.pk]
