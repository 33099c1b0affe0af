import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from contacts.models import Consent
from contacts.preferences import preferences_path
from tests.make import DAY, NOON, make_contact, make_rule, make_step, make_topic, make_touchpoint

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_typing_into_the_search_narrows_the_list(page, live_server, sign_in, marketer):
    for name in ("Ada", "Ben"):
        make_contact(first_name=name)
    sign_in(page, marketer)
    page.goto(live_server.url + reverse("contacts:contact-list"))

    page.locator(".filterbar input[type=search]").press_sequentially("ada")
    expect(page.locator("#people tbody tr")).to_have_count(1)

    expect(page).to_have_url(re.compile(r"\?q=ada$"))
    assert page.trouble == []


def test_earlier_brings_more_of_the_timeline_without_leaving_the_page(
    page, live_server, sign_in, marketer, ada
):
    for number in range(30):
        make_touchpoint(ada, "note", at=NOON - number * DAY, data={"text": f"note {number}"})
    sign_in(page, marketer)
    page.goto(live_server.url + ada.get_absolute_url())

    page.get_by_role("link", name="Earlier").click()
    expect(page.locator("ol.thread")).to_have_count(2)

    expect(page.get_by_text("note 29")).to_be_visible()
    assert page.trouble == []


@pytest.mark.parametrize("scripts", [True, False])
def test_taking_back_in_a_dialog_works_with_and_without_scripts(
    new_page, live_server, sign_in, marketer, ada, scripts
):
    page = new_page(java_script_enabled=scripts)
    sign_in(page, marketer)
    page.goto(live_server.url + ada.get_absolute_url())

    page.get_by_role("button", name="Take back…").click()
    page.get_by_label("How they asked").fill("by phone")
    page.get_by_role("button", name="Take these back").click()
    page.get_by_text("taken back on").wait_for()

    assert Consent.objects.latest("id").evidence["asked"] == "by phone"


@pytest.mark.parametrize("scripts", [True, False])
def test_a_number_of_ones_own_is_given_with_and_without_scripts(
    new_page, live_server, ada, topic, axe, scripts
):
    page = new_page(width=390, java_script_enabled=scripts)
    make_step(make_rule(status="active"), channel="phone")
    page.goto(live_server.url + preferences_path(ada))
    calls = page.get_by_role("group", name="Phone")

    calls.get_by_label(topic.name).check()
    page.get_by_label("Your phone number").fill("912 345 678")
    page.get_by_role("button", name="Save my choices").click()
    expect(page.get_by_role("alert")).to_contain_text("needs its country's code")
    page.get_by_label("Your phone number").fill("+351 912 345 678")
    page.get_by_role("button", name="Save my choices").click()

    expect(page.get_by_text("You are called at +351 … 78.")).to_be_visible()
    expect(calls.get_by_label(topic.name)).to_be_checked()
    assert not scripts or axe(page) == []


def test_a_colleague_records_a_yes_on_a_page_that_keeps_nobody_out(
    page, live_server, sign_in, marketer, ada, axe
):
    make_topic("offers", "Offers")
    sign_in(page, marketer)
    page.goto(live_server.url + ada.get_absolute_url())

    page.get_by_role("link", name="Record a yes…").click()
    assert axe(page) == []
    page.get_by_label("Offers, by e-mail").check()
    page.get_by_label("On paper, signed").check()
    page.get_by_label("The words").fill("I want the offers.")
    page.get_by_role("button", name="Record the yes").click()

    expect(page.get_by_text("The yes is recorded.")).to_be_visible()
    assert Consent.objects.latest("id").evidence["words"] == "I want the offers."
    assert page.trouble == []
