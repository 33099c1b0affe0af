import pytest

from contacts.identifying import (
    AddressTaken,
    find_by_email,
    get_or_create_contact,
    set_primary_email,
    verify_email,
)
from contacts.models import Contact, Identity
from tests.make import DAY, NOON, make_contact

SEARCH = {"at": "2026-06-01T12:00:00+00:00", "utm_source": "search"}
LETTER = {"at": "2026-06-09T12:00:00+00:00", "utm_source": "letter"}


def test_an_address_is_found_however_it_is_written(ada):
    assert find_by_email(" ADA@Example.com ") == ada


def test_an_unknown_address_belongs_to_nobody(db):
    assert find_by_email("nobody@example.com") is None


def test_a_new_address_becomes_a_contact_with_a_primary_identity(db):
    contact, created = get_or_create_contact(
        "Eve@Example.com", at=NOON, origin="form:sign-up", first_name="Eve", source=SEARCH
    )

    assert (created, contact.email, contact.first_source, contact.last_source) == (
        True,
        "eve@example.com",
        SEARCH,
        SEARCH,
    )
    identity = contact.identities.get()
    assert (identity.value, identity.is_primary, identity.verified_at) == ("eve@example.com", True, None)


def test_asking_again_finds_the_same_contact_and_keeps_its_name_and_first_source(db):
    first, _ = get_or_create_contact(
        "eve@example.com", at=NOON, origin="form", first_name="Eve", source=SEARCH
    )

    again, created = get_or_create_contact(
        "eve@example.com", at=NOON + DAY, origin="shop", first_name="Mallory", source=LETTER
    )

    again.refresh_from_db()
    assert (again, created, again.first_name) == (first, False, "Eve")
    assert (again.first_source, again.last_source) == (SEARCH, LETTER)


def test_an_arrival_that_tells_nothing_leaves_the_last_source(db):
    get_or_create_contact("eve@example.com", at=NOON, origin="form", source=SEARCH)

    contact, _ = get_or_create_contact("eve@example.com", at=NOON, origin="form", source={"page": "/"})

    assert contact.last_source == SEARCH


def test_a_missing_name_is_filled_in(db):
    get_or_create_contact("eve@example.com", at=NOON, origin="import")

    contact, _ = get_or_create_contact("eve@example.com", at=NOON, origin="form", first_name="Eve")

    contact.refresh_from_db()
    assert contact.first_name == "Eve"


def test_threads_that_meet_a_new_address_at_once_make_one_contact(at_once):
    def arrive():
        return get_or_create_contact("eve@example.com", at=NOON, origin="form")

    results = at_once(*[arrive] * 6)

    assert len({contact.pk for contact, _ in results}) == 1
    assert [created for _, created in results].count(True) == 1
    assert (Contact.objects.count(), Identity.objects.count()) == (1, 1)


def test_a_new_primary_address_leaves_the_old_one_known(ada):
    set_primary_email(ada, "Ada@New.example.com", at=NOON)

    ada.refresh_from_db()
    assert ada.email == "ada@new.example.com"
    assert [*ada.identities.order_by("pk").values_list("value", "is_primary")] == [
        ("ada@example.com", False),
        ("ada@new.example.com", True),
    ]


def test_the_same_primary_address_again_changes_nothing(ada):
    set_primary_email(ada, "ada@example.com", at=NOON)

    assert ada.identities.get().is_primary


def test_an_address_of_someone_else_is_refused(ada, ben):
    with pytest.raises(AddressTaken):
        set_primary_email(ada, "ben@example.com", at=NOON)

    ada.refresh_from_db()
    assert ada.email == "ada@example.com"


def test_threads_that_want_the_same_address_for_two_contacts_agree_on_one(at_once):
    contacts = [make_contact("one@example.com"), make_contact("two@example.com")]

    def want(contact):
        try:
            set_primary_email(contact, "shared@example.com", at=NOON)
        except AddressTaken:
            return False
        return True

    results = at_once(lambda: want(contacts[0]), lambda: want(contacts[1]))

    assert sorted(results) == [False, True]
    assert Contact.objects.filter(email="shared@example.com").count() == 1


def test_proving_an_address_is_noted_once(ada):
    verify_email(ada, at=NOON)
    verify_email(ada, at=NOON + DAY)

    assert ada.identities.get().verified_at == NOON


def test_the_address_that_was_proved_may_be_another_than_the_primary_one(ada):
    set_primary_email(ada, "ada@new.example.com", at=NOON)

    verify_email(ada, at=NOON, email="ada@example.com")

    assert [*ada.identities.order_by("pk").values_list("verified_at", flat=True)] == [NOON, None]
