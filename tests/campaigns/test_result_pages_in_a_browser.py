"""The pages of results in a real Chromium: both themes, both widths, in each of their states."""

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import decay, sequential
from campaigns.models import Response
from tests.browser import LOOKS
from tests.make import (
    DAY,
    HOUR,
    make_campaign,
    make_campaign_delivery,
    make_contact,
    make_delivery,
    make_rule,
    make_version,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def addresses(ada, monkeypatch):
    """Every page of results, in every state that looks different; a handful of people is enough here."""
    for module, name, value in ((sequential, "ENOUGH", 3), (sequential, "EVENTS", 1), (decay, "ENOUGH", 2)):
        monkeypatch.setattr(module, name, value)
    told, silent = make_rule(name="Told", outcome="order", control_share=10), make_rule(name="Silent")
    young = make_rule(name="Young", outcome="order")
    step = told.first_step
    step.content_b = make_version().content
    step.save()
    decide(told, timezone.now() - 60 * DAY)
    decide(young, timezone.now() - DAY)
    campaign = make_campaign([ada], outcome="order", control_share=10, planned_count=1)
    make_campaign_delivery(campaign, ada, status="sent", sending_at=timezone.now() - 20 * DAY)
    return [
        *(reverse("campaigns:rule-results", args=[rule.pk]) for rule in (told, silent, young)),
        reverse("campaigns:results"),
        reverse("campaigns:costs"),
        campaign.get_absolute_url(),
    ]


def decide(rule, since):
    for number in range(8):
        person, held = make_contact(created_at=since - number * 20 * DAY), number % 2
        done = since + HOUR if number < 5 else None
        fields = (
            {"status": "held_out", "reason": "control"} if held else {"status": "sent", "sending_at": since}
        )
        fields |= {"finished_at": since, "outcome_at": done, "variant": "" if held else "ab"[number % 4 // 2]}
        delivery = make_delivery(rule, person, **fields)
        if not held:
            later = make_delivery(
                rule, person, **fields | {"sending_at": since + 2 * HOUR, "outcome_at": None}
            )
            for each in (delivery, later)[: 1 + (number == 0)]:
                Response.objects.create(delivery=each, kind="clicked", at=since + 3 * HOUR)


@pytest.mark.parametrize("width, theme", LOOKS)
def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways(
    live_server, new_page, axe, sign_in, admin, addresses, width, theme
):
    page = new_page(width=width, color_scheme=theme)
    sign_in(page, admin)

    for address in addresses:
        page.goto(live_server.url + address)
        assert axe(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    assert page.trouble == []


def test_from_the_row_to_its_results_and_to_what_a_message_costs(
    live_server, new_page, sign_in, admin, addresses
):
    page = new_page(java_script_enabled=False)
    sign_in(page, admin)

    page.goto(live_server.url + addresses[0].removesuffix("results/"))
    page.get_by_role("link", name="Results").last.click()
    page.get_by_role("heading", name="Results of “Told”").wait_for()
    assert page.locator("svg.interval").count() >= 1
    page.get_by_role("link", name="What a message costs").click()
    page.get_by_label("Each e-mail, USD").fill("0.5")
    page.get_by_role("button", name="Save the costs").click()
    page.get_by_text("Every cost is reckoned anew with it.").wait_for()
