"""Where the browser for the browser tests is, if this machine has one."""

import os
import shutil

import pytest

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
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
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=reason))
