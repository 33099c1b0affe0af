"""The pages of the strategy in a real Chromium: both themes, both widths, with and without script."""

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import rules, starter
from campaigns.models import Delivery, LifecycleRule
from campaigns.ticking import tick
from contacts.models import Topic
from tests.browser import LOOKS
from tests.make import DAY, MINUTE, make_consent, make_contact, make_touchpoint

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def rule(mailbox):
    """The welcome, switched on, which has just written to Mara."""
    now = timezone.now()
    starter.set_up_workspace(now)
    welcome = LifecycleRule.objects.get(name="Welcome message")
    rules.activate(welcome, at=now - DAY)
    mara = make_contact("mara@example.com", first_name="Mara", last_name="Lindqvist")
    make_consent(mara, Topic.objects.get(key="news"), at=now - DAY)
    make_touchpoint(mara, "confirmed", at=now - MINUTE)
    tick(now)
    return welcome


@pytest.fixture
def addresses(rule):
    """Every page of this room."""
    draft = LifecycleRule.objects.get(name="Thank you")
    rows = ["rule-detail", "rule-edit", "rule-content", "rule-preview"]
    return [
        reverse("campaigns:rule-list"),
        *(reverse(f"campaigns:{name}", args=[rule.pk]) for name in rows),
        reverse("campaigns:rule-activate", args=[draft.pk]),
        reverse("campaigns:rule-create"),
        reverse("campaigns:delivery-list"),
        reverse("campaigns:delivery-list") + "?state=erased",
        Delivery.objects.get(channel="email").get_absolute_url(),
    ]


@pytest.mark.parametrize("width, theme", LOOKS)
def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways(
    live_server, new_page, axe, sign_in, marketer, addresses, width, theme
):
    page = new_page(width=width, color_scheme=theme)
    sign_in(page, marketer)

    for address in addresses:
        page.goto(live_server.url + address)
        assert axe(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    assert page.trouble == []


def test_a_row_is_paused_in_place(live_server, page, sign_in, marketer, rule):
    sign_in(page, marketer)
    page.goto(live_server.url + reverse("campaigns:rule-list"))

    page.get_by_role("button", name="Pause Welcome message").click()

    page.get_by_role("button", name="Go on Welcome message").wait_for()
    page.get_by_text("“Welcome message” is paused").wait_for()
    rule.refresh_from_db()
    assert rule.status == "paused"
    assert page.trouble == []


def test_a_row_is_paused_without_script(live_server, new_page, sign_in, marketer, rule):
    page = new_page(java_script_enabled=False)
    sign_in(page, marketer)
    page.goto(live_server.url + reverse("campaigns:rule-list"))

    page.get_by_role("button", name="Pause Welcome message").click()

    page.get_by_role("button", name="Go on Welcome message").wait_for()


def test_a_merge_field_goes_where_the_cursor_stands(live_server, page, sign_in, marketer, rule):
    sign_in(page, marketer)
    page.goto(live_server.url + reverse("campaigns:rule-content", args=[rule.pk]))

    page.get_by_label("Subject").fill("Hello ")
    page.get_by_role("button", name="first_name").click()

    assert page.get_by_label("Subject").input_value() == "Hello {{ first_name }}"


def test_the_message_stands_in_a_frame_in_which_nothing_runs(live_server, page, sign_in, marketer, rule):
    sign_in(page, marketer)

    page.goto(live_server.url + Delivery.objects.get(channel="email").get_absolute_url())

    frame = page.frame_locator("iframe.letter-frame")
    frame.get_by_text("Good to have you here, Mara.").wait_for()
    assert page.locator("iframe.letter-frame").get_attribute("sandbox") == ""
    assert page.trouble == []
