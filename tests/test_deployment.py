"""What a production install is made of fits together and holds no secret."""

from pathlib import Path

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def example():
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_every_service_that_stays_up_says_whether_it_is_well(services):
    staying = {name for name, service in services.items() if service.get("restart") != "no"}

    assert {name for name in staying if "healthcheck" not in services[name]} == set()


def test_every_service_waits_only_for_services_there_are(services):
    awaited = {name for service in services.values() for name in service.get("depends_on", {})}

    assert awaited <= set(services)


def test_only_the_web_is_reached_from_outside_and_only_through_a_proxy(services):
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}

    assert ports == {"web": ["127.0.0.1:8000:8000"]}


def test_the_example_names_all_that_production_asks_for_and_gives_no_secret(services):
    given = example()

    assert set(settings.REQUIRED_IN_PRODUCTION) <= set(given)
    assert {given[name] for name in ("SECRET_KEY", "SIGNING_KEY", "EMAIL_URL", "POSTGRES_PASSWORD")} == {""}


def test_the_image_leaves_out_the_demo_and_everything_private():
    let_in = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }

    assert let_in.isdisjoint({"demo", "tests", "var", ".git", ".env", ".venv"})
    assert set(settings.INSTALLED_APPS) & {path.name for path in ROOT.iterdir()} - {"demo"} <= let_in


def test_the_image_does_not_run_as_root():
    lines = (ROOT / "Dockerfile").read_text().splitlines()

    assert [line for line in lines if line.startswith("USER")] == ["USER rapport"]
