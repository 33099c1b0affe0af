"""The page of the strategy in a real Chromium: a card a row on a phone, and a menu of what may be done."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from campaigns import starter
from campaigns.models import LifecycleRule
from tests.browser import LOOKS
from tests.make import make_rule, make_sender, make_topic

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswillkommensnachricht für alle, die es noch einmal wollen"


@pytest.fixture
def open_list(live_server, new_page, sign_in, marketer):
    def open_it(**options):
        page = new_page(**options)
        sign_in(page, marketer)
        page.goto(live_server.url + reverse("campaigns:rule-list"))
        return page

    return open_it


@pytest.mark.parametrize("script", [True, False])
def test_on_a_phone_a_row_is_a_card_and_the_rest_is_folded(open_list, script):
    starter.set_up_workspace(timezone.now())
    page = open_list(width=390, java_script_enabled=script)
    row = page.locator("#strategy-rows tr", has_text="Welcome message")
    rest = row.locator(".row-rest, .row-runs, .row-kind")

    for words in ("Welcome message", "Draft", "sent", "answered", "outcome"):
        expect(row.get_by_text(words).first).to_be_visible()
    assert not any(each.is_visible() for each in rest.all())
    assert row.bounding_box()["height"] < 220

    row.locator("summary", has_text="The whole row").click()
    assert all(each.is_visible() for each in rest.all())
    expect(row.get_by_text("Confirms the sign-up")).to_be_visible()


@pytest.mark.parametrize("width, theme", LOOKS)
def test_the_menu_of_the_last_row_is_whole_and_keeps_nobody_out(open_list, axe, width, theme):
    starter.set_up_workspace(timezone.now())
    make_rule(name=LONG, position=9)
    page = open_list(width=width, color_scheme=theme)
    row = page.locator("#strategy-rows tr").last

    row.locator(".row-acts summary").click()
    last = row.get_by_role("link", name="History")
    last.click(trial=True)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Escape")
    expect(last).to_be_hidden()
    expect(row.locator(".row-acts summary")).to_be_focused()
    assert page.trouble == []


def test_one_menu_is_open_at_a_time_and_none_after_a_press_beside_it(open_list):
    make_sender(), make_topic()
    make_rule(name="A"), make_rule(name="B", position=1)
    page = open_list()
    menus = page.locator(".row-acts .menu-list")

    page.locator(".row-acts summary").last.click()
    expect(menus.last).to_be_visible()
    page.locator(".row-acts summary").first.click()
    expect(menus.last).to_be_hidden()
    page.locator("h1").click()
    expect(menus.first).to_be_hidden()


def test_a_row_is_moved_on_and_on_by_the_same_button(open_list):
    for place, name in enumerate("ABC"):
        make_rule(name=name, position=place)
    page = open_list()

    page.locator("#strategy-rows tr").last.locator(".row-acts summary").click()
    up = page.get_by_role("button", name="Move up C")
    up.click()
    expect(page.locator("#strategy-rows .msg").nth(1)).to_have_text("C")
    expect(up).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#strategy-rows .msg").first).to_have_text("C")
    expect(page.get_by_role("button", name="Move down C")).to_be_focused()

    assert [rule.name for rule in LifecycleRule.objects.in_order()] == ["C", "A", "B"]
    assert page.trouble == []


def test_the_rows_are_put_into_the_order_in_which_they_go(open_list):
    make_rule(name="Other", rank=3)
    make_rule(name="First", rank=1, position=1)
    page = open_list(java_script_enabled=False)

    page.get_by_role("button", name="Put the rows into that order").click()

    expect(page.locator("#strategy-rows .msg").first).to_have_text("First")
    expect(page.get_by_text("The rows stand in the order in which they go.")).to_be_visible()


def test_no_name_is_too_long_for_any_page_of_its_row(live_server, open_list, axe):
    rule = make_rule(name=LONG, condition="x" * 200, outcomes="y" * 200, status="draft", activated_at=None)
    page = open_list(width=390)
    pages = ["detail", "edit", "results", "rehearsal", "history", "activate", "content", "preview"]
    addresses = [reverse(f"campaigns:rule-{name}", args=[rule.pk]) for name in pages]

    for address in [*addresses, reverse("campaigns:step-edit", args=[rule.pk, rule.first_step.key])]:
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        assert axe(page) == [], address


def test_an_empty_strategy_offers_one_way_to_begin_before_all_others(open_list, axe, sender, topic):
    page = open_list()

    assert page.locator("main .btn-primary").all_inner_texts() == ["Add the first row"]
    assert axe(page) == []
