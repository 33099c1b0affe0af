import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts.models import Consent, ConsentWording, Contact, Suppression
from contacts.suppressing import is_suppressed
from tests.make import make_topic, make_wording

LISTS = ["contact", "identity", "consent", "suppression", "topic", "consentwording", "sender"]


@pytest.fixture
def as_admin(client, admin):
    client.force_login(admin)
    return client


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_shown_and_searched(as_admin, ada, cleo, sender, name):
    make_wording()

    assert as_admin.get(reverse(f"admin:contacts_{name}_changelist")).status_code == 200
    assert as_admin.get(reverse(f"admin:contacts_{name}_changelist"), {"q": "ada"}).status_code == 200


def test_a_large_table_is_not_counted(as_admin, ada):
    with CaptureQueriesContext(connection) as captured:
        as_admin.get(reverse("admin:contacts_contact_changelist"))

    assert not [query["sql"] for query in captured if "COUNT(*)" in query["sql"]]


def test_consent_is_shown_and_never_changed(as_admin, ada):
    entry = Consent.objects.get()
    url = reverse("admin:contacts_consent_change", args=[entry.pk])

    assert as_admin.get(url).status_code == 200
    assert as_admin.post(url, {"action": "withdrawn"}).status_code == 403
    assert as_admin.get(reverse("admin:contacts_consent_add")).status_code == 403


def test_a_contact_is_neither_made_nor_deleted_here(as_admin, ada):
    assert as_admin.get(reverse("admin:contacts_contact_add")).status_code == 403
    assert as_admin.get(reverse("admin:contacts_contact_delete", args=[ada.pk])).status_code == 403


def test_an_address_cannot_be_changed_past_the_act(as_admin, ada):
    url = reverse("admin:contacts_contact_change", args=[ada.pk])
    inlines = {
        f"{name}-{count}_FORMS": 0 for name in ("identities", "consents") for count in ("TOTAL", "INITIAL")
    }

    response = as_admin.post(
        url, {"first_name": "Augusta", "level": "full", "email": "x@example.com", **inlines}
    )

    contact = Contact.objects.get()
    assert response.status_code == 302
    assert (contact.first_name, contact.email) == ("Augusta", "ada@example.com")


def test_lifting_a_suppression_says_who_did_it(as_admin, admin, cleo):
    suppression = Suppression.objects.get()

    as_admin.post(
        reverse("admin:contacts_suppression_changelist"),
        {"action": "lift_chosen", "_selected_action": [suppression.pk]},
    )

    suppression.refresh_from_db()
    assert suppression.lifted_by == admin
    assert not is_suppressed(cleo.email, service=False)


def test_changing_words_makes_a_new_version(as_admin, admin):
    wording = make_wording(text="Yes.")

    as_admin.post(
        reverse("admin:contacts_consentwording_change", args=[wording.pk]), {"text": "Yes, please."}
    )

    assert [*ConsentWording.objects.order_by("version").values_list("version", "text")] == [
        (1, "Yes."),
        (2, "Yes, please."),
    ]


def test_saving_the_same_words_makes_none(as_admin, admin):
    wording = make_wording(text="Yes.")

    as_admin.post(reverse("admin:contacts_consentwording_change", args=[wording.pk]), {"text": "Yes."})

    assert ConsentWording.objects.count() == 1


def test_a_topic_keeps_its_key(as_admin, admin):
    topic = make_topic()
    url = reverse("admin:contacts_topic_change", args=[topic.pk])
    words = {"key": "other", "name": "News", "description": "", "position": 0, "cap": "", "cap_days": 7}

    as_admin.post(url, words)

    topic.refresh_from_db()
    assert (topic.key, topic.name) == ("news", "News")


def test_only_administrators_may_enter(as_marketer):
    assert as_marketer.get(reverse("admin:contacts_contact_changelist")).status_code == 403
