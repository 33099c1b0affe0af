"""The promises of the ledger: kept by the road, and each breach is found."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign, Delivery, Notice
from campaigns.ticking import tick
from campaigns.verifying import verify
from contacts.consenting import withdraw_consent
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_delivery,
    make_rule,
    make_touchpoint,
    make_version,
)


def broken():
    return [str(promise) for promise, found in verify() if found]


@pytest.fixture
def rule(topic, sender):
    return make_rule(remind_after=DAY, reminder_content=make_version().content)


def test_what_went_the_road_keeps_every_promise(rule, ada, ben, cleo, mailbox):
    for contact in (ada, ben, cleo):
        make_touchpoint(contact, "confirmed", at=NOON)
    mailbox.refuse("ada@example.com", 451, "4.7.1 Later")
    tick(NOON)
    mailbox.accept("ada@example.com")
    tick(NOON + HOUR)
    tick(NOON + 2 * DAY)
    assert Delivery.objects.filter(status="sent").count() == 2

    out = StringIO()
    call_command("verify", stdout=out)

    assert out.getvalue().count("ok ") == 9


SENT = {"status": "sent", "sending_at": NOON, "finished_at": NOON, "address": "a@example.com", "attempts": 1}


@pytest.mark.parametrize(
    "fields, promise",
    [
        ({"status": "planned", "finished_at": NOON}, "every delivery is either waiting or has ended, once"),
        ({"status": "skipped", "finished_at": NOON}, "whatever was not sent says why"),
        (SENT | {"attempts": 0}, "whatever was sent had passed the gate"),
        (SENT | {"address": ""}, "whatever was sent had passed the gate"),
        ({"status": "claimed"}, "nothing is in hand for longer than its lease and ten minutes"),
    ],
)
def test_each_breach_is_found(rule, ada, fields, promise):
    make_delivery(rule, ada, **SENT)
    assert broken() == []

    make_delivery(rule, ada, **fields)

    assert broken() == [promise]
    with pytest.raises(CommandError, match="1 of the promises"):
        call_command("verify", stdout=StringIO())


def test_a_message_after_a_withdrawal_is_found(rule, ada):
    withdraw_consent(ada, [rule.topic], at=NOON, source="test")
    later = timezone.now() + HOUR
    delivery = make_delivery(rule, ada, **SENT)
    assert broken() == []

    Delivery.objects.filter(pk=delivery.pk).update(sending_at=later, finished_at=later)

    assert broken() == ["nothing passed the gate without the consent that held then"]


def test_what_passed_the_gate_after_a_withdrawal_was_written_down_is_found(rule, ada):
    before = timezone.now()
    withdraw_consent(ada, [rule.topic], at=NOON, source="test")
    delivery = make_delivery(rule, ada, **SENT, passed_at=before)
    assert broken() == []

    Delivery.objects.filter(pk=delivery.pk).update(passed_at=timezone.now())

    assert broken() == ["nothing passed the gate without the consent that held then"]


def test_a_campaign_that_lost_a_row_is_found(topic, ada):
    make_campaign_delivery(make_campaign(status="finished", planned_count=1), ada, **SENT)
    assert broken() == []

    Campaign.objects.update(planned_count=2)

    assert broken() == [
        "the counts of every campaign balance, and one that is finished has nothing left to do"
    ]


def test_a_message_taken_twice_without_a_doubt_is_found(rule, ada):
    delivery = make_delivery(rule, ada, **SENT, first_sending_at=NOON)
    for number in (1, 2):
        assert broken() == []
        Notice.objects.create(
            source="test", external_id=str(number), kind="accepted", delivery=delivery, is_trusted=True,
            provider_ref=f"message {number}", at=NOON, received_at=NOON,
        )  # fmt: skip

    assert broken() == ["nothing was taken twice but where the ledger says that nobody could know"]

    Delivery.objects.update(doubts=1)
    assert broken() == []


def test_a_notice_of_what_never_passed_the_gate_is_found(rule, ada):
    delivery = make_delivery(rule, ada, **SENT, first_sending_at=NOON)
    Notice.objects.create(
        source="test", external_id="1", kind="delivered", delivery=delivery, is_trusted=True, at=NOON,
        received_at=NOON,
    )  # fmt: skip
    assert broken() == []

    Delivery.objects.update(first_sending_at=None)

    assert broken() == ["whatever a provider speaks of had passed the gate"]


def test_a_reminder_of_what_was_not_sent_is_found(rule, ada):
    first = make_delivery(rule, ada, **SENT)
    make_delivery(rule, ada, parent=first, reminder_number=1, due_at=NOON + DAY)
    assert broken() == []

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_delivery SET status = 'parked', reason = 'no_answer' WHERE id = %s", [first.pk]
        )

    assert broken() == ["a step follows a message that was sent, within the same sequence"]
