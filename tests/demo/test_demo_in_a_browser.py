"""The demo shop and the local mailbox in a real Chromium."""

import pytest

from demo.catalogue import load_catalogue
from touchpoints.models import DailyVisits, Touchpoint, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LETTER = b"""From: Ines at Northside <ines@example.com>
To: mara@example.com
Subject: Welcome
Date: Wed, 10 Jun 2026 12:00:00 +0000
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<html><head><title>Welcome</title></head><body style="background:#f6f1f4"><h1>Welcome</h1>
<script>top.document.title = "run"</script><a href="/shop/">Shop</a></body></html>
"""
SHOP_PAGES = ["/shop/", "/shop/p/NS-JAZ-01/", "/shop/service/", "/shop/checkout/?sku=NS-JAZ-01"]


@pytest.fixture
def shop(live_server):
    load_catalogue()
    return live_server.url


@pytest.fixture
def visits():
    """How many visits of known browsers there are, and how many that were only counted."""
    return lambda: (Touchpoint.objects.filter(kind="visited").count(), DailyVisits.objects.count())


def answered(page, act):
    """Do it, and wait until the tracking script has been heard."""
    with page.expect_response("**/t/visit"):
        act()


@pytest.mark.parametrize("path", SHOP_PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_shop(shop, new_page, axe, path, scheme):
    page = new_page(color_scheme=scheme)
    page.goto(shop + path)

    assert axe(page) == []


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_nothing_scrolls_sideways_and_the_console_is_quiet(shop, new_page, maildir, width):
    page = new_page(width=width)

    for path in [*SHOP_PAGES, "/mailbox/", f"/mailbox/{maildir.add(LETTER)}/"]:
        page.goto(shop + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert [line for line in page.trouble if "Blocked script execution" not in line] == []


def test_a_browser_is_remembered_only_after_a_yes(shop, page, visits):
    answered(page, lambda: page.goto(f"{shop}/shop/"))
    before = visits(), page.evaluate("localStorage.length")
    answered(page, page.get_by_role("button", name="Remember me").click)
    answered(page, lambda: page.goto(f"{shop}/shop/service/"))

    assert before == ((0, 1), 0)
    assert (visits()[0], Visitor.objects.count()) == (2, 1)
    assert not page.locator("#consent").is_visible()


def test_a_no_is_not_asked_again(shop, page, visits):
    page.goto(f"{shop}/shop/")
    page.get_by_role("button", name="Only count").click()
    answered(page, lambda: page.goto(f"{shop}/shop/service/"))

    assert not page.locator("#consent").is_visible()
    assert (visits()[0], page.evaluate("localStorage.length")) == (0, 0)


def test_an_order_makes_the_browser_the_buyers(shop, page):
    answered(page, lambda: page.goto(f"{shop}/shop/p/NS-JAZ-01/"))
    answered(page, page.get_by_role("button", name="Remember me").click)
    page.get_by_role("link", name="Order this record").click()
    page.get_by_label("E-mail").fill("mara@example.com")
    page.get_by_label("First name").fill("Mara")
    page.get_by_role("button", name="Order").click()
    page.get_by_role("heading", name="Thank you, Mara").wait_for()

    assert Visitor.objects.get().contact.email == "mara@example.com"


def test_a_message_is_read_as_its_recipient_sees_it(shop, page, maildir, axe):
    maildir.add(LETTER)
    page.goto(f"{shop}/mailbox/")
    page.get_by_role("link", name="Welcome").click()
    frame = page.frame_locator("iframe.post-frame")
    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="Shop").click()

    assert page.title().startswith("Welcome")
    assert opened.value.url == f"{shop}/shop/"
    assert axe(page) == []


def test_new_mail_appears_by_itself(shop, page, maildir):
    page.goto(f"{shop}/mailbox/")
    maildir.add(LETTER)

    page.get_by_role("link", name="Welcome").wait_for(timeout=8000)


def test_the_mailbox_can_be_read_without_script(shop, new_page, maildir):
    maildir.add(LETTER)
    page = new_page(java_script_enabled=False)
    page.goto(f"{shop}/mailbox/")
    page.get_by_role("link", name="Welcome").click()

    assert page.get_by_role("heading", name="Welcome", exact=True).is_visible()
