"""Backs up the harness's database and restores it, with the programs and words of docs/restoring.md."""

import subprocess

from django.db import connection

from chaos import servers
from launcher.binaries import postgres_programs
from launcher.home import open_home

FILE = servers.STATE_DIR / "chaos.dump"


def back_up():
    """A dump of the database as it is at this moment, while others work in it."""
    _run("pg_dump", "--format=custom", f"--file={FILE}")


def restore():
    """The database as the dump has it, made anew: whoever was connected is thrown out."""
    servers.empty_database()
    _run("pg_restore", "--no-owner", "--exit-on-error", FILE)


def _run(program, *options):
    place = connection.settings_dict
    programs = postgres_programs(open_home(servers.STATE_DIR, "postgres").account)
    where = [f"--host={place['HOST']}", f"--username={place['USER']}", f"--dbname={servers.DATABASE}"]
    subprocess.run([programs / program, *where, *options], check=True, capture_output=True)
