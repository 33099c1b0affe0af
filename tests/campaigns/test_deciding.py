"""What the database sees to pass plainly, the gate's own verdict lets pass: asked of facts at random."""

import random
from datetime import time, timedelta

import pytest
from django.db import connection

from campaigns import deciding
from campaigns.gate import Fact
from tests.make import DAY, HOUR, NOON

pytestmark = pytest.mark.django_db
ZONES = ["Europe/Lisbon", "Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu", "UTC"]
# The column's type, what it is where nothing speaks against sending, and what else it may be.
COLUMNS = {
    "id": ("bigint", 1, [2]),
    "contact_id": ("bigint", 7, range(1, 400)),
    "rank": ("int", 3, [0, 1]),
    "channel": ("text", "email", ["phone", "panel"]),
    "topic_id": ("bigint", 5, [None]),
    "reminder_number": ("int", 0, [1, 2]),
    "occurred_at": ("timestamptz", NOON - HOUR, [NOON, NOON - DAY]),
    "due_at": ("timestamptz", NOON, [NOON - DAY]),
    "expires_at": ("timestamptz", NOON + 3 * DAY, [NOON, NOON - HOUR, NOON + HOUR]),
    "reason": ("text", "", ["call_back"]),
    "rule_id": ("bigint", 4, [None]),
    "campaign_id": ("bigint", None, [6]),
    "address": ("text", "ada@example.com", ["", None]),
    "time_zone": ("text", "", [*ZONES, "Nowhere/Land"]),
    "merged_into_id": ("bigint", None, [9]),
    "erased_at": ("timestamptz", None, [NOON - DAY]),
    "campaign_status": ("text", None, ["sending", "paused", "cancelled"]),
    "control_share": ("int", 0, [None, 10, 50, 100]),
    "sender_zone": ("text", "UTC", ZONES),
    "quiet_from": ("time", None, [time(21), time(0), time(9, 30)]),
    "quiet_until": ("time", None, [time(8), time(12), time(17, 15)]),
    "held": ("boolean", False, [True]),
    "holdout_share": ("int", 0, [10, 90]),
    "is_outside_pilot": ("boolean", False, [True]),
    "consent": ("text", "given", ["withdrawn", None]),
    "consent_at": ("timestamptz", NOON - DAY, []),
    "suppression": ("text", None, ["bounced"]),
    "suppressed_at": ("timestamptz", NOON - DAY, []),
    "cap": ("int", None, [0, 1, 2]),
    "cap_days": ("int", 7, []),
    "heard": ("timestamptz[]", [], [[NOON - HOUR], [NOON - HOUR, NOON - DAY]]),
    "topic_cap": ("int", None, [0, 1, 2]),
    "topic_days": ("int", 7, []),
    "heard_of_topic": ("timestamptz[]", [], [[NOON - HOUR]]),
    "at_most": ("int", None, [0, 1]),
    "heard_this_week": ("timestamptz[]", [], [[NOON - HOUR]]),
    "rule_status": ("text", "active", [None, "paused", "closed", "draft"]),
    "answers_at_once": ("boolean", False, [True, None]),
    "leaves": ("text", "any", ["best", "hour", None]),
    "leaves_hour": ("int", 9, [18]),
    "weekdays": ("int[]", [], [[0, 1], None]),
    "audience": ("text", None, ["{}"]),
    "was_there": ("timestamptz[]", [], []),
    "still_true": ("boolean", True, [False]),
    "holds": ("boolean", None, [True, False]),
    "condition": ("text", "", ["clicked"]),
    "has_outcome": ("boolean", False, [True, None]),
    "was_called": ("boolean", False, [True, None]),
    "prefers_another": ("boolean", False, [True, None]),
}


USUAL = {name: usual for name, (_kind, usual, _others) in COLUMNS.items()}


def facts(choose):
    """Facts of which a few are not as a plain message's are."""
    fact = dict(USUAL)
    for name in choose.sample([name for name in COLUMNS if COLUMNS[name][2]], choose.randint(0, 4)):
        fact[name] = choose.choice(list(COLUMNS[name][2]))
    if fact["quiet_from"] is None or fact["quiet_until"] is None:
        fact["quiet_from"], fact["quiet_until"] = choose.choice([(None, None), (time(21), time(8))])
    return fact


def passes(fact, at):
    """What the database says of it."""
    columns = ", ".join(f"%({name})s::{kind} AS {name}" for name, (kind, *_rest) in COLUMNS.items())
    sql = f"SELECT {deciding.passes_sql('%(at)s::timestamptz')} FROM (SELECT {columns}) facts"
    with connection.cursor() as cursor:
        cursor.execute(sql, fact | {"at": at, "zones": ZONES})
        return cursor.fetchone()[0]


def test_what_passes_plainly_passes():
    choose, plain, passed = random.Random(20), 0, 0
    for _ in range(400):
        fact, at = facts(choose), NOON + timedelta(minutes=choose.randrange(24 * 60))

        verdict = deciding.decide(Fact(fact), at)

        if passes(fact, at):
            assert verdict is deciding.PASS, (verdict, fact, at)
            plain += 1
        passed += verdict is deciding.PASS
    assert 0.8 * passed < plain < passed


@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in ("id", "due_at")])
def test_the_usual_message_passes_plainly(name):
    """One thing at a time: what speaks against sending is seen by the database, or left to the verdict."""
    assert passes(USUAL, NOON)

    for other in COLUMNS[name][2]:
        fact = USUAL | {name: other}
        if passes(fact, NOON):
            assert deciding.decide(Fact(fact), NOON) is deciding.PASS


@pytest.mark.parametrize("share", [1, 10, 50, 99])
def test_the_database_holds_out_the_same_people(share):
    sql = deciding.IS_CONTROL.format(experiment="'rule:12'", share="%(share)s")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT contact_id FROM generate_series(1, 3000) AS contact_id WHERE {sql}", {"share": share}
        )
        found = {row[0] for row in cursor.fetchall()}

    assert found == {pk for pk in range(1, 3001) if deciding.is_control("rule:12", pk, share)}
