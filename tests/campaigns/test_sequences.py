"""Sequences: what is left of one stops in every medium, and what nobody came for ends in time."""

import pytest

from campaigns import editing, sequences
from campaigns.models import Delivery
from campaigns.planning import plan, plan_following, variant_of
from campaigns.responding import note_outcomes
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_contact,
    make_content,
    make_delivery,
    make_rule,
    make_step,
    make_touchpoint,
    make_version,
)


@pytest.fixture
def rule(topic, sender):
    return make_rule(outcome="first_visit")


def planned():
    return list(Delivery.objects.order_by("id").values_list("step__key", "status"))


# Planning --------------------------------------------------------------------------------------------


def test_every_step_that_starts_from_the_occurrence_is_planned_with_it(rule, ada):
    panel = make_step(rule, channel="panel", slot="home", delay=HOUR)
    touchpoint = make_touchpoint(ada, "confirmed", at=NOON)

    assert (plan(NOON), plan(NOON)) == (2, 0)

    mail, shown = Delivery.objects.order_by("step__key")
    assert shown.episode == mail.episode == f"r{rule.pk}:{ada.pk}:t{touchpoint.pk}"
    assert (shown.step, shown.channel, shown.due_at) == (panel, "panel", NOON + HOUR)
    assert shown.occurrence_key == f"r{rule.pk}:s2:{ada.pk}"


def test_steps_of_a_rule_that_goes_once_all_take_the_same_occurrence(rule, ada):
    make_touchpoint(ada, "confirmed", at=NOON)
    plan(NOON)
    make_touchpoint(ada, "confirmed", at=NOON + 3 * DAY)
    rule.activated_at = NOON + DAY
    rule.save()
    make_step(rule, channel="panel", slot="home")

    assert plan(NOON + 3 * DAY) == 0


def test_a_step_by_preference_is_planned_for_those_who_prefer_its_medium(rule, ada, ben):
    rule.steps.update(by_preference=True)
    make_step(rule, channel="phone", by_preference=True)
    ben.preferred_channel = "phone"
    ben.save()
    for contact in (ada, ben):
        make_touchpoint(contact, "confirmed", at=NOON)

    plan(NOON)

    assert set(Delivery.objects.values_list("contact", "channel")) == {(ada.pk, "email"), (ben.pk, "phone")}


def test_a_rule_is_planned_for_its_audience_only(rule, ada, ben):
    for contact in (ada, ben):
        make_touchpoint(contact, "confirmed", at=NOON)
    rule.audience = {"filters": {"q": "by%on"}}
    rule.save()
    assert plan(NOON) == 0

    rule.audience = {"filters": {"q": "byron"}}
    rule.save()

    assert plan(NOON) == 1
    assert Delivery.objects.get().contact == ada


def test_half_of_the_people_get_the_other_message(rule):
    other = make_version(make_content(name="Another"))
    rule.steps.update(content_b=other.content)
    people = [make_contact() for _ in range(30)]
    for person in people:
        make_touchpoint(person, "confirmed", at=NOON)

    plan(NOON)

    step = rule.first_step
    for delivery in Delivery.objects.all():
        assert delivery.variant == variant_of(step.pk, delivery.contact_id)
        assert delivery.version == (other if delivery.variant == "b" else step.content.live)
    assert set(Delivery.objects.values_list("variant", flat=True)) == {"a", "b"}


def test_a_step_may_follow_a_step_that_follows(rule, ada):
    second = make_step(rule, follows=rule.first_step, delay=DAY, condition="unanswered")
    third = make_step(rule, follows=second, delay=2 * DAY, condition="unopened", channel="phone")
    first = make_delivery(rule, ada, status="sent", sending_at=NOON - DAY)

    assert (plan_following(NOON - MINUTE), plan_following(NOON), plan_following(NOON)) == (0, 1, 0)
    Delivery.objects.filter(step=second).update(status="sent", sending_at=NOON)
    assert (plan_following(NOON + DAY), plan_following(NOON + 2 * DAY)) == (0, 1)

    last = Delivery.objects.get(step=third)
    assert (last.reminder_number, last.channel, last.episode) == (2, "phone", first.episode)
    assert last.occurrence_key == f"{first.occurrence_key}:s2:s3"


@pytest.mark.parametrize("condition, follows", [("", 1), ("clicked", 1), ("unanswered", 0), ("unopened", 0)])
def test_what_follows_depends_on_what_came_back(rule, ada, condition, follows):
    make_step(rule, follows=rule.first_step, delay=DAY, condition=condition)
    first = make_delivery(rule, ada, status="sent", sending_at=NOON - DAY)
    first.responses.create(kind="clicked", at=NOON - HOUR)

    assert plan_following(NOON) == follows


def test_nothing_follows_who_is_held_out_or_has_done_it(rule, ada, ben):
    make_step(rule, follows=rule.first_step, delay=DAY)
    held = make_delivery(rule, ada, status="held_out", finished_at=NOON - DAY)
    first = make_delivery(rule, ben, status="sent", sending_at=NOON - DAY)
    make_delivery(rule, ben, status="sent", sending_at=NOON - HOUR, outcome_at=NOON, episode=first.episode)
    assert plan_following(NOON) == 0

    Delivery.objects.filter(pk=held.pk).update(status="sent", sending_at=NOON - DAY)

    assert plan_following(NOON) == 1


# Stopping --------------------------------------------------------------------------------------------


def test_an_outcome_that_is_noted_calls_off_the_rest_in_every_medium(rule, ada):
    first = make_delivery(rule, ada, status="sent", sending_at=NOON - HOUR)
    call = make_step(rule, channel="phone")
    rest = make_delivery(rule, ada, step=call, episode=first.episode, due_at=NOON + DAY)
    another = make_delivery(rule, ada, step=call, due_at=NOON + DAY)
    make_touchpoint(ada, "visited", at=NOON)

    assert note_outcomes(NOON) == 1

    rest.refresh_from_db()
    another.refresh_from_db()
    assert (rest.status, rest.reason, rest.finished_at) == ("cancelled", "outcome_reached", NOON)
    assert another.status == "planned"


def test_campaigns_have_no_sequence_to_stop(rule, ada):
    waiting = make_delivery(rule, ada, episode="")
    assert sequences.stop([""], at=NOON) == 0

    Delivery.objects.filter(pk=waiting.pk).update(episode="r1:1:t1")

    assert sequences.stop(["r1:1:t1"], at=NOON) == 1


def test_a_panel_and_a_call_that_nobody_came_for_end_in_time(rule, ada):
    for channel, slot in (("panel", "home"), ("phone", ""), ("email", "")):
        make_delivery(rule, ada, step=make_step(rule, channel=channel, slot=slot), expires_at=NOON)
    assert sequences.expire(NOON - MINUTE) == 0

    assert sequences.expire(NOON) == 2

    assert set(Delivery.objects.values_list("channel", "status")) == {
        ("panel", "expired"),
        ("phone", "expired"),
        ("email", "planned"),
    }


# Changing --------------------------------------------------------------------------------------------


def test_a_step_that_is_taken_out_leaves_its_key_and_its_past(rule, ada):
    step = make_step(rule, follows=rule.first_step, delay=DAY)
    sent = make_delivery(rule, ada, step=step, status="sent", sending_at=NOON)
    waiting = make_delivery(rule, ada, step=step)

    assert editing.remove_step(step, at=NOON) == 1

    waiting.refresh_from_db()
    sent.refresh_from_db()
    assert (waiting.status, sent.status, sent.step) == ("cancelled", "sent", step)
    again = editing.save_step(type(step)(rule=rule, content=step.content), at=NOON)
    assert ([each.key for each in rule.steps.all()], again.key) == ([1, 3], 3)


def test_what_others_follow_and_what_alone_speaks_stays(rule):
    make_step(rule, follows=rule.first_step)
    with pytest.raises(editing.CannotRemove, match="Another step follows it"):
        editing.remove_step(rule.first_step, at=NOON)

    editing.remove_step(rule.steps.last(), at=NOON)
    with pytest.raises(editing.CannotRemove, match="needs a message"):
        editing.remove_step(rule.first_step, at=NOON)


def test_steps_change_places(rule):
    make_step(rule)
    make_step(rule)

    editing.move_step(rule.steps.last(), up=True)
    editing.move_step(rule.steps.first(), up=True)

    assert [step.key for step in rule.steps.all()] == [1, 3, 2]


def test_another_delay_wakes_up_nothing_from_the_past(rule, ada):
    rule.steps.update(delay=2 * DAY)
    make_touchpoint(ada, "confirmed", at=NOON - DAY)

    editing.save_step(rule.first_step, at=NOON, delay=HOUR)

    assert plan(NOON) == 0
    make_touchpoint(ada, "confirmed", at=NOON)
    assert plan(NOON) == 1
