"""The browser for the browser tests: where it is, if this machine has one, and what they may ask of it.

`page` is a fresh window, `page.trouble` what its console complained about; `axe(page)` lists what keeps
people out; `sign_in(page, user)` puts a signed-in session into it. Use them with `live_server`.
"""

import os
import shutil

import pytest
from django.conf import settings

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
# Every page is looked at wide and narrow, by day and by night: in these two ways together.
LOOKS = [(1440, "light"), (390, "dark")]
# No sandbox, since tests may run as root; and none of the calls home that a closed network would refuse.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_browser():
    """The path of a Chromium: CHROMIUM from the environment, or the first one on PATH."""
    candidates = [os.environ.get("CHROMIUM"), "/usr/bin/chromium", *map(shutil.which, NAMES)]
    return next((path for path in candidates if path and os.access(path, os.X_OK)), None)


def pytest_addoption(parser):
    parser.addoption(
        "--require-browser",
        action="store_true",
        help="Fail, instead of skipping, a browser test without a browser.",
    )


def pytest_collection_modifyitems(config, items):
    """Skip the tests marked `browser`, by name and with the reason, where there is no browser."""
    if find_browser():
        return
    if config.getoption("--require-browser"):
        raise pytest.UsageError("No Chromium was found, and --require-browser asks for one.")
    reason = "needs Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM to its path"
    for item in items:
        if item.get_closest_marker("browser") or "chromium" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def chromium():
    """One Chromium for the whole run."""
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium):
    """Opens windows: `new_page(width=390, color_scheme="dark")`; all are closed after the test."""
    contexts = []

    def open_page(width=1440, height=900, **options):
        contexts.append(chromium.new_context(viewport={"width": width, "height": height}, **options))
        page = contexts[-1].new_page()
        page.trouble = []
        page.on("console", lambda said: page.trouble.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.trouble.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page):
    return new_page()


@pytest.fixture
def axe():
    """What axe finds that is serious or critical: one line each."""
    from axe_playwright_python.sync_playwright import Axe

    def find(page):
        violations = Axe().run(page).response["violations"]
        return [
            f"{violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in violations
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    return find


@pytest.fixture
def sign_in(live_server, client):
    """Puts the session of a user who has signed in into a window."""

    def enter(page, user):
        client.force_login(user)
        session = {
            "name": settings.SESSION_COOKIE_NAME,
            "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        }
        page.context.add_cookies([session | {"url": live_server.url}])

    return enter
