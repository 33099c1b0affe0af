"""Backs up the test's own database and restores it, with the programs and words of docs/restoring.md."""

import subprocess

from django.db import connection

from launcher.binaries import postgres_programs
from launcher.home import open_home
from tests.servers import STATE_DIR


def back_up(path):
    """Write a dump of the database to this file."""
    _run("pg_dump", "--format=custom", f"--file={path}")


def restore(path):
    """Make the database what it was when the dump was made."""
    connection.close()
    _run(
        "pg_restore", "--clean", "--if-exists", "--no-owner", "--exit-on-error", "--single-transaction", path
    )


def _run(program, *options):
    place = connection.settings_dict
    programs = postgres_programs(open_home(STATE_DIR, "postgres").account)
    where = [f"--host={place['HOST']}", f"--username={place['USER']}", f"--dbname={place['NAME']}"]
    done = subprocess.run([programs / program, *where, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
