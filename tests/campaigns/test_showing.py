"""Panels in the places of the client's pages: who sees which, how often, and when no more."""

import json

import pytest
from django.conf import settings
from django.db import connection
from django.template.loader import render_to_string

from campaigns import content, hearing, previewing, responding, settling, showing, switching
from campaigns.deciding import is_control
from campaigns.models import Delivery, Response
from contacts import consenting, erasing
from contacts.models import Channel
from tests.campaigns.racing import race
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_consent,
    make_contact,
    make_content,
    make_delivery,
    make_rule,
    make_step,
    make_touchpoint,
    make_version,
)
from touchpoints import tracking
from touchpoints.models import Visitor
from touchpoints.visiting import NO_MESSAGE, arrival_token

pytestmark = pytest.mark.django_db(transaction=True)
BODY = '<p>Hello {{ first_name }}</p><p><a class="button" href="{{ shop_url }}club/">Look</a></p>'
Status = Delivery.Status


def make_panel_version(**fields):
    words = make_content(subject="For you, {{ first_name }}", body=BODY, text="")
    return make_version(words, **{"html": BODY, "text": ""} | fields)


def make_panel(contact, slot="home", rule=None, **fields):
    """A panel that is due to somebody."""
    rule = rule or make_rule(
        name=f"Panel {slot}", content=make_panel_version().content, channel="panel", slot=slot
    )
    return make_delivery(rule, contact, **fields)


def shown(contact, *slots, at=NOON):
    return {panel.slot: panel for panel in showing.panels(contact, slots or ["home"], at)}


def state(delivery):
    delivery.refresh_from_db()
    return delivery.status, delivery.reason


def test_a_panel_that_is_due_is_shown_and_counts_as_sent(ada):
    delivery = make_panel(ada)

    panel = shown(ada)["home"]

    assert panel.heading == "For you, Ada"
    assert "<p>Hello Ada</p>" in panel.html
    assert state(delivery) == (Status.SENT, "")
    assert delivery.sending_at == delivery.finished_at == NOON
    assert delivery.merge_values["first_name"] == "Ada"


def test_it_is_shown_again_as_it_was_until_its_time_is_over(ada):
    delivery = make_panel(ada)
    first = shown(ada)["home"]
    ada.first_name = "Augusta"
    ada.save()

    assert shown(ada, at=NOON + DAY)["home"] == first
    assert shown(ada, at=delivery.expires_at) == {}
    assert state(delivery) == (Status.SENT, "")


@pytest.mark.parametrize(
    ("fields", "at"),
    [({"due_at": NOON + HOUR}, NOON), ({}, NOON + 3 * DAY)],
    ids=["not due yet", "too late"],
)
def test_what_is_not_due_is_not_shown(ada, fields, at):
    delivery = make_panel(ada, **fields)
    assert shown(ada, at=at) == {}
    assert state(delivery)[0] != Status.SENT

    assert shown(ada, at=NOON + 2 * HOUR) or at > NOON


def test_each_place_gets_the_most_important_of_its_own(ada):
    later = make_panel(ada, rank=4)
    best = make_panel(ada, rank=1, due_at=NOON - MINUTE)
    side = make_panel(ada, slot="side")

    found = shown(ada, "home", "side", "nowhere")

    assert {slot: panel.token for slot, panel in found.items()} == {
        "home": showing.links.panel_token(best),
        "side": showing.links.panel_token(side),
    }
    assert state(later) == (Status.PLANNED, "")


def test_the_next_one_comes_when_the_first_was_clicked_away(ada):
    first, second = make_panel(ada, rank=1), make_panel(ada, rank=2)
    panel = shown(ada)["home"]

    assert showing.dismiss(panel.token, NOON + MINUTE)
    assert not showing.dismiss(panel.token, NOON + MINUTE)

    assert shown(ada, at=NOON + HOUR)["home"].token == showing.links.panel_token(second)
    (response,) = first.responses.all()
    assert (response.kind, response.made_by) == (Response.Kind.DISMISSED, "person")


def test_only_the_person_it_is_meant_for_sees_it(ada, ben):
    make_panel(ada)

    assert shown(ben) == {}
    assert shown(ada)


# The gate -------------------------------------------------------------------------------------------


def test_who_never_agreed_sees_none(topic):
    stranger = make_contact()
    delivery = make_panel(stranger)
    assert shown(stranger) == {}
    assert state(delivery) == (Status.SKIPPED, "never_agreed")


def test_who_withdrew_from_e_mail_sees_none_unless_they_agreed_to_panels(ben, topic):
    delivery = make_panel(ben)
    assert shown(ben) == {}
    assert state(delivery) == (Status.SKIPPED, "withdrew")

    make_consent(ben, topic, channel="panel", at=NOON - DAY)
    make_panel(ben)
    assert shown(ben)


def test_a_panel_waits_while_all_sending_is_held(ada, admin):
    delivery = make_panel(ada)
    switching.hold_sending(by=admin, at=NOON, reason="Something is wrong")

    assert shown(ada) == {}
    assert state(delivery) == (Status.PLANNED, "held")

    switching.resume_sending(by=admin, at=NOON)
    assert shown(ada, at=NOON + HOUR)


def test_quiet_hours_and_caps_do_not_keep_a_panel_back(ada, sender):
    sender.quiet_from, sender.quiet_until = NOON.time(), (NOON + HOUR).time()
    sender.cap, sender.cap_days = 0, 7
    sender.save()
    make_panel(ada)

    assert shown(ada)


def test_the_control_group_sees_none(ada):
    delivery = make_panel(ada)
    delivery.rule.control_share = 90
    delivery.rule.save()
    held_out = is_control(f"rule:{delivery.rule_id}", ada.pk, 90)
    assert bool(shown(ada)) != held_out
    assert state(delivery)[0] == (Status.HELD_OUT if held_out else Status.SENT)


def test_what_cannot_be_made_has_failed_and_leaves_its_place_to_the_next(ada):
    words = make_panel_version(html='<p><a href="javascript:{{ first_name }}">x</a></p>').content
    broken = make_panel(ada, rule=make_rule(name="Broken", content=words, channel="panel", slot="home"))
    good = make_panel(ada, rank=4)

    assert shown(ada)["home"].token == showing.links.panel_token(good)
    assert state(broken) == (Status.FAILED, "render")


# Gone at once ---------------------------------------------------------------------------------------


def withdraw(delivery):
    consenting.withdraw_consent(delivery.contact, [delivery.topic], at=NOON + MINUTE, source="test")


def withdraw_panels(delivery):
    consenting.withdraw_consent(
        delivery.contact, [delivery.topic], channel=Channel.PANEL, at=NOON + MINUTE, source="test"
    )


def erase(delivery):
    erasing.erase(delivery.contact, at=NOON + MINUTE)


def pause(delivery):
    delivery.rule.status = "paused"
    delivery.rule.save()


def reach(delivery):
    make_touchpoint(delivery.contact, "ordered", at=NOON + MINUTE)


def reach_beside(delivery):
    Delivery.objects.filter(pk=delivery.pk).update(outcome_at=NOON + MINUTE)


@pytest.mark.parametrize("ends", [withdraw, withdraw_panels, erase, pause, reach, reach_beside])
def test_a_panel_that_was_shown_vanishes_at_once(ada, ends):
    rule = make_rule(content=make_panel_version().content, channel="panel", slot="home", outcome="order")
    delivery = make_panel(ada, rule=rule)
    assert shown(ada)
    assert shown(ada, at=NOON + HOUR)

    ends(delivery)

    ada.refresh_from_db()
    assert shown(ada, at=NOON + HOUR) == {}


@pytest.mark.parametrize("ends", [withdraw, erase, pause])
def test_a_panel_that_waits_is_not_shown_any_more(ada, ends):
    delivery = make_panel(ada)
    ends(delivery)

    ada.refresh_from_db()
    assert shown(ada, at=NOON + HOUR) == {}
    assert state(delivery)[0] != Status.SENT


def test_its_outcome_calls_off_the_rest_in_every_medium(ada):
    rule = make_rule(content=make_panel_version().content, channel="panel", slot="home", outcome="order")
    delivery = make_panel(ada, rule=rule)
    step = make_step(rule, channel="panel", slot="side", content=make_panel_version().content)
    side = make_delivery(rule, ada, step=step, episode=delivery.episode, due_at=NOON + DAY)
    assert shown(ada)

    reach(delivery)
    responding.note_outcomes(NOON + HOUR)

    assert state(side) == (Status.CANCELLED, "outcome_reached")


# The page asks ----------------------------------------------------------------------------------------


@pytest.fixture
def browser(ada):
    """Ada's browser, that agreed to be recognised."""
    return Visitor.objects.create(contact=ada, created_at=NOON)


def ask(client, path="/t/panels", **told):
    headers = told.pop("headers", {})
    told = {"slots": ["home"]} | told
    return client.post(path, json.dumps(told), content_type="text/plain", headers=headers)


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr(tracking.timezone, "now", lambda: NOON)


def test_a_page_gets_the_panel_of_a_browser_that_agreed(client, ada, browser, now):
    make_panel(ada)

    (panel,) = ask(client, key=str(browser.key)).json()["panels"]

    assert panel["heading"] == "For you, Ada"
    assert panel["away"] == "Not now"


def test_a_page_gets_the_panel_of_who_came_by_a_signed_link(client, ada, now):
    make_panel(ada)

    assert ask(client, rv=arrival_token(ada, NO_MESSAGE, NOON)).json()["panels"]
    assert ask(client, rv=arrival_token(ada, NO_MESSAGE, NOON - 2 * HOUR)).json() == {"panels": []}


def test_nobody_is_recognised_against_their_will(client, ada, browser, now):
    delivery = make_panel(ada)

    for refused in ({}, {"key": "nonsense"}, {"key": str(NO_MESSAGE)}, {"rv": "nonsense"}):
        assert ask(client, **refused).json() == {"panels": []}
    private = ask(client, key=str(browser.key), headers={"Sec-GPC": "1"})
    assert private.json() == {"panels": []}
    assert state(delivery)[0] == Status.PLANNED

    assert ask(client, key=str(browser.key)).json()["panels"]


def test_only_pages_of_the_shop_may_ask(client, browser, settings, now):
    settings.SHOP_ORIGINS = ["https://shop.example.com"]
    known, strange = {"Origin": "https://shop.example.com"}, {"Origin": "https://elsewhere.example.com"}

    assert ask(client, headers=strange).status_code == 403
    answer = ask(client, headers=known)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("slots", ["home", None, [1], {"home": 1}])
def test_a_page_that_asks_nonsense_is_refused(client, slots, now):
    assert ask(client, slots=slots).status_code == 400


def test_a_page_says_what_was_clicked_away(client, ada, browser, now):
    make_panel(ada)
    (panel,) = ask(client, key=str(browser.key)).json()["panels"]

    assert ask(client, "/t/panels/away", token="altered").status_code == 404
    assert ask(client, key=str(browser.key)).json()["panels"]

    assert ask(client, "/t/panels/away", token=panel["token"]).status_code == 204
    assert ask(client, key=str(browser.key)).json() == {"panels": []}


def test_a_click_in_a_panel_is_a_persons_however_soon(client, ada, browser, now):
    delivery = make_panel(ada)
    (panel,) = ask(client, key=str(browser.key)).json()["panels"]
    url = panel["html"].partition('href="')[2].partition('"')[0]

    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36"
    answer = client.get(url[url.index("/c/") :], headers={"User-Agent": agent})

    assert answer.status_code == 302
    hearing.hear_waiting()
    (response,) = delivery.responses.all()
    assert (response.kind, response.made_by) == (Response.Kind.CLICKED, "person")


def test_what_answers_at_once_is_planned_as_the_page_asks(ada):
    make_rule(content=make_panel_version().content, channel="panel", slot="after-action")
    make_touchpoint(ada, "confirmed", at=NOON - MINUTE)

    assert shown(ada, "home") == {}
    assert shown(ada, "after-action")["after-action"].heading == "For you, Ada"
    assert Delivery.objects.count() == 1


def test_a_page_that_crashed_over_a_panel_leaves_it_to_the_next(ada):

    delivery = make_panel(ada)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_delivery SET status = 'sending', owner = 'page:x', attempts = 1,"
            " sending_at = %s, lease_until = clock_timestamp() - interval '1 s' WHERE id = %s",
            [NOON, delivery.pk],
        )
    assert shown(ada) == {}

    settling.settle(NOON + MINUTE)

    assert shown(ada, at=NOON + MINUTE)
    assert state(delivery) == (Status.SENT, "")


def test_a_preview_looks_like_the_page(ada):
    delivery = make_panel(ada)
    script = (settings.BASE_DIR / "static/touchpoints/track.js").read_text()

    html = previewing.as_sent(delivery).html

    assert "<h2>For you, Ada</h2>" in html
    looks = render_to_string("campaigns/panel.css")
    assert all(line in script for line in looks.splitlines())


def test_the_administration_offers_a_panel_the_fields_of_a_panel(client, admin, ada):
    client.force_login(admin)
    panel, mail = make_panel(ada).step.content, make_rule().first_step.content

    pages = [client.get(f"/admin/campaigns/content/{words.pk}/change/") for words in (panel, mail)]

    assert [page.status_code for page in pages] == [200, 200]
    assert [b'name="preheader"' in page.content for page in pages] == [False, True]
    saved = client.post(
        pages[0].request["PATH_INFO"], {"subject": "New", "body": "<p>New</p>", "question": ""}
    )
    assert saved.status_code == 302
    panel.refresh_from_db()
    assert panel.subject == "New"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<script>x()</script>", "cannot stand in a panel"),
        ("<form><p>x</p></form>", "cannot stand in a panel"),
        ('<p onclick="x()">x</p>', "carries a script"),
        ('<p style="color: red">x</p>', "look of its own"),
        ('<img src="https://example.com/x.png">', "alt text"),
        ("<p>x", "is not closed"),
        ("<p {{ first_name }}>x</p>", "stands within a tag"),
        ('<a href="javascript:x()">x</a>', ""),
        ("<p>{{ nobody }}</p>", "no merge field"),
        (f"<p>{'x' * 5000}</p>", "is short"),
    ],
)
def test_what_may_not_stand_in_a_panel_is_refused_or_taken_out(ada, body, problem):
    words = make_panel(ada).step.content
    assert content.problems(words) == []

    words.body = body

    if problem:
        assert problem in content.problems(words)[0].words
    else:
        assert "javascript" not in content.compiled(words).html


def test_two_pages_at_once_take_a_panel_through_the_gate_once(ada):
    delivery = make_panel(ada)

    found = race(4, lambda: shown(ada))

    assert any(found)
    assert state(delivery) == (Status.SENT, "")
    assert delivery.attempts == 1
    assert shown(ada)
