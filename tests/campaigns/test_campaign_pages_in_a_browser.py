"""The pages of campaigns in a real Chromium: both themes, both widths, with and without script."""

import os

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.campaigning import finish_campaigns, plan_campaigns
from campaigns.models import Campaign
from campaigns.sending import send_due
from tests.browser import LOOKS
from tests.make import (
    make_campaign,
    make_campaign_delivery,
    make_consent,
    make_contact,
    make_content,
    make_sender,
    make_topic,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BODY = "<mj-section><mj-column><mj-text>Hello {{ first_name }}</mj-text></mj-column></mj-section>"


@pytest.fixture
def addresses(ada, ben, marketer):
    """Every page of campaigns, in every state that looks different."""
    people, words = [ada, ben], make_content(name="Sale", body=BODY)
    draft = make_campaign(people, name="Draft", status="draft", goal="", control_share=None, content=words)
    waiting = make_campaign(people, name="Waiting", status="waiting", created_by=marketer)
    paused = make_campaign(
        people, name="Paused", status="paused", pause="bounces", pause_detail="61 of 1,204 messages came back"
    )
    sending = make_campaign(people, name="Sending", outcome="order", control_share=10, planned_count=6)
    for status, reason in [
        ("sent", ""), ("skipped", "withdrew"), ("failed", "render"), ("planned", "quiet"),
        ("parked", "no_answer"), ("held_out", "control"),
    ]:  # fmt: skip
        make_campaign_delivery(
            sending, make_contact(), status=status, reason=reason, sending_at=timezone.now()
        )
    return [
        reverse("campaigns:campaign-list"),
        reverse("campaigns:campaign-create") + "?level=guest",
        reverse("campaigns:campaign-edit", args=[draft.pk]),
        *(campaign.get_absolute_url() for campaign in (draft, waiting, paused, sending)),
        reverse("settings-pilot"),
    ]


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


@pytest.mark.parametrize("with_script", [True, False])
def test_a_campaign_is_typed_sent_off_and_read(
    live_server, new_page, sign_in, marketer, mailbox, with_script
):
    make_content(name="Sale", body=BODY)
    topic, _sender = make_topic(), make_sender()
    mara = make_contact("mara@example.com", first_name="Mara", last_name="Lindqvist")
    make_consent(mara, topic, at=timezone.now())
    page = new_page(java_script_enabled=with_script)
    sign_in(page, marketer)

    page.goto(live_server.url + "/contacts/?q=mara")
    page.get_by_role("link", name="Send a campaign to these").click()
    page.get_by_label("Name*", exact=True).fill("Winter sale")
    page.get_by_label("What it is for").fill("Sell the stock")
    for label, choice in [
        ("Which words", "Sale"),
        ("Topic", "New arrivals"),
    ]:
        page.get_by_label(label).select_option(label=choice)
    page.get_by_label("Held out, per cent").fill("0")
    page.get_by_role("button", name="Save draft").click()
    draft = page.url
    page.get_by_role("link", name="Rehearse", exact=True).click()
    page.get_by_role("button", name="Rehearse it").click()
    page.get_by_role("heading", name="The people").wait_for()
    page.goto(draft)
    page.get_by_role("button", name="Send it…").click()
    page.get_by_role("button", name="Send it", exact=True).click()
    page.get_by_text("is sent off: scheduled").wait_for()

    now = timezone.now()
    plan_campaigns(now)
    send_due(now, "worker")
    finish_campaigns(now)
    page.goto(live_server.url + Campaign.objects.get().get_absolute_url())

    page.get_by_text("100 % done").wait_for()
    assert [message["subject"] for message in mailbox.to(mara.email)] == ["Hello Mara"]


def test_a_page_that_was_left_open_tells_how_the_campaign_goes_on(
    live_server, new_page, sign_in, marketer, mailbox
):
    at = timezone.now()
    mara = make_contact("mara@example.com", first_name="Mara")
    make_consent(mara, make_topic(), at=at)
    campaign = make_campaign([mara], status="scheduled", send_at=at, outcome="", control_share=0)
    page = new_page()
    sign_in(page, marketer)
    page.goto(live_server.url + campaign.get_absolute_url())
    page.get_by_text("It is leaving").wait_for()

    plan_campaigns(at)
    page.get_by_role("button", name="Pause").wait_for()
    send_due(at, "worker")
    finish_campaigns(at)

    page.get_by_text("100 % done").wait_for()
    assert page.get_by_role("button", name="Pause").count() == 0
    look(page, "finished")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_message_is_shown_as_somebody_else(live_server, new_page, axe, sign_in, marketer, ada, width):
    make_contact("mara@example.com", first_name="Mara", last_name="Lindqvist")
    words = make_content(name="Sale", body=BODY)
    draft = make_campaign([ada], name="Draft", status="draft", content=words)
    page = new_page(width=width)
    sign_in(page, marketer)
    page.goto(live_server.url + draft.get_absolute_url())
    page.get_by_text("Show it as somebody else").click()
    page.get_by_label("Find a person").press_sequentially("mara")
    page.get_by_role("link", name="Ada").wait_for(state="detached")
    assert axe(page) == []
    page.get_by_role("link", name="Mara Lindqvist").click()

    page.frame_locator("iframe.letter-frame").get_by_text("Hello Mara").wait_for()
    look(page, f"shown-{width}")


def look(page, name):
    """A picture of it, where a folder for pictures is named."""
    if folder := os.environ.get("RAPPORT_SHOTS"):
        page.screenshot(path=f"{folder}/campaign-{name}.png", full_page=True)
