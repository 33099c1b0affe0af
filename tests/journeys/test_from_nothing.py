"""A marketer in a real Chromium: from an empty strategy to a row that is rehearsed, on, and explained."""

import time

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from campaigns import strategy_csv
from campaigns.models import LifecycleRule
from campaigns.ticking import tick
from tests.make import (
    DAY,
    MINUTE,
    make_consent,
    make_contact,
    make_sender,
    make_topic,
    make_touchpoint,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people(settings):
    """A shop that has people and consents, and no strategy yet."""
    settings.DEMO = True
    make_sender(), make_topic(), make_topic("offers", "Offers")
    now = timezone.now()
    for number in range(3):
        person = make_contact(f"early{number}@example.com", created_at=now - 20 * DAY)
        make_consent(person, at=now - 20 * DAY)
        make_touchpoint(person, "confirmed", at=now - (5 + number) * DAY)


def test_from_an_empty_strategy_to_a_row_that_is_on_and_explained(
    live_server, page, sign_in, marketer, axe, people, mailbox
):
    began = time.monotonic()
    sign_in(page, marketer)
    page.goto(live_server.url + reverse("campaigns:rule-list"))
    expect(page.get_by_text("No row yet")).to_be_visible()

    page.get_by_role("link", name="Begin with the textbook's four").click()
    page.get_by_role("button", name="See what it would change").click()
    expect(page.get_by_text("new, as a draft")).to_have_count(4)
    assert axe(page) == []
    page.get_by_role("button", name="Add 4 and change 0 rows").click()
    page.get_by_role("link", name="Welcome message", exact=True).wait_for()
    assert axe(page) == []

    page.get_by_role("link", name="Switch on… Welcome message").click()
    expect(page.get_by_role("button", name="Switch it on")).to_have_count(0)
    page.get_by_role("link", name="Rehearse it").click()
    page.get_by_role("button", name="Rehearse").first.click()
    page.get_by_role("link", name="Switch on…").click(timeout=20_000)
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_text("It sends what falls due from now on.")).to_be_visible()

    mara = make_contact("mara@example.com", first_name="Mara")
    make_consent(mara, at=timezone.now())
    make_touchpoint(mara, "confirmed", at=timezone.now())
    tick(timezone.now() + MINUTE)
    assert len(mailbox.to("mara@example.com")) == 1
    page.goto(live_server.url + LifecycleRule.objects.get(trigger="confirmed").get_absolute_url())
    page.get_by_role("link", name="Mara").first.click()
    expect(page.get_by_text("Confirmed the sign-up").first).to_be_visible()
    assert time.monotonic() - began < 300
    assert page.trouble == []


def test_a_row_is_changed_moved_and_dragged_in_place(live_server, page, sign_in, marketer, people):
    strategy_csv.save(strategy_csv.textbook_file(), marketer, at=timezone.now())
    sign_in(page, marketer)
    page.goto(live_server.url + reverse("campaigns:rule-list"))

    page.get_by_role("link", name="Change Engagement message here").click()
    page.get_by_label("So many visits").fill("5")
    page.get_by_role("button", name="Save row").click()
    page.get_by_text("Fewer than 5 visits in the 30 days").wait_for()

    page.locator("summary", has_text="More to do with Engagement message").click()
    page.get_by_role("button", name="Move up Engagement message").click()
    expect(page.locator("#strategy-rows .msg").first).to_have_text("Engagement message")
    assert names()[0] == "Engagement message"

    drag(page, "Conversion", "Engagement message")
    expect(page.locator("#strategy-rows .msg").first).to_have_text("Conversion")
    page.wait_for_load_state("networkidle")
    assert names() == ["Conversion", "Engagement message", "Welcome message", "Initial cross-sell message"]
    assert page.trouble == []


def names():
    return [rule.name for rule in LifecycleRule.objects.in_order()]


def drag(page, name, above):
    """Take a row by its handle and drop it above another."""
    row, target = (
        page.locator("tr", has=page.get_by_role("link", name=each, exact=True)) for each in (name, above)
    )
    row.locator(".grip").scroll_into_view_if_needed()
    row.locator(".grip").hover()
    page.mouse.down()
    box = target.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 40, steps=5)
    page.mouse.move(box["x"] + 60, box["y"] + 8, steps=5)
    page.mouse.up()
