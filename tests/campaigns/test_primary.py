"""Where reads go to a replica, which lags behind, the road of a delivery reads the primary all the same."""

from datetime import timedelta

import pytest

from campaigns import ticking
from campaigns.models import Campaign, Delivery
from campaigns.sending import send_due
from campaigns.settling import settle
from contacts.models import SettlesBy
from tests.make import (
    NOON,
    make_campaign,
    make_consent,
    make_contact,
    make_delivery,
    make_rule,
    make_sender,
    make_touchpoint,
)

ROUTERS = ["contacts.primary.PrimaryRouter", "tests.campaigns.test_primary.ToReplica"]
CRASHED = {
    "owner": "a worker that died",
    "lease_until": NOON - timedelta(days=999),
    "reason": "no_answer",
    "sending_at": NOON,
    "first_sending_at": NOON,
    "attempts": 1,
}


class LaggingRead(Exception):
    """Somebody read where it may be old."""


class ToReplica:
    """Sends every read to a replica, which is so far behind that it cannot be read; notes who asked."""

    asked = []

    def db_for_read(self, model, **hints):
        self.asked.append(model)
        raise LaggingRead(model)


@pytest.fixture
def replica(settings):
    """From now on reads go there; what was asked of it."""
    settings.DATABASE_ROUTERS = ROUTERS
    ToReplica.asked = []
    return ToReplica.asked


def test_a_read_outside_of_the_road_goes_where_the_router_says(db, replica):
    with pytest.raises(LaggingRead):
        Delivery.objects.count()

    assert replica == [Delivery]


def test_the_settings_ask_for_the_primary_before_anybody_else(settings):
    assert settings.DATABASE_ROUTERS[0] == ROUTERS[0]


def test_what_a_rule_asks_for_is_planned_and_sent(transactional_db, request, mailbox):
    rule, ada = (
        make_rule(trigger="confirmed"),
        make_contact("ada@example.com", first_name="Ada", last_name=""),
    )
    make_consent(ada, rule.topic, at=NOON)
    make_touchpoint(ada, "confirmed", at=NOON)
    replica = request.getfixturevalue("replica")

    ticking.tick(NOON)

    assert ([message["To"] for message in mailbox], replica) == (["Ada <ada@example.com>"], [])


def test_a_campaign_is_planned_and_sent_over_several_lines(transactional_db, request, mailbox):
    people = [make_contact(f"person{number}@example.com") for number in range(6)]
    campaign = make_campaign(people, status=Campaign.Status.SCHEDULED, send_at=NOON)
    for contact in people:
        make_consent(contact, campaign.topic, at=NOON)
    replica = request.getfixturevalue("replica")

    ticking.plan_all(NOON)
    send_due(NOON, "a worker", 2, lines=3)

    assert (len(mailbox), replica) == (6, [])


@pytest.mark.parametrize(
    "settles_by, left, ended",
    [
        (SettlesBy.PERSON, "claimed", "planned"),
        (SettlesBy.PERSON, "sending", "unknown"),
        (SettlesBy.EVIDENCE, "sending", "unknown"),
        (SettlesBy.PERSON, "unknown", "parked"),
    ],
)
def test_what_a_crash_left_is_settled(transactional_db, request, settles_by, left, ended):
    sender = make_sender(settles_by=settles_by)
    crashed = make_delivery(make_rule(sender=sender), sender=sender, status=left, **CRASHED)
    replica = request.getfixturevalue("replica")

    settle(NOON)

    request.getfixturevalue("settings").DATABASE_ROUTERS = []
    crashed.refresh_from_db()
    assert (crashed.status, replica) == (ended, [])
