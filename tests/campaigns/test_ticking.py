"""The clock: slots run once, wake-ups answer at once, and a lost hint costs nothing."""

import pytest

from campaigns import tasks, ticking
from campaigns.models import Delivery, Tick
from tests.campaigns.racing import race
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_consent,
    make_contact,
    make_delivery,
    make_rule,
    make_topic,
    make_touchpoint,
)
from tests.worker import a_worker
from touchpoints import wakeups


@pytest.fixture
def rule(topic, sender):
    return make_rule()


def test_a_tick_plans_and_sends(rule, ada, mailbox):
    make_touchpoint(ada, "confirmed", at=NOON)

    assert ticking.tick(NOON) == {
        "outcomes": 0, "without": 0, "credited": 0, "planned": 1, "following": 0, "calls": 0,
        "campaigns": 0, "finished": 0, "sent": 1,
    }  # fmt: skip


def test_a_slot_is_run_by_the_first_clock_that_takes_it(transactional_db):
    runs = []

    race(3, lambda: ticking.run_slot("sweep", 5, NOON, lambda at: runs.append(at) or {}))

    assert runs == [NOON]
    assert Tick.objects.get().finished_at is not None


def test_every_slot_has_its_run(db):
    for seconds in (0, 4.9, 5, 9, 10):
        ticking.run_slot("sweep", 5, NOON + seconds * MINUTE / 60, lambda at: {})

    assert Tick.objects.count() == 3


def test_the_ticks_of_past_days_are_forgotten(db):
    for hours in (0, 23, 25):
        ticking.run_slot("sweep", 5, NOON - hours * HOUR, lambda at: {})

    assert (ticking.prune_ticks(NOON), Tick.objects.count()) == (1, 2)


def test_a_wake_up_answers_these_contacts_and_leaves_the_rest_to_the_sweep(rule, ada, mailbox):
    other = make_contact()
    make_consent(other, make_topic())
    for contact in (ada, other):
        make_touchpoint(contact, "confirmed", at=NOON)

    ticking.wake([ada.pk], NOON)

    assert [message["To"].addresses[0].addr_spec for message in mailbox] == [ada.email]
    ticking.tick(NOON)
    assert len(mailbox) == 2


def test_a_wake_up_notes_the_outcome_of_these_contacts(rule, ada, ben):
    rule.outcome = "first_visit"
    rule.save()
    for contact in (ada, ben):
        make_delivery(rule, contact, status="sent", sending_at=NOON - HOUR, finished_at=NOON - HOUR)
        make_touchpoint(contact, "visited", at=NOON - MINUTE)

    ticking.wake([ada.pk], NOON)

    assert [found.contact for found in Delivery.objects.exclude(outcome_at=None)] == [ada]


def test_the_tasks_read_the_clock_and_leave_a_tick(db):
    tasks.plan()
    tasks.sweep()

    assert sorted(Tick.objects.values_list("schedule", flat=True)) == ["plan", "sweep", "top_pages"]


@pytest.mark.django_db(transaction=True)
def test_a_worker_answers_a_hint_within_seconds(mailbox):
    """A real worker over the real broker; the hint is all that it is told, and may be told again."""
    from django.utils import timezone

    at = timezone.now()
    ada = make_contact("ada@example.com")
    make_consent(ada, make_topic(), at=at)
    make_rule(activated_at=at - DAY)
    with a_worker():
        make_touchpoint(ada, "confirmed", at=at)
        for _ in range(3):
            wakeups.hint([ada.pk])
            if mailbox.wait_for("ada@example.com", seconds=10):
                break

    assert len(mailbox) == 1
    assert Delivery.objects.get().status == "sent"


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_gone_costs_a_sweep_and_nothing_else(mailbox, monkeypatch):
    def gone(*arguments, **options):
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.wake, "apply_async", gone)
    ada = make_contact("ada@example.com")
    make_consent(ada, make_topic())
    make_rule()
    make_touchpoint(ada, "confirmed", at=NOON)

    wakeups.hint([ada.pk])

    assert ticking.tick(NOON)["sent"] == 1
