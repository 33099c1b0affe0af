"""Calls and mail at the same moment, in real connections: whoever comes first, and never both for nothing."""

import pytest
from django.db import transaction

from campaigns import calling, claiming, gate
from campaigns.calling import CannotCall, Said
from campaigns.models import Delivery
from campaigns.sending import send_due
from contacts.consenting import withdraw_consent
from contacts.locking import lock_contacts
from tests.campaigns.calls import make_call, make_call_rule, may_be_called
from tests.campaigns.racing import beside, race, wait_until_somebody_waits
from tests.make import NOON, make_delivery, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call(ada, topic, sender):
    return make_call(may_be_called(ada, topic), make_call_rule())


@pytest.fixture
def mail(call, ada):
    return make_delivery(call.rule, ada, episode=call.episode)


def state(delivery):
    delivery.refresh_from_db()
    return delivery.status, delivery.reason


def take(call, user):
    try:
        calling.take(Delivery.objects.get(pk=call.pk), user, at=NOON)
    except CannotCall:
        return 0
    return 1


def make(call, user):
    calling.record_call(call, user, Said("interested"), at=NOON)


def test_of_six_who_take_a_call_at_once_one_gets_it(call):
    users = [make_user("marketer") for _number in range(6)]

    taken = race(6, lambda: take(call, users.pop()))

    assert sum(taken) == 1
    assert state(call) == ("sending", "")
    assert Delivery.objects.get(pk=call.pk).attempts == 1


def test_of_six_who_take_two_calls_to_one_person_one_gets_one(call, ada):
    other = make_call(ada)
    chosen = [(each, make_user("marketer")) for each in (call, other) * 3]

    taken = race(6, lambda: take(*chosen.pop()))

    assert sum(taken) == 1
    assert sorted([state(call)[0], state(other)[0]]) == ["planned", "sending"]


def test_mail_that_waits_at_the_gate_while_the_call_is_made_does_not_go(call, mail, ada, marketer, mailbox):
    calling.take(call, marketer, at=NOON)
    claiming.take([mail.pk], "worker")
    with transaction.atomic():
        lock_contacts([ada.pk])
        passed = beside(lambda: gate.pass_gate([mail.pk], NOON, owner="worker"))
        wait_until_somebody_waits()
        make(call, marketer)

    assert passed() == {}
    assert state(mail) == ("cancelled", "called")


def test_a_withdrawal_while_a_call_is_taken_is_heard(call, ada, topic, marketer):
    with transaction.atomic():
        withdraw_consent(ada, [topic], channel="phone", at=NOON, source="test")
        taken = beside(lambda: take(call, marketer))
        wait_until_somebody_waits()

    assert taken() == 0
    assert state(call) == ("skipped", "withdrew")


@pytest.mark.parametrize("_round", range(5))
def test_a_call_made_and_mail_sent_in_the_same_second_end_as_they_came(call, mail, marketer, mailbox, _round):
    """Either the mail had passed the gate before the call was written down, or it does not go."""
    calling.take(call, marketer, at=NOON)
    acts = [lambda: make(call, marketer), lambda: send_due(NOON, "worker")]

    race(2, lambda: acts.pop()())

    send_due(NOON, "again")
    assert state(call) == ("sent", "")
    assert (state(mail), len(mailbox)) in ((("cancelled", "called"), 0), (("sent", ""), 1))
