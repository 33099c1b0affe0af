"""The settings refuse to run a production without its secrets, and read a server's address in any form."""

import os
import subprocess
import sys

import pytest
from django.template import Context, Template

from crm.settings import REQUIRED_IN_PRODUCTION, redis_addresses

PRODUCTION = {
    "SECRET_KEY": "s" * 60,
    "SIGNING_KEY": "k" * 60,
    "DATABASE_URL": "postgres://app:word@db.example.com/rapport",
    "REDIS_URL": "redis://queue.example.com:6379/0",
    "EMAIL_URL": "smtp://mail.example.com:587",
    "ALLOWED_HOSTS": "crm.example.com",
    "PUBLIC_URL": "https://crm.example.com",
    "RAPPORT_ENV_FILE": "/nonexistent",
}


def load_settings(**environment):
    """Load the settings in a process of their own; returns (exit status, what it said)."""
    clean = {"PATH": os.environ["PATH"], **environment}
    run = subprocess.run(
        [sys.executable, "-c", "import crm.settings"], env=clean, capture_output=True, text=True, timeout=60
    )
    return run.returncode, run.stderr


def test_production_starts_with_all_it_needs():
    assert load_settings(**PRODUCTION) == (0, "")


@pytest.mark.parametrize("name", REQUIRED_IN_PRODUCTION)
def test_production_names_what_is_missing(name):
    status, said = load_settings(**{key: value for key, value in PRODUCTION.items() if key != name})

    assert status != 0
    assert f"Set {name} in the environment" in said


@pytest.mark.parametrize(
    "url, addresses",
    [
        ("redis://h:6379/2", ("redis://h:6379/2", "redis://h:6379/10")),
        ("redis://:pw@h:6379", ("redis://:pw@h:6379/0", "redis://:pw@h:6379/8")),
        ("unix:///run/v.sock", ("redis+socket:///run/v.sock?virtual_host=0", "unix:///run/v.sock?db=8")),
        (
            "unix:///run/v.sock?db=16",
            ("redis+socket:///run/v.sock?virtual_host=16", "unix:///run/v.sock?db=24"),
        ),
    ],
)
def test_broker_and_cache_share_a_server(url, addresses):
    assert redis_addresses(url) == addresses


def test_an_id_in_an_address_is_not_grouped():
    assert Template("?contact={{ pk }}").render(Context({"pk": 2658})) == "?contact=2658"
