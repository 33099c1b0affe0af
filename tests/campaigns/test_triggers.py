"""Triggers and outcomes: the same question, the same answer, whenever it is asked."""

import pytest
from django.db import connection

from campaigns import outcomes, triggers
from tests.make import DAY, HOUR, MINUTE, NOON, make_touchpoint


def occurrences(key, at, since, contact_ids=None):
    sql, params = triggers.get(key).occurrences(at, since, {}, contact_ids)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT contact_id, occurrence, occurred_at, touchpoint_id FROM ({sql}) o", params)
        return cursor.fetchall()


@pytest.mark.parametrize("key", ["signed_up", "confirmed", "ordered"])
def test_a_touchpoint_of_its_kind_is_an_occurrence(ada, key):
    touchpoint = make_touchpoint(ada, key, at=NOON)
    make_touchpoint(ada, "visited", at=NOON)

    assert occurrences(key, NOON, NOON - HOUR) == [(ada.pk, f"t{touchpoint.pk}", NOON, touchpoint.pk)]


def test_the_same_moment_gives_the_same_answer_on_any_later_day(ada):
    make_touchpoint(ada, "confirmed", at=NOON)
    first = occurrences("confirmed", NOON, NOON - HOUR)
    make_touchpoint(ada, "confirmed", at=NOON + MINUTE)

    assert occurrences("confirmed", NOON, NOON - HOUR) == first


def test_openings_are_no_trigger_and_no_outcome():
    watched = {getattr(trigger, "kind", "") for trigger in triggers.registered()}
    wanted = set(outcomes.kinds())

    assert "opened" not in watched | wanted


def test_what_nobody_did_is_nobodys_occurrence(db):
    make_touchpoint(None, "ordered", at=NOON)

    assert occurrences("ordered", NOON, NOON - HOUR) == []


def test_an_order_brings_its_evidence(ada):
    make_touchpoint(
        ada, "ordered", at=NOON, data={"order": "1042", "amount": "38.47", "currency": "USD", "x": 1}
    )
    sql, params = triggers.get("ordered").occurrences(NOON, NOON - HOUR, {})

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT evidence - 'at' FROM ({sql}) o", params)
        (evidence,) = cursor.fetchone()

    assert evidence == '{"order": "1042", "words": "Ordered", "amount": "38.47", "currency": "USD"}'


def test_a_trigger_explains_what_it_found(ada, ben):
    make_touchpoint(ada, "confirmed", at=NOON - DAY)

    assert triggers.get("confirmed").explain(ada, NOON, {}) == [
        ("ok", "Confirmed the sign-up on 9 June 2026, 12:00")
    ]
    assert triggers.get("confirmed").explain(ben, NOON, {}) == [("wait", "Has not confirmed a sign-up")]


def test_a_trigger_says_that_history_starts_nothing(ada):
    make_touchpoint(ada, "confirmed", at=NOON - DAY, is_history=True)

    assert triggers.get("confirmed").explain(ada, NOON, {}) == [
        ("ok", "Confirmed the sign-up on 9 June 2026, 12:00"),
        ("wait", "That was brought along later, so it starts nothing"),
    ]


def test_an_unknown_trigger_is_said_by_name():
    with pytest.raises(triggers.UnknownTrigger, match="no_such"):
        triggers.get("no_such")
