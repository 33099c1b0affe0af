"""The whole story in a real Chromium: sign up, confirm, be welcomed, come by, leave, and be left alone."""

import socket
import time
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from django.utils import timezone
from playwright.sync_api import expect

from campaigns.models import Delivery, LifecycleRule
from campaigns.ticking import tick
from contacts.models import Contact
from demo import mailbox, sample
from demo.catalogue import load_catalogue
from launcher.mailbox import MaildirHandler
from tests.worker import a_worker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MARA = "mara@example.com"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
CONFIRM = "One more step: is this your address?"
WELCOME = "Welcome, Mara – where would you like to begin?"
# What stands on her page in the end, whoever tells it.
TIMELINE = [
    "Confirmed the sign-up",
    "Followed a link in “Welcome message”",
    "Records · Northside Records",
    "Outcome of “Welcome message”",
]


@pytest.fixture
def post_office(settings, tmp_path):
    """The local mailbox as it runs beside the product: a loopback SMTP server over a Maildir."""
    settings.MAILBOX_DIR = str(tmp_path / "mailbox")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = probe.getsockname()
    controller = Controller(
        MaildirHandler(settings.MAILBOX_DIR), hostname=settings.EMAIL_HOST, port=settings.EMAIL_PORT
    )
    controller.start()
    yield settings.MAILBOX_DIR
    controller.stop()


@pytest.fixture
def site(live_server, settings, post_office):
    """The running product: its web server, its rules switched on, its shop filled, a worker, a mailbox."""
    settings.PUBLIC_URL = live_server.url
    settings.SHOP_URL = f"{live_server.url}/shop/"
    sample.switch_on(timezone.now())
    load_catalogue()
    with a_worker():
        yield live_server.url


@pytest.fixture
def reader(new_page):
    """Mara's browser; it looks like anyone's."""
    return new_page(user_agent=BROWSER, locale="en-GB")


def open_mail(page, site, subject):
    """Wait for a message in the local mailbox, as a person would, and open it."""
    page.goto(f"{site}/mailbox/")
    page.get_by_role("link", name=subject).click(timeout=15_000)
    return page.frame_locator("iframe.post-frame")


def follow(page, link):
    """Click a link of a message; the page it opens in a tab of its own."""
    with page.context.expect_page() as opened:
        link.click()
    return opened.value


def sign_up(page, site):
    page.goto(f"{site}/shop/")
    page.get_by_role("navigation", name="Shop").get_by_role("link", name="Hear from us").click()
    page.get_by_label("E-mail").fill(MARA)
    page.get_by_label("Name, if you like").fill("Mara Silva")
    page.get_by_label("New arrivals").check()
    page.get_by_role("button", name="Send me the confirmation").click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()


def order(page, site):
    page.goto(f"{site}/shop/checkout/?sku=NS-JAZ-01")
    page.get_by_label("E-mail").fill(MARA)
    page.get_by_label("First name").fill("Mara")
    page.get_by_role("button", name="Order").click()
    expect(page.get_by_role("heading", name="Thank you, Mara")).to_be_visible()


def live_on(days):
    """Let time pass, through quiet hours and others."""
    for hours in range(2, 24 * days, 3):
        tick(timezone.now() + timedelta(hours=hours))


def subjects(folder):
    return [line.subject for line in mailbox.newest(folder)]


def confirm(page, site):
    """Press the button in the mail, and on the page it leads to: reading it alone agrees to nothing."""
    request = open_mail(page, site, CONFIRM)
    asked = follow(page, request.get_by_role("link", name="Yes, write to me"))
    asked.get_by_role("button", name="Yes, write to me").click()
    expect(asked.get_by_role("heading", name="Thank you. You are in.")).to_be_visible()


def come_by(page, welcome):
    """Follow the links to the shop and to the service, waiting until both were told; where the first led."""
    with page.context.expect_event("response", lambda answer: answer.url.endswith("/t/visit")):
        shop = follow(page, welcome.get_by_role("link", name="Look around the shop"))
    led_to = shop.url
    # Nobody but a machine follows two links within half a second.
    page.wait_for_timeout(700)
    with page.context.expect_event("response", lambda answer: answer.url.endswith("/t/visit")):
        follow(page, welcome.get_by_role("link", name="the listening club"))
    return led_to


def test_a_person_signs_up_is_welcomed_comes_by_leaves_and_is_left_alone(
    site, reader, new_page, sign_in, marketer, post_office
):
    desk = new_page()
    sign_in(desk, marketer)

    sign_up(reader, site)
    confirm(reader, site)
    confirmed_at = time.monotonic()
    welcome = open_mail(reader, site, WELCOME)
    assert time.monotonic() - confirmed_at < 10
    assert come_by(reader, welcome) == f"{site}/shop/"

    tick(timezone.now())
    mara = Contact.objects.get(email=MARA)
    desk.goto(f"{site}{mara.get_absolute_url()}")
    for words in TIMELINE:
        expect(desk.locator(".thread")).to_contain_text(words)

    reader.get_by_role("button", name="One-click unsubscribe").click()
    expect(reader.get_by_role("heading", name="Done.")).to_be_visible()
    order(reader, site)
    live_on(days=7)
    assert subjects(post_office) == [WELCOME, CONFIRM]

    thanks = Delivery.objects.get(contact=mara, rule__trigger="ordered")
    assert (thanks.status, thanks.reason) == ("skipped", "withdrew")
    desk.reload()
    expect(desk.locator(".thread")).to_contain_text("Thank you was not sent")
    expect(desk.locator(".thread")).to_contain_text("withdrew their consent to this topic")
    assert desk.trouble == []


def test_who_stays_is_thanked(site, reader, post_office):
    """What the story ends with could have been sent: without the one click it is."""
    LifecycleRule.objects.filter(trigger="ordered").update(control_share=0)
    sign_up(reader, site)
    confirm(reader, site)
    open_mail(reader, site, WELCOME)

    order(reader, site)
    live_on(days=2)

    assert subjects(post_office) == ["Thank you, Mara", WELCOME, CONFIRM]
