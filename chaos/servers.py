"""The harness's own servers under `var/chaos`, durable as in production, and a fresh database a scenario."""

import contextlib
import os
import shutil
import signal
from pathlib import Path
from urllib.parse import unquote, urlsplit

import django
import psutil
from django.core.management import call_command

from chaos.small_disk import small_disk
from launcher import postgres, valkey
from launcher.home import open_home

STATE_DIR = Path(__file__).resolve().parent.parent / "var" / "chaos"
TEMPLATE = "chaos_template"
DATABASE = "chaos_run"
# Short waits, so that a run is short: a lease is still longer than all that a worker may wait for.
WAITS = {"EMAIL_TIMEOUT": "0.5", "SENDING_LEASE": "3.5", "SENDING_UNKNOWN_FOR": "2"}
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "crm.settings",
    "RAPPORT_ENV_FILE": os.devnull,
    "SECRET_KEY": "a-secret-of-the-harness-that-guards-nothing-but-is-long-enough",
    "SIGNING_KEY": "another-secret-of-the-harness-that-guards-nothing-but-is-long",
    # No message may leave but to a stand-in.
    "EMAIL_URL": "smtp://127.0.0.1:9",
    "PUBLIC_URL": "http://127.0.0.1",
    "ALLOWED_HOSTS": "127.0.0.1,testserver",
    "POSTAL_ADDRESS": "1 Quay Street, Porto",
    "DEMO": "0",
    "DEBUG": "0",
    "PLAIN_STATIC": "1",
    "LOG_LEVEL": "WARNING",
    "ANYMAIL_RESEND_API_KEY": "a-key-of-the-harness",
    # One process is what is killed; what it computes with must not be several.
    "SENDING_LINES": "1",
    "JOURNAL_DIR": str(STATE_DIR / "journal"),
} | WAITS


class Place:
    """Where PostgreSQL keeps its data: the folder, which another takes the place of for a while."""

    state_dir = STATE_DIR


def start():
    """Start PostgreSQL and Valkey, point Django at them, and make the database that all others copy."""
    STATE_DIR.mkdir(parents=True, exist_ok=True)
    url, store = postgres.start(STATE_DIR).url, valkey.start(STATE_DIR).url
    os.environ.update(SETTINGS, DATABASE_URL=url, REDIS_URL=store)
    django.setup()
    _make_template()


def _make_template():
    """The database with every table and nobody in it."""
    _keep_moments_of_commits()
    _administer(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    _administer(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
    _administer(f"CREATE DATABASE {TEMPLATE}")
    use_database(TEMPLATE)
    call_command("migrate", verbosity=0, interactive=False)
    call_command("ensure_workspace", stdout=open(os.devnull, "w"))


def stop():
    """Drop what was made, and stop the servers."""
    from django.db import connections

    for name in (DATABASE, TEMPLATE):
        _administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    connections.close_all()
    postgres.stop(STATE_DIR)
    valkey.stop(STATE_DIR)


@contextlib.contextmanager
def on_small_disk(megabytes):
    """For a while, a PostgreSQL of its own on a disk that can be filled; raises small_disk.Unavailable."""
    from django.db import connections

    state_dir, url = STATE_DIR / "small", os.environ["DATABASE_URL"]
    with small_disk(open_home(state_dir, "postgres").folder, megabytes) as disk:
        Place.state_dir = state_dir
        try:
            _point_at(postgres.start(state_dir).url)
            _make_template()
            yield disk
        finally:
            connections.close_all()
            postgres.stop(state_dir)
            Place.state_dir = STATE_DIR
            _point_at(url)


def _point_at(url):
    """The harness, and what it starts, talk to this server from now on."""
    from django.db import connection

    use_database(postgres.DATABASE)
    os.environ["DATABASE_URL"] = url
    connection.settings_dict["HOST"] = unquote(urlsplit(url).netloc.rpartition("@")[2])


def fresh_database():
    """Begin anew with every table and no contact; what runs from now on works in it."""
    from redis import Redis

    _administer(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    _administer(f"CREATE DATABASE {DATABASE} TEMPLATE {TEMPLATE}")
    use_database(DATABASE)
    shutil.rmtree(SETTINGS["JOURNAL_DIR"], ignore_errors=True)
    root, _slash, _name = os.environ["DATABASE_URL"].rpartition("/")
    os.environ["DATABASE_URL"] = f"{root}/{DATABASE}"
    Redis.from_url(os.environ["REDIS_URL"]).flushall()


def empty_database():
    """Nothing at all, for a backup to be restored into; whoever was connected is thrown out."""
    _administer(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    _administer(f"CREATE DATABASE {DATABASE}")
    use_database(DATABASE)


def use_database(name):
    """The harness itself works in this database from now on."""
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name


def crash_postgres():
    """As when the power fails: nothing is written that was not, and nobody is told."""
    from django.db import connections

    connections.close_all()
    _end(postgres.start(Place.state_dir).pid, signal.SIGQUIT)


def start_postgres():
    """Start it again after a crash; it recovers by itself."""
    postgres.start(Place.state_dir)


def kill_valkey():
    """End it as a kill would. It comes back with what its file holds."""
    _end(valkey.start(STATE_DIR).pid, signal.SIGKILL)


def start_valkey():
    """Start it, or find it running; its address."""
    return valkey.start(STATE_DIR).url


def _end(pid, number):
    """To a server that was just started or found by its folder, so it is ours."""
    process = psutil.Process(pid)
    process.send_signal(number)
    process.wait(60)


def _keep_moments_of_commits():
    """They tell what came first: a withdrawal, or the gate. The server must be started with it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW track_commit_timestamp")
        if cursor.fetchone() == ("on",):
            return
        cursor.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    connection.close()
    postgres.stop(Place.state_dir)
    postgres.start(Place.state_dir)


def _administer(statement):
    from django.db import connection

    use_database(postgres.DATABASE)
    with connection.cursor() as cursor:
        cursor.execute(statement)
