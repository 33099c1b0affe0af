"""Claiming: every due delivery to one worker, the oldest first, the most important of a person's first."""

import threading
from collections import Counter

import pytest
from django.db import connection

from campaigns import claiming
from campaigns.claiming import Shares, batches, claim, release
from campaigns.models import Delivery
from tests.make import DAY, HOUR, MINUTE, NOON, make_contact, make_delivery, make_rule


@pytest.fixture
def rule(sender, topic):
    return make_rule()


def test_only_what_is_due_is_claimed(rule):
    due = make_delivery(rule, due_at=NOON)
    make_delivery(rule, due_at=NOON + MINUTE)

    assert [delivery.id for delivery in claim("worker", NOON, 10)] == [due.pk]

    due.refresh_from_db()
    assert (due.status, due.owner) == ("claimed", "worker")
    assert due.lease_until is not None


@pytest.mark.parametrize("status", ["sending", "sent", "skipped", "parked", "cancelled"])
def test_what_is_not_planned_is_not_claimed(rule, status):
    make_delivery(rule, status=status)

    assert claim("worker", NOON, 10) == []


def test_batches_walk_from_the_oldest_to_the_newest(rule):
    ids = [make_delivery(rule, due_at=NOON - hours * HOUR).pk for hours in (1, 3, 2)]

    found = [[delivery.id for delivery in batch] for batch in batches("worker", NOON, 2)]

    assert found == [[ids[1], ids[2]], [ids[0]]]


def test_what_else_is_due_to_a_person_comes_along_and_the_most_important_first(rule):
    contact = make_contact()
    letter = make_delivery(rule, contact, rank=4, due_at=NOON - DAY)
    make_delivery(rule, due_at=NOON - HOUR)
    welcome = make_delivery(rule, contact, rank=1, due_at=NOON)

    assert [delivery.id for delivery in claim("worker", NOON, 1)] == [welcome.pk, letter.pk]


def test_a_wake_up_claims_for_these_contacts_only(rule):
    mine, _other = make_delivery(rule), make_delivery(rule)

    assert [d.id for d in claim("worker", NOON, 10, contact_ids=[mine.contact_id])] == [mine.pk]


def test_what_is_released_can_be_claimed_again(rule):
    delivery = make_delivery(rule)
    claim("worker", NOON, 10)

    assert (release([delivery.pk], "another"), release([delivery.pk], "worker")) == (0, 1)
    assert [d.id for d in claim("another", NOON, 10)] == [delivery.pk]


@pytest.mark.django_db(transaction=True)
def test_eight_workers_never_get_the_same():
    rule = make_rule()
    people = [make_contact() for _ in range(50)]
    for number in range(200):
        make_delivery(rule, people[number % 50], due_at=NOON - number * MINUTE)
    claimed, start = Counter(), threading.Barrier(8)

    def work(name):
        try:
            start.wait()
            for batch in batches(name, NOON, 10):
                claimed.update(delivery.id for delivery in batch)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=[f"worker {number}"]) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert claimed == Counter(Delivery.objects.values_list("pk", flat=True))
    assert Delivery.objects.exclude(status="claimed").count() == 0


# Shares ----------------------------------------------------------------------------------------------


def taken(shares, times):
    return [shares.next() for _ in range(times)]


def test_lines_take_parts_of_what_is_left_so_that_all_end_together(monkeypatch):
    monkeypatch.setattr(claiming, "waiting", lambda at, most: min(400, most))
    assert taken(Shares(NOON, 200, 4), 8) == [50] * 8

    monkeypatch.setattr(claiming, "waiting", lambda at, most: min(30, most))
    assert taken(Shares(NOON, 200, 4), 2) == [claiming.LEAST] * 2


def test_no_more_lines_are_opened_than_there_is_work_for(monkeypatch):
    monkeypatch.setattr(claiming, "waiting", lambda at, most: min(120, most))

    assert [Shares(NOON, 200, lines).lines for lines in (1, 2, 16)] == [1, 2, 3]


def test_of_a_large_campaign_whole_batches_are_taken_until_its_end_is_in_sight(monkeypatch):
    left = [2900]
    monkeypatch.setattr(claiming, "waiting", lambda at, most: min(left[0], most))
    shares, sizes = Shares(NOON, 200, 2), []
    while left[0] > 0:
        sizes.append(shares.next())
        left[0] -= sizes[-1]

    assert sizes == [200] * 11 + [175] * 4
