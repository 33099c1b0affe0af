"""Readiness is progress: a sweep that has finished lately, a beat that ticks, nothing long overdue."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import SendingSwitch, Tick
from crm.health import readiness
from tests.make import HOUR, make_delivery


@pytest.fixture
def at(db):
    """Now, with both schedules freshly run."""
    at = timezone.now()
    for schedule in ("plan", "sweep"):
        Tick.objects.create(schedule=schedule, slot=at, started_at=at, finished_at=at)
    return at


def failing(at):
    return [name for name, check in readiness(at).items() if not check["ok"]]


def test_a_working_install_is_ready(at, client):
    assert failing(at) == []
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("schedule, check", [("plan", "beat"), ("sweep", "sweep")])
def test_a_schedule_that_stopped_is_not_ready(at, schedule, check):
    old = at - timedelta(minutes=3)
    Tick.objects.filter(schedule=schedule).update(slot=old, finished_at=old)

    assert failing(at) == [check]


def test_a_sweep_that_began_and_never_ended_is_no_progress(at):
    Tick.objects.filter(schedule="sweep").update(finished_at=None)

    assert failing(at) == ["sweep"]


def test_a_delivery_long_overdue_is_not_ready(at, client):
    make_delivery(due_at=at - HOUR)

    assert failing(at) == ["oldest_due"]
    assert client.get("/readyz").status_code == 503


def test_what_waits_while_all_sending_is_held_is_not_overdue(at):
    make_delivery(due_at=at - HOUR)
    assert failing(at) == ["oldest_due"]

    SendingSwitch.objects.create(id=1, held=True)

    assert failing(at) == []


def test_a_broker_that_is_away_is_found_out(at, settings):
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    assert failing(at) == ["broker"]


def test_alive_needs_nothing_but_the_process(client):
    assert client.get("/healthz").content == b"ok"
