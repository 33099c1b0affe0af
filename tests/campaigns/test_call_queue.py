"""The queue of calls: who may be called now, the best first; the others say why they wait or ended."""

from datetime import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import call_queue
from campaigns.models import Delivery
from campaigns.ticking import plan_all
from contacts.consenting import withdraw_consent
from segmentation.models import RfmCuts, RfmScore
from tests.campaigns.calls import make_call, make_call_rule, may_be_called
from tests.make import DAY, HOUR, MINUTE, NOON, make_contact, make_delivery, make_touchpoint


@pytest.fixture
def rule(topic, sender):
    return make_call_rule()


def callee(topic, number, **fields):
    return may_be_called(make_contact(**fields), topic, f"+35191234560{number}")


def queue(at=NOON):
    return [call.delivery for call in call_queue.waiting(at)]


def test_what_is_due_and_may_be_called_waits_and_nothing_else(rule, topic, ada):
    may_be_called(ada, topic)
    call = make_call(ada, rule)
    for fields in ({"due_at": NOON + MINUTE}, {"expires_at": NOON}, {"status": "sent", "finished_at": NOON}):
        make_call(callee(topic, 1) if not Delivery.objects.filter(due_at__gt=NOON) else ada, rule, **fields)
    make_delivery(rule, ada)

    assert queue() == [call]
    assert call_queue.count_waiting(NOON) == 1
    assert queue(NOON - HOUR) == []


def test_looking_changes_nothing_and_who_said_no_is_not_shown(rule, topic, ada, ben):
    yes, no = make_call(may_be_called(ada, topic), rule), make_call(callee(topic, 1), rule)
    assert len(queue()) == 2
    withdraw_consent(no.contact, [topic], channel="phone", at=NOON - HOUR, source="test")

    assert queue() == [yes]
    assert set(Delivery.objects.values_list("status", flat=True)) == {"planned"}


def test_what_matters_most_comes_first_then_who_is_worth_most_then_whose_hour_it_is(rule, topic):
    def call(number, **fields):
        return make_call(callee(topic, number), rule, **fields)

    rule.rank = 3
    late, early, theirs = call(1, due_at=NOON - MINUTE), call(2, due_at=NOON - HOUR), call(3)
    rich, urgent = call(4), call(5, rank=1)
    worth(rich.contact, monetary=5)
    for day in range(3):
        make_touchpoint(theirs.contact, "visited", at=NOON - day * DAY)

    assert queue() == [urgent, rich, theirs, early, late]
    assert [(each.hour, each.is_their_hour) for each in call_queue.waiting(NOON)][2] == (12, True)


def worth(contact, monetary):
    digits = {"recency": 3, "frequency": 3, "monetary": monetary}
    bounds = {"recency_days": [1, 2, 3, 4], "frequency": [1, 2, 3, 4], "monetary": [1, 2, 3, 4]}
    cuts = RfmCuts.objects.create(taken_at=NOON, buyers=1, **bounds)
    RfmScore.objects.create(contact=contact, cuts=cuts, since=NOON, **digits)


def test_the_clock_writes_down_why_a_call_waits_or_ended(rule, topic, sender, ada):
    sender.quiet_from, sender.quiet_until = time(12), time(14)
    sender.save()
    waits, ends = make_call(may_be_called(ada, topic), rule), make_call(callee(topic, 1), rule)
    withdraw_consent(ends.contact, [topic], channel="phone", at=NOON - HOUR, source="test")
    make_call(callee(topic, 2), rule, due_at=NOON + 3 * HOUR)

    assert plan_all(NOON)["calls"] == 2

    waits.refresh_from_db()
    ends.refresh_from_db()
    assert (waits.status, waits.reason) == ("planned", "quiet")
    assert NOON + 2 * HOUR <= waits.due_at < NOON + 3 * HOUR
    assert (ends.status, ends.reason) == ("skipped", "withdrew")
    assert call_queue.sort_out(NOON) == 0


def test_what_may_be_called_stays_in_the_queue_when_the_clock_ticks(rule, topic, ada):
    call = make_call(may_be_called(ada, topic), rule)

    assert call_queue.sort_out(NOON) == 0

    call.refresh_from_db()
    assert (call.status, call.owner, call.attempts) == ("planned", "", 0)


def test_who_is_held_out_is_no_call_and_is_known_as_such(rule, topic, ada):
    rule.control_share = 90
    rule.save()
    calls = [make_call(callee(topic, number), rule) for number in range(9)]
    shown = queue()

    call_queue.sort_out(NOON)

    held_out = Delivery.objects.filter(status="held_out", reason="control")
    assert 0 < held_out.count() == len(calls) - len(shown)
    assert set(shown) == set(Delivery.objects.filter(status="planned"))


def test_the_queue_asks_as_often_for_three_calls_as_for_one(rule, topic):
    make_call(callee(topic, 0), rule)
    with CaptureQueriesContext(connection) as one:
        assert len(queue()) == 1
    for number in (1, 2):
        make_call(callee(topic, number), rule)
    with CaptureQueriesContext(connection) as three:
        assert len(queue()) == 3
    assert len(one) == len(three)
