"""Calls: taken by one colleague, let through by the gate, and what came of each written down once."""

from datetime import time

import pytest
from django.db.models.functions import Now

from campaigns import call_queue, call_undoing, calling
from campaigns.call_undoing import CannotUndo
from campaigns.calling import CannotCall
from campaigns.costing import effort_of
from campaigns.models import ChannelCost, Delivery
from campaigns.planning import plan_following
from campaigns.sending import send_due
from campaigns.settling import settle
from campaigns.verifying import verify
from contacts.consenting import current_consents, withdraw_consent
from contacts.erasing import erase
from contacts.models import Suppression
from contacts.phones import set_phone
from tests.campaigns.calls import NUMBER, make_call, make_call_rule, make_it, may_be_called, said, state
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_consent,
    make_contact,
    make_delivery,
    make_step,
    make_topic,
    make_user,
)
from touchpoints.models import Touchpoint


@pytest.fixture
def rule(topic, sender):
    return make_call_rule()


@pytest.fixture
def nils(db):
    return make_user("marketer", first_name="Nils")


def all_promises_kept():
    return [broken for _promise, broken in verify() if broken] == []


# Taking ----------------------------------------------------------------------------------------------


def test_a_call_that_is_taken_has_passed_the_gate_and_is_one_colleagues_alone(call, marketer, nils):
    calling.take(call, marketer, at=NOON)

    assert state(call) == ("sending", "")
    assert (call.address, call.attempts, call.sending_at) == (NUMBER, 1, NOON)
    assert calling.has_in_hand(marketer) == call
    with pytest.raises(CannotCall, match="A colleague is calling this person"):
        calling.take(call, nils, at=NOON)
    assert all_promises_kept()


def test_nobody_else_calls_the_same_person_about_something_else(call, callee, marketer, nils):
    other = make_call(callee)
    calling.take(call, marketer, at=NOON)

    with pytest.raises(CannotCall, match="A colleague is calling this person"):
        calling.take(other, nils, at=NOON)

    calling.leave(call, marketer, at=NOON + MINUTE)
    calling.take(other, nils, at=NOON + MINUTE)
    assert (state(call), state(other)) == (("planned", ""), ("sending", ""))


def test_who_has_a_call_in_hand_says_first_what_came_of_it(call, ben, topic, marketer):
    may_be_called(ben, topic, "+351912345679")
    other = make_call(ben)
    calling.take(call, marketer, at=NOON)

    with pytest.raises(CannotCall, match="say first what came of it"):
        calling.take(other, marketer, at=NOON)

    said(call, marketer, "interested")
    calling.take(other, marketer, at=NOON + 6 * MINUTE)
    assert state(other) == ("sending", "")


def test_who_took_back_calls_is_not_called_though_the_page_still_shows_it(call, callee, topic, marketer):
    withdraw_consent(callee, [topic], channel="phone", at=NOON, source="test")

    with pytest.raises(CannotCall, match="withdrew their consent"):
        calling.take(call, marketer, at=NOON)

    assert state(call) == ("skipped", "withdrew")


def test_a_yes_to_mail_is_none_to_calls(call, callee, topic, marketer):
    by_mail_only = make_contact()
    make_consent(by_mail_only, topic, at=NOON - DAY)
    set_phone(by_mail_only, "+351912345670", at=NOON - DAY)
    other = make_call(by_mail_only)

    with pytest.raises(CannotCall, match="never said yes"):
        calling.take(other, marketer, at=NOON)

    calling.take(call, marketer, at=NOON)
    assert state(call) == ("sending", "")


def test_a_call_is_not_taken_before_its_moment(callee, rule, marketer):
    call = make_call(callee, rule, due_at=NOON + HOUR)

    with pytest.raises(CannotCall, match="no longer in the queue"):
        calling.take(call, marketer, at=NOON)

    calling.take(call, marketer, at=NOON + HOUR)
    assert state(call) == ("sending", "")


def test_what_is_left_unsaid_is_put_back_when_its_time_is_over(call, marketer, nils):
    calling.take(call, marketer, at=NOON)
    settle(NOON + HOUR)
    assert state(call) == ("sending", "")

    end_lease(call)
    settle(NOON + HOUR)

    assert state(call) == ("planned", "")
    assert (call.attempts, call.doubts) == (0, 0)
    with pytest.raises(CannotCall, match="no longer in your hands"):
        said(call, marketer, "interested")
    calling.take(call, nils, at=NOON + HOUR)
    assert all_promises_kept()


def end_lease(call):
    Delivery.objects.filter(pk=call.pk).update(lease_until=Now() - MINUTE)


# What came of it -------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["interested", "not_interested"])
def test_a_talk_is_a_touchpoint_and_the_call_is_made(call, callee, marketer, outcome):
    calling.take(call, marketer, at=NOON)

    touchpoint = said(call, marketer, outcome, minutes=7.5, words="Wants the new one.")

    assert state(call) == ("sent", "")
    assert (call.finished_at, call.sending_at) == (NOON + 5 * MINUTE, NOON)
    assert (touchpoint.kind, touchpoint.contact, touchpoint.data["outcome"]) == ("called", callee, outcome)
    assert (touchpoint.data["minutes"], touchpoint.data["text"]) == (7.5, "Wants the new one.")
    assert touchpoint.data["delivery"] == str(call.uuid)
    assert all_promises_kept()


def test_minutes_cost(call, rule, marketer):
    ChannelCost.objects.create(channel="phone", each="0.50", minute="0.80")
    calling.take(call, marketer, at=NOON)
    said(call, marketer, "interested", minutes=5)

    effort = effort_of(rule, NOON + HOUR)

    assert (effort.sent, effort.minutes, float(effort.cost)) == (1, 5, 4.5)


def test_what_is_said_twice_is_said_once(call, marketer):
    calling.take(call, marketer, at=NOON)
    said(call, marketer, "interested")

    with pytest.raises(CannotCall):
        said(call, marketer, "not_interested")

    assert Touchpoint.objects.filter(source="call").count() == 1


def test_nobody_says_anything_of_a_colleagues_call(call, marketer, nils):
    calling.take(call, marketer, at=NOON)

    with pytest.raises(CannotCall):
        said(call, nils, "interested")

    said(call, marketer, "interested")
    assert state(call) == ("sent", "")


def test_who_does_not_answer_is_tried_three_times_and_no_more(callee, rule, marketer):
    call, at = make_call(callee, rule, expires_at=NOON + 10 * DAY), NOON
    for _try in range(3):
        calling.take(call, marketer, at=at)
        touchpoint = said(call, marketer, "no_answer", at=at)
        call.refresh_from_db()
        at = call.due_at

    assert state(call) == ("failed", "unanswered_call")
    assert (call.attempts, at) == (3, NOON + 2 * calling.AGAIN_AFTER)
    assert Touchpoint.objects.filter(source="call").count() == 3
    # Nobody was spoken to: it is nothing they did.
    assert (touchpoint.kind, touchpoint.data["text"]) == ("note", "Called: Nobody answered")
    assert all_promises_kept()


def test_a_try_for_which_there_is_no_time_is_the_last(callee, rule, marketer):
    call = make_call(callee, rule, expires_at=NOON + HOUR)
    calling.take(call, marketer, at=NOON)

    said(call, marketer, "no_answer")

    assert state(call) == ("failed", "unanswered_call")


def test_nobody_answering_leaves_the_mail_of_the_same_row_planned(call, callee, rule, marketer, mailbox):
    mail = make_delivery(rule, callee, episode=call.episode, due_at=NOON + HOUR)
    calling.take(call, marketer, at=NOON)

    said(call, marketer, "no_answer")

    send_due(NOON + HOUR, "w")
    assert state(mail) == ("sent", "")
    assert len(mailbox) == 1


def test_a_wrong_number_is_never_called_again_and_mail_still_goes(call, callee, rule, marketer, mailbox):
    mail = make_delivery(rule, callee, episode=call.episode)
    calling.take(call, marketer, at=NOON)

    said(call, marketer, "wrong_number")

    assert state(call) == ("failed", "wrong_number")
    kept_back = Suppression.objects.active().get(channel="phone")
    assert (kept_back.address, kept_back.reason) == (NUMBER, "not_theirs")
    with pytest.raises(CannotCall, match="suppressed"):
        calling.take(make_call(callee), marketer, at=NOON + HOUR)
    send_due(NOON, "w")
    assert state(mail) == ("sent", "")


def test_never_again_keeps_the_number_back(call, callee, marketer):
    calling.take(call, marketer, at=NOON)

    said(call, marketer, "never_again")

    assert state(call) == ("sent", "")
    assert Suppression.objects.active().get(channel="phone").reason == "asked"


@pytest.mark.parametrize(
    ("scope", "left"),
    [("topic", {"email:news", "phone:offers"}), ("calls", {"email:news"}), ("everything", set())],
)
def test_who_asks_to_be_left_alone_is(call, callee, marketer, scope, left):
    may_be_called(callee, make_topic("offers", "Offers"))
    calling.take(call, marketer, at=NOON)

    said(call, marketer, "left_alone", scope=scope)

    given = [entry for entry in current_consents(callee) if entry.action == "given"]
    assert {f"{entry.channel}:{entry.topic.key}" for entry in given} == left
    assert state(call) == ("sent", "")
    assert all_promises_kept()


def test_who_asks_to_be_called_back_is_called_when_they_said(callee, sender, rule, marketer):
    """Be it in hours in which nobody else is called, and as often as they ask."""
    sender.quiet_from, sender.quiet_until, sender.cap = time(20), time(8), 1
    sender.save()
    call, evening = make_call(callee, rule), NOON + 9 * HOUR + 3 * DAY
    calling.take(call, marketer, at=NOON)

    said(call, marketer, "call_back", back_at=evening)

    assert state(call) == ("planned", "call_back")
    assert call.due_at == evening < call.expires_at
    calling.take(call, marketer, at=evening)
    calling.leave(call, marketer, at=evening)
    assert state(call) == ("planned", "call_back")
    calling.take(call, marketer, at=evening)
    said(call, marketer, "interested", at=evening + MINUTE)
    assert state(call) == ("sent", "")
    assert all_promises_kept()


# Taking it back --------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["interested", "no_answer", "call_back", "wrong_number", "never_again"])
def test_what_was_said_last_is_taken_back(call, callee, rule, marketer, outcome):
    mail = make_delivery(rule, callee, episode=call.episode, due_at=NOON + HOUR)
    make_it(call, marketer, outcome)
    assert call_undoing.last_said(marketer, NOON + MINUTE).data["outcome"] == outcome

    call_undoing.undo(call, marketer, at=NOON + MINUTE)

    assert (state(call), state(mail)) == (("sending", ""), ("planned", ""))
    assert calling.has_in_hand(marketer) == call
    assert not Touchpoint.objects.filter(source="call").exists()
    assert not Suppression.objects.active().exists()
    assert all_promises_kept()
    said(call, marketer, "not_interested")
    assert (state(call), state(mail)) == (("sent", ""), ("cancelled", "called"))


def test_what_a_person_took_back_stays_taken_back(call, marketer):
    make_it(call, marketer, "left_alone")

    assert call_undoing.last_said(marketer, NOON + MINUTE) is None
    with pytest.raises(CannotUndo, match="stays taken back"):
        call_undoing.undo(call, marketer, at=NOON + MINUTE)


def test_it_is_taken_back_by_who_said_it_and_soon(call, marketer, nils):
    make_it(call, marketer, "interested")

    with pytest.raises(CannotUndo, match="nothing of yours"):
        call_undoing.undo(call, nils, at=NOON + MINUTE)
    with pytest.raises(CannotUndo, match="too long ago"):
        call_undoing.undo(call, marketer, at=NOON + 11 * MINUTE)

    call_undoing.undo(call, marketer, at=NOON + MINUTE)
    assert state(call) == ("sending", "")


def test_what_something_has_come_of_stays(call, rule, marketer):
    make_step(rule, follows=call.step)
    make_it(call, marketer, "interested")
    plan_following(NOON + MINUTE)

    with pytest.raises(CannotUndo, match="come of it already"):
        call_undoing.undo(call, marketer, at=NOON + 2 * MINUTE)


# Somebody goes ---------------------------------------------------------------------------------------


def test_who_is_forgotten_is_not_called_and_what_was_said_goes_with_them(call, callee, marketer, admin):
    calling.take(call, marketer, at=NOON)
    said(call, marketer, "call_back", back_at=NOON + DAY, words="Ring at my office.")
    erase(callee, at=NOON + HOUR, by=admin)

    with pytest.raises(CannotCall):
        calling.take(call, marketer, at=NOON + DAY)

    assert not Touchpoint.objects.filter(data__icontains="office").exists()
    assert state(call) == ("erased", "erased")
    assert (call.address, callee.identities.count()) == ("", 0)
    assert all_promises_kept()


@pytest.mark.parametrize("outcome", [*calling.OUTCOMES])
def test_of_who_is_forgotten_during_the_call_nothing_is_written_down(call, callee, marketer, admin, outcome):
    calling.take(call, marketer, at=NOON)
    erase(callee, at=NOON + MINUTE, by=admin)
    known = Suppression.objects.count(), callee.consents.count()

    assert said(call, marketer, outcome, words="Ring at my office.", back_at=NOON + DAY) is None

    assert state(call) == ("erased", "erased")
    assert not Touchpoint.objects.filter(source="call").exists()
    assert (Suppression.objects.count(), callee.consents.count()) == known
    assert all_promises_kept()


def test_a_call_to_who_is_forgotten_during_it_ends_when_it_is_put_back(call, callee, marketer, admin):
    calling.take(call, marketer, at=NOON)
    erase(callee, at=NOON + MINUTE, by=admin)
    calling.leave(call, marketer, at=NOON + 2 * MINUTE)

    call_queue.sort_out(NOON + 3 * MINUTE)

    assert state(call) == ("erased", "erased")


def test_a_no_that_comes_during_the_call_does_not_stop_it_from_being_written_down(
    call, callee, topic, marketer
):
    calling.take(call, marketer, at=NOON)
    withdraw_consent(callee, [topic], channel="phone", at=NOON + MINUTE, source="test")

    said(call, marketer, "no_answer")

    call_queue.sort_out(NOON + DAY)
    assert state(call) == ("skipped", "withdrew")
