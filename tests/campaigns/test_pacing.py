"""Pace: so many a minute, so many a day while warming up, pauses that are kept, and nobody forgotten."""

from collections import Counter

import pytest
from django.db import connection

from campaigns.claiming import claim
from campaigns.models import Delivery, Pace
from campaigns.pacing import admit, give_back, note_refusal, note_taken
from tests.campaigns.racing import race
from tests.make import DAY, HOUR, MINUTE, NOON, make_contact, make_delivery, make_rule, make_sender


@pytest.fixture
def rule(topic):
    return make_rule(rank=4, sender=make_sender())


def pace_of(sender, domain=""):
    return Pace.objects.get(sender=sender, domain=domain)


def change(sender, **fields):
    for name, value in fields.items():
        setattr(sender, name, value)
    sender.save()


def make_many(rule, count, domain="example.com", **fields):
    number = Delivery.objects.count()
    return [
        make_delivery(rule, make_contact(f"p{number + each}@{domain}"), **fields) for each in range(count)
    ]


def ask(at=NOON, limit=500, owner="worker"):
    """Claim what is due and ask for places; the ids of those that got one."""
    return [delivery.id for delivery in admit(claim(owner, at, limit), at, owner)]


def test_a_sender_without_limits_costs_one_question(rule, django_assert_num_queries):
    deliveries = make_many(rule, 5)
    batch = claim("worker", NOON, 10)

    with django_assert_num_queries(1):
        admitted = admit(batch, NOON, "worker")

    assert admitted == batch and len(batch) == len(deliveries)
    with django_assert_num_queries(0):
        give_back(admitted, NOON)
        note_taken({(rule.sender_id, "example.com"): 5}, NOON)


def test_only_so_many_go_in_a_minute_and_the_others_come_later(rule):
    change(rule.sender, per_minute=3)
    make_many(rule, 5)

    assert [len(ask(NOON)), len(ask(NOON))] == [3, 0]

    waiting = Delivery.objects.filter(status="planned")
    assert {(d.reason, d.detail, d.owner, d.lease_until) for d in waiting} == {
        ("pace", "3 a minute", "", None)
    }
    assert all(NOON + MINUTE <= d.due_at <= NOON + 3 * MINUTE for d in waiting)
    assert len(ask(NOON + 3 * MINUTE)) == 2
