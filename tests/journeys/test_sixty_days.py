"""Sixty days of the shop, hour by hour, every tick from three clocks: what the rules promise, to the letter.

The buyers are CDNOW's real ones with their real purchases; those who sign up are invented.
"""

import csv
import gzip
import random
import threading
from collections import Counter, defaultdict
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from redis import Redis

from campaigns.models import Delivery
from campaigns.responding import unsubscribe
from campaigns.ticking import tick
from campaigns.verifying import verify
from contacts.consenting import withdraw_consent
from contacts.models import Contact
from contacts.signing import sign
from tests.answering import record_click
from tests.journeys.promises import (
    CAP,
    CLICK_AFTER,
    DAY,
    HOUR,
    OUTCOME_WITHIN,
    REMIND_AFTER,
    THANKS_AFTER,
    Life,
    Person,
)
from tests.make import (
    make_consent,
    make_contact,
    make_content,
    make_rule,
    make_sender,
    make_topic,
    make_version,
    make_wording,
)
from touchpoints.models import Touchpoint
from touchpoints.ordering import save_order
from touchpoints.recording import record
from touchpoints.signing_up import confirm, sign_up
from touchpoints.wakeups import hint

START = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = 60
TICKS = [START + hours * HOUR for hours in range(1, DAYS * 24 + 1)]
CLOCKS = 3
ZONES = ["", "", "Europe/Lisbon", "America/New_York", "Asia/Tokyo"]
PURCHASES = Path(settings.BASE_DIR) / "demo" / "data" / "cdnow_sample.csv.gz"
BUYERS, NEWCOMERS = 220, 220


# The people ------------------------------------------------------------------------------------------


def buyers(dice):
    """Real buyers of the last sixty days on record, with the days they bought on."""
    with gzip.open(PURCHASES, "rt") as file:
        bought = [(row["cdnow_id"], datetime.fromisoformat(row["date"])) for row in csv.DictReader(file)]
    last = max(day for _number, day in bought)
    people = defaultdict(list)
    for number, day in sorted(bought):
        if (ago := (last - day).days) < DAYS:
            moment = START + (DAYS - 1 - ago) * DAY + dice.randrange(24 * 3600) * timedelta(seconds=1)
            people[number].append((moment, "order"))
    for number, orders in list(people.items())[:BUYERS]:
        person = Person(f"buyer{number}@example.com", agreed=dice.random() < 0.75, acts=orders)
        yield with_habits(person, dice, min(orders)[0])


def newcomers(dice):
    """Invented people who sign up; most of them confirm, some twice, some too late."""
    for number in range(NEWCOMERS):
        asked = START + dice.randrange(DAYS * 24 * 60 - 700) * timedelta(minutes=1)
        wait = 8 * DAY if dice.random() < 0.05 else dice.randrange(2, 600) * timedelta(minutes=1)
        person = Person(f"newcomer{number}@example.net", acts=[(asked, "sign_up")])
        if dice.random() < 0.8:
            person.acts.append((asked + wait, "confirm" if wait < 7 * DAY else "confirm_too_late"))
        if dice.random() < 0.1:
            person.acts.append((asked + 10 * DAY, "sign_up"))
            person.acts.append((asked + 10 * DAY + 3 * HOUR, "confirm"))
        yield with_habits(person, dice, asked)


def with_habits(person, dice, since):
    """They live somewhere, visit or not, click or not, and may leave, some of them at once."""
    person.zone = dice.choice(ZONES)
    person.clicks, person.bounces = dice.random() < 0.25, dice.random() < 0.03
    person.leaves_by_link = dice.random() < 0.5
    minutes = timedelta(minutes=1)
    for _ in range(dice.choice([0, 0, 1, 3])):
        person.acts.append((since + dice.randrange(14 * 24 * 60) * minutes, "visit"))
    if dice.random() < 0.15:
        soon_or_later = dice.choice([24 * 60, 20 * 24 * 60])
        person.acts.append((since + dice.randrange(soon_or_later) * minutes, "leave"))
    if dice.random() < 0.15:
        person.acts.append((since + dice.randrange(12 * 24 * 60) * minutes, "order"))
    person.acts = sorted(act for act in person.acts if act[0] <= TICKS[-1])
    return person


# The world -------------------------------------------------------------------------------------------


class World:
    """The product, and people who do in it what they do."""

    def __init__(self, people):
        self.people = {person.email: person for person in people}
        self.topic, self.wording = make_topic(), make_wording()
        self.rules = make_strategy(self.topic)
        self.contacts, self.sign_ups = {}, {}
        for person in people:
            if person.agreed or person.acts[0][1] == "order":
                self.contacts[person.email] = known_buyer(person, self.topic)
        self.acts = sorted((at, email, what) for email, p in self.people.items() for at, what in p.acts)
        self.clickers = {person.email for person in people if person.clicks}

    def act_until(self, at):
        """Let everybody do what they do up to this moment."""
        touched = set()
        while self.acts and self.acts[0][0] <= at:
            moment, email, what = self.acts.pop(0)
            getattr(self, what)(email, moment)
            touched.add(self.contact(email).pk)
        if touched:
            hint(touched)

    def click(self, at):
        """Who clicks does so a while after their welcome."""
        sent = Delivery.objects.filter(
            rule=self.rules["Welcome"], status="sent", reminder_number=0, sending_at=at - CLICK_AFTER
        )
        for delivery in sent.filter(contact__email__in=self.clickers).select_related("contact", "rule"):
            record_click(delivery, "http://testserver/shop/", at=at)

    def contact(self, email):
        if email not in self.contacts:
            self.contacts[email] = Contact.objects.get(email=email)
            Contact.objects.filter(email=email).update(time_zone=self.people[email].zone)
        return self.contacts[email]

    def sign_up(self, email, at):
        asked = {"email": email, "topics": [self.topic.key], "wording": self.wording, "name": "New Comer"}
        self.sign_ups[email] = sign_up(asked, at=at)

    def confirm(self, email, at):
        confirm(sign("confirm", self.sign_ups[email].pk.to_bytes(8, "big")), at=at)

    def confirm_too_late(self, email, at):
        self.confirm(email, at)
        assert not Touchpoint.objects.filter(contact=self.contact(email), kind="confirmed").exists()

    def order(self, email, at):
        save_order(contact=self.contact(email), source="shop", external_id=f"{email} {at}", at=at, amount=20)

    def visit(self, email, at):
        record("visited", contact=self.contact(email), at=at, source="web", external_id=f"{email} {at}")

    def leave(self, email, at):
        """By the link in their welcome, where they have one and are the kind to use it; else on the page."""
        welcome = Delivery.objects.filter(
            contact=self.contact(email), rule=self.rules["Welcome"], status="sent", reminder_number=0
        ).first()
        if welcome and self.people[email].leaves_by_link:
            unsubscribe(welcome, at=at)
        elif self.contact(email).consents.exists():
            withdraw_consent(self.contact(email), [self.topic], at=at, source="preferences")


def known_buyer(person, topic):
    contact = make_contact(person.email, time_zone=person.zone, created_at=START)
    if person.agreed:
        make_consent(contact, topic, at=START - DAY)
    return contact


def make_strategy(topic):
    """The three rows: ask to confirm, welcome and remind, thank."""
    sender = make_sender(name="The shop", quiet_from=time(21), quiet_until=time(8), cap=CAP)
    rows = {
        "Confirm": {"trigger": "signed_up", "rank": 0, "topic": None, "re_entry": "every"},
        "Welcome": {
            "trigger": "confirmed",
            "rank": 1,
            "topic": topic,
            "outcome": "first_visit",
            "outcome_within": OUTCOME_WITHIN,
            "remind_after": REMIND_AFTER,
            "reminder_content": make_version(make_content(subject="Reminder")).content,
        },
        "Thank you": {
            "trigger": "ordered",
            "rank": 3,
            "topic": topic,
            "delay": THANKS_AFTER,
            "re_entry": "days",
            "re_entry_days": 30,
        },
    }
    return {
        name: make_rule(
            name=name,
            sender=sender,
            content=make_version(make_content(subject=name)).content,
            activated_at=START,
            answers_at_once=name != "Thank you",
            **fields,
        )
        for name, fields in rows.items()
    }


class Clocks:
    """Several threads that tick at the same moment, each with its own connection."""

    def __init__(self, count):
        self.start, self.end = threading.Barrier(count + 1), threading.Barrier(count + 1)
        self.at, self.errors = None, []
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def tick(self, at):
        self.at = at
        self.start.wait(60)
        self.end.wait(60)
        assert self.errors == []

    def stop(self):
        self.at = None
        self.start.wait(60)
        for thread in self.threads:
            thread.join(10)

    def _run(self):
        while True:
            self.start.wait()
            if self.at is None:
                connection.close()
                return
            try:
                tick(self.at)
            except Exception as error:
                self.errors.append(error)
            self.end.wait()


def forget_every_hint():
    """Redis loses everything it holds for us."""
    cache.clear()
    Redis.from_url(settings.REDIS_URL).flushdb()


def live(world, mailbox):
    """Sixty days."""
    for person in world.people.values():
        if person.bounces:
            mailbox.refuse(person.email)
    clocks = Clocks(CLOCKS)
    for number, at in enumerate(TICKS):
        world.act_until(at)
        clocks.tick(at)
        world.click(at)
        if number == len(TICKS) // 2:
            forget_every_hint()
    clocks.stop()


def promised(people):
    """Every delivery that there should be."""
    for person in people:
        for message in Life(person).live(TICKS):
            yield (
                person.email,
                message.rule,
                message.reminder,
                message.status,
                message.reason,
                message.sent_at,
            )


def ledger():
    """Every delivery that there is."""
    for found in Delivery.objects.select_related("contact", "rule"):
        sent_at = found.sending_at
        yield found.contact.email, found.rule.name, found.reminder_number, found.status, found.reason, sent_at


def subjects(rows):
    """What must be in the mailbox: (to whom, subject)."""
    return Counter(
        (email, "Reminder" if reminder else rule)
        for email, rule, reminder, status, _reason, _sent_at in rows
        if status == "sent"
    )


@pytest.mark.django_db(transaction=True)
def test_sixty_days_bring_exactly_what_the_rules_promise(mailbox):
    dice = random.Random(60)
    people = [*buyers(dice), *newcomers(dice)]
    expected = Counter(promised(people))

    live(World(people), mailbox)

    assert Counter(ledger()) == expected
    received = Counter((message.envelope_to[0], message["Subject"]) for message in mailbox)
    assert received == subjects(expected.elements())
    assert [str(promise) for promise, broken in verify() if broken] == []
    assert_that_everything_happened(expected)


def assert_that_everything_happened(expected):
    """A journey on which something never happens would prove nothing about it."""
    seen = {(rule, reminder, status, reason) for _email, rule, reminder, status, reason, _at in expected}

    assert {
        ("Confirm", 0, "sent", ""),
        ("Confirm", 0, "cancelled", "condition_gone"),
        ("Confirm", 0, "failed", "bounced"),
        ("Welcome", 0, "sent", ""),
        ("Welcome", 0, "skipped", "withdrew"),
        ("Welcome", 0, "skipped", "suppressed"),
        ("Welcome", 1, "sent", ""),
        ("Welcome", 1, "skipped", "withdrew"),
        ("Thank you", 0, "sent", ""),
        ("Thank you", 0, "skipped", "never_agreed"),
        ("Thank you", 0, "skipped", "withdrew"),
    } <= seen
