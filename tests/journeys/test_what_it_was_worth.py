"""A row holds some people out; some order; credit, cost and both sides come out as they were lived."""

import pytest

from campaigns import costing, results
from campaigns.deciding import EVERYTHING, is_control
from campaigns.models import Attribution, ChannelCost, Delivery, Response, SendingSwitch
from campaigns.ticking import tick
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_consent,
    make_contact,
    make_order,
    make_rule,
    make_step,
    make_touchpoint,
)

pytestmark = pytest.mark.django_db(transaction=True)
WITHIN = 5 * DAY


@pytest.fixture
def people(topic):
    people = [make_contact(f"p{number}@example.com") for number in range(24)]
    for person in people:
        make_consent(person, topic, at=NOON - DAY)
    return people


@pytest.fixture
def rule(sender):
    """A message at once, and another after two days of silence; a third of the people get neither."""
    rule = make_rule(outcome="order", outcome_within=WITHIN, control_share=34)
    make_step(rule, follows=rule.first_step, condition="unanswered", delay=2 * DAY)
    return rule


def buy(person, at):
    order = make_order(person, at=at, amount="30", cost="10")
    make_touchpoint(person, "ordered", at=at, data={"order_id": order.pk})
    return order


def live(hours, since=NOON):
    for hour in hours:
        tick(since + hour * HOUR)


def test_both_sides_the_credit_and_the_cost_are_as_they_were_lived(people, rule, mailbox):
    ChannelCost.objects.create(channel="email", each="0.50")
    held = [person for person in people if is_control(f"rule:{rule.pk}", person.pk, 34)]
    sent = [person for person in people if person not in held]
    assert len(held) > 1
    assert len(sent) > 3
    for person in people:
        make_touchpoint(person, "confirmed", at=NOON)

    tick(NOON + MINUTE)
    early, anyway = buy(sent[0], NOON + DAY), buy(held[0], NOON + DAY)
    live(range(24, 72, 12))
    late = buy(sent[1], NOON + 4 * DAY)
    follow = Delivery.objects.get(contact=sent[2], reminder_number=0)
    Response.objects.create(delivery=follow, kind="clicked", at=NOON + 3 * DAY)
    clicked = buy(sent[2], NOON + 4 * DAY)
    too_late = [buy(person, NOON + 8 * DAY) for person in (sent[3], held[1])]
    live(range(96, 230, 12))

    assert {message.envelope_to[0] for message in mailbox} == {person.email for person in sent}
    assert Delivery.objects.filter(status="held_out").count() == len(held)
    found, effort = results.of_rule(rule, NOON + 20 * DAY), costing.effort_of(rule, NOON + 20 * DAY)
    assert (found.one.people, found.one.reached, found.one.amount) == (len(sent), 3, 60)
    assert (found.other.people, found.other.reached, found.other.amount) == (len(held), 1, 20)
    credited = {each.order: (each.delivery.reminder_number, each.basis) for each in Attribution.objects.all()}
    assert credited == {early: (0, "sent"), late: (1, "sent"), clicked: (0, "clicked")}
    assert anyway not in credited
    assert not credited.keys() & set(too_late)
    assert (effort.sent, effort.orders) == (len(mailbox), 3)
    assert effort.contribution == 60 - len(mailbox) / 2


def test_who_is_held_out_of_everything_is_no_part_of_a_rows_own_control(people, rule, mailbox):
    SendingSwitch.objects.create(id=1, holdout_share=20)
    out = [person for person in people if is_control(EVERYTHING, person.pk, 20)]
    assert 0 < len(out) < len(people)
    for person in people:
        make_touchpoint(person, "confirmed", at=NOON)

    tick(NOON + MINUTE)

    row, everything = results.of_rule(rule, NOON + 99 * DAY), results.of_everything(NOON + 99 * DAY)
    assert row.one.people + row.other.people == len(people) - len(out)
    assert (everything.one.people, everything.other.people) == (len(people) - len(out), len(out))
    assert len(mailbox) == row.one.people
