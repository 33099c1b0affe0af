"""Choosing a trigger shows its settings at once, with script; without, a button shows them."""

import pytest
from django.urls import reverse

from tests.make import make_rule

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_settings_appear_with_the_choice_and_are_saved(live_server, new_page, axe, sign_in, marketer):
    rule = make_rule()
    page = new_page(width=1440)
    sign_in(page, marketer)
    page.goto(live_server.url + reverse("campaigns:rule-edit", args=[rule.pk]))

    page.select_option("#id_trigger", "few_visits")
    page.fill("#id_trigger-visits", "2")
    assert axe(page) == []
    page.click("text=Save row")
    page.wait_for_url(live_server.url + rule.get_absolute_url())

    rule.refresh_from_db()
    assert (rule.trigger, rule.parameters["visits"]) == ("few_visits", 2)
    assert page.trouble == []


def test_without_script_a_button_shows_the_settings(live_server, new_page, sign_in, marketer):
    rule = make_rule()
    page = new_page(width=1440, java_script_enabled=False)
    sign_in(page, marketer)
    page.goto(live_server.url + reverse("campaigns:rule-edit", args=[rule.pk]))

    page.select_option("#id_trigger", "no_visit")
    page.locator("button[name=show]").first.click()
    page.fill("#id_trigger-days", "45")
    page.click("text=Save row")

    rule.refresh_from_db()
    assert (rule.trigger, rule.parameters) == ("no_visit", {"days": 45})
