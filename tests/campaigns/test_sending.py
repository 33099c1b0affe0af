"""Sending: what leaves, what is known afterwards, and what is done about it."""

import uuid
from collections import Counter
from datetime import timedelta
from time import monotonic

import pytest

from campaigns import merge_fields, sending
from campaigns.channels import smtp
from campaigns.models import Delivery, SendingSwitch
from campaigns.sending import send_due
from contacts.consenting import withdraw_consent
from contacts.models import Suppression
from tests.campaigns.racing import race
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_consent,
    make_contact,
    make_content,
    make_delivery,
    make_rule,
    make_sender,
    make_topic,
    make_version,
)


@pytest.fixture
def rule(topic, sender):
    return make_rule()


@pytest.fixture
def delivery(rule, ada):
    return make_delivery(rule, ada)


def send(at=NOON, owner="worker"):
    return dict(send_due(at, owner))


def reachable(number=0, **fields):
    contact = make_contact(**fields)
    make_consent(contact, make_topic())
    return contact


def test_what_is_due_is_sent_and_recorded(delivery, mailbox):
    assert send() == {"sent": 1}

    (message,) = mailbox.to("ada@example.com")
    assert message["Subject"] == "Hello Ada"
    assert message["X-CRM-Delivery"] == str(delivery.uuid)
    assert message.envelope_from == delivery.sender.address
    delivery.refresh_from_db()
    assert (delivery.status, delivery.finished_at, delivery.owner) == ("sent", NOON, "")
    assert (delivery.reply, delivery.lease_until) == ("250 Accepted", None)
    assert delivery.merge_values["first_name"] == "Ada"


def test_sending_twice_sends_once(delivery, mailbox):
    assert (send(), send()) == ({"sent": 1}, {})
    assert len(mailbox) == 1


def test_nothing_is_sent_while_sending_is_held(delivery, mailbox):
    SendingSwitch.objects.create(id=1, held=True)
    assert send() == {}

    SendingSwitch.objects.update(held=False)

    assert send() == {"sent": 1}


def test_one_bad_message_does_not_hold_up_the_others(rule, delivery, mailbox):
    bad = make_version(make_content(), html='<a href="javascript:alert(1)">x</a>')
    poisoned = make_delivery(rule, reachable(), version=bad)

    assert send() == {"sent": 1, "failed": 1}

    poisoned.refresh_from_db()
    assert (poisoned.status, poisoned.reason) == ("failed", "render")
    assert "javascript:alert(1)" in poisoned.detail


def test_the_log_names_nobody_whose_message_cannot_be_made(rule, mailbox, caplog):
    make_delivery(rule, reachable(email='"canary q"@example.com', first_name="Canary"))

    assert send() == {"failed": 1}
    assert "could not be rendered" in caplog.text
    assert "canary" not in caplog.text.lower()


def test_a_name_of_two_lines_reaches_its_person(rule, mailbox):
    make_delivery(rule, reachable(first_name="Ma\nra\x07"))

    assert send() == {"sent": 1}
    assert mailbox[0]["To"].addresses[0].display_name.startswith("Ma ra")


def test_merge_values_that_cannot_be_had_fail_one_row_only(rule, delivery, mailbox, monkeypatch):
    poisoned = make_delivery(rule, reachable())
    fill = merge_fields.fill

    def fill_unless_poisoned(deliveries, fields_of):
        if any(found.pk == poisoned.pk for found in deliveries):
            raise LookupError("no such value")
        return fill(deliveries, fields_of)

    monkeypatch.setattr(merge_fields, "fill", fill_unless_poisoned)

    assert send() == {"sent": 1, "failed": 1}


# What the mail server says ---------------------------------------------------------------------------


def test_a_person_unknown_there_fails_and_the_address_is_suppressed(delivery, mailbox):
    mailbox.refuse("ada@example.com", 550, "5.1.1 No such person here")

    assert send() == {"failed": 1}

    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == ("failed", "bounced")
    assert delivery.reply == "550 5.1.1 No such person here"
    suppression = Suppression.objects.get()
    assert (suppression.address, suppression.reason, suppression.scope) == (
        "ada@example.com",
        "bounced",
        "all",
    )
    assert [(r.kind, r.touchpoint.kind) for r in delivery.responses.all()] == [("bounced", "bounced")]


@pytest.mark.parametrize("reply", ["5.7.1 Blocked by policy", "5.7.26 user unknown to DMARC", "Go away"])
def test_a_refusal_that_is_not_about_the_address_suppresses_nothing(delivery, mailbox, reply):
    mailbox.refuse("ada@example.com", 550, reply)

    assert send() == {"failed": 1}
    assert Suppression.objects.count() == 0


def test_refused_for_now_is_tried_again_later_and_later(rule, ada, mailbox):
    delivery = make_delivery(rule, ada, expires_at=NOON + 10 * DAY)
    mailbox.refuse("ada@example.com", 451, "4.7.1 Try again later")
    waits, at = [], NOON
    for _ in range(6):
        assert send(at) == {"planned": 1}
        delivery.refresh_from_db()
        assert (delivery.status, delivery.reason, delivery.sending_at) == ("planned", "retry", None)
        waits.append(delivery.due_at - at)
        at = delivery.due_at

    assert waits == [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 8 * HOUR, 24 * HOUR]
    mailbox.accept("ada@example.com")
    assert send(at) == {"sent": 1}
    assert len(mailbox) == 1


def test_the_last_try_is_the_seventh(rule, ada, mailbox):
    delivery = make_delivery(rule, ada, expires_at=NOON + 10 * DAY, attempts=6)
    mailbox.refuse("ada@example.com", 451, "4.7.1 Try again later")

    assert send() == {"failed": 1}
    delivery.refresh_from_db()
    assert delivery.detail == "451 4.7.1 Try again later"


def test_what_would_be_too_late_for_another_try_has_failed(rule, ada, mailbox):
    make_delivery(rule, ada, expires_at=NOON + MINUTE)
    mailbox.refuse("ada@example.com", 451, "4.7.1 Try again later")

    assert send() == {"failed": 1}


def test_no_answer_after_the_message_leaves_the_outcome_unknown(rule, delivery, mailbox):
    mailbox.hang_up_after("ada@example.com")
    other = make_delivery(rule, reachable(), due_at=NOON - MINUTE)

    assert send() == {"unknown": 1, "sent": 1}

    delivery.refresh_from_db()
    other.refresh_from_db()
    assert (delivery.status, delivery.reason, other.status) == ("unknown", "no_answer", "sent")
    assert (send(), len(mailbox.to("ada@example.com"))) == ({}, 1)


def test_a_line_that_breaks_is_opened_again_for_the_next(rule, mailbox):
    people = [reachable() for _ in range(3)]
    for person in people:
        make_delivery(rule, person)
    mailbox.hang_up_after(people[1].email)

    assert send() == {"sent": 2, "unknown": 1}
    assert [len(mailbox.to(person.email)) for person in people] == [1, 1, 1]


def test_without_a_mail_server_everything_stays_as_it_was(delivery, settings, mailbox):
    settings.EMAIL_PORT = 1
    assert send() == {"unreachable": 1}
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.due_at) == ("planned", 0, NOON)

    settings.EMAIL_PORT = mailbox.port

    assert send() == {"sent": 1}


# Scripted servers ------------------------------------------------------------------------------------


SENT, LATER, FAILED, UNKNOWN = {"sent": 1}, {"planned": 1}, {"failed": 1}, {"unknown": 1}


@pytest.mark.parametrize(
    "stage, answer, outcome",
    [
        ("mail", "451 4.3.0 Later", LATER),
        ("mail", "550 5.7.1 Not from you", FAILED),
        ("mail", None, LATER),
        ("rcpt", "421 4.3.2 Closing", LATER),
        ("rcpt", "452 4.2.2 Mailbox full", LATER),
        ("rcpt", "550 5.1.1 No such person", FAILED),
        ("rcpt", None, LATER),
        ("data", "451 4.3.0 Later", LATER),
        ("data", "554 5.6.0 Never", FAILED),
        ("data", None, LATER),
        ("end", "250 2.0.0 Taken", SENT),
        ("end", "451 4.3.0 Later", LATER),
        ("end", "554 5.7.1 Spam", FAILED),
        ("end", "nonsense", UNKNOWN),
        ("end", None, UNKNOWN),
    ],
)
def test_each_answer_at_each_stage_means_one_thing(delivery, scripted_server, stage, answer, outcome):
    scripted_server.say(stage, answer)

    assert send() == outcome


def test_a_connection_serves_many_messages(rule, scripted_server):
    for _ in range(5):
        make_delivery(rule, reachable())

    assert send() == {"sent": 5}
    assert scripted_server.connections == 1


def test_a_line_found_closed_after_it_has_served_costs_no_try(rule, scripted_server):
    """A relay that closes after each message is met with a new connection, not with a wait."""
    deliveries = [make_delivery(rule, reachable()) for _ in range(3)]
    scripted_server.close_after_each = True

    assert send() == {"sent": 3}
    assert [Delivery.objects.get(pk=delivery.pk).attempts for delivery in deliveries] == [1, 1, 1]


def test_a_lone_dot_in_a_message_does_not_end_it(rule, ada, mailbox):
    version = make_version(make_content(text="One\n.\n..Two\n"))
    make_delivery(rule, ada, version=version)

    send()

    text = mailbox[0].get_body(("plain",)).get_content()
    assert text.splitlines()[:3] == ["One", ".", "..Two"]


def test_what_had_not_reached_the_wire_when_a_worker_broke_is_not_in_doubt(rule, mailbox, monkeypatch):
    rule.sender.window = 3
    rule.sender.save()
    deliveries = [make_delivery(rule, reachable()) for _ in range(3)]
    send_by_smtp = smtp.SmtpLine.send

    def break_at_the_second(line, message, delivery, *, deadline):
        if delivery.pk == deliveries[1].pk:
            raise KeyboardInterrupt
        return send_by_smtp(line, message, delivery, deadline=deadline)

    monkeypatch.setattr(smtp.SmtpLine, "send", break_at_the_second)

    with pytest.raises(KeyboardInterrupt):
        send()

    states = [Delivery.objects.get(pk=delivery.pk).status for delivery in deliveries]
    assert states == ["sent", "sending", "planned"]


# Late ------------------------------------------------------------------------------------------------


def test_who_is_late_after_the_gate_asks_again(rule, mailbox, monkeypatch, ada):
    """Ten seconds pass between gate and wire for the second of a window; meanwhile they withdraw."""
    rule.sender.window = 2
    rule.sender.save()
    bea = reachable()
    make_delivery(rule, ada)
    second = make_delivery(rule, bea)
    clock = Clock()
    monkeypatch.setattr(sending, "monotonic", clock)
    render = sending.rendering.render

    def slow_render(delivery, values):
        if delivery.pk == second.pk and clock.now == clock.began:
            clock.now += 11
            withdraw_consent(bea, [rule.topic], at=NOON, source="test")
        return render(delivery, values)

    monkeypatch.setattr(sending.rendering, "render", slow_render)

    send()

    assert [len(mailbox.to(contact.email)) for contact in (ada, bea)] == [1, 0]
    second.refresh_from_db()
    assert (second.status, second.reason) == ("skipped", "withdrew")


class Clock:
    """A clock that stands still until told."""

    def __init__(self):
        self.began = self.now = monotonic()

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    "takes, order",
    [(0.001, "make send make make make send send send"), (1, "make send make send make send make send")],
)
def test_messages_are_made_ahead_only_where_the_line_is_quick(rule, mailbox, monkeypatch, takes, order):
    rule.sender.window = 20
    rule.sender.save()
    for _ in range(4):
        make_delivery(rule, reachable())
    clock, acts = Clock(), []
    monkeypatch.setattr(sending, "monotonic", clock)
    render, send_by_smtp = sending.rendering.render, smtp.SmtpLine.send

    def noted_render(delivery, values):
        acts.append("make")
        return render(delivery, values)

    def noted_send(line, message, delivery, *, deadline):
        acts.append("send")
        clock.now += takes
        return send_by_smtp(line, message, delivery, deadline=deadline)

    monkeypatch.setattr(sending.rendering, "render", noted_render)
    monkeypatch.setattr(smtp.SmtpLine, "send", noted_send)

    assert send() == {"sent": 4}
    assert " ".join(acts) == order


def test_a_run_that_has_lasted_long_enough_leaves_the_rest_to_the_next(rule, mailbox, monkeypatch):
    for _ in range(3):
        make_delivery(rule, reachable())
    clock = Clock()
    monkeypatch.setattr(sending, "monotonic", clock)
    render = sending.rendering.render

    def slow_render(delivery, values):
        clock.now += 9
        return render(delivery, values)

    monkeypatch.setattr(sending.rendering, "render", slow_render)
    monkeypatch.setattr(sending, "LONGEST_RUN", 10)

    assert (send(), send()) == ({"sent": 2}, {"sent": 1})
    assert Delivery.objects.exclude(status="sent").count() == 0


def test_a_changed_address_is_written_to_and_not_the_old_one(delivery, mailbox, monkeypatch, ada):
    """The merge values were gathered before the gate read the address."""
    pass_gate = sending.gate.pass_gate

    def change_and_pass(*arguments, **named):
        ada.email = "new@example.com"
        ada.save()
        return pass_gate(*arguments, **named)

    monkeypatch.setattr(sending.gate, "pass_gate", change_and_pass)

    assert send() == {"sent": 1}
    assert [message["To"].addresses[0].addr_spec for message in mailbox] == ["new@example.com"]
    assert mailbox[0].envelope_to == ["new@example.com"]


def test_a_result_that_comes_after_the_lease_is_still_believed(delivery, mailbox):
    """Settled as unknown while it was slow, sent all the same: its worker knows."""
    Delivery.objects.filter(pk=delivery.pk).update(status="parked", owner="worker", sending_at=NOON)
    result = sending.Result(delivery, "sent", reply="250 OK")

    sending.record_results([result], sending.Run(NOON + timedelta(minutes=9), "worker", None, 0))

    delivery.refresh_from_db()
    assert (delivery.status, delivery.reply) == ("sent", "250 OK")


@pytest.mark.django_db(transaction=True)
def test_eight_workers_send_each_person_what_the_cap_allows_and_no_more(mailbox):
    make_topic()
    rule = make_rule(sender=make_sender(name="Capped", cap=2, window=3), re_entry="every")
    people = [reachable() for _ in range(12)]
    for number in range(5):
        for person in people:
            make_delivery(rule, person, due_at=NOON - number * MINUTE, expires_at=NOON + 30 * DAY)

    race(8, lambda: send(owner=uuid.uuid4().hex))

    assert Counter(message.envelope_to[0] for message in mailbox) == {person.email: 2 for person in people}
    states = Counter(Delivery.objects.values_list("status", "reason", "due_at"))
    assert states[("planned", "cap", NOON + 7 * DAY)] == 3 * 12


def test_twenty_messages_in_a_row_that_cannot_be_made_pause_a_campaign_at_once(mailbox, topic):
    bad = make_version(make_content(), html='<a href="javascript:alert(1)">x</a>')
    campaign = make_campaign()
    for _ in range(20):
        make_campaign_delivery(campaign, reachable(), version=bad)
    good = make_campaign_delivery(campaign, reachable())

    assert send() == {"failed": 20}

    campaign.refresh_from_db()
    good.refresh_from_db()
    assert (campaign.status, campaign.pause) == ("paused", "render")
    assert (good.status, good.reason) == ("planned", "campaign_paused")


def test_nineteen_in_a_row_do_not(mailbox, topic):
    bad = make_version(make_content(), html='<a href="javascript:alert(1)">x</a>')
    campaign = make_campaign()
    for _ in range(19):
        make_campaign_delivery(campaign, reachable(), version=bad)
    make_campaign_delivery(campaign, reachable())

    assert send() == {"failed": 19, "sent": 1}


def test_windows_of_a_sender_pass_the_gate_together(mailbox, topic):
    rule = make_rule(sender=make_sender(name="Wide", window=20))
    for _ in range(45):
        make_delivery(rule, reachable())

    assert send() == {"sent": 45}
    assert len(mailbox) == 45
