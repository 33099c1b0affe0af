"""What else speaks against a row writing to somebody: each line beside the same set-up without it."""

import pytest

from campaigns import deciding
from campaigns.explaining import why_not
from campaigns.models import LifecycleRule, SendingSwitch
from campaigns.prospects import lines_of
from tests.make import DAY, HOUR, NOON, make_contact, make_delivery, make_rule, make_step, make_touchpoint


@pytest.fixture
def rule(topic, sender):
    return make_rule()


def told(contact, rule, at=NOON):
    rule = LifecycleRule.objects.get(pk=rule.pk)
    contact.refresh_from_db()
    return [(tone, words) for tone, words, _href in lines_of(contact, rule, at)]


def change(thing, **fields):
    type(thing).objects.filter(pk=thing.pk).update(**fields)


def test_a_row_that_sets_nothing_says_nothing(rule, ada):
    assert told(ada, rule) == []


def test_whom_it_is_for(rule, ada):
    change(rule, audience={"filters": {"level": "full"}})
    assert told(ada, rule) == [("stop", "Not among those it is for (Level: Full member)")]

    change(ada, level="full")

    assert told(ada, rule) == [("ok", "Among those it is for (Level: Full member)")]


def test_which_medium_they_prefer(rule, ada):
    change(rule.first_step, by_preference=True)
    assert told(ada, rule) == []
    change(ada, preferred_channel="phone")
    assert told(ada, rule) == [("stop", "Prefers Phone, so this is not for them: Message")]

    make_step(rule, channel="phone", by_preference=True)

    assert told(ada, rule) == [("ok", "Prefers Phone, so this is not for them: Message")]


def test_at_which_hour_it_would_go(rule, ada):
    change(rule, leaves="best", leaves_hour=9)
    assert told(ada, rule) == [
        ("wait", "Would wait for its hour: 11.06. 09:00 in UTC, their own is not known yet")
    ]
    for days in (1, 2, 3):
        make_touchpoint(ada, "visited", at=NOON - days * DAY + 6 * HOUR)

    assert told(ada, rule) == [
        ("wait", "Would wait for its hour: 10.06. 18:00 in UTC, when they are usually there")
    ]
    assert told(ada, rule, NOON + 6 * HOUR) == []


def test_how_often_they_heard_from_us(rule, ada, topic):
    make_delivery(rule, ada, status="sent", sending_at=NOON - DAY, episode="")
    change(rule.sender, cap=2)
    assert told(ada, rule) == []
    change(rule.sender, cap=1)
    change(topic, cap=1, cap_days=2)
    change(ada, at_most=1)

    assert told(ada, rule) == [
        ("wait", "Heard from us 1 time in 7 days"),
        ("wait", "Heard about this topic 1 time in 2 days"),
        ("wait", "Heard from us 1 time in 7 days, and wish no more"),
    ]


def test_who_is_held_out(rule, ada):
    people = [ada, *(make_contact() for _ in range(30))]
    change(rule, control_share=50)
    held = {person.pk: told(person, rule) for person in people}
    assert {pk for pk, lines in held.items() if lines} == {
        person.pk for person in people if deciding.is_control(f"rule:{rule.pk}", person.pk, 50)
    }

    change(rule, control_share=0)
    SendingSwitch.objects.update_or_create(id=1, defaults={"holdout_share": 20})

    assert {person.pk for person in people if told(person, rule)} == {
        person.pk for person in people if deciding.is_control("everything", person.pk, 20)
    }


def test_how_each_step_of_the_last_sequence_stands(rule, ada):
    first = make_delivery(rule, ada, status="sent", sending_at=NOON - DAY)
    step = make_step(rule, follows=first.step, condition="unanswered")
    make_delivery(
        rule, ada, parent=first, step=step, reminder_number=1, status="cancelled", reason="answered"
    )

    lines = [(tone, words) for tone, words, _href in why_not(ada, rule, NOON)]

    assert lines[-1] == ("stop", "Reminder: Cancelled – already answered")
