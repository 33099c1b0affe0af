"""The public pages: what they answer, to whom they say nothing, and what looking at them changes: nothing."""

import re
import uuid
from unittest import mock

import pytest
from django.core.cache import cache
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisGone

from contacts.models import Consent, Contact
from tests.make import make_topic, make_wording
from touchpoints.models import Touchpoint
from touchpoints.signing_up import confirm_url

JOIN = "/join/"


@pytest.fixture
def wording(topic):
    return make_wording()


def fill_in(words, **fields):
    fields = {
        "email": "dana@example.com",
        "name": "Dana Wu",
        "topics": ["news"],
        "wording": words.pk,
    } | fields
    return {name: value for name, value in fields.items() if value is not None}


def ask(client, words, **fields):
    return client.post(JOIN, fill_in(words, **fields))


def path_of(touchpoint):
    return confirm_url(touchpoint).removeprefix("http://testserver")


# Signing up -----------------------------------------------------------------------------------------


def test_the_form_shows_the_exact_words_and_no_switch_is_on(client, wording):
    make_topic("offers", "Offers")

    page = client.get(JOIN).content.decode()

    assert wording.text in page
    assert page.count('role="switch"') == 2
    assert " checked" not in page
    assert "sessionid" not in client.cookies


def test_signing_up_records_it_and_asks_for_one_more_step(client, wording):
    answer = ask(client, wording)

    page = client.get(answer.url).content.decode()
    touchpoint = Touchpoint.objects.get(kind="signed_up")
    assert touchpoint.contact.email == "dana@example.com"
    assert touchpoint.data["wording_id"] == wording.pk
    assert touchpoint.data["evidence"]["ip"] == "127.0.0.1"
    assert "the mail we sent to d…@example.com" in page


def test_the_address_of_the_thanks_page_does_not_name_them(client, wording):
    answer = ask(client, wording)

    assert "dana" not in answer.url
    assert "One more step" in client.get("/join/thanks/?to=forged").content.decode()
    assert "forged" not in client.get("/join/thanks/?to=forged").content.decode()


def without_tokens(page):
    return re.sub(r"[\w-]{40,}", "", page.content.decode())


def test_known_and_unknown_addresses_get_the_same_answer(client, wording, ada, cleo):
    answers = {}
    for address in ["aileen@example.com", ada.email, cleo.email.replace("cleo", "cleo")]:
        answer = ask(client, wording, email=address)
        page = client.get(answer.url)
        masked = f"{address[0]}…@example.com"
        answers[answer.status_code, without_tokens(page).replace(masked, "…")] = address

    assert len(answers) == 1
    assert Touchpoint.objects.filter(kind="signed_up").count() == 3


def test_the_fourth_sign_up_of_a_day_gets_the_same_answer_and_no_mail(client, wording):
    make_topic("offers", "Offers")
    wishes = [["news"], ["offers"], ["news", "offers"]]
    first = [ask(client, wording, topics=topics) for topics in wishes][0]
    make_topic("concerts", "Concerts")

    fourth = ask(client, wording, topics=["concerts"])

    assert (fourth.status_code, fourth.url) == (first.status_code, first.url)
    assert Touchpoint.objects.count() == 3


def test_a_machine_that_fills_in_everything_is_thanked_and_forgotten(client, wording):
    answer = ask(client, wording, nickname="Bot")

    assert answer.status_code == 302
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "dana.example.com"},
        {"email": ""},
        {"topics": []},
        {"topics": ["nothing"]},
        {"name": "Win money www.example.com"},
        {"name": "<b>Dana</b>"},
        {"wording": 0},
        {"email": "a\0b@example.com"},
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_is_written(client, wording, fields):
    answer = ask(client, wording, **fields)

    assert answer.status_code == 200
    assert not Contact.objects.exists()


def test_what_was_ticked_stays_after_an_error(client, wording):
    page = ask(client, wording, email="dana").content.decode()

    assert 'id="topic-news" aria-describedby="topic-news-d" checked' in page


def test_ten_sign_ups_a_minute_from_one_connection(client, wording):
    answers = [ask(client, wording, email=f"d{n}@example.com").status_code for n in range(11)]

    assert answers == [302] * 10 + [429]


def test_without_a_cache_people_can_still_sign_up(client, wording):
    with mock.patch.object(cache, "add", side_effect=RedisGone):
        answer = ask(client, wording)

    assert answer.status_code == 302
    assert Touchpoint.objects.count() == 1


def test_where_they_came_from_is_kept_with_the_contact(client, wording):
    form = client.get(
        f"{JOIN}?utm_source=paper&utm_campaign=spring", headers={"referer": "https://news.example.org/a?b=c"}
    )
    initial = form.context["form"].initial

    ask(client, wording, **{name: initial[name] for name in ("utm_source", "utm_campaign", "referrer")})

    source = Contact.objects.get().first_source
    assert (source["utm_source"], source["utm_campaign"]) == ("paper", "spring")
    assert source["referrer"] == "https://news.example.org/a"


def test_with_no_words_to_agree_to_there_is_nothing_to_sign_up_for(client, topic):
    assert "Nothing to sign up for yet" in client.get(JOIN).content.decode()


def test_another_sites_form_is_refused(wording):
    from django.test import Client

    assert ask(Client(enforce_csrf_checks=True), wording).status_code == 403


# Confirming -----------------------------------------------------------------------------------------


@pytest.fixture
def signed_up(client, wording):
    ask(client, wording)
    return Touchpoint.objects.get(kind="signed_up")


def test_looking_at_the_link_changes_nothing(client, signed_up):
    for _ in range(3):
        assert "Yes, write to me" in client.get(path_of(signed_up)).content.decode()
        client.head(path_of(signed_up))

    assert Touchpoint.objects.count() == 1
    assert not Consent.objects.exists()


def test_the_button_confirms_without_a_cookie(signed_up):
    from django.test import Client

    stranger = Client(enforce_csrf_checks=True)

    page = stranger.post(path_of(signed_up), follow=True)

    assert "You are in." in page.content.decode()
    assert Consent.objects.get().action == "given"
    assert "sessionid" not in stranger.cookies


def test_pressing_the_button_twice_confirms_once(client, signed_up):
    for _ in range(2):
        client.post(path_of(signed_up))

    assert Touchpoint.objects.filter(kind="confirmed").count() == 1
    assert Consent.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_does_not_hold_leads_back(client, signed_up, method):
    answer = getattr(client, method)(reverse("touchpoints:confirm", args=["forged"]))

    assert answer.status_code == 404
    assert 'href="/join/"' in answer.content.decode()
    assert not Consent.objects.exists()


# Notes ----------------------------------------------------------------------------------------------


def test_a_marketer_writes_a_note_once(as_marketer, marketer, ada):
    note = {"text": "Called about the cello suites.", "key": str(uuid.uuid4())}

    for _ in range(2):
        answer = as_marketer.post(f"/contacts/{ada.pk}/note/", note)

    touchpoint = Touchpoint.objects.get()
    assert answer.status_code == 302
    assert (touchpoint.kind, touchpoint.contact) == ("note", ada)
    assert touchpoint.data == {"text": note["text"], "by": "Ines Duarte", "user": marketer.pk}


def test_an_analyst_writes_no_note(client, analyst, ada):
    client.force_login(analyst)

    answer = client.post(f"/contacts/{ada.pk}/note/", {"text": "x", "key": str(uuid.uuid4())})

    assert answer.status_code == 403
    assert not Touchpoint.objects.exists()


def test_an_empty_note_is_not_written(as_marketer, ada):
    as_marketer.post(f"/contacts/{ada.pk}/note/", {"text": " ", "key": str(uuid.uuid4())})

    assert not Touchpoint.objects.exists()
