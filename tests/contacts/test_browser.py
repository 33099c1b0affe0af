import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from contacts.models import Consent
from tests.make import DAY, NOON, make_contact, make_touchpoint

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
