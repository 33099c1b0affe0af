"""The benchmarks' own servers under `var/bench`, with a fresh database for each population."""

import os
import shutil
from pathlib import Path

import django
from django.core.management import call_command

from launcher import postgres, valkey

STATE_DIR = Path(__file__).resolve().parent.parent / "var" / "bench"


def start():
    """Start PostgreSQL, durable as in production, and Valkey, and point Django at them."""
    STATE_DIR.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        DATABASE_URL=postgres.start(STATE_DIR).url,
        REDIS_URL=valkey.start(STATE_DIR).url,
        DJANGO_SETTINGS_MODULE="crm.settings",
        RAPPORT_ENV_FILE=str(STATE_DIR / "env"),
        # No message may leave.
        EMAIL_URL="smtp://127.0.0.1:9",
        PUBLIC_URL="http://testserver",
        ALLOWED_HOSTS="testserver",
        DEMO="1",
        DEBUG="0",
        PLAIN_STATIC="1",
        LOG_LEVEL="WARNING",
        JOURNAL_DIR=str(STATE_DIR / "journal"),
    )
    django.setup()


def stop():
    """Stop the servers and forget the data, which may be gigabytes."""
    from django.db import connections

    connections.close_all()
    for name in _databases():
        _drop(name)
    connections.close_all()
    postgres.stop(STATE_DIR)
    valkey.stop(STATE_DIR)
    for file in [*STATE_DIR.glob("*.csv"), *STATE_DIR.glob("*.copy")]:
        file.unlink()


def fresh_database(name):
    """Make the database `bench_<name>` anew, with every table and no row, and work in it from now on."""
    use_database("rapport")
    _drop(f"bench_{name}")
    _administer(f'CREATE DATABASE "bench_{name}"')
    use_database(f"bench_{name}")
    shutil.rmtree(STATE_DIR / "journal", ignore_errors=True)
    call_command("migrate", verbosity=0, interactive=False)


def use_database(name):
    """Work in this database from now on."""
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name


def _databases():
    from django.db import connection

    use_database("rapport")
    with connection.cursor() as cursor:
        cursor.execute(r"SELECT datname FROM pg_database WHERE datname LIKE 'bench\_%'")
        return [row[0] for row in cursor.fetchall()]


def _drop(name):
    _administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _administer(statement):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
