"""Ninety days of a small base under the first rows: what is sent, shown and queued is what the table says.

In every medium; and changing the table changes it.
"""

from datetime import timedelta

import pytest

from campaigns import call_queue, calling, rows, rules, showing, starter, strategy_csv
from campaigns.models import Delivery, LifecycleRule
from campaigns.ticking import tick
from campaigns.verifying import verify
from contacts.consenting import withdraw_consent
from contacts.erasing import erase
from contacts.models import Contact, Identity, Topic
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    make_consent,
    make_contact,
    make_order,
    make_touchpoint,
    make_user,
)
from tests.make import NOON as START
from touchpoints import popular

pytestmark = pytest.mark.django_db

CONTENT, SERVICE = "/shop/p/NS-JAZ-01/", "/shop/service/"
SLOTS = ["home", "side", "after-action"]


@pytest.fixture
def table(settings):
    """The strategy as it comes, with nobody held out, switched on."""
    settings.DEMO, settings.POSTAL_ADDRESS = True, "1 Quay Street"
    made = {rule.name: rule for rule in starter.set_up_workspace(START)}
    for rule in made.values():
        rule.control_share = 0
        rule.save()
        rules.activate(rule, at=START)
    return made


class Base:
    """The people, what they do, and the days that pass."""

    def __init__(self):
        self.acts = []

    def person(self, name, *, topics=("news", "offers"), **fields):
        """Somebody who confirms at noon of the first day, and agrees to these topics then."""
        contact = make_contact(f"{name}@example.com", first_name=name.title(), **fields)
        for topic in topics:
            make_consent(contact, Topic.objects.get(key=topic), at=START + HOUR)
        self.does(contact, 1, "confirmed")
        return contact

    def does(self, contact, hour, kind="visited", **data):
        """Note what happens so many hours from the start."""
        self.acts.append((START + hour * HOUR, lambda at: make_touchpoint(contact, kind, at, data=data)))

    def visits(self, contact, day, path):
        self.does(contact, 24 * day + 2, path=path)

    def at(self, day, act):
        """Do this in the afternoon of a day."""
        self.acts.append((START + day * DAY + 4 * HOUR, act))

    def live(self, days, since=0):
        """Let the days pass: each act is answered a minute later, and every noon and evening all is asked."""
        clock = [START + day * DAY + hour for day in range(since, days) for hour in (timedelta(), 6 * HOUR)]
        moments = sorted([(at, None) for at in clock] + self.acts, key=lambda each: each[0])
        for at, act in moments:
            if at >= START + days * DAY:
                break
            if at.hour == START.hour and act is None:
                popular.note_top_pages(at)
            if act:
                act(at)
            tick(at + MINUTE)
        self.acts = [each for each in self.acts if each[0] >= START + days * DAY]


@pytest.fixture
def base(table):
    return Base()


def heard(contact):
    """What the ledger holds of somebody: (row, medium or place, day, state), in the order of time."""
    found = (
        Delivery.objects.filter(contact=contact)
        .select_related("rule", "step")
        .order_by("due_at", "step__key")
    )
    return [
        (
            delivery.rule.name,
            delivery.step.slot or delivery.channel,
            round((delivery.due_at - START - HOUR) / DAY),
            str(delivery.status),
        )
        for delivery in found
    ]


def look(contact, at):
    """Look at a page with all places; which are filled."""
    return sorted(panel.slot for panel in showing.panels(contact, SLOTS, at))


def on_day(day):
    return START + day * DAY + 5 * HOUR


def welcomed(state="expired", reminded="sent"):
    lines = [("Welcome message", "email", 0, "sent"), ("Welcome message", "after-action", 0, state)]
    return lines + ([("Welcome message", "email", 5, reminded)] if reminded else [])


def has_a_phone(contact):
    """They prefer to be called, and said so."""
    Identity.objects.create(
        contact=contact, kind="phone", value="+351910000001", is_primary=True, created_at=START
    )
    make_consent(contact, Topic.objects.get(key="offers"), channel="phone", at=START + HOUR)


def orders(contact):
    def order(at):
        bought = make_order(contact, at=at)
        make_touchpoint(contact, "ordered", at, data={"order_id": bought.pk})

    return order


def test_each_hears_what_the_table_says(base, mailbox, marketer):
    """Ada seldom comes, Bea often; Cleo tries a service; Dan, Eva and Gil browse; Fay orders."""
    ada, bea, cleo = base.person("ada"), base.person("bea"), base.person("cleo")
    dan, eva = base.person("dan"), base.person("eva", level="full")
    fay, gil = base.person("fay"), base.person("gil", preferred_channel="phone")
    has_a_phone(gil)
    for person, day, path in [
        (ada, 3, "/shop/"), (ada, 12, "/shop/"),
        (bea, 3, "/shop/"), (bea, 12, "/shop/"), (bea, 20, "/shop/"),
        (cleo, 2, SERVICE),
        (dan, 10, CONTENT), (eva, 10, CONTENT), (fay, 10, CONTENT), (gil, 10, CONTENT),
    ]:  # fmt: skip
        base.visits(person, day, path)
    base.at(11, orders(fay))
    queue = []
    base.at(13, lambda at: queue.append([call.delivery.contact for call in call_queue.waiting(at)]))

    base.live(90)

    engaged = [
        ("Engagement message", "email", 30, "sent"),
        ("Engagement message", "home", 30, "expired"),
        ("Engagement message", "side", 30, "expired"),
    ]
    browsed = [*welcomed(), ("Conversion", "email", 12, "sent"), *engaged]
    assert {person.first_name: heard(person) for person in (ada, bea, cleo, dan, eva, fay, gil)} == {
        "Ada": [*welcomed(), *engaged],
        "Bea": [*welcomed(), ("Initial cross-sell message", "email", 30, "sent")],
        "Cleo": [*welcomed("cancelled", reminded=""), *engaged],
        "Dan": browsed,
        "Eva": browsed,
        "Fay": [*welcomed(), ("Thank you", "email", 11, "sent"), *engaged],
        "Gil": [*welcomed(), ("Conversion", "phone", 12, "expired"), *engaged],
    }
    assert queue == [[gil]]
    assert "/f/" in text_of(mailbox, bea, "took home")
    assert "as a guest" in text_of(mailbox, dan, "hear it first")
    assert "As a member" in text_of(mailbox, eva, "hear it first")
    assert [promise for promise, broken in verify() if broken] == []


def text_of(mailbox, person, subject):
    (message,) = [each for each in mailbox.to(person.email) if subject in str(each["subject"])]
    return message.get_body("plain").get_content()


def test_a_call_in_hand_is_made_and_ends_the_sequence(base):
    gil = base.person("gil", preferred_channel="phone")
    has_a_phone(gil)
    base.visits(gil, 10, CONTENT)
    base.live(13)
    (call,) = call_queue.waiting(on_day(12))
    colleague = make_user()

    calling.take(call.delivery, colleague, at=on_day(12))
    said = calling.Said(calling.INTERESTED, minutes=4)
    calling.record_call(call.delivery, colleague, said, at=on_day(12) + 5 * MINUTE)

    assert ("Conversion", "phone", 12, "sent") in heard(gil)
    assert call_queue.waiting(on_day(12) + HOUR) == []


def test_the_panels_are_shown_until_the_outcome_is_reached(base):
    ada = base.person("ada")
    for number in range(3):
        other = make_contact(f"other{number}@example.com")
        base.visits(other, 20, CONTENT)
    seen = []
    base.acts.append((START + HOUR + 2 * MINUTE, lambda at: seen.append(look(ada, at))))
    base.at(30, lambda at: seen.append(look(ada, at)))
    base.at(31, lambda at: seen.append(look(ada, at)))
    base.acts.append(
        (START + 31 * DAY + 6 * HOUR, lambda at: make_touchpoint(ada, at=at, data={"path": CONTENT}))
    )
    base.acts.append((START + 31 * DAY + 7 * HOUR, lambda at: seen.append(look(ada, at))))

    base.live(40)

    assert seen == [["after-action"], ["home", "side"], ["home", "side"], []]
    assert ("Welcome message", "after-action", 0, "sent") in heard(ada)
    reached = Delivery.objects.filter(contact=ada, rule__trigger="few_visits", outcome_at__isnull=False)
    assert reached.exists()


@pytest.mark.parametrize("end", ["withdraw", "erase"])
def test_who_leaves_in_the_middle_hears_and_sees_nothing_more(base, mailbox, end):
    """One on the first day, one before the reminder, one between the message and the panels."""
    people, seen = {day: base.person(f"left{day}") for day in (1, 4, 31)}, []

    def leaves(person):
        def leave(at):
            if end == "erase":
                erase(person, at=at)
            else:
                withdraw_consent(person, Topic.objects.all(), at=at, source="one-click")

        return leave

    for day, person in people.items():
        base.at(day, leaves(person))
        base.acts.append((START + HOUR + 2 * MINUTE, lambda at, person=person: look(person, at)))
    for day in range(32, 40, 3):
        for person in people.values():
            base.at(day, lambda at, pk=person.pk: seen.append(look(Contact.objects.get(pk=pk), at)))

    base.live(42)

    heard_of = {day: len(mailbox.to(f"left{day}@example.com")) for day in people}
    assert heard_of == {1: 1, 4: 1, 31: 3}
    assert [places for places in seen if places] == []
    assert not Delivery.objects.filter(status__in=["planned", "claimed", "sending"]).exists()
    assert [promise for promise, broken in verify() if broken] == []


@pytest.mark.parametrize("end", ["withdraw", "erase"])
def test_who_leaves_is_not_called(base, end):
    cem = base.person("cem", preferred_channel="phone")
    has_a_phone(cem)
    base.visits(cem, 10, CONTENT)
    base.live(13)
    assert [call.delivery.contact for call in call_queue.waiting(on_day(12))] == [cem]

    if end == "erase":
        erase(cem, at=on_day(12))
    else:
        withdraw_consent(cem, Topic.objects.all(), at=on_day(12), source="asked", channel="phone")

    assert call_queue.waiting(on_day(12)) == []


def test_changing_the_table_changes_what_runs(base, table, marketer):
    ada, bea = base.person("ada"), base.person("bea")
    for day in (3, 12, 14, 18):
        base.visits(bea, day, "/shop/")
    text = strategy_csv.write(strategy_csv.exported(marketer))
    text = text.replace("fewer than 3 visits", "fewer than 5 visits")
    text = text.replace('"e-mail, home page, side panels deep in site"', '"e-mail, panel footer"')
    base.live(10)

    strategy_csv.save(text, marketer, at=START + 10 * DAY)
    rule = LifecycleRule.objects.get(trigger="few_visits")
    panel = rule.steps.get(slot="footer").content
    panel.subject, panel.body = "Have you heard these?", "<p>Come and listen.</p>"
    panel.save()
    rules.activate(rule, at=START + 10 * DAY)
    base.live(35, since=10)

    for person in (ada, bea):
        assert [line for line in heard(person) if line[0] == "Engagement message"] == [
            ("Engagement message", "email", 30, "sent"),
            ("Engagement message", "footer", 30, "expired"),
        ]


def test_a_copy_of_a_row_sends_nothing_before_it_is_on(base, table, mailbox):
    made = rows.duplicate(table["Welcome message"], at=START)
    base.person("ada")

    base.live(3)

    assert made.status == "draft"
    assert not Delivery.objects.filter(rule=made).exists()
    assert len(mailbox) == 1
