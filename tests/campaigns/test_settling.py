"""Settling: what a crash left in hand, and what a person says of it."""

import pytest
from django.db import connection

from campaigns.claiming import claim
from campaigns.gate import pass_gate
from campaigns.models import Delivery
from campaigns.sending import send_due
from campaigns.settling import CannotSettle, settle, settle_by_hand
from tests.make import DAY, HOUR, NOON, make_consent, make_contact, make_delivery, make_rule, make_topic


@pytest.fixture
def rule(topic, sender):
    return make_rule()


@pytest.fixture
def delivery(rule, ada):
    return make_delivery(rule, ada)


@pytest.fixture
def service(sender, ada):
    return make_delivery(make_rule(name="Confirm", trigger="signed_up", rank=0, topic=None), ada)


def crash_after_gate(delivery):
    """A worker that dies between the gate and the wire."""
    claim("dead", NOON, 10)
    assert pass_gate([delivery.pk], NOON, owner="dead")


def time_passes():
    """Every lease runs out."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE campaigns_delivery SET lease_until = clock_timestamp() - interval '1 second'")


def state(delivery):
    delivery.refresh_from_db()
    return delivery.status, delivery.reason


def test_a_lease_that_holds_is_left_alone(delivery):
    crash_after_gate(delivery)

    assert settle(NOON + DAY) == {}
    assert state(delivery) == ("sending", "")


def test_what_was_only_claimed_is_taken_by_another(delivery, mailbox):
    claim("dead", NOON, 10)
    time_passes()

    assert settle(NOON) == {"put_back": 1}
    assert dict(send_due(NOON, "alive")) == {"sent": 1}


def test_marketing_of_unknown_outcome_is_parked_and_never_repeated(delivery, mailbox):
    crash_after_gate(delivery)
    time_passes()
    assert settle(NOON) == {"unknown": 1}
    assert (settle(NOON), state(delivery)) == ({}, ("unknown", "no_answer"))
    time_passes()

    assert settle(NOON) == {"parked": 1}

    assert (dict(send_due(NOON + HOUR, "alive")), len(mailbox)) == ({}, 0)
    assert state(delivery) == ("parked", "no_answer")


def test_a_service_message_of_unknown_outcome_is_repeated_once(service, mailbox):
    crash_after_gate(service)
    for expected in ({"unknown": 1}, {"retried": 1}):
        time_passes()
        assert settle(NOON) == expected
    mailbox.hang_up_after("ada@example.com")
    assert dict(send_due(NOON, "alive")) == {"unknown": 1}
    time_passes()

    assert settle(NOON) == {"parked": 1}
    assert len(mailbox) == 1


def test_what_has_no_time_left_expires(delivery):
    assert settle(NOON + 2 * DAY) == {"expired": 1}
    assert state(delivery) == ("expired", "too_late")


def test_what_belongs_to_a_closed_rule_is_called_off(delivery, rule):
    rule.status = "closed"
    rule.save()

    assert settle(NOON) == {"cancelled": 1}
    assert state(delivery) == ("cancelled", "rule_off")


def test_what_belongs_to_a_paused_rule_waits(delivery, rule):
    rule.status = "paused"
    rule.save()

    assert settle(NOON) == {}


def test_settling_twice_settles_once(delivery):
    assert (settle(NOON + 2 * DAY), settle(NOON + 2 * DAY)) == ({"expired": 1}, {})


# By hand ---------------------------------------------------------------------------------------------


@pytest.fixture
def parked(rule, ada):
    return make_delivery(rule, ada, status="parked", reason="no_answer", owner="dead", sending_at=NOON)


def test_a_person_may_say_that_it_arrived(parked, marketer):
    settle_by_hand(parked, sent=True, by=marketer, at=NOON + DAY)

    assert state(parked)[0] == "sent"
    assert (parked.finished_at, parked.detail) == (NOON + DAY, str(marketer))


def test_a_person_may_send_it_again(parked, marketer, mailbox):
    settle_by_hand(parked, sent=False, by=marketer, at=NOON + 3 * DAY)

    assert dict(send_due(NOON + 3 * DAY, "alive")) == {"sent": 1}


@pytest.mark.parametrize("status", ["planned", "sent", "skipped", "cancelled"])
def test_nothing_else_waits_for_a_person(rule, ada, marketer, status):
    delivery = make_delivery(rule, ada, status=status)

    with pytest.raises(CannotSettle):
        settle_by_hand(delivery, sent=False, by=marketer, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_workers_that_die_at_any_point_lose_and_double_nothing(mailbox):
    """Some die after claiming, some after the gate; what is left is settled and sent by the living."""
    rule, people = make_rule(), [make_contact() for _ in range(30)]
    for person in people:
        make_consent(person, make_topic())
        make_delivery(rule, person)
    taken = claim("dies early", NOON, 10)
    doomed = claim("dies late", NOON, 10)
    for found in doomed:
        pass_gate([found.id], NOON, owner="dies late")
    time_passes()

    settle(NOON)
    time_passes()
    settle(NOON)
    send_due(NOON, "alive")

    assert len(taken) == len(doomed) == 10
    assert Delivery.objects.filter(status="sent").count() == len(mailbox) == 20
    assert set(Delivery.objects.filter(status="parked").values_list("pk", flat=True)) == {
        d.id for d in doomed
    }
