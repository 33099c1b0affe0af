"""The promises of the ledger: kept by the road, and each breach is found."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from campaigns.models import Delivery
from campaigns.ticking import tick
from campaigns.verifying import verify
from contacts.consenting import withdraw_consent
from tests.make import DAY, HOUR, NOON, make_delivery, make_rule, make_touchpoint, make_version


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


def test_a_reminder_of_what_was_not_sent_is_found(rule, ada):
    first = make_delivery(rule, ada, **SENT)
    make_delivery(rule, ada, parent=first, reminder_number=1, due_at=NOON + DAY)
    assert broken() == []

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_delivery SET status = 'parked', reason = 'no_answer' WHERE id = %s", [first.pk]
        )

    assert broken() == ["a reminder follows a first message that was sent"]
