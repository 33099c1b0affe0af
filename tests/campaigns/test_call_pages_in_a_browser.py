"""The pages of calls in a real Chromium: both themes, both widths, with the keyboard and without script."""

import os
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import calling
from campaigns.models import Delivery
from contacts.models import Sender
from segmentation.models import RfmCuts, RfmScore
from tests.browser import LOOKS
from tests.campaigns.calls import make_call, make_call_rule, may_be_called
from tests.make import DAY, HOUR, make_contact, make_order, make_touchpoint, make_user
from touchpoints import totals

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def calls(ada, topic):
    """A queue in which every kind of call stands: worth much, nothing yet, somebody's hour, later, taken."""
    at = timezone.now()
    rule = make_call_rule(name="Conversion", condition="Two days after browsing", activated_at=at - DAY)
    names = [("Mara", "Lindqvist"), ("Tobias", "Ferreira de Albuquerque"), ("Noor", "Osei")]
    people = [ada, *(make_contact(first_name=first, last_name=last) for first, last in names)]
    bounds = {"recency_days": [1, 2, 3, 4], "frequency": [1, 2, 3, 4], "monetary": [1, 2, 3, 4]}
    cuts = RfmCuts.objects.create(taken_at=at, buyers=1, **bounds)
    made = []
    for number, person in enumerate(people):
        person.time_zone = "Europe/Lisbon"
        person.save()
        may_be_called(person, topic, f"+35191234560{number}")
        moments = {"occurred_at": at - 2 * DAY, "expires_at": at + DAY, "planned_at": at - HOUR}
        evidence = {"words": "Looked at “Blue Train” and did not order"}
        made.append(make_call(person, rule, due_at=at - HOUR * number, evidence=evidence, **moments))
    make_order(people[1], at=at - 20 * DAY, amount="240.00")
    totals.recompute([people[1].pk])
    digits = {"recency": 4, "frequency": 3, "monetary": 5}
    RfmScore.objects.create(contact=people[1], cuts=cuts, since=at, **digits)
    for day in range(4):
        seen = {"path": "/p/blue-train/", "title": "Blue Train"}
        make_touchpoint(people[2], "visited", at=at - day * DAY, data=seen)
    later = make_call(people[3], due_at=at + DAY, expires_at=at + 2 * DAY, reason="call_back")
    Sender.objects.update(quiet_from=None)
    return [*made, later]


def addresses(calls):
    return [
        reverse("campaigns:call-list"),
        *(reverse("campaigns:call-detail", args=[call.uuid]) for call in (calls[1], calls[0], calls[-1])),
    ]


@pytest.mark.parametrize("width, theme", LOOKS)
def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways(
    live_server, new_page, axe, sign_in, marketer, calls, width, theme
):
    at = timezone.now()
    calling.take(calls[3], make_user("marketer"), at=at)
    page = new_page(width=width, color_scheme=theme)
    sign_in(page, marketer)
    page.goto(live_server.url + reverse("campaigns:call-list"))
    assert page.locator("tbody tr").count() == 3
    look(page, f"queue-{width}-{theme}")
    assert axe(page) == []
    calling.take(calls[1], marketer, at=at)

    for number, address in enumerate(addresses(calls)):
        page.goto(live_server.url + address)
        look(page, f"{number}-{width}-{theme}")
        assert axe(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def look(page, name):
    """A picture of it, where a folder for pictures is named."""
    if folder := os.environ.get("RAPPORT_SHOTS"):
        page.screenshot(path=f"{folder}/f-call-{name}.png", full_page=True)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_call_is_taken_and_written_down_with_the_keyboard(
    live_server, new_page, sign_in, marketer, calls, scripts
):
    page = new_page(width=1440, java_script_enabled=scripts)
    sign_in(page, marketer)
    page.goto(live_server.url + reverse("campaigns:call-list"))
    page.get_by_role("button", name="Take the call to Mara Lindqvist").press("Enter")

    page.get_by_role("heading", name="How did it go?").wait_for()
    assert page.get_by_role("link", name="+351 912 345 601").get_attribute("href") == "tel:+351912345601"
    page.get_by_label("Talked, interested").press("Space")
    page.get_by_label("What they said").fill("Wants to hear it first.")
    page.get_by_label("Minutes").fill("6")
    page.get_by_role("button", name="Write it down").press("Enter")

    page.get_by_text("You wrote down of Mara Lindqvist: Talked, interested.").wait_for()
    assert Delivery.objects.get(pk=calls[1].pk).status == "sent"
    page.get_by_role("button", name="Take that back").press("Enter")
    page.get_by_role("heading", name="How did it go?").wait_for()
    assert Delivery.objects.get(pk=calls[1].pk).status == "sending"
    assert timezone.now() - Delivery.objects.get(pk=calls[1].pk).sending_at < timedelta(hours=1)


@pytest.mark.parametrize("scripts", [True, False])
def test_only_what_an_outcome_asks_for_stands_open(live_server, new_page, sign_in, marketer, calls, scripts):
    calling.take(calls[1], marketer, at=timezone.now())
    page = new_page(width=390, java_script_enabled=scripts)
    sign_in(page, marketer)
    page.goto(live_server.url + addresses(calls)[1])
    back, alone = page.get_by_label("Call back on"), page.get_by_label("What they want to hear no more")
    assert not back.is_visible()
    assert not alone.is_visible()

    page.get_by_label("Asked to be called back").check()
    assert back.is_visible()
    assert not alone.is_visible()
    look(page, "asked-back")
    page.get_by_label("Asked to be left alone").check()
    assert alone.is_visible()
    assert not back.is_visible()
    page.get_by_label("Asked to be called back").check()
    page.get_by_role("button", name="Write it down").click()
    assert page.get_by_text("Say when they want to be called.").is_visible()


def test_a_call_nobody_took_is_put_off_to_tomorrow(live_server, new_page, sign_in, marketer, calls):
    Delivery.objects.filter(pk=calls[1].pk).update(expires_at=timezone.now() + 5 * DAY)
    page = new_page(width=1440)
    sign_in(page, marketer)
    page.goto(live_server.url + addresses(calls)[1])
    look(page, "put-off")

    page.get_by_role("button", name="Tomorrow").click()

    page.get_by_text("comes again on").wait_for()
    assert page.get_by_role("button", name="Take the call to Mara Lindqvist").count() == 0
    assert Delivery.objects.get(pk=calls[1].pk).due_at > timezone.now()
