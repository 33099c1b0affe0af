"""The sign-in pages in a real Chromium: in both themes, and the whole way through a second step."""

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

from tests.make import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in_by_hand(page, user, password=PASSWORD):
    page.fill("[name=login]", user.email)
    page.fill("[name=password]", password)
    page.get_by_role("button", name="Sign in").click()


def code_of_now(secret):
    """What the telephone shows. It may change before it is typed in."""
    _before, now, _after = yield_hotp_counters_from_time()
    return format_hotp_value(hotp_value(secret, now))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page_name", ["login", "signup", "password/reset"])
def test_the_way_in_is_open_to_all(live_server, new_page, axe, theme, page_name):
    page = new_page(width=390, color_scheme=theme)
    page.goto(f"{live_server.url}/accounts/{page_name}/")

    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.trouble == []


def test_a_wrong_password_says_so_and_keeps_the_address(live_server, page, axe, marketer):
    page.goto(f"{live_server.url}/accounts/login/")

    sign_in_by_hand(page, marketer, password="guess")

    assert page.get_by_role("alert").is_visible()
    assert page.input_value("[name=login]") == marketer.email
    assert axe(page) == []


def test_a_second_step_is_set_up_and_asked_for(live_server, page, axe, marketer):
    page.goto(f"{live_server.url}/accounts/login/?next=/accounts/2fa/")
    sign_in_by_hand(page, marketer)
    page.get_by_role("link", name="Set it up").click()
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Go on").click()
    secret = page.input_value("#authenticator_secret")
    assert axe(page) == []

    page.fill("[name=code]", code_of_now(secret))
    page.get_by_role("button", name="Activate").click()
    page.wait_for_url(f"{live_server.url}/accounts/2fa/recovery-codes/")
    page.locator(".me").click()
    page.get_by_role("button", name="Sign out").click()
    sign_in_by_hand(page, marketer)

    page.wait_for_url(f"{live_server.url}/accounts/2fa/authenticate/")
    assert axe(page) == []
    assert page.trouble == []
