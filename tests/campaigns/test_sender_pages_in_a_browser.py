"""The pages of the senders in a real Chromium: both themes, both widths, with and without script."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns import authenticating, senders
from campaigns.domains.records import Records
from campaigns.models import Pace
from contacts.models import Sender
from tests.browser import LOOKS
from tests.campaigns.zone import Zone
from tests.make import DAY, MINUTE, make_sender

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sender(settings, tmp_path):
    """A sender with a key, one that waits, a record to publish, and a mailbox that asks to wait."""
    settings.DKIM_DIR = str(tmp_path / "dkim")
    now = timezone.now()
    sender = make_sender(
        address="ines@a-rather-long-name-for-a-shop.example.com", warm_up_since=now.date() - DAY
    )
    senders.make_key(sender, now)
    authenticating.check(
        sender, now, records=Zone({(sender.domain, "TXT"): ["v=spf1 include:example.net -all"]})
    )
    senders.make_key(sender, now)
    hold = {"hold_until": now + 20 * MINUTE, "reply": "421 4.7.0 " + "Try again later. " * 9}
    Pace.objects.create(
        sender=sender, domain="a-rather-long-name.example.net", day=now.date(), day_limit=50, **hold
    )
    return sender


@pytest.mark.parametrize("width, theme", LOOKS)
def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways(
    live_server, new_page, axe, sign_in, admin, sender, width, theme
):
    page = new_page(width=width, color_scheme=theme)
    sign_in(page, admin)

    for address in ["/senders/", "/senders/new/", f"/senders/{sender.pk}/", f"/senders/{sender.pk}/edit/"]:
        page.goto(live_server.url + address)
        assert axe(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    assert page.trouble == []


def test_a_domain_is_set_up_without_any_script(live_server, new_page, sign_in, admin, sender, monkeypatch):
    rows = {
        (sender.domain, "TXT"): ["v=spf1 ip4:203.0.113.9 -all"],
        (f"_dmarc.{sender.domain}", "TXT"): ["v=DMARC1; p=none"],
    }
    monkeypatch.setattr(Records, "ask", lambda records, name, kind: rows.get((name, kind), []))
    page = new_page(java_script_enabled=False)
    sign_in(page, admin)
    page.goto(f"{live_server.url}/senders/{sender.pk}/")

    name, waiting = Sender.objects.get().dkim_selector, senders.waiting_keys(sender)[0]
    page.get_by_role("button", name=f"Sign with “{waiting[0]}”").click()
    expect(page.get_by_text("Its record is not published yet")).to_be_visible()

    rows[waiting[1][0], "TXT"] = [waiting[1][2]]
    page.get_by_role("button", name=f"Sign with “{waiting[0]}”").click()
    expect(page.get_by_text(f"Mail is signed with the key “{waiting[0]}”")).to_be_visible()
    expect(page.get_by_text(f"“{name}” waits")).to_be_visible()

    page.get_by_role("button", name="Check now").click()
    expect(page.locator("#check-spf")).to_contain_text("Right")
    expect(page.locator("#check-dkim")).to_contain_text("is the one that signs here")
