"""What the gate asks of the strategy's own: audience, preference, hours, caps, other media, hold-outs."""

from collections import Counter
from datetime import time

import pytest
from django.db import connection

from campaigns import deciding, gate
from campaigns.claiming import claim, take
from campaigns.models import Delivery, Response, SendingSwitch
from contacts.consenting import give_consent, withdraw_consent
from contacts.models import Identity
from contacts.suppressing import suppress
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_consent,
    make_contact,
    make_delivery,
    make_rule,
    make_step,
    make_topic,
    make_touchpoint,
)

OWNER = "worker"


def through_the_gate(delivery, at=NOON):
    """What becomes of a delivery of any medium that is taken and asks: (status, reason)."""
    assert take([delivery.pk], OWNER) == [delivery.pk]
    gate.pass_gate([delivery.pk], at, owner=OWNER)
    delivery.refresh_from_db()
    return delivery.status, delivery.reason


@pytest.fixture
def rule(topic, sender):
    return make_rule(outcome="first_visit")


@pytest.fixture
def delivery(rule, ada):
    return make_delivery(rule, ada)


def change(thing, **fields):
    type(thing).objects.filter(pk=thing.pk).update(**fields)


# To whom ---------------------------------------------------------------------------------------------


def test_who_is_no_longer_among_those_a_rule_is_for_is_left_alone(rule, delivery, ada):
    change(rule, audience={"filters": {"level": "full"}})
    assert through_the_gate(delivery) == ("skipped", "audience")

    change(ada, level="full")

    assert through_the_gate(make_delivery(rule, ada)) == ("sending", "")


def test_a_step_by_preference_is_for_those_who_prefer_its_medium(rule, delivery, ada):
    change(rule.first_step, by_preference=True)
    change(ada, preferred_channel="phone")
    assert through_the_gate(delivery) == ("skipped", "preference")

    change(ada, preferred_channel="")

    assert through_the_gate(make_delivery(rule, ada)) == ("sending", "")


# When ------------------------------------------------------------------------------------------------


def test_what_leaves_at_an_hour_waits_for_it_where_they_live(rule, delivery, ada):
    change(rule, leaves="hour", leaves_hour=18)
    change(ada, time_zone="Asia/Tokyo")

    # Nine in the evening in Tokyo: the next eighteen o'clock there is nine in the morning here.
    assert through_the_gate(delivery) == ("planned", "hour")
    assert NOON + 21 * HOUR <= delivery.due_at < NOON + 22 * HOUR
    assert delivery.detail == "11 June 2026 at 18:00 in Tokyo"
    assert through_the_gate(delivery, delivery.due_at) == ("sending", "")


def test_what_leaves_on_some_days_waits_for_the_next_of_them(rule, delivery):
    change(rule, weekdays=[2])
    assert through_the_gate(delivery) == ("sending", "")

    friday = make_delivery(rule, delivery.contact, expires_at=NOON + 7 * DAY)
    change(rule, weekdays=[4])

    assert through_the_gate(friday) == ("planned", "hour")
    assert (friday.due_at, friday.detail) == (NOON + 36 * HOUR, "12 June 2026 in UTC")


def test_the_best_hour_is_the_one_at_which_they_are_usually_there(rule, delivery, ada):
    change(rule, leaves="best", leaves_hour=9)
    for days in (1, 2, 3):
        make_touchpoint(ada, "visited", at=NOON - days * DAY + 7 * HOUR)

    assert through_the_gate(delivery) == ("planned", "hour")
    assert delivery.detail == "10 June 2026 at 19:00 in UTC, when they are usually there"
    assert through_the_gate(delivery, NOON + 7 * HOUR + MINUTE) == ("sending", "")


def test_where_no_hour_is_theirs_yet_the_one_that_is_set_stands_for_it(rule, delivery):
    change(rule, leaves="best", leaves_hour=14)

    assert through_the_gate(delivery) == ("planned", "hour")
    assert delivery.detail == "10 June 2026 at 14:00 in UTC, their own hour is not known yet"


def test_an_hour_does_not_keep_back_what_answers_at_once(rule, delivery):
    change(rule, leaves="hour", leaves_hour=18, answers_at_once=True)

    assert through_the_gate(delivery) == ("sending", "")


# How often -------------------------------------------------------------------------------------------


def test_a_topic_has_a_cap_of_its_own(rule, delivery, ada, topic):
    make_delivery(rule, ada, status="sent", sending_at=NOON - 2 * DAY)
    change(topic, cap=1, cap_days=3)
    assert through_the_gate(delivery) == ("planned", "topic_cap")
    assert (delivery.due_at, delivery.detail) == (NOON + DAY, "1 time in 3 days")

    offers = make_topic("offers", "Offers")
    make_consent(ada, offers)

    assert through_the_gate(make_delivery(rule, ada, topic=offers)) == ("sending", "")


def test_nobody_hears_from_us_more_often_than_they_wish(rule, delivery, ada):
    make_delivery(rule, ada, status="sent", sending_at=NOON - 6 * DAY)
    change(ada, at_most=2)
    assert through_the_gate(delivery) == ("sending", "")

    change(ada, at_most=1)

    assert through_the_gate(make_delivery(rule, ada, expires_at=NOON + 9 * DAY)) == ("planned", "own_cap")


def test_panels_count_for_no_cap_and_wait_for_none(rule, ada):
    panel = make_step(rule, channel="panel", slot="home")
    make_delivery(rule, ada, step=panel, status="sent", sending_at=NOON - DAY)
    change(ada, at_most=1)
    change(rule.sender, quiet_from=time(11), quiet_until=time(13))

    assert through_the_gate(make_delivery(rule, ada), NOON + 2 * HOUR) == ("sending", "")
    assert through_the_gate(make_delivery(rule, ada, step=panel)) == ("sending", "")


# Other media -----------------------------------------------------------------------------------------


@pytest.fixture
def call(rule, ada):
    Identity.objects.create(
        contact=ada, kind="phone", value="+351 555 0100", is_primary=True, created_at=NOON
    )
    return make_delivery(rule, ada, step=make_step(rule, channel="phone"))


def test_only_mail_is_claimed_by_what_sends(call, delivery):
    assert [claimed.id for claimed in claim(OWNER, NOON, 10)] == [delivery.pk]


def test_a_call_needs_a_number_and_a_yes_to_calls(call, rule, ada, topic):
    assert through_the_gate(call) == ("skipped", "never_agreed")

    give_consent(ada, [topic], channel="phone", at=NOON, source="test")
    agreed = make_delivery(rule, ada, step=call.step)
    assert through_the_gate(agreed) == ("sending", "")
    assert agreed.address == "+351 555 0100"

    ada.identities.filter(kind="phone").delete()
    assert through_the_gate(make_delivery(rule, ada, step=call.step)) == ("skipped", "no_address")


def test_a_number_that_is_suppressed_is_not_called(call, rule, ada, topic):
    give_consent(ada, [topic], channel="phone", at=NOON, source="test")
    suppress("+351 555 0100", channel="phone", reason="asked", at=NOON, source="test")

    assert through_the_gate(call) == ("skipped", "suppressed")


def test_a_call_minds_quiet_hours(call, rule, ada, topic):
    give_consent(ada, [topic], channel="phone", at=NOON, source="test")
    change(rule.sender, quiet_from=time(11), quiet_until=time(13))

    assert through_the_gate(call) == ("planned", "quiet")


def test_who_agreed_to_mail_is_shown_panels_until_they_say_no(rule, ada, topic):
    step = make_step(rule, channel="panel", slot="home")
    shown = make_delivery(rule, ada, step=step)
    assert through_the_gate(shown) == ("sending", "")
    assert shown.address == "home"

    give_consent(ada, [topic], channel="panel", at=NOON, source="test")
    withdraw_consent(ada, [topic], channel="panel", at=NOON + MINUTE, source="test")

    assert through_the_gate(make_delivery(rule, ada, step=step), NOON + HOUR) == ("skipped", "withdrew")


# Sequences -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition, kind, state",
    [
        ("", "clicked", ("sending", "")),
        ("unanswered", "opened", ("sending", "")),
        ("unanswered", "clicked", ("cancelled", "answered")),
        ("unopened", "opened", ("cancelled", "answered")),
        ("unopened", "delivered", ("sending", "")),
        ("clicked", "clicked", ("sending", "")),
        ("clicked", "opened", ("cancelled", "condition_gone")),
    ],
)
def test_a_following_step_goes_out_only_while_its_condition_holds(rule, ada, condition, kind, state):
    first = make_delivery(rule, ada, status="sent", sending_at=NOON - DAY)
    step = make_step(rule, follows=first.step, condition=condition)
    Response.objects.create(delivery=first, kind=kind, at=NOON - HOUR)

    assert through_the_gate(make_delivery(rule, ada, parent=first, step=step, reminder_number=1)) == state


def test_an_outcome_stops_the_same_episode_in_every_medium(rule, ada):
    first = make_delivery(rule, ada, status="sent", sending_at=NOON - DAY)
    step = make_step(rule, channel="panel", slot="home")
    beside = make_delivery(rule, ada, step=step, episode=first.episode)
    another = make_delivery(rule, ada, step=step)

    make_touchpoint(ada, "visited", at=NOON - HOUR)

    assert through_the_gate(beside) == ("cancelled", "outcome_reached")
    assert through_the_gate(another) == ("sending", "")


# Hold-outs -------------------------------------------------------------------------------------------


def many(rule, count=40, **fields):
    people = [make_contact() for _ in range(count)]
    for person in people:
        make_consent(person, rule.topic)
    made = [make_delivery(rule, person, **fields) for person in people]
    claim(OWNER, NOON, count)
    gate.pass_gate([delivery.pk for delivery in made], NOON, owner=OWNER)
    return Delivery.objects.filter(pk__in=[delivery.pk for delivery in made])


def test_a_rule_holds_out_its_share_always_the_same_people(rule):
    change(rule, control_share=30)

    asked = many(rule)

    held = asked.filter(status="held_out", reason="control")
    assert {d.contact_id for d in held} == {
        d.contact_id for d in asked if deciding.is_control(f"rule:{rule.pk}", d.contact_id, 30)
    }
    assert 0 < held.count() < 40


def test_who_got_the_first_of_a_sequence_gets_the_rest_of_it(rule, ada):
    change(rule, control_share=90)
    held = make_delivery(rule, ada)
    assert through_the_gate(held)[0] in ("held_out", "sending")
    parent = make_delivery(rule, ada, status="sent", sending_at=NOON - DAY)
    step = make_step(rule, follows=rule.first_step)

    assert through_the_gate(make_delivery(rule, ada, parent=parent, step=step, reminder_number=1)) == (
        "sending",
        "",
    )


def test_some_are_held_out_of_everything_but_service_messages(rule):
    SendingSwitch.objects.update_or_create(id=1, defaults={"holdout_share": 20})

    asked = many(rule)
    service = many(rule, rank=0, topic=None)

    assert Counter(service.values_list("status", flat=True)) == {"sending": 40}
    assert {d.contact_id for d in asked.filter(status="held_out", reason="holdout")} == {
        d.contact_id for d in asked if deciding.is_control("everything", d.contact_id, 20)
    }


def test_no_service_message_is_held_out(rule):
    change(rule, control_share=50)
    assert many(rule).filter(status="held_out").exists()

    assert not many(rule, rank=0, topic=None).filter(status="held_out").exists()


# Asked of a moment that is past ----------------------------------------------------------------------


def test_the_facts_as_of_now_are_those_that_the_gate_reads(rule, call, ada, ben, cleo, topic):
    change(rule, audience={"filters": {"q": "byron"}}, control_share=50)
    panel = make_step(rule, channel="panel", slot="home")
    make_delivery(rule, ada, step=panel)
    for person in (ada, ben, cleo):
        make_delivery(rule, person)
        make_campaign_delivery(make_campaign(name=str(person), control_share=50), person)
    ids = [*Delivery.objects.values_list("pk", flat=True)]
    take(ids, OWNER)
    locked = [ada.pk, ben.pk, cleo.pk]

    with connection.cursor() as cursor:
        cursor.execute(gate.facts_as_of("d.id = ANY(%(ids)s)"), {"ids": ids, "at": NOON})
        then = gate.facts_of(cursor)
    gate.ask_audiences(then)
    now = gate._facts(ids, NOON, OWNER, locked)

    assert [(f.id, deciding.decide(f, NOON)) for f in then] == [(f.id, deciding.decide(f, NOON)) for f in now]
    assert len({verdict.reason for verdict in (deciding.decide(f, NOON) for f in now)}) > 3
