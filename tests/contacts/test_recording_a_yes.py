"""A yes that was said to a colleague: written down with its proof, and never stronger than a later no."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.consenting import current_consents, withdraw_consent
from contacts.models import Consent
from contacts.phones import phone_of, set_phone
from tests.make import NOON, make_contact, make_topic

WORDS = "May we call you about new arrivals? Yes."


def url_of(contact):
    return reverse("contacts:contact-agree", args=[contact.pk])


def said(topic, channel="phone", **fields):
    proof = {"how": "on the phone", "words": WORDS, "source": "call of 3 May", "said_at": "2026-05-03T10:30"}
    return {"permissions": [f"{channel}:{topic.pk}"]} | proof | fields


def answers(contact):
    return {(entry.channel, entry.topic.key): entry.action for entry in current_consents(contact)}


@pytest.fixture
def called(ada):
    set_phone(ada, "+351912345678", at=NOON)
    return ada


def test_a_colleague_records_a_yes_with_its_proof(as_marketer, marketer, called, topic):
    response = as_marketer.post(url_of(called), said(topic), follow=True)

    entry = Consent.objects.latest("id")
    assert (entry.channel, entry.action, entry.basis) == ("phone", "given", "consent")
    assert entry.source == f"user:{marketer.pk}"
    assert timezone.localtime(entry.at).strftime("%d.%m.%Y %H:%M") == "03.05.2026 10:30"
    assert entry.evidence == {
        "words": WORDS,
        "how": "on the phone",
        "source": "call of 3 May",
        "by": "Ines Duarte",
    }
    assert "The yes is recorded." in response.text
    assert WORDS in response.text


def test_what_they_said_yes_to_already_is_not_asked_again(as_marketer, called, topic):
    page = as_marketer.get(url_of(called)).text

    assert f"phone:{topic.pk}" in page
    assert f"email:{topic.pk}" not in page


def test_a_yes_by_e_mail_is_recorded_too(as_marketer, topic):
    contact = make_contact()

    as_marketer.post(url_of(contact), said(topic, "email", how="on paper"))

    assert answers(contact) == {("email", "news"): "given"}


def test_a_later_no_stands(as_marketer, ben, topic):
    no = Consent.objects.get(contact=ben, action="withdrawn")
    assert f"said no on {timezone.localtime(no.at):%-d %b %Y}" in as_marketer.get(url_of(ben)).text
    before = timezone.localtime(no.at - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    after = timezone.localtime(no.at + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")

    response = as_marketer.post(url_of(ben), said(topic, "email", said_at=before), follow=True)
    assert "they said no after that" in response.text
    assert answers(ben) == {("email", "news"): "withdrawn"}
    as_marketer.post(url_of(ben), said(topic, "email", said_at=after))

    assert answers(ben) == {("email", "news"): "given"}


def test_a_no_that_came_while_the_page_was_open_stands(as_marketer, ben, topic):
    shown = as_marketer.get(url_of(ben)).context["form"].initial["said_at"]
    withdraw_consent(ben, [make_topic("offers", "Offers")], at=timezone.now(), source="one-click")

    offers = make_topic("offers", "Offers")
    as_marketer.post(url_of(ben), said(offers, "email", said_at=shown.strftime("%Y-%m-%dT%H:%M")))

    assert answers(ben)["email", "offers"] == "withdrawn"


@pytest.mark.parametrize("missing", ["permissions", "how", "words", "said_at"])
def test_a_yes_without_proof_is_none(as_marketer, called, topic, missing):
    response = as_marketer.post(url_of(called), said(topic) | {missing: ""})

    assert response.status_code == 200
    assert ("phone", "news") not in answers(called)


def test_nobody_says_yes_tomorrow(as_marketer, called, topic):
    tomorrow = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")

    response = as_marketer.post(url_of(called), said(topic, said_at=tomorrow))

    assert "That is still to come." in response.text
    assert ("phone", "news") not in answers(called)


def test_a_yes_to_calls_brings_the_number_with_it(as_marketer, ada, topic):
    page = as_marketer.get(url_of(ada)).text
    assert ("No number of theirs is known yet" in page, f"phone:{topic.pk}" in page) == (True, True)

    as_marketer.post(url_of(ada), said(topic, phone="+351 912 345 678"))

    assert (phone_of(ada), answers(ada)["phone", "news"]) == ("+351912345678", "given")
    assert Consent.objects.latest("id").evidence["number"] == "+351912345678"
    assert "No number of theirs is known yet" not in as_marketer.get(url_of(ada)).text


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("", "At which number did they say you may call them?"),
        ("912 345 678", "needs its country&#x27;s code"),
        ("+351 962 345 678", "Ben Okri has this number already."),
    ],
)
def test_a_yes_to_calls_without_a_number_of_theirs_is_not_recorded(
    as_marketer, ada, ben, topic, number, words
):
    set_phone(ben, "+351962345678", at=NOON)

    page = as_marketer.post(url_of(ada), said(topic, phone=number)).text

    assert words in page
    assert (phone_of(ada), answers(ada)) == ("", {("email", "news"): "given"})


def test_a_number_is_not_kept_with_a_yes_that_is_over(as_marketer, ada, topic):
    withdraw_consent(ada, [topic], channel="phone", at=timezone.now(), source="preferences")
    number = {"phone": "+351 912 345 678"}

    page = as_marketer.post(url_of(ada), said(topic, **number), follow=True).text

    assert "Nothing was recorded" in page
    assert phone_of(ada) == ""


def test_a_yes_by_e_mail_needs_no_number(as_marketer, ben, topic):
    offers = make_topic("offers", "Offers")

    as_marketer.post(url_of(ben), said(offers, "email", phone=""))

    assert answers(ben)["email", "offers"] == "given"


def test_where_no_address_is_known_the_page_says_so(as_marketer, topic):
    page = as_marketer.get(url_of(make_contact(email=""))).text

    assert "no address is known yet" in page
    assert f"email:{topic.pk}" not in page


def test_who_said_yes_to_everything_is_asked_for_nothing(as_marketer, called, topic):
    as_marketer.post(url_of(called), said(topic))

    assert "There is nothing to ask them for" in as_marketer.get(url_of(called)).text


def test_it_is_taken_back_by_the_same_door_as_every_yes(as_marketer, called, topic):
    as_marketer.post(url_of(called), said(topic))
    withdraw = reverse("contacts:contact-withdraw", args=[called.pk])

    as_marketer.post(withdraw, {"permissions": [f"phone:{topic.pk}"], "how": "by phone"})

    assert answers(called) == {("email", "news"): "given", ("phone", "news"): "withdrawn"}


def test_an_analyst_may_neither_look_nor_record(client, analyst, called, topic):
    client.force_login(analyst)

    assert client.get(url_of(called)).status_code == 403
    assert client.post(url_of(called), said(topic)).status_code == 403
    assert "Record a yes" not in client.get(called.get_absolute_url()).text


def test_another_site_cannot_record_it_for_a_colleague(marketer, called, topic):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(marketer)

    assert browser.post(url_of(called), said(topic)).status_code == 403
    assert ("phone", "news") not in answers(called)
