"""An early pytest plugin: the tests' own PostgreSQL, Valkey and SMTP server, up before settings are read.

Servers live under `var/test`, never the demo's. The first process starts them; the workers of pytest-xdist
inherit their addresses, and each takes a database, a range of Valkey databases and a mailbox of its own. The
last test run to end stops the servers. RAPPORT_TEST_SUFFIX keeps two people's runs apart in one checkout.
"""

import fcntl
import os
import shutil
from pathlib import Path

from redis import Redis

from launcher import LauncherError, postgres, valkey
from tests.smtp import start_mailbox

STATE_DIR = Path(__file__).resolve().parent.parent / "var" / "test"
SUFFIX = os.environ.get("RAPPORT_TEST_SUFFIX", "")
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
# A broker uses one Valkey database and the cache the one eight further on: sixteen for each worker.
DATABASES_PER_WORKER = 16
CACHE_OFFSET = 8
WORKERS_PER_RUN = 8


def start_servers():
    """Share the servers with any other run in this checkout, and say where they are."""
    (STATE_DIR / "static").mkdir(parents=True, exist_ok=True)
    in_use = open(STATE_DIR / "in-use.lock", "w")
    fcntl.flock(in_use, fcntl.LOCK_SH)
    database = _start_postgres()
    broker = valkey.start(STATE_DIR)
    os.environ.update(
        DATABASE_URL=database.url + SUFFIX,
        RAPPORT_TEST_VALKEY=broker.url,
        RAPPORT_ENV_FILE=str(STATE_DIR / "env"),
        SECRET_KEY="a-secret-for-tests-that-guards-nothing-but-has-a-decent-length",
        SIGNING_KEY="another-secret-for-tests-that-guards-nothing-but-is-long-enough",
        PUBLIC_URL="http://testserver",
        ALLOWED_HOSTS="testserver,127.0.0.1,localhost",
        DEMO="1",
        DEBUG="0",
        PLAIN_STATIC="1",
        STATIC_ROOT=str(STATE_DIR / "static"),
        # A journal would outlive the tests' databases; a test of it makes its own.
        JOURNAL_DIR="",
    )
    return in_use


def _start_postgres():
    """Disposable data may be broken after a crash: then begin anew."""
    try:
        return postgres.start(STATE_DIR, disposable=True)
    except LauncherError:
        shutil.rmtree(STATE_DIR / "postgres", ignore_errors=True)
        return postgres.start(STATE_DIR, disposable=True)


def stop_servers(in_use):
    """Stop the servers, unless another run still uses them."""
    try:
        fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    valkey.stop(STATE_DIR)
    postgres.stop(STATE_DIR)


def take_own_places():
    """Give this process its range of Valkey databases, its SMTP server and its folder for mail."""
    number = int(WORKER.removeprefix("gw")) + 1 if WORKER else 0
    run = sum(map(ord, SUFFIX)) % (valkey.DATABASES // DATABASES_PER_WORKER // WORKERS_PER_RUN)
    first = (run * WORKERS_PER_RUN + number % WORKERS_PER_RUN) * DATABASES_PER_WORKER
    mailbox, store = start_mailbox(), os.environ["RAPPORT_TEST_VALKEY"]
    os.environ.update(
        REDIS_URL=f"{store}?db={first}",
        EMAIL_URL=f"smtp://127.0.0.1:{mailbox.port}",
        MAILBOX_DIR=str(STATE_DIR / f"mailbox{SUFFIX}-{WORKER or 'main'}"),
    )
    databases = [Redis.from_url(f"{store}?db={number}") for number in (first, first + CACHE_OFFSET)]
    return mailbox, databases


IN_USE = None if WORKER else start_servers()
MAILBOX, STORES = take_own_places()


def pytest_runtest_setup():
    """A test finds no hint and no cached value that another one left."""
    for store in STORES:
        store.flushdb()


def pytest_unconfigure(config):
    MAILBOX.stop()
    if IN_USE:
        stop_servers(IN_USE)


def pytest_collection_modifyitems(items):
    """The journeys take longest: begun first, they leave no worker alone with them at the end."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)
