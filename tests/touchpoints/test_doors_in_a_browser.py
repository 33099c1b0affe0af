"""The public pages and the tracking script in a real Chromium."""

import uuid

import pytest
from django.utils import timezone

from contacts.models import Consent
from tests.browser import LOOKS
from tests.make import make_sender, make_topic, make_wording
from touchpoints.models import Touchpoint, Visitor
from touchpoints.signing_up import confirm_url
from touchpoints.visiting import arrival_token

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server, settings):
    """A workspace that people can sign up with; its links lead to the server of the test."""
    settings.PUBLIC_URL = live_server.url
    make_sender()
    make_topic(description="Records we think you would like. About twice a month.")
    make_topic("offers", "Offers", description="A few times a year.")
    make_wording(text="Yes, write to me about what I chose. I can stop whenever I like.")
    return live_server.url


def fill_in(page, site):
    page.goto(f"{site}/join/?utm_source=paper")
    page.fill("[name=email]", "dana@example.com")
    page.fill("[name=name]", "Dana Wu")
    page.get_by_label("New arrivals").check()


# Signing up -----------------------------------------------------------------------------------------


def test_from_the_form_to_the_yes(site, page):
    fill_in(page, site)
    page.get_by_role("button", name="Send me the confirmation").click()
    page.get_by_role("heading", name="One more step").wait_for()

    page.goto(confirm_url(Touchpoint.objects.get()))
    page.get_by_role("button", name="Yes, write to me").click()
    page.get_by_role("heading", name="Thank you. You are in.").wait_for()

    assert [consent.topic.key for consent in Consent.objects.all()] == ["news"]
    assert "sessionid" not in str(page.context.cookies())
    assert page.trouble == []


@pytest.mark.parametrize("width, theme", LOOKS)
def test_every_page_is_open_to_all(site, new_page, axe, theme, width):
    page = new_page(width=width, color_scheme=theme)

    def look():
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    fill_in(page, site)
    look()
    page.fill("[name=email]", "dana")
    page.get_by_label("New arrivals").uncheck()
    page.get_by_role("button", name="Send me the confirmation").click()
    assert page.get_by_text("Choose at least one thing").is_visible()
    look()
    fill_in(page, site)
    page.get_by_role("button", name="Send me the confirmation").click()
    look()
    page.goto(confirm_url(Touchpoint.objects.get()))
    look()
    page.get_by_role("button", name="Yes, write to me").click()
    look()
    page.goto(f"{site}/confirm/forged/")
    look()


# The tracking script --------------------------------------------------------------------------------


@pytest.fixture
def shop_page(page, live_server):
    """A page of a shop that carries the script."""
    html = (
        '<!doctype html><title>Late Ferry</title><script src="/static/touchpoints/track.js" defer></script>'
    )
    page.route("**/a-shop/**", lambda route: route.fulfill(body=html, content_type="text/html"))
    return f"{live_server.url}/a-shop/p/1"


def open_page(page, address):
    with page.expect_response("**/t/visit") as answer:
        page.goto(address)
    return answer.value


def kept(page):
    return page.evaluate("localStorage.length"), page.evaluate("document.cookie")


def test_nothing_is_kept_before_they_agree(page, shop_page):
    open_page(page, shop_page)

    assert kept(page) == (0, "")
    assert not Visitor.objects.exists()


def test_whoever_agrees_is_recognised_until_they_ask_to_be_forgotten(page, shop_page):
    open_page(page, shop_page)
    page.evaluate("rapport.consent()")
    open_page(page, shop_page)

    visitor = Visitor.objects.get()
    assert page.evaluate("localStorage.rapport") == str(visitor.key)
    assert visitor.touchpoints.count() == 2
    page.evaluate("rapport.forget()")
    assert kept(page) == (0, "")


def test_a_signed_arrival_is_tied_to_the_contact_and_leaves_the_address(page, shop_page, ada):
    token = arrival_token(ada, uuid.uuid4(), timezone.now())

    open_page(page, f"{shop_page}?rv={token}&utm_source=mail")

    visit = Touchpoint.objects.get()
    assert visit.contact == ada
    assert (visit.data["path"], visit.data["title"]) == ("/a-shop/p/1", "Late Ferry")
    assert token not in str(visit.data)
    assert page.url == f"{shop_page}?utm_source=mail"
    assert kept(page) == (0, "")


def test_who_agrees_after_a_signed_arrival_stays_known(page, shop_page, ada):
    open_page(page, f"{shop_page}?rv={arrival_token(ada, uuid.uuid4(), timezone.now())}")
    page.evaluate("rapport.consent()")
    open_page(page, shop_page)

    assert Visitor.objects.get().contact == ada
    assert Touchpoint.objects.filter(contact=ada).count() == 2


def test_global_privacy_control_is_honoured(page, shop_page, ada):
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    open_page(page, f"{shop_page}?rv={arrival_token(ada, uuid.uuid4(), timezone.now())}")
    page.evaluate("rapport.consent()")

    assert kept(page) == (0, "")
    assert not Touchpoint.objects.exists()


# The documentation of the API ------------------------------------------------------------------------


def test_the_api_is_documented_without_calling_anyone(live_server, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{live_server.url}/api/v1/docs")
    page.get_by_text("/api/v1/touchpoints").first.wait_for()

    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
