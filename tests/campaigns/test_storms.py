"""Storms and wrong clocks: no machine is answered, and a lease knows no worker's clock."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from campaigns import claiming, gate, intake, return_paths, ticking
from campaigns.models import Delivery, RawNotice, Response
from campaigns.settling import settle
from contacts.models import Suppression
from tests.campaigns.test_intake import letter, sent_to
from tests.make import HOUR, MINUTE, NOON, make_consent, make_contact, make_delivery, make_rule

MANY = 200
# What an automatic answer may say of itself; the last is a careless machine's.
MACHINES = [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X_Autoreply": "yes"}, {}]


@pytest.mark.parametrize("headers", MACHINES)
def test_a_storm_of_answers_is_kept_and_no_machine_is_answered(ada, mailbox, headers):
    to, other = return_paths.return_path(sent_to(ada)), make_contact("other@example.com")
    storm = [letter(to, subject=f"Away {number}", **headers) for number in range(MANY)]
    rule = make_rule(name="Thank you")
    make_consent(other, rule.topic, at=NOON)
    make_delivery(rule, other)

    for raw in storm + storm[: MANY // 2]:
        intake.take_message(raw, at=NOON)
    ticking.tick(NOON + MINUTE)

    assert RawNotice.objects.count() == MANY
    assert [message.envelope_to for message in mailbox] == [["other@example.com"]]
    assert (Suppression.objects.count(), Response.objects.count()) == (0, 0)


@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
def test_a_worker_whose_clock_is_wrong_takes_nothing_out_of_anothers_hands(ada, wrong):
    rule = make_rule()
    make_consent(ada, rule.topic, at=NOON)
    delivery = make_delivery(rule, ada, due_at=NOON - 2 * HOUR, expires_at=NOON + 2 * HOUR)
    claiming.claim("right", NOON, 10)
    gate.pass_gate([delivery.pk], NOON, owner="right")

    assert claiming.claim("wrong", NOON + wrong, 10) == []
    assert settle(NOON + wrong) == {}

    Delivery.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert settle(NOON + wrong) == {"unknown": 1}
    assert Delivery.objects.filter(doubts=1, sending_at=F("first_sending_at")).exists()
