"""Switching rules on and off: what is frozen, what waits, what is called off."""

import pytest

from campaigns import rules
from campaigns.models import Delivery
from campaigns.planning import plan
from campaigns.ticking import tick
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_content,
    make_delivery,
    make_rule,
    make_step,
    make_touchpoint,
)


@pytest.fixture
def draft(topic, sender):
    return make_rule(status="draft", activated_at=None, content=make_content())


def test_activating_freezes_the_words_and_counts_from_now(draft, ada, marketer):
    make_touchpoint(ada, "confirmed", at=NOON - MINUTE)

    rules.activate(draft, at=NOON, by=marketer)

    draft.refresh_from_db()
    assert (draft.status, draft.activated_at) == ("active", NOON)
    assert draft.first_step.content.live.number == 1
    assert plan(NOON) == 0
    make_touchpoint(ada, "confirmed", at=NOON + MINUTE)
    assert plan(NOON + MINUTE) == 1


def test_activating_freezes_the_words_of_the_reminder_too(draft, marketer):
    words = make_content(name="Reminder")
    make_step(draft, follows=draft.first_step, delay=5 * DAY, condition="unanswered", content=words)

    rules.activate(draft, at=NOON, by=marketer)

    words.refresh_from_db()
    assert words.live.number == 1


def test_activating_a_rule_that_is_on_takes_new_words_and_goes_on_from_where_it_began(draft, marketer):
    rules.activate(draft, at=NOON, by=marketer)
    words = draft.first_step.content
    words.subject = "Good day {{ first_name }}"
    words.save()

    rules.activate(draft, at=NOON + DAY, by=marketer)

    draft.refresh_from_db()
    assert (draft.activated_at, draft.first_step.content.live.number) == (NOON, 2)


def test_what_is_planned_waits_while_its_rule_is_paused_and_goes_when_it_resumes(topic, sender, ada, mailbox):
    rule = make_rule()
    make_delivery(rule, ada)

    rules.pause(rule, at=NOON)
    assert tick(NOON).get("sent") is None
    rules.resume(rule, at=NOON + MINUTE)

    assert tick(NOON + MINUTE)["sent"] == 1


def test_what_did_not_keep_through_a_pause_has_expired(topic, sender, ada, mailbox):
    rule = make_rule()
    make_delivery(rule, ada, expires_at=NOON + HOUR)
    rules.pause(rule, at=NOON)
    tick(NOON)

    rules.resume(rule, at=NOON + 2 * HOUR)

    assert tick(NOON + 2 * HOUR)["expired"] == 1
    assert len(mailbox) == 0


def test_closing_calls_off_what_is_planned_and_nothing_else(topic, sender, ada):
    rule = make_rule()
    planned, sent = make_delivery(rule, ada), make_delivery(rule, ada, status="sent", sending_at=NOON)
    other = make_delivery(make_rule(name="Other"), ada)

    assert rules.close(rule, at=NOON + HOUR) == 1

    states = dict(Delivery.objects.values_list("pk", "status"))
    assert states == {planned.pk: "cancelled", sent.pk: "sent", other.pk: "planned"}
    planned.refresh_from_db()
    assert (planned.reason, planned.finished_at) == ("rule_off", NOON + HOUR)


@pytest.mark.parametrize(
    "act, status", [(rules.pause, "draft"), (rules.resume, "draft"), (rules.resume, "closed")]
)
def test_only_what_is_on_pauses_and_only_what_is_paused_resumes(topic, sender, act, status):
    rule = make_rule(status=status)

    act(rule, at=NOON)

    rule.refresh_from_db()
    assert rule.status == status


def test_nothing_is_switched_on_without_a_postal_address(draft, marketer):
    draft.sender.postal_address = " \n"
    draft.sender.save()

    with pytest.raises(rules.CannotActivate, match="postal address"):
        rules.activate(draft, at=NOON, by=marketer)

    draft.refresh_from_db()
    assert draft.status == "draft"
