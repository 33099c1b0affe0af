"""A call that was made stops the rest of its sequence, wherever it stands."""

import pytest

from campaigns import claiming, gate, sequences
from campaigns.models import Delivery
from campaigns.planning import plan_following
from campaigns.sending import send_due
from tests.campaigns.calls import make_call_rule, make_it, state
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_delivery,
    make_step,
)


@pytest.fixture
def rule(topic, sender):
    return make_call_rule()


SPOKEN = ["interested", "not_interested", "left_alone", "never_again", "call_back"]


@pytest.mark.parametrize("outcome", SPOKEN)
def test_mail_that_is_planned_before_is_called_off(call, callee, rule, marketer, mailbox, outcome):
    mail = make_delivery(rule, callee, episode=call.episode, due_at=NOON + HOUR)
    apart = make_delivery(rule, callee, due_at=NOON + HOUR)

    make_it(call, marketer, outcome)

    assert state(mail) == ("cancelled", "called")
    send_due(NOON + HOUR, "w")
    assert (state(apart), len(mailbox)) == (("sent", ""), 1)


@pytest.mark.parametrize("outcome", ["interested", "call_back"])
def test_mail_that_is_planned_after_the_call_is_called_off_by_the_gate(
    call, callee, rule, marketer, mailbox, outcome
):
    make_it(call, marketer, outcome)
    mail = make_delivery(rule, callee, episode=call.episode, due_at=NOON + HOUR)

    send_due(NOON + HOUR, "w")

    assert (state(mail), len(mailbox)) == (("cancelled", "called"), 0)


def test_mail_that_a_worker_has_in_hand_is_called_off(call, callee, rule, marketer, mailbox):
    mail = make_delivery(rule, callee, episode=call.episode)
    claiming.take([mail.pk], "worker")

    make_it(call, marketer, "interested")

    assert gate.pass_gate([mail.pk], NOON, owner="worker") == {}
    assert state(mail) == ("cancelled", "called")


def test_mail_that_was_put_off_by_the_other_side_does_not_go_after_the_call(
    call, callee, rule, marketer, mailbox
):
    """It had passed the gate before the call was made, and was refused for now."""
    mail = make_delivery(rule, callee, episode=call.episode)
    claiming.take([mail.pk], "worker")
    assert gate.pass_gate([mail.pk], NOON, owner="worker")
    make_it(call, marketer, "interested")
    gate.return_to_gate([mail.pk], "worker")
    claiming.release([mail.pk], "worker")

    send_due(NOON + HOUR, "w")

    assert (state(mail), len(mailbox)) == (("cancelled", "called"), 0)


def test_the_reminder_of_mail_before_the_call_does_not_go(call, callee, rule, marketer, mailbox):
    mail = make_delivery(rule, callee, episode=call.episode)
    make_step(rule, follows=mail.step, delay=DAY, condition="unanswered")
    send_due(NOON, "w")
    make_it(call, marketer, "interested", at=NOON + HOUR)

    assert plan_following(NOON + 2 * DAY) == 1
    send_due(NOON + 2 * DAY, "w")

    assert len(mailbox) == 1
    assert Delivery.objects.get(parent=mail).reason == "called"


def test_what_follows_the_call_itself_goes(call, rule, marketer, mailbox):
    make_step(rule, follows=call.step, delay=DAY)
    make_it(call, marketer, "interested")

    assert plan_following(NOON + 2 * DAY) == 1
    send_due(NOON + 2 * DAY, "w")

    assert len(mailbox) == 1


def test_an_outcome_that_is_reached_calls_the_call_off(call):
    sequences.stop([call.episode], at=NOON)

    assert state(call) == ("cancelled", "outcome_reached")
