"""The style guide in a real Chromium: at every width, in both themes, by keyboard and without script."""

import pytest

from tests.browser import LOOKS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def styleguide(live_server, sign_in, marketer):
    def visit(page, query=""):
        sign_in(page, marketer)
        page.goto(f"{live_server.url}/styleguide/{query}")
        return page

    return visit


@pytest.mark.parametrize("width, theme", LOOKS)
def test_axe_finds_nothing_serious(styleguide, new_page, axe, width, theme):
    page = styleguide(new_page(width=width), f"?theme={theme}")

    assert axe(page) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1100, 1440, 1920])
def test_nothing_scrolls_sideways_and_the_console_is_quiet(styleguide, new_page, width):
    page = styleguide(new_page(width=width))

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.trouble == []


def test_the_system_theme_is_followed_until_one_is_chosen(styleguide, new_page):
    page = new_page(color_scheme="dark")
    background = "getComputedStyle(document.querySelector('main')).backgroundColor"

    styleguide(page)
    dark = page.evaluate(background)
    styleguide(page, "?theme=light")
    light = page.evaluate(background)

    assert (dark, light) == ("rgb(27, 21, 26)", "rgb(255, 255, 255)")


def test_keys_find_move_and_explain_themselves(styleguide, page):
    styleguide(page)

    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") == "go"
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()


def test_keys_are_off_for_who_switched_them_off(styleguide, page, marketer):
    marketer.single_keys = False
    marketer.save(update_fields=["single_keys"])
    styleguide(page)

    page.keyboard.press("?")

    assert not page.locator("#keys").is_visible()


def test_a_dialog_is_modal_with_script_and_opens_without(styleguide, new_page):
    for page, modal in ((new_page(), True), (new_page(java_script_enabled=False), False)):
        styleguide(page)

        page.get_by_role("button", name="Erase Mara…").click()
        assert page.locator("#erase").is_visible()
        if modal:
            assert page.evaluate("document.querySelector('#erase').matches(':modal')")
        page.locator("#erase").get_by_text("Keep her").click()
        assert not page.locator("#erase").is_visible()


def test_the_menu_is_a_drawer_on_a_phone(styleguide, new_page):
    page = styleguide(new_page(width=390))

    assert not page.get_by_role("navigation", name="Main").is_visible()
    page.get_by_role("button", name="Menu").click()
    assert page.get_by_role("navigation", name="Main").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("navigation", name="Main").is_visible()


def test_the_skip_link_comes_first(styleguide, page):
    styleguide(page)

    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.className") == "skip"


def test_choosing_a_theme_keeps_it_leaves_the_keys_alone_and_comes_back(styleguide, page, marketer):
    styleguide(page)

    page.locator(".me").click()
    page.get_by_role("button", name="Dark").click()

    marketer.refresh_from_db()
    assert (marketer.theme, marketer.single_keys) == ("dark", True)
    assert page.url.endswith("/styleguide/")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
