"""Signs in as each role in a real Chromium: what each may see, and what each may do."""

import pytest
from playwright.sync_api import expect

from tests.make import PASSWORD, make_contact, make_rule, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READING = ["/", "/contacts/", "/rfm/", "/strategy/", "/deliveries/", "/settings/", "/styleguide/"]
WRITING = ["/contacts/new/"]
ADMINISTRATION = ["/admin/"]


@pytest.fixture
def contact(db):
    return make_contact("mara@example.com", first_name="Mara", last_name="Silva")


@pytest.fixture
def enter(live_server, new_page):
    """Signs a new person of this role in by the form, as people do; their browser, on Today."""

    def sign_in(role):
        page, user = new_page(), make_user(role, first_name="Nils", last_name="Berg")
        page.goto(f"{live_server.url}/")
        page.get_by_label("E-mail").fill(user.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        page.site = live_server.url
        return page

    return sign_in


def answers(page, paths):
    """What the server says to each address: {path: status}."""
    return {path: page.goto(page.site + path).status for path in paths}


def test_nobody_gets_in_without_signing_in(live_server, new_page):
    page = new_page()

    for path in READING + WRITING + ADMINISTRATION:
        page.goto(live_server.url + path)
        assert "/accounts/login/" in page.url, path


def test_an_analyst_reads_everything_and_changes_nothing(enter, contact):
    page = enter("analyst")

    assert answers(page, READING) == dict.fromkeys(READING, 200)
    assert answers(page, WRITING + ADMINISTRATION) == dict.fromkeys(WRITING + ADMINISTRATION, 403)


def test_an_analyst_is_offered_nothing_that_is_refused(enter, contact):
    page, rule = enter("analyst"), make_rule()

    for path in ["/settings/", contact.get_absolute_url(), rule.get_absolute_url()]:
        page.goto(page.site + path)
        offered = page.locator("main form[method=post]:not([action='/settings/theme/'])")
        assert offered.count() == 0, path


def test_a_marketer_works_with_people_and_rules_but_administers_nothing(enter, contact):
    page = enter("marketer")

    assert answers(page, READING + WRITING) == dict.fromkeys(READING + WRITING, 200)
    assert answers(page, ADMINISTRATION) == dict.fromkeys(ADMINISTRATION, 403)
    page.goto(f"{page.site}/settings/")
    expect(page.get_by_text("Only an administrator changes this.")).to_be_visible()


def test_a_marketer_writes_a_note_that_stands_on_the_timeline(enter, contact):
    page = enter("marketer")

    page.goto(page.site + contact.get_absolute_url())
    page.get_by_role("textbox", name="Note").fill("Prefers to be called in the evening.")
    page.get_by_role("button", name="Write the note").click()

    expect(page.locator(".thread")).to_contain_text("Prefers to be called in the evening.")


def test_a_marketer_can_hold_all_sending(enter):
    page = enter("marketer")

    page.goto(f"{page.site}/settings/")
    page.get_by_label("Why").fill("The postal address is wrong")
    page.get_by_role("button", name="Hold all sending").click()

    expect(page.get_by_text("All sending is held", exact=True)).to_be_visible()


def test_an_administrator_may_do_all(enter, sender):
    page = enter("admin")

    everything = READING + WRITING + ADMINISTRATION
    assert answers(page, everything) == dict.fromkeys(everything, 200)
    page.goto(f"{page.site}/settings/")
    expect(page.get_by_text("Only an administrator changes this.")).to_have_count(0)


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst"])
def test_every_role_can_sign_out(enter, role):
    page = enter(role)

    page.locator(".me-menu summary").last.click()
    page.get_by_role("button", name="Sign out").last.click()
    page.goto(f"{page.site}/contacts/")

    assert "/accounts/login/" in page.url
