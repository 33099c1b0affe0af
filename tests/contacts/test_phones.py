"""Phone numbers: one form for all ways of writing them, one person's at a time."""

import pytest
from django.urls import reverse

from contacts.consenting import current_consents
from contacts.digests import digest_of
from contacts.identifying import set_primary_email
from contacts.models import Identity, Suppression
from contacts.phones import PhoneTaken, PhoneWrong, check_phone, holder_of, in_words, phone_of, set_phone
from contacts.preferences import preferences_path
from contacts.suppressing import is_suppressed, suppress
from tests.make import NOON, make_contact


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("+351 912 345 678", ""),
        ("+351-912-345-678", "DE"),
        ("00351 912 345 678", ""),
        ("912 345 678", "PT"),
        ("'912345678", "pt"),
        ("(+351) 912.345.678", ""),
    ],
)
def test_however_it_is_written_a_number_is_kept_in_one_form(written, country):
    assert check_phone(written, country) == "+351912345678"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("912 345 678", "The phone number needs its country's code, as in +351 912 345 678."),
        ("+351 912", "There is no such phone number."),
        ("+351 912 345 678 ext. 5", "There is no such phone number."),
        ("call me", "That is no phone number."),
        ("", "That is no phone number."),
        ("+" + "1" * 500, "That is no phone number."),
    ],
)
def test_what_nobody_could_call_is_refused_in_words(written, words):
    with pytest.raises(PhoneWrong) as error:
        check_phone(written)

    assert str(error.value) in (words, "The phone number needs its country's code, as in +351 912 345 678.")


def test_a_number_is_shown_as_people_read_it():
    assert in_words("+351912345678") == "+351 912 345 678"
    assert in_words("") == ""


def test_another_number_becomes_the_one_that_is_called_and_the_old_one_stays_known(ada):
    set_phone(ada, "+351912345678", at=NOON)
    set_phone(ada, "+351912345679", at=NOON)

    assert phone_of(ada) == "+351912345679"
    assert holder_of("+351912345678") == ada
    assert Identity.objects.get(contact=ada, kind="email").is_primary


def test_a_number_belongs_to_one_person(ada, ben):
    set_phone(ada, "+351912345678", at=NOON)

    with pytest.raises(PhoneTaken):
        set_phone(ben, "+351912345678", at=NOON)
    assert (phone_of(ada), phone_of(ben)) == ("+351912345678", "")


def test_another_address_leaves_the_number_as_it_is(ada):
    set_phone(ada, "+351912345678", at=NOON)

    set_primary_email(ada, "ada.byron@example.com", at=NOON)

    assert phone_of(ada) == "+351912345678"


def test_the_number_of_somebody_who_was_forgotten_stays_kept_back(ada):
    kept_back = digest_of("+351912345678")
    Suppression.objects.create(channel="phone", address=kept_back, reason="erased", at=NOON, source="erasure")

    set_phone(ada, "+351912345678", at=NOON)

    assert Suppression.objects.active().filter(channel="phone", address="+351912345678").count() == 1


FORM = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron", "level": "guest"}


def test_a_colleague_writes_down_a_number_as_it_is_written_in_the_country(as_marketer, ada):
    url = reverse("contacts:contact-edit", args=[ada.pk])

    as_marketer.post(url, FORM | {"phone": "912 345 678", "country": "PT"})

    assert phone_of(ada) == "+351912345678"
    assert 'value="+351 912 345 678"' in as_marketer.get(url).content.decode()
    as_marketer.post(url, FORM | {"phone": "", "country": "PT"})
    assert phone_of(ada) == ""


def test_a_wrong_or_taken_number_is_said_beside_the_field(as_marketer, ada):
    url, ben = reverse("contacts:contact-edit", args=[ada.pk]), make_contact("ben@example.com")
    set_phone(ben, "+351912345678", at=NOON)

    wrong = as_marketer.post(url, FORM | {"phone": "912"}).content.decode()
    taken = as_marketer.post(url, FORM | {"phone": "+351912345678", "first_name": "Eve"}).content.decode()

    assert "needs its country" in wrong
    assert f"{ben} has this number already." in taken
    ada.refresh_from_db()
    assert (phone_of(ada), ada.first_name) == ("", "Ada")


# What they want, and what is kept back ---------------------------------------------------------------


def test_who_has_a_number_chooses_for_themselves_what_they_are_called_about(client, ada, topic):
    page = preferences_path(ada)
    assert "phone-news" not in client.get(page).content.decode()
    set_phone(ada, "+351912345678", at=NOON)

    assert 'name="phone-news"' in client.get(page).content.decode()
    client.post(page, {"was": "email-news", "email-news": "on", "phone-news": "on"})

    given = {(entry.channel, entry.action) for entry in current_consents(ada)}
    assert given == {("email", "given"), ("phone", "given")}
    client.post(page, {"was": "email-news phone-news", "email-news": "on"})
    assert current_consents(ada)[-1].action == "withdrawn"


def test_a_number_that_is_not_theirs_stands_on_their_page_until_it_is_lifted(client, admin, ada):
    client.force_login(admin)
    set_phone(ada, "+351912345678", at=NOON)
    found = suppress("+351912345678", channel="phone", reason="not_theirs", at=NOON, source="call:1")

    page = client.get(ada.get_absolute_url()).content.decode()
    assert "This number is not called" in page
    assert "Suppress address" in page
    answer = client.post(reverse("contacts:contact-lift", args=[ada.pk, found.pk]), follow=True)

    assert "+351 912 345 678 may be used again." in answer.content.decode()
    assert not is_suppressed("+351912345678", service=True, channel="phone")
