"""Lines to providers, and what is done about what nobody knows: by key, by evidence, by a person."""

from collections import Counter
from datetime import timedelta
from time import monotonic

import pytest
from django.db import connection

from campaigns import channels, settling
from campaigns.channels import Accepted, LineLost, NoAnswer, RefusedForNow, TooLate, Unreachable
from campaigns.lines import Lines
from campaigns.models import Anomaly, Delivery, Notice
from campaigns.recording import Result, record_results
from campaigns.sending import Run, send_due
from campaigns.settling import settle
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_consent,
    make_contact,
    make_delivery,
    make_rule,
    make_topic,
)


class Relay:
    """A provider of the test: it takes a key once, can be asked, and does as it is told."""

    def __init__(self):
        self.taken, self.copies, self.faults, self.can_say = set(), 0, [], True

    def open(self, sender):
        return RelayLine(self)

    def look_up(self, delivery):
        return delivery.uuid in self.taken if self.can_say else None


class RelayLine(channels.Line):
    def __init__(self, relay):
        self.relay = relay

    def send(self, message, delivery, *, deadline):
        fault = self.relay.faults.pop(0) if self.relay.faults else None
        if isinstance(fault, NoAnswer):
            self.take(delivery)
        if isinstance(fault, Exception):
            raise fault
        self.take(delivery)
        return Accepted("taken", f"ref-{delivery.uuid}")

    def take(self, delivery):
        self.relay.copies += delivery.uuid not in self.relay.taken
        self.relay.taken.add(delivery.uuid)


@pytest.fixture
def relay():
    """Registered as the way out “relay”, which is forgotten afterwards."""
    relay = Relay()
    yield relay
    channels._providers.pop("relay", None)


def through(relay, settles_by, look_up=None):
    provider = channels.Provider(
        "relay", "Relay", relay.open, settles_by=settles_by, key_lasts=timedelta(hours=24), look_up=look_up
    )
    channels.register(provider)
    rule = make_rule()
    rule.sender.provider, rule.sender.settles_by, rule.sender.window = "relay", settles_by, 20
    rule.sender.save()
    return rule


def reachable():
    contact = make_contact()
    make_consent(contact, make_topic())
    return contact


def send(at=NOON):
    return dict(send_due(at, "worker"))


def time_passes():
    """Every lease runs out."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE campaigns_delivery SET lease_until = clock_timestamp() - interval '1 hour'")


def state():
    return list(Delivery.objects.order_by("id").values_list("status", flat=True))


# By key ----------------------------------------------------------------------------------------------


def test_what_a_provider_knows_by_its_key_is_sent_again_and_taken_once(relay, topic, sender):
    delivery = make_delivery(through(relay, "key"), reachable())
    relay.faults = [NoAnswer("read timeout")]
    assert send() == {"unknown": 1}
    time_passes()

    assert settle(NOON + MINUTE) == {"keyed": 1}
    assert send(NOON + MINUTE) == {"sent": 1}

    delivery.refresh_from_db()
    assert (relay.copies, delivery.attempts, delivery.doubts) == (1, 2, 1)
    assert (delivery.provider_ref, delivery.reason) == (f"ref-{delivery.uuid}", "")


def test_a_key_that_the_provider_has_forgotten_by_now_is_not_used_again(relay, topic, sender):
    make_delivery(through(relay, "key"), reachable(), expires_at=NOON + 9 * DAY)
    relay.faults = [NoAnswer("read timeout")]
    send()
    time_passes()

    assert settle(NOON + 25 * HOUR) == {"parked": 1}


def test_what_leaves_its_worker_without_a_word_again_and_again_is_parked(relay, topic, sender):
    make_delivery(through(relay, "key"), reachable(), attempts=settling.MOST_TRIES - 1)
    relay.faults = [NoAnswer("read timeout")]
    send()
    time_passes()

    assert settle(NOON + MINUTE) == {"parked": 1}


def test_what_becomes_unknown_while_others_are_settled_is_not_parked_in_passing(
    relay, topic, sender, monkeypatch
):
    """Between two steps of settling another worker says that it does not know."""
    make_delivery(through(relay, "key"), reachable())
    relay.faults = [NoAnswer("read timeout")]

    def ask_and_be_overtaken(askable, at):
        assert send() == {"unknown": 1}
        time_passes()
        return Counter(), []

    make_delivery(make_rule(name="Other"), reachable(), status="parked", reason="no_answer", finished_at=NOON)
    monkeypatch.setattr(settling, "ask_providers", ask_and_be_overtaken)

    assert settle(NOON) == {}
    assert state() == ["unknown", "parked"]


# By evidence -----------------------------------------------------------------------------------------


def test_a_provider_that_says_yes_is_believed_at_once(relay, topic, sender):
    make_delivery(through(relay, "evidence", relay.look_up), reachable())
    relay.faults = [NoAnswer("dropped after the dot")]
    assert send() == {"unknown": 1}

    assert settle(NOON + MINUTE) == {"evident": 1}
    assert (state(), relay.copies) == (["sent"], 1)


def test_a_provider_that_says_no_is_believed_after_a_while(relay, topic, sender):
    make_delivery(through(relay, "evidence", relay.look_up), reachable())
    relay.faults = [NoAnswer("dropped after the dot")]
    send()
    relay.taken.clear()

    assert (settle(NOON + MINUTE), state()) == ({}, ["unknown"])
    time_passes()

    assert settle(NOON + MINUTE) == {"not_taken": 1}
    assert send(NOON + MINUTE) == {"sent": 1}


def test_while_a_provider_cannot_say_nobody_else_decides_for_a_long_while(relay, topic, sender):
    make_delivery(through(relay, "evidence", relay.look_up), reachable())
    relay.faults = [NoAnswer("dropped after the dot")]
    relay.can_say = False
    send()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE campaigns_delivery SET lease_until = clock_timestamp() - interval '1 second'")
    assert (settle(NOON + MINUTE), state()) == ({}, ["unknown"])

    time_passes()

    assert settle(NOON + MINUTE) == {"parked": 1}


def test_a_notice_is_evidence_whatever_the_sender_says_even_of_what_was_parked(relay, topic, sender):
    parked = make_delivery(through(relay, "person"), reachable())
    relay.faults = [NoAnswer("dropped after the dot")]
    send()
    time_passes()
    assert settle(NOON + MINUTE) == {"parked": 1}

    for trusted in (False, True):
        assert settle(NOON + MINUTE) == {}
        Notice.objects.create(
            source="relay", external_id=str(trusted), kind="delivered", delivery=parked, is_trusted=trusted,
            at=NOON, received_at=NOON,
        )  # fmt: skip

    assert (settle(NOON + HOUR), state()) == ({"evident": 1}, ["sent"])


def test_a_sender_that_wants_a_key_where_there_is_none_waits_for_evidence(sender):
    sender.settles_by = "key"

    assert settling.policy_of(sender) == "evidence"


# Lines -----------------------------------------------------------------------------------------------


def test_a_line_found_closed_is_opened_again_and_nobody_waits_for_it(relay, topic, sender):
    rule = through(relay, "person")
    for _ in range(2):
        make_delivery(rule, reachable())
    relay.faults = [None, LineLost("421 idle for too long")]

    counts = send()

    assert counts == {"sent": 2}
    assert relay.copies == 2


def test_a_line_that_is_lost_at_the_first_message_is_tried_later(relay, topic, sender):
    make_delivery(through(relay, "person"), reachable())
    relay.faults = [LineLost("421 not now")]

    assert send() == {"planned": 1}
    assert Delivery.objects.get().attempts == 1


def test_one_provider_that_is_away_does_not_hold_up_another(relay, topic, sender, mailbox):
    def away(sender):
        raise Unreachable("ConnectionRefusedError")

    relay.open = away
    other = make_rule(name="By mail server", sender=sender)
    waits = make_delivery(through(relay, "person"), reachable())
    rule = make_rule(name="Plain", sender=type(sender).objects.create(name="Plain", address="a@example.com"))
    make_delivery(rule, reachable())

    assert send() == {"sent": 1, "unreachable": 1}
    waits.refresh_from_db()
    assert (waits.status, waits.attempts, waits.owner) == ("planned", 0, "")
    assert other.sender.provider == "smtp"


def test_a_way_out_that_is_not_set_up_sends_nothing_and_loses_nothing(topic, sender):
    rule = make_rule()
    rule.sender.provider = "nowhere"
    rule.sender.save()
    make_delivery(rule, reachable())

    assert (send(), state()) == ({"unreachable": 1}, ["planned"])


def test_whoever_says_when_to_come_again_is_asked_then_and_it_costs_no_try(relay, topic, sender):
    delivery = make_delivery(through(relay, "person"), reachable())
    relay.faults = [RefusedForNow("429 Too many requests", retry_after=timedelta(seconds=90))]

    assert send() == {"planned": 1}

    delivery.refresh_from_db()
    assert (delivery.due_at, delivery.attempts, delivery.reason) == (NOON + timedelta(seconds=90), 0, "retry")


def test_what_took_too_long_to_leave_asks_at_the_gate_again(relay, topic, sender):
    make_delivery(through(relay, "person"), reachable())
    relay.faults = [TooLate()]

    assert send() == {"sent": 1}
    assert (Delivery.objects.get().attempts, relay.copies) == (1, 1)


def test_the_last_byte_does_not_leave_after_its_deadline(mailbox, topic, sender, ada):
    from campaigns.rendering import gather, render

    delivery = make_delivery(make_rule(), ada)
    delivery.address, delivery.sending_at = ada.email, NOON
    message = render(delivery, gather([delivery])[delivery.pk])
    with Lines() as lines:
        with pytest.raises(TooLate):
            lines.send(message, delivery, deadline=monotonic() - 1)
        assert len(mailbox) == 0

        assert lines.send(message, delivery, deadline=monotonic() + 20).reply == "250 Accepted"
    assert len(mailbox) == 1


@pytest.mark.django_db(transaction=True)
def test_several_lines_send_each_message_once(mailbox):
    make_topic()
    rule = make_rule()
    for _ in range(30):
        make_delivery(rule, reachable())

    assert dict(send_due(NOON, "worker", 10, lines=3)) == {"sent": 30}

    assert len({message["X-CRM-Delivery"] for message in mailbox}) == len(mailbox) == 30


# Late results ----------------------------------------------------------------------------------------


def test_a_result_that_nobody_waits_for_any_more_changes_nothing_and_is_kept_as_an_anomaly(topic, sender):
    delivery = make_delivery(
        make_rule(), reachable(), status="cancelled", reason="rule_off", finished_at=NOON
    )

    record_results([Result(delivery, "sent", reply="250 OK")], Run(NOON, "worker", None, 0))

    delivery.refresh_from_db()
    assert (delivery.status, delivery.reply) == ("cancelled", "")
    assert Anomaly.objects.get().delivery == delivery


def test_a_worker_that_was_slow_does_not_speak_for_the_one_that_took_over(topic, sender):
    delivery = make_delivery(
        make_rule(), reachable(), status="sending", owner="another", sending_at=NOON, attempts=2
    )

    record_results([Result(delivery, "sent", reply="250 OK")], Run(NOON, "slow", None, 0))
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reply) == ("sending", "")

    record_results([Result(delivery, "sent", reply="250 OK")], Run(NOON, "another", None, 0))
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reply) == ("sent", "250 OK")
