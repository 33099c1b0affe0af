"""Random strategies and people: a rehearsal of a window gives what the live engine did in it, row for row."""

import dataclasses
import os
import random
from datetime import time, timedelta

import pytest
from django.db import connection

from campaigns import channels, rehearsing, ticking
from campaigns.channels import Accepted
from campaigns.models import Delivery, LifecycleRule, SendingSwitch
from contacts.models import Consent, Suppression
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_contact,
    make_rule,
    make_sender,
    make_step,
    make_topic,
    make_version,
)
from touchpoints.models import Order, Touchpoint

pytestmark = pytest.mark.django_db
# All 200 take some minutes: RAPPORT_REHEARSALS=200.
WORLDS = int(os.environ.get("RAPPORT_REHEARSALS", "25"))
PEOPLE, BEFORE, DAYS = 8, 5, 7
SINCE = NOON
TRIGGERS = [
    ("confirmed", {}),
    ("signed_up", {}),
    ("few_visits", {"visits": 2, "days": 3}),
    ("many_visits", {"visits": 2, "days": 3}),
    ("no_visit", {"days": 2}),
    ("abandoned_browse", {"hours": 20}),
    ("abandoned_basket", {}),
    ("no_order", {"days": 3}),
    ("ordered", {}),
    ("touchpoint", {"kind": "visited"}),
]
ROWS = """
    SELECT rule_id, contact_id, step_id, occurrence_key, status, reason,
           CASE status WHEN 'planned' THEN due_at WHEN 'sent' THEN sending_at ELSE finished_at END, variant
    FROM campaigns_delivery WHERE rule_id IS NOT NULL ORDER BY occurrence_key
"""


@pytest.fixture(autouse=True)
def a_channel_that_takes_everything(monkeypatch):
    """The wire lies outside: whatever reaches it is accepted."""

    class TakesAll(channels.Line):
        def send(self, message, delivery, *, deadline):
            return Accepted("250 OK")

    monkeypatch.setitem(
        channels._providers, "smtp", dataclasses.replace(channels.get("smtp"), open=lambda sender: TakesAll())
    )


class World:
    """Some people, what they will do and say, and a strategy."""

    def __init__(self, number):
        self.choose = random.Random(number)
        self.topic, self.sender = self.a_topic(), self.a_sender()
        SendingSwitch.objects.update_or_create(
            id=1, defaults={"holdout_share": self.choose.choice((0, 0, 0, 20))}
        )
        self.people = [self.a_person() for _ in range(PEOPLE)]
        self.events = sorted(
            (event for person in self.people for event in self.a_life(person)), key=lambda event: event[0]
        )
        self.rules = [self.a_rule() for _ in range(self.choose.choice((1, 2, 3, 4)))]

    def a_topic(self):
        cap = self.choose.choice([{}, {}, {"cap": 1, "cap_days": 2}])
        return make_topic(key=f"world-{self.choose.randrange(10**9)}", **cap)

    def a_sender(self):
        quiet = self.choose.choice([{}, {"quiet_from": time(21), "quiet_until": time(8)}])
        cap = self.choose.choice(
            [{}, {"cap": self.choose.choice((1, 2)), "cap_days": self.choose.choice((1, 3))}]
        )
        return make_sender(name=f"World {self.choose.random()}", **({"cap": None} | quiet | cap))

    def a_person(self):
        zone = self.choose.choice(("", "Europe/Lisbon", "America/New_York", "Asia/Tokyo"))
        has_address = self.choose.random() < 0.95
        likes = {
            "preferred_channel": self.choose.choice(("", "", "email", "phone")),
            "at_most": self.choose.choice((None, None, None, 1, 2)),
        }
        return make_contact(None if has_address else "", time_zone=zone, created_at=SINCE - 90 * DAY, **likes)

    def a_moment(self):
        return SINCE + timedelta(seconds=self.choose.randrange(-BEFORE * 86400, DAYS * 86400))

    def a_life(self, person):
        yield self.consent(person, "given", SINCE - 60 * DAY)
        if self.choose.random() < 0.3:
            yield self.consent(person, "withdrawn", self.a_moment())
        if self.choose.random() < 0.2:
            yield self.consent(person, "given", self.a_moment())
        if person.email and self.choose.random() < 0.2:
            yield from self.suppression(person)
        for _ in range(self.choose.randrange(9)):
            at = self.a_moment()
            kind = self.choose.choice(("confirmed", "signed_up", "visited", "visited", "basket", "ordered"))
            yield self.touchpoint(person, kind, at)
            if kind == "visited" and self.choose.random() < 0.5:
                yield self.touchpoint(person, kind, at + 10 * MINUTE)

    def consent(self, person, action, at):
        told = {"contact": person, "topic": self.topic, "channel": "email", "source": "test"}
        return at, lambda: Consent.objects.create(action=action, at=at, **told)

    def suppression(self, person):
        at, told = self.a_moment(), {"address": person.email, "reason": "asked", "source": "test"}
        yield at, lambda: Suppression.objects.create(at=at, **told)
        if self.choose.random() < 0.5:
            lifted = at + self.choose.randrange(1, 80) * HOUR
            yield lifted, lambda: Suppression.objects.filter(at=at, **told).update(lifted_at=lifted)

    def touchpoint(self, person, kind, at):
        key = f"{person.pk}-{kind}-{at:%d%H%M%S}-{self.choose.random()}"
        told = {"contact": person, "at": at, "source": "r"}

        def happen():
            if kind == "ordered":
                Order.objects.create(external_id=key, amount=10, **told)
            data = {"path": "/records/1", "items": 1}
            name = f"order:{key}" if kind == "ordered" else key
            Touchpoint.objects.create(kind=kind, external_id=name, data=data, **told)

        return at, happen

    def a_rule(self):
        trigger, parameters = self.choose.choice(TRIGGERS)
        rule = make_rule(
            name=f"Row {self.choose.random()}",
            trigger=trigger,
            parameters=parameters,
            topic=self.topic,
            sender=self.sender,
            rank=self.choose.choice((1, 2, 3)),
            position=self.choose.choice((0, 1, 2)),
            delay=self.a_delay(0),
            re_entry=self.choose.choice(("once", "days", "every")),
            re_entry_days=self.choose.choice((1, 3)),
            freshness=self.choose.choice((1, 2)) * DAY,
            outcome=self.choose.choice(("", "order", "first_visit")),
            outcome_within=self.choose.choice((1, 5)) * DAY,
            answers_at_once=self.choose.random() < 0.3,
            control_share=self.choose.choice((0, 0, 30)),
            weekdays=self.choose.choice(([], [], [], [0, 2, 3, 5])),
            audience=self.an_audience(),
            **self.an_hour(),
            activated_at=SINCE,
        )
        self.more_steps(rule)
        return rule

    def an_audience(self):
        if self.choose.random() < 0.8:
            return {}
        return {"contacts": [person.pk for person in self.people if self.choose.random() < 0.7]}

    def an_hour(self):
        leaves = self.choose.choice(("any", "any", "any", "hour", "best"))
        return {"leaves": leaves, "leaves_hour": self.choose.randrange(24) if leaves == "hour" else None}

    def a_delay(self, least=1):
        return timedelta(seconds=self.choose.choice((least, self.choose.randrange(1, 3 * 86400))))

    def more_steps(self, rule):
        for _ in range(self.choose.choice((0, 0, 1, 2))):
            follows = self.choose.choice([None, *rule.steps.filter(channel="email")])
            condition = self.choose.choice(("", "unanswered", "unopened", "clicked")) if follows else ""
            channel = self.choose.choice(("email", "email", "email", "panel"))
            other = make_version().content if self.choose.random() < 0.3 else None
            delay = self.a_delay()
            how = {"slot": "home"} if channel == "panel" else {}
            how |= {"condition": condition, "channel": channel, "delay": delay, "content_b": other}
            make_step(rule, follows=follows, by_preference=self.choose.random() < 0.2, **how)

    def live(self, every):
        """Let it all happen, a tick at a time; the ledger afterwards, and when the last tick was."""
        at, to_come = SINCE, [*self.events]
        while at <= SINCE + DAYS * DAY:
            while to_come and to_come[0][0] <= at:
                to_come.pop(0)[1]()
            ticking.plan_all(at)
            ticking.sweep(at)
            last, at = at, at + every
        return rows(), last


def rows():
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        return cursor.fetchall()


def kept():
    """The ledger itself, byte for byte."""
    return [*Delivery.objects.order_by("pk").values()]


@pytest.mark.parametrize("number", range(WORLDS))
def test_a_rehearsal_of_a_window_is_what_the_live_engine_did_in_it(number):
    world = World(number)
    every = world.choose.choice((7, 9, 13)) * HOUR
    live, last = world.live(every)
    before = kept()

    rehearsed = rehearsing.rehearse_rule(
        world.rules[0], SINCE, last, rows, clock=rehearsing.Clock(every, SINCE)
    )

    assert rehearsed == live
    assert kept() == before


def test_the_worlds_know_every_state_and_most_reasons():
    """Else the comparison would compare nothing."""
    states, reasons = set(), set()
    for number in (5, 58, 66, 69):
        world = World(number)
        live, _last = world.live(13 * HOUR)
        states |= {row[4] for row in live}
        reasons |= {row[5] for row in live}
        LifecycleRule.objects.update(status="closed")

    assert states >= {"planned", "sent", "skipped", "cancelled", "expired"}
    assert len(reasons - {""}) >= 6, reasons
