"""A touchpoint is written once, whoever tries, and the totals follow in the same transaction."""

import threading

import pytest
from django.db import connection

from tests.make import DAY, NOON, make_contact
from touchpoints.models import Totals, Touchpoint
from touchpoints.recording import record, record_many


def visit(contact, key, at=NOON):
    return Touchpoint(kind="visited", contact=contact, at=at, source="shop", external_id=key)


def test_the_same_external_id_is_recorded_once(ada):
    first, created = record(
        "visited", contact=ada, at=NOON, source="shop", external_id="v1", data={"path": "/"}
    )
    again, created_again = record("visited", contact=ada, at=NOON + DAY, source="shop", external_id="v1")

    assert (created, created_again) == (True, False)
    assert again == first
    assert again.at == NOON
    assert again.data == {"path": "/"}


def test_two_sources_may_use_the_same_id(ada):
    record("visited", contact=ada, at=NOON, source="shop", external_id="v1")

    _, created = record("visited", contact=ada, at=NOON, source="blog", external_id="v1")

    assert created


def test_a_visit_is_counted_in_the_totals(ada):
    record("visited", contact=ada, at=NOON, source="shop", external_id="v1")
    record("visited", contact=ada, at=NOON + DAY, source="shop", external_id="v2")
    record("clicked", contact=ada, at=NOON + 2 * DAY, source="mail", external_id="c1")

    totals = Totals.objects.get(contact=ada)
    assert (totals.visits, totals.last_visit_at, totals.last_response_at) == (2, NOON + DAY, NOON + 2 * DAY)


def test_a_note_leaves_the_totals_alone(ada):
    record("note", contact=ada, at=NOON, source="user", external_id="n1")

    assert not Totals.objects.filter(contact=ada).exists()


def test_a_batch_returns_what_is_new_in_its_order(ada, ben):
    record("visited", contact=ada, at=NOON, source="shop", external_id="b")

    new = record_many([visit(ben, "c"), visit(ada, "b"), visit(ada, "a"), visit(ada, "a")])

    assert [(t.external_id, t.contact) for t in new] == [("c", ben), ("a", ada)]
    assert all(Touchpoint.objects.get(pk=t.pk).external_id == t.external_id for t in new)
    assert Totals.objects.get(contact=ada).visits == 2


def test_a_batch_takes_as_many_queries_for_thirty_as_for_three(django_assert_num_queries, ada):
    record_many([visit(ada, "first")])

    with django_assert_num_queries(8):
        record_many([visit(ada, f"a{n}") for n in range(3)])
    with django_assert_num_queries(8):
        record_many([visit(ada, f"b{n}") for n in range(30)])


def in_threads(count, act):
    """Run `act(number)` in as many threads at the same moment; returns what each answered."""
    start, answers = threading.Barrier(count), []

    def run(number):
        try:
            start.wait()
            answers.append(act(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
def test_eight_writers_of_one_external_id_write_one_row():
    ada = make_contact()

    answers = in_threads(8, lambda n: record("visited", contact=ada, at=NOON, source="shop", external_id="v"))

    assert sorted(created for _, created in answers) == [False] * 7 + [True]
    assert len({touchpoint.pk for touchpoint, _ in answers}) == 1
    assert Totals.objects.get(contact=ada).visits == 1


@pytest.mark.django_db(transaction=True)
def test_eight_writers_at_once_are_all_counted():
    ada = make_contact()

    in_threads(8, lambda n: record("visited", contact=ada, at=NOON, source="shop", external_id=f"v{n}"))

    assert Totals.objects.get(contact=ada).visits == 8


@pytest.mark.django_db(transaction=True)
def test_batches_in_opposite_orders_do_not_wait_in_a_ring():
    people = [make_contact() for _ in range(20)]
    batch = [(person, f"v{n}") for n, person in enumerate(people)]

    def act(number):
        rows = batch if number % 2 else batch[::-1]
        return len(record_many([visit(person, key) for person, key in rows]))

    assert sorted(in_threads(6, act)) == [0, 0, 0, 0, 0, 20]
