"""The doors that messages lead to, for people, for mail programs and for machines that try everything."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from campaigns import links
from campaigns.hearing import hear_waiting
from campaigns.models import Response
from campaigns.responding import unsubscribe
from contacts.consenting import current_consents, give_consent
from contacts.models import Consent
from contacts.phones import set_phone
from contacts.suppressing import suppress
from tests.make import HOUR, NOON, make_delivery, make_rule, make_topic
from touchpoints.models import Touchpoint

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
SHOP = "http://testserver/shop/?genre=jazz"
ELSEWHERE = "https://elsewhere.example.org/x?a=1&rv=theirs#top"
MACHINES = [
    "",
    "Mozilla/5.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1)",
    "Barracuda Sentinel (EE)",
    "Mozilla/5.0 (Windows NT 10.0) proofpoint-url-defense",
    "python-requests/2.32",
    "curl/8.5.0",
    "Slackbot-LinkExpanding 1.0",
    "facebookexternalhit/1.1",
]


@pytest.fixture
def sent(topic, sender, ada):
    return make_delivery(make_rule(), ada, status="sent", sending_at=NOON, finished_at=NOON)


@pytest.fixture
def person(db):
    """A browser without cookies that would be refused where a CSRF token is asked for."""
    return Client(enforce_csrf_checks=True, headers={"user-agent": BROWSER})


def path(url):
    return url.removeprefix("http://testserver")


def states(contact):
    return {entry.topic.key: entry.action for entry in current_consents(contact)}


def responses():
    """What came back, as the next sweep knows it."""
    hear_waiting()
    return Response.objects


# Click -----------------------------------------------------------------------------------------------


def test_a_click_is_recorded_and_leads_to_the_shop_which_is_told_who_comes(sent, person):
    answer = person.get(path(links.click_url(sent, SHOP)))

    assert answer.status_code == 302
    target = urlsplit(answer["Location"])
    assert (target.netloc, target.path) == ("testserver", "/shop/")
    assert set(parse_qs(target.query)) == {"genre", "rv"}
    assert [(r.kind, r.touchpoint.kind) for r in responses().all()] == [("clicked", "clicked")]


def test_a_page_of_others_is_not_told_who_comes(sent, person):
    answer = person.get(path(links.click_url(sent, ELSEWHERE)))

    assert answer["Location"] == ELSEWHERE
    assert responses().count() == 1


def test_a_shop_elsewhere_is_told_when_the_settings_name_it(sent, person, settings):
    settings.SHOP_ORIGINS = ["https://elsewhere.example.org"]

    target = urlsplit(person.get(path(links.click_url(sent, ELSEWHERE)))["Location"])

    assert (parse_qs(target.query)["a"], len(parse_qs(target.query)["rv"]), target.fragment) == (
        ["1"],
        1,
        "top",
    )
    assert parse_qs(target.query)["rv"] != ["theirs"]


@pytest.mark.parametrize("agent", MACHINES)
def test_a_machine_is_led_on_and_has_not_clicked(sent, agent):
    for _ in range(3):
        answer = Client().get(path(links.click_url(sent, SHOP)), headers={"user-agent": agent})

    assert (answer.status_code, answer["Location"]) == (302, SHOP)
    assert {(r.kind, r.made_by, bool(r.why)) for r in responses().all()} == {("clicked", "scanner", True)}
    assert Touchpoint.objects.count() == 0
    assert responses().count() <= 2  # one a minute, and a minute may end meanwhile


def test_looking_ahead_is_not_clicking(sent, person):
    url = path(links.click_url(sent, SHOP))

    assert person.head(url).status_code == 302
    assert person.get(url, headers={"sec-purpose": "prefetch"}).status_code == 302
    assert {*responses().values_list("made_by", flat=True)} == {"scanner"}
    assert Touchpoint.objects.count() == 0


@pytest.mark.parametrize(
    "change", [lambda t: t[:-2], lambda t: t + "A", lambda t: "A" + t[1:], lambda t: "x"]
)
def test_an_altered_link_leads_nowhere(sent, person, change):
    token = links.click_url(sent, ELSEWHERE).rstrip("/").rpartition("/")[2]

    answer = person.get(f"/c/{change(token)}/")

    assert (answer.status_code, "Location" in answer) == (404, False)
    assert responses().count() == 0


def test_a_click_cannot_be_posted(sent, person):
    assert person.post(path(links.click_url(sent, SHOP))).status_code == 405


# Open ------------------------------------------------------------------------------------------------


def test_the_picture_tells_that_it_was_fetched(sent, person):
    for _ in range(2):
        answer = person.get(path(links.open_url(sent)))

    assert (answer["Content-Type"], answer.content[:6]) == ("image/gif", b"GIF89a")
    assert "no-store" in answer["Cache-Control"]
    assert [r.kind for r in responses().all()] == ["opened"]


def test_the_picture_is_there_for_any_token_and_nothing_is_stored(sent, person):
    for token in ("x", "a" * 43, links.stop_url(sent).rstrip("/").rpartition("/")[2], "%00%ff"):
        assert person.get(f"/o/{token}.gif").content[:6] == b"GIF89a"

    assert responses().count() == 0


# Stop ------------------------------------------------------------------------------------------------


def test_reading_the_stop_page_changes_nothing_however_often(sent, person, ada):
    url = path(links.stop_url(sent))
    for _ in range(20):
        person.head(url)
        answer = person.get(url)

    assert answer.status_code == 200
    assert "Stop “New arrivals”?" in answer.content.decode()
    assert (states(ada), Consent.objects.count(), Response.objects.count()) == ({"news": "given"}, 1, 0)


def test_a_mail_program_stops_the_topic_with_one_post(sent, person, ada):
    for _ in range(2):
        answer = person.post(path(links.stop_url(sent)), {"List-Unsubscribe": "One-Click"})

    assert (answer.status_code, answer.cookies, "Location" in answer) == (200, {}, False)
    assert states(ada) == {"news": "withdrawn"}
    assert Consent.objects.filter(action="withdrawn").count() == 1
    assert [r.kind for r in Response.objects.all()] == ["unsubscribed"]


def test_a_form_of_the_old_kind_stops_too(sent, person, ada):
    answer = person.post(
        path(links.stop_url(sent)),
        "List-Unsubscribe=One-Click",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 200
    assert states(ada) == {"news": "withdrawn"}


def test_everything_can_be_stopped(sent, person, ada):
    give_consent(ada, [make_topic("offers", "Offers")], at=NOON, source="test")

    answer = person.post(path(links.stop_url(sent)), {"wanted": "everything"})

    assert "We will not write to you again" in answer.content.decode()
    assert set(states(ada).values()) == {"withdrawn"}


def test_a_stop_can_be_undone_from_the_page_that_answers_it(sent, person, ada):
    url = path(links.stop_url(sent))
    answer = person.post(url, {"wanted": "topic"})
    assert "You will not get “New arrivals” by e-mail again" in answer.content.decode()
    assert 'value="undo"' in answer.content.decode()

    answer = person.post(url, {"wanted": "undo"})

    assert "It is as it was before" in answer.content.decode()
    assert states(ada) == {"news": "given"}
    assert Consent.objects.latest("id").evidence["user_agent"] == BROWSER


def test_the_page_behind_a_stop_says_what_still_comes_and_stops_it_too(sent, person, ada, topic):
    offers, url = make_topic("offers", "Offers"), path(links.stop_url(sent))
    give_consent(ada, [offers], at=NOON, source="test")
    give_consent(ada, [offers, topic], channel="phone", at=NOON, source="test")
    set_phone(ada, "+351912345678", at=NOON)

    page = person.post(url, {"wanted": "topic"}).text

    assert "You still get: New arrivals, by phone; Offers, by e-mail and phone." in page
    assert "Only answers to what you do yourself" not in page
    assert 'value="everything"' in page
    page = person.post(url, {"wanted": "everything"}).text
    assert "Only answers to what you do yourself" in page
    assert "You still get" not in page


def test_what_cannot_reach_them_is_not_told_to_come(sent, person, ada):
    offers = make_topic("offers", "Offers")
    give_consent(ada, [offers], at=NOON, source="test")
    give_consent(ada, [offers], channel="phone", at=NOON, source="test")
    suppress(ada.email, at=NOON, source="test", reason="bounced", scope="all")

    page = person.post(path(links.stop_url(sent)), {"wanted": "topic"}).text

    assert "You still get" not in page


def test_an_undo_without_a_stop_gives_nothing(sent, person, ben):
    other = make_delivery(sent.rule, ben)

    person.post(path(links.stop_url(other)), {"wanted": "undo"})

    assert states(ben) == {"news": "withdrawn"}


def test_the_link_still_stops_after_the_contact_was_merged_and_years_later(sent, person, ben, topic):
    give_consent(ben, [topic], at=NOON + HOUR, source="test")
    sent.contact = ben
    sent.save()

    person.post(path(links.stop_url(sent)), {"List-Unsubscribe": "One-Click"})

    assert states(ben) == {"news": "withdrawn"}


def test_an_altered_stop_link_stops_nothing(sent, person, ada):
    url = path(links.stop_url(sent))

    for changed in (url[:-3] + "/", "/u/x/", url.replace("/u/", "/u/A")):
        assert person.post(changed, {"wanted": "everything"}).status_code == 404
    assert states(ada) == {"news": "given"}


def test_a_service_message_offers_to_stop_everything(sender, ada, person):
    service = make_delivery(make_rule(name="Receipt", rank=0, topic=None), ada)

    page = person.get(path(links.stop_url(service))).content.decode()

    assert "Stop everything?" in page
    assert unsubscribe(service, at=NOON)


def test_the_proof_tells_a_mail_programs_button_from_the_pages(sent, person, ada):
    url = path(links.stop_url(sent))

    person.post(url, {"wanted": "topic"})
    assert Consent.objects.filter(contact=ada).latest("id").source == "stop"

    person.post(url, {"wanted": "undo"})
    person.post(url, {"List-Unsubscribe": "One-Click"})
    assert Consent.objects.filter(contact=ada).latest("id").source == "one-click"
