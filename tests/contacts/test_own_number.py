"""A number of one's own: given, changed and taken away on the preference page, with a yes to calls."""

import re

import pytest
from django.test import Client

from contacts.consenting import current_consents, give_consent
from contacts.models import Consent, Contact, Identity
from contacts.phones import phone_of, set_phone
from contacts.preferences import CALLS, masked_number, preferences_path
from contacts.signing import sign
from contacts.suppressing import suppress
from tests.make import NOON, make_contact, make_rule, make_step, make_topic, make_wording

NUMBER, OTHER = "+351912345678", "+351912345679"


@pytest.fixture
def calls(topic):
    """A row that is on and calls people."""
    return make_step(make_rule(status="active"), channel="phone")


def choose(client, contact, **fields):
    return client.post(preferences_path(contact), {"was": "email-news", "email-news": "on"} | fields)


def answers(contact):
    return {(entry.channel, entry.topic.key): entry.action for entry in current_consents(contact)}


YES = {"phone-news": "on", "phone": "+351 912 345 678"}


def test_calls_are_offered_where_people_are_called(client, ada, topic):
    step = make_step(make_rule(status="draft"), channel="phone")
    assert "Your phone number" not in client.get(preferences_path(ada)).text

    type(step.rule).objects.update(status="active")

    page = client.get(preferences_path(ada)).text
    assert "Your phone number" in page
    assert 'name="phone-news"' in page


def test_a_number_and_a_yes_are_given_in_one_go_with_the_words_that_stood_there(client, ada, calls):
    wording = make_wording(key=CALLS, text="Yes, call me about these.")
    assert "Yes, call me about these." in client.get(preferences_path(ada)).text

    response = choose(client, ada, said=wording.pk, **YES)

    assert response.headers["Location"].endswith("?saved=choices")
    assert phone_of(ada) == NUMBER
    entry = Consent.objects.latest("id")
    assert (entry.channel, entry.action, entry.source, entry.wording) == (
        "phone",
        "given",
        "preferences",
        wording,
    )
    assert entry.evidence == {"ip": "127.0.0.1", "user_agent": "", "number": NUMBER}


def test_only_the_topics_that_are_ticked_may_be_called_about(client, ada, calls):
    make_topic("offers", "Offers")

    choose(client, ada, **YES)

    assert answers(ada) == {("email", "news"): "given", ("phone", "news"): "given"}


def test_the_words_of_an_e_mail_prove_no_yes_to_calls(client, ada, calls):
    wording = make_wording(key="sign-up", text="Write to me.")

    choose(client, ada, said=wording.pk, **YES)
    assert ("phone", "news") not in answers(ada)
    choose(client, ada, wording=wording.pk, **YES)

    assert Consent.objects.latest("id").wording is None


def test_a_number_is_read_as_it_is_written_in_their_country(client, ada, calls):
    Contact.objects.filter(pk=ada.pk).update(country="PT")

    choose(client, ada, phone="912 345 678")

    assert phone_of(ada) == NUMBER
    assert answers(ada) == {("email", "news"): "given"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"phone-news": "on", "phone": "912 345 678"}, "needs its country&#x27;s code"),
        ({"phone-news": "on", "phone": ""}, "At which number do you want to be called?"),
        ({"phone": "+351 912"}, "There is no such phone number."),
    ],
)
def test_a_number_that_cannot_be_called_is_said_beside_the_field(client, ada, calls, fields, words):
    response = choose(client, ada, **fields)

    assert (response.status_code, words in response.text) == (200, True)
    assert (phone_of(ada), answers(ada)) == ("", {("email", "news"): "given"})


def test_a_no_counts_though_the_number_is_wrong(client, ada, calls):
    wrong = {"was": "email-news", "phone-news": "on", "phone": "912"}
    page = client.post(preferences_path(ada), wrong).text

    assert answers(ada) == {("email", "news"): "withdrawn"}
    assert "What you switched off is stopped already. Look at the phone number below." in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"phone": "912"}, "Nothing is saved yet. Look at the phone number below."),
        ({"at_most": "99"}, "Nothing is saved yet. Look at “How often at most” below."),
        ({"wording": "0"}, "Nothing is saved yet. The page was no longer as it should be"),
    ],
)
def test_nothing_is_called_stopped_where_nothing_was_switched_off(client, ada, calls, wrong, words):
    page = re.sub(r"<[^>]+>", "", choose(client, ada, **wrong).text)

    assert words in " ".join(page.split())
    assert "stopped already" not in page
    assert answers(ada) == {("email", "news"): "given"}


def test_somebody_elses_number_is_not_given_away_nor_told_of(client, ada, ben, calls):
    set_phone(ben, NUMBER, at=NOON)

    response = choose(client, ada, **YES)

    assert "This number cannot be kept here." in response.text
    assert str(ben) not in response.text
    assert (phone_of(ada), phone_of(ben)) == ("", NUMBER)
    assert ("phone", "news") not in answers(ada)


def test_nobody_tries_one_number_after_the_other(client, ada, calls):
    for last in range(5):
        choose(client, ada, phone=f"+35191234567{last}")
    assert phone_of(ada) == "+351912345674"

    response = choose(client, ada, phone=NUMBER)

    assert "These were many numbers." in response.text
    assert phone_of(ada) == "+351912345674"


def test_another_number_takes_the_place_of_the_first(client, ada, calls):
    set_phone(ada, OTHER, at=NOON)
    page = client.get(preferences_path(ada)).text
    assert "You are called at +351 … 79." in page
    assert "345" not in page

    choose(client, ada, phone="+351 912 345 678")

    assert phone_of(ada) == NUMBER


def test_a_number_that_is_taken_away_is_forgotten_and_nobody_calls(client, ada, calls):
    set_phone(ada, OTHER, at=NOON)
    set_phone(ada, NUMBER, at=NOON)
    give_consent(ada, [calls.rule.topic], channel="phone", at=NOON, source="form")
    Contact.objects.filter(pk=ada.pk).update(preferred_channel="phone")

    choose(client, ada, **{"was": "email-news phone-news", "phone-news": "on", "forget_phone": "on"})

    assert answers(ada) == {("email", "news"): "given", ("phone", "news"): "withdrawn"}
    assert not Identity.objects.filter(contact=ada, kind="phone").exists()
    ada.refresh_from_db()
    assert ada.preferred_channel == ""


def test_taking_it_away_and_writing_another_down_is_asked_about(client, ada, calls):
    set_phone(ada, OTHER, at=NOON)

    response = choose(client, ada, phone="+351 912 345 678", forget_phone="on")

    assert "Either take your number away" in response.text
    assert phone_of(ada) == OTHER


def test_a_number_that_is_kept_back_says_so(client, ada, calls):
    set_phone(ada, NUMBER, at=NOON)
    suppress(NUMBER, channel="phone", reason="not_theirs", at=NOON, source="call:1")

    assert "it is kept back and nobody calls it" in client.get(preferences_path(ada)).text


def test_stopping_everything_stops_calls_whatever_else_was_typed(client, ada, calls):
    choose(client, ada, **YES)

    response = choose(client, ada, everything="1", phone="nonsense")

    assert response.headers["Location"].endswith("?saved=everything")
    assert set(answers(ada).values()) == {"withdrawn"}


def test_a_forged_link_changes_nobodys_number(client, ada, ben, calls):
    real = preferences_path(ada)
    assert client.post(real, {"phone": NUMBER}).status_code == 302
    stolen = real.rstrip("/").rpartition("/")[2]
    forged = [
        sign("stop", ben.uuid.bytes),
        sign("preferences", ben.uuid.bytes[:15]),
        stolen[:-1] + ("A" if stolen[-1] != "A" else "B"),
        stolen[:22] + sign("preferences", ben.uuid.bytes)[22:],
    ]

    codes = {
        client.post(f"/p/{token}/", {"phone": OTHER, "phone-news": "on"}).status_code for token in forged
    }

    assert codes == {404}
    assert (phone_of(ada), phone_of(ben)) == (NUMBER, "")
    assert Consent.objects.filter(channel="phone").count() == 0


def test_the_link_alone_is_the_key_as_mail_programs_keep_no_cookies(ada, calls):
    assert choose(Client(enforce_csrf_checks=True), ada, **YES).status_code == 302

    assert phone_of(ada) == NUMBER


def test_a_number_is_masked_but_known_to_its_owner():
    assert masked_number("+351912345678") == "+351 … 78"
    assert masked_number("") == ""


def test_somebody_without_an_address_may_give_a_number(client, calls):
    contact = make_contact("")

    client.post(preferences_path(contact), YES)

    assert (phone_of(contact), answers(contact)) == (NUMBER, {("phone", "news"): "given"})
