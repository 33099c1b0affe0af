import pytest
from django.urls import reverse

from contacts.consenting import current_consents, give_consent, withdraw_consent
from contacts.models import Consent, Contact, Identity
from contacts.preferences import masked, preferences_path, preferences_url, read_token
from contacts.signing import BadToken, sign
from tests.make import NOON, make_contact, make_topic, make_wording


def states(contact):
    return {(entry.topic.key, entry.channel): entry.action for entry in current_consents(contact)}


def test_the_link_leads_to_its_contact_and_starts_with_the_public_address(ada):
    url = preferences_url(ada)

    assert url.startswith("http://testserver/p/")
    assert read_token(url.rstrip("/").rpartition("/")[2]) == ada


def test_a_link_made_for_something_else_is_refused(ada):
    with pytest.raises(BadToken):
        read_token(sign("stop", ada.uuid.bytes))


def test_the_link_of_a_merged_contact_leads_to_who_they_are_now(ada, ben):
    token = sign("preferences", ben.uuid.bytes)
    Contact.objects.filter(pk=ben.pk).update(merged_into=ada)

    assert read_token(token) == ada


@pytest.mark.parametrize("token", ["", "x", "AAAA" * 12, "ä" * 20])
def test_any_broken_link_gets_the_same_neutral_page(client, db, token):
    response = client.get(reverse("contacts:preferences", args=[token or "-"]))

    assert response.status_code == 404
    assert "This link does not work" in response.content.decode()


def test_the_page_shows_only_a_masked_address_and_changes_nothing(client, ada):
    response = client.get(preferences_path(ada))

    body = response.content.decode()
    assert response.status_code == 200
    assert "a…@example.com" in body
    assert "ada@example.com" not in body
    assert Consent.objects.count() == 1


def test_switching_a_topic_off_counts_at_once_and_keeps_the_proof(client, ada, topic):
    offers = make_topic("offers", "Offers")
    give_consent(ada, [offers], at=NOON, source="form")

    response = client.post(
        preferences_path(ada),
        {"was": "email-news email-offers", "email-offers": "on"},
        headers={"User-Agent": "Phone"},
    )

    assert response.headers["Location"] == f"{preferences_path(ada)}?saved=choices"
    assert states(ada) == {("news", "email"): "withdrawn", ("offers", "email"): "given"}
    entry = Consent.objects.latest("id")
    assert (entry.source, entry.evidence) == ("preferences", {"ip": "127.0.0.1", "user_agent": "Phone"})


def test_switching_a_topic_on_records_the_words_that_stood_there(client, ben, topic):
    wording = make_wording(key="preferences", text="Yes, write to me about these.")

    client.post(preferences_path(ben), {"was": "", "email-news": "on", "wording": wording.pk})

    entry = Consent.objects.latest("id")
    assert (entry.action, entry.wording) == ("given", wording)


def test_a_page_left_open_does_not_bring_back_what_was_stopped_meanwhile(client, ada, topic):
    withdraw_consent(ada, [topic], at=NOON, source="one-click")

    client.post(preferences_path(ada), {"was": "email-news", "email-news": "on"})

    assert states(ada) == {("news", "email"): "withdrawn"}


def test_saving_twice_writes_once(client, ada, topic):
    for _ in range(2):
        client.post(preferences_path(ada), {"was": "email-news"})

    assert Consent.objects.filter(contact=ada).count() == 2


def test_stopping_everything_withdraws_every_topic(client, ada, topic):
    make_topic("offers", "Offers")

    response = client.post(preferences_path(ada), {"everything": "1"})

    assert response.headers["Location"].endswith("?saved=everything")
    assert states(ada) == {("news", "email"): "withdrawn", ("offers", "email"): "withdrawn"}


def test_the_address_and_name_cannot_be_changed_here(client, ada):
    client.post(preferences_path(ada), {"was": "", "email": "mallory@example.com", "first_name": "Mallory"})

    ada.refresh_from_db()
    assert (ada.email, ada.first_name) == ("ada@example.com", "Ada")


def test_it_works_without_cookies_or_a_csrf_token(ada, topic):
    from django.test import Client

    response = Client(enforce_csrf_checks=True).post(preferences_path(ada), {"was": "email-news"})

    assert response.status_code == 302


def test_another_channel_is_offered_only_with_an_answer_on_record(client, ada, topic):
    assert "email-news" in client.get(preferences_path(ada)).content.decode()
    assert "letter-news" not in client.get(preferences_path(ada)).content.decode()

    give_consent(ada, [topic], channel="letter", at=NOON, source="shop")

    assert "letter-news" in client.get(preferences_path(ada)).content.decode()


def test_someone_without_an_address_may_choose_too(client, topic):
    contact = make_contact("")

    assert client.get(preferences_path(contact)).status_code == 200


def test_an_address_is_masked_but_known_to_its_owner():
    assert masked("mara.lindqvist@example.com") == "m…@example.com"


def test_how_often_at_most_is_theirs_to_choose(client, ada, topic):
    page = client.get(preferences_path(ada))
    assert "How often at most" in page.text
    assert "Rather by" not in page.text

    client.post(
        preferences_path(ada), {"was": "email-news", "email-news": "on", "wished": ":", "at_most": "2"}
    )

    ada.refresh_from_db()
    assert (ada.at_most, states(ada)) == (2, {("news", "email"): "given"})


def test_who_can_be_called_may_prefer_that(client, ada, topic):
    Identity.objects.create(contact=ada, kind="phone", value="+3515550100", created_at=NOON)
    assert "Rather by" in client.get(preferences_path(ada)).text

    client.post(preferences_path(ada), {"wished": ":", "at_most": "", "preferred_channel": "phone"})

    ada.refresh_from_db()
    assert (ada.at_most, ada.preferred_channel) == (None, "phone")


def test_a_page_left_open_does_not_bring_back_how_often(client, ada, topic):
    Contact.objects.filter(pk=ada.pk).update(at_most=1)

    client.post(preferences_path(ada), {"wished": ":", "at_most": ""})
    ada.refresh_from_db()
    assert ada.at_most == 1

    client.post(preferences_path(ada), {"wished": "1:", "at_most": ""})
    ada.refresh_from_db()
    assert ada.at_most is None
