"""Panels on the pages of a shop in a real Chromium, and the page that asks the question of a message."""

import pytest
from django.utils import timezone

from campaigns import hearing, links
from campaigns.models import Delivery, Response
from contacts import consenting
from demo.catalogue import load_catalogue
from tests.browser import LOOKS
from tests.make import (
    DAY,
    HOUR,
    make_consent,
    make_contact,
    make_content,
    make_delivery,
    make_rule,
    make_sender,
    make_topic,
    make_version,
    make_wording,
)
from touchpoints.models import Touchpoint, Visitor
from touchpoints.signing_up import confirm_url
from touchpoints.visiting import arrival_token

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BODY = (
    "<p>Two chairs are left in the listening room.</p>"
    '<p><a class="button" href="{{ shop_url }}service/">See the evening</a></p>'
)


@pytest.fixture
def shop(live_server, settings):
    settings.PUBLIC_URL, settings.SHOP_URL = live_server.url, f"{live_server.url}/shop/"
    load_catalogue()
    make_sender()
    return live_server.url


@pytest.fixture
def dana(shop):
    """Agreed to hear from the shop, and to be recognised."""
    now = timezone.now()
    contact = make_contact("dana@example.com", first_name="Dana", created_at=now - 40 * DAY)
    make_consent(contact, make_topic(), at=now - 30 * DAY)
    make_consent(contact, make_topic("tracking", "Being recognised"), at=now - 30 * DAY)
    return contact


def make_panel(contact, slot, **fields):
    words = make_version(
        make_content(subject="An evening for you, {{ first_name }}", body=BODY, text=""), html=BODY, text=""
    )
    rule = make_rule(name=f"Panel {slot}", content=words.content, channel="panel", slot=slot, **fields)
    now = timezone.now()
    times = {"occurred_at": now, "due_at": now - HOUR, "expires_at": now + 2 * DAY, "planned_at": now}
    return make_delivery(rule, contact, **times)


def arrive(page, shop, contact, path="/shop/"):
    page.goto(f"{shop}{path}?rv={arrival_token(contact, Visitor().key, timezone.now())}")


def heading(page):
    return page.get_by_role("heading", name="An evening for you, Dana")


def test_a_panel_stands_in_its_place_until_it_is_clicked_away(shop, page, dana):
    delivery = make_panel(dana, "home")
    page.goto(f"{shop}/shop/")
    page.wait_for_load_state("networkidle")
    assert heading(page).count() == 0

    arrive(page, shop, dana)
    heading(page).wait_for()
    page.wait_for_load_state("networkidle")
    page.goto(f"{shop}/shop/?genre=Jazz")
    heading(page).wait_for()
    with page.expect_response("**/t/panels/away"):
        page.get_by_role("button", name="Not now").click()
    assert heading(page).count() == 0
    page.goto(f"{shop}/shop/")
    page.wait_for_load_state("networkidle")

    assert heading(page).count() == 0
    assert delivery.responses.get().kind == Response.Kind.DISMISSED
    assert page.trouble == []


def test_its_button_leads_on_and_counts(shop, page, dana):
    delivery = make_panel(dana, "side")
    arrive(page, shop, dana, "/shop/p/NS-JAZ-01/")

    page.get_by_role("link", name="See the evening").click()
    page.wait_for_url("**/shop/service/**")
    heading(page).wait_for()

    hearing.hear_waiting()
    assert delivery.responses.get().kind == Response.Kind.CLICKED


def test_it_vanishes_with_the_next_page_after_a_withdrawal(shop, page, dana):
    make_panel(dana, "home")
    arrive(page, shop, dana)
    heading(page).wait_for()
    page.wait_for_load_state("networkidle")

    consenting.withdraw_consent(dana, [make_topic()], at=timezone.now(), source="test")
    page.reload()
    page.wait_for_load_state("networkidle")

    assert heading(page).count() == 0


def test_global_privacy_control_shows_none(shop, new_page, dana):
    delivery = make_panel(dana, "home")
    page = new_page(extra_http_headers={"Sec-GPC": "1"})
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    arrive(page, shop, dana)
    page.wait_for_load_state("networkidle")
    assert heading(page).count() == 0

    delivery.refresh_from_db()
    assert delivery.status == Delivery.Status.PLANNED


def test_the_page_after_confirming_has_a_place(shop, page):
    make_topic()
    make_wording()
    words = make_version(make_content(subject="Welcome in", body=BODY, text=""), html=BODY, text="").content
    activated = timezone.now() - DAY
    make_rule(content=words, channel="panel", slot="after-action", activated_at=activated)
    page.goto(f"{shop}/join/")
    page.fill("[name=email]", "eve@example.com")
    page.get_by_label("New arrivals").check()
    page.get_by_role("button", name="Send me the confirmation").click()
    page.get_by_role("heading", name="One more step").wait_for()

    page.goto(confirm_url(Touchpoint.objects.get()))
    page.get_by_role("button", name="Yes, write to me").click()

    page.get_by_role("heading", name="Welcome in").wait_for()
    assert Delivery.objects.get().status == Delivery.Status.SENT
    assert page.trouble == []


@pytest.mark.parametrize("width, scheme", LOOKS)
def test_panels_are_open_to_all(shop, new_page, dana, axe, width, scheme):
    for slot in ("home", "side"):
        make_panel(dana, slot)
    page = new_page(width=width, color_scheme=scheme)

    for path in ("/shop/", "/shop/p/NS-JAZ-01/"):
        arrive(page, shop, dana, path)
        heading(page).wait_for()
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1440])
def test_the_question_is_open_to_all_and_is_answered(shop, new_page, dana, axe, width):
    words = make_version(
        make_content(question="How was your first month?"), question="How was your first month?"
    )
    rule = make_rule(content=words.content)
    delivery = make_delivery(rule, dana, status=Delivery.Status.SENT, sending_at=timezone.now())
    page = new_page(width=width)
    page.goto(links.feedback_url(delivery))
    assert axe(page) == []

    page.get_by_label("Good", exact=True).check(force=True)
    page.get_by_label("Would you tell us why?").fill("The sleeves are lovely.")
    page.get_by_role("button", name="Send the answer").click()
    page.get_by_role("heading", name="Thank you for your answer.").wait_for()

    assert axe(page) == []
    assert Touchpoint.objects.get(kind="feedback").data["text"] == "The sleeves are lovely."
    assert page.trouble == []


@pytest.mark.parametrize("width", [390, 1440])
def test_a_panel_is_written_and_seen_at_two_widths(shop, new_page, sign_in, marketer, dana, axe, width):
    panel = make_panel(dana, "home")
    page = new_page(width=width)
    sign_in(page, marketer)
    page.goto(f"{shop}/strategy/{panel.rule_id}/content/")
    assert page.get_by_label("Preview line").count() == 0
    assert axe(page) == []

    page.get_by_label("Heading").fill("Two chairs for {{ first_name }}")
    page.get_by_label("Words").fill('<p onclick="x()">Come</p>')
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_text("carries a script").first.wait_for()
    page.get_by_label("Words").fill("<p>Come</p>")
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_text("The draft is saved").wait_for()

    for name in ("The panel, wide", "The panel, narrow"):
        frame = page.frame_locator(f"iframe[title='{name}']")
        frame.get_by_role("heading", name="Two chairs for Dana").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{shop}/strategy/{panel.rule_id}/preview/")
    page.frame_locator("iframe[title='The panel, wide']").get_by_role("heading").wait_for()
    assert axe(page) == []
