"""Planning: each occurrence into the ledger, once, whoever plans and however often."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from campaigns.models import Delivery, Response
from campaigns.planning import plan, plan_following, plan_rule, rehearse
from tests.campaigns.racing import beside, race, wait_until_somebody_waits
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_contact,
    make_delivery,
    make_rule,
    make_touchpoint,
    make_version,
)


def keys():
    return list(Delivery.objects.order_by("id").values_list("occurrence_key", flat=True))


def test_a_confirmed_sign_up_plans_the_welcome_once(ada):
    rule = make_rule(delay=HOUR)
    touchpoint = make_touchpoint(ada, "confirmed", at=NOON - MINUTE)

    assert (plan(NOON), plan(NOON)) == (1, 0)

    delivery = Delivery.objects.get()
    assert (delivery.occurrence_key, delivery.touchpoint) == (f"r{rule.pk}:s1:{ada.pk}", touchpoint)
    assert (delivery.occurred_at, delivery.due_at) == (NOON - MINUTE, NOON + 59 * MINUTE)
    assert delivery.expires_at == delivery.due_at + timedelta(hours=48)
    assert (delivery.topic, delivery.sender, delivery.version) == (
        rule.topic,
        rule.sender,
        rule.first_step.content.live,
    )
    assert delivery.evidence["words"] == "Confirmed the sign-up"


def test_ten_planners_plan_the_same_set_as_one(topic, transactional_db):
    make_rule(re_entry="every")
    make_rule(name="Again", re_entry="days", re_entry_days=30)
    for number in range(40):
        contact = make_contact()
        make_touchpoint(contact, "confirmed", at=NOON - number * MINUTE)
        make_touchpoint(contact, "confirmed", at=NOON - number * MINUTE - HOUR)

    counts = race(3, lambda: plan(NOON))

    assert sum(counts) == Delivery.objects.count() == 40 * 2 + 40


def test_a_planner_that_waited_for_another_finds_the_key_taken(ada, transactional_db):
    rule = make_rule()
    make_touchpoint(ada, "confirmed", at=NOON - MINUTE)

    with transaction.atomic():
        assert plan_rule(rule, NOON) == 1
        another = beside(lambda: plan_rule(rule, NOON))
        wait_until_somebody_waits()

    assert another() == 0
    assert Delivery.objects.count() == 1


def test_what_was_due_before_the_activation_starts_nothing(ada):
    make_rule(activated_at=NOON - HOUR)
    make_touchpoint(ada, "confirmed", at=NOON - 2 * HOUR)
    assert plan(NOON) == 0

    make_touchpoint(ada, "confirmed", at=NOON - HOUR + MINUTE)

    assert plan(NOON) == 1


def test_what_is_older_than_its_freshness_starts_nothing(ada):
    make_rule(freshness=2 * HOUR)
    make_touchpoint(ada, "confirmed", at=NOON - 2 * HOUR)
    assert plan(NOON) == 0

    make_touchpoint(ada, "confirmed", at=NOON - 2 * HOUR + MINUTE)

    assert plan(NOON) == 1


@pytest.mark.django_db
def test_the_key_is_found_by_one_index_and_no_more():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'campaigns_delivery'"
            " AND indexdef LIKE '%(occurrence_key%'"
        )
        assert cursor.fetchall() == [("delivery_once",)]


def test_the_due_moment_counts_and_not_the_occurrence(ada):
    make_rule(delay=3 * DAY, activated_at=NOON - DAY)
    make_touchpoint(ada, "confirmed", at=NOON - 3 * DAY)

    assert plan(NOON) == 1


def test_history_brought_along_by_an_import_starts_nothing(ada):
    make_rule()
    make_touchpoint(ada, "confirmed", at=NOON, is_history=True)
    assert plan(NOON) == 0

    make_touchpoint(ada, "confirmed", at=NOON)

    assert plan(NOON) == 1


def test_what_has_not_happened_yet_starts_nothing(ada):
    make_rule()
    make_touchpoint(ada, "confirmed", at=NOON + MINUTE)

    assert (plan(NOON), plan(NOON + MINUTE)) == (0, 1)


@pytest.mark.parametrize("status", ["draft", "paused", "closed"])
def test_a_rule_that_is_not_on_plans_nothing(ada, status):
    rule = make_rule(status=status)
    make_touchpoint(ada, "confirmed", at=NOON)
    assert plan(NOON) == 0

    rule.status = "active"
    rule.save()

    assert plan(NOON) == 1


def test_once_ever_is_once_ever(ada):
    make_rule(re_entry="once")
    for days in (0, 40):
        make_touchpoint(ada, "confirmed", at=NOON + days * DAY)

    assert [plan(NOON + days * DAY) for days in (0, 40)] == [1, 0]


def test_of_two_occurrences_the_first_is_answered(ada):
    make_rule(re_entry="once")
    make_touchpoint(ada, "confirmed", at=NOON - MINUTE)
    make_touchpoint(ada, "confirmed", at=NOON - HOUR)
    make_touchpoint(ada, "confirmed", at=NOON)

    assert plan(NOON) == 1
    assert Delivery.objects.get().occurred_at == NOON - HOUR


def test_every_time_is_every_time(ada):
    rule = make_rule(re_entry="every")
    found = [make_touchpoint(ada, "confirmed", at=NOON + minutes * MINUTE) for minutes in (0, 1)]

    assert plan(NOON + MINUTE) == 2
    assert keys() == [f"r{rule.pk}:s1:{ada.pk}:t{touchpoint.pk}" for touchpoint in found]


def test_once_in_thirty_days_counts_from_the_last(ada):
    make_rule(re_entry="days", re_entry_days=30)
    planned = []
    for days in (0, 1, 29, 30, 59, 60):
        make_touchpoint(ada, "confirmed", at=NOON + days * DAY)
        planned.append(plan(NOON + days * DAY))

    assert planned == [1, 0, 0, 1, 0, 1]


def test_an_occurrence_that_is_told_late_is_still_within_the_thirty_days(ada):
    make_rule(re_entry="days", re_entry_days=30)
    make_touchpoint(ada, "confirmed", at=NOON)
    assert plan(NOON) == 1

    make_touchpoint(ada, "confirmed", at=NOON - HOUR)

    assert plan(NOON) == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_plan_different_occurrences_of_thirty_days_take_turns():
    """The second cannot see what the first has written until it commits, so it waits."""
    make_rule(re_entry="days", re_entry_days=30)
    ada = make_contact()
    make_touchpoint(ada, "confirmed", at=NOON)
    with transaction.atomic():
        make_touchpoint(ada, "confirmed", at=NOON - HOUR)
        assert plan(NOON) == 1
        second = beside(lambda: plan(NOON))
        wait_until_somebody_waits()

    assert (second(), Delivery.objects.count()) == (0, 1)


def test_a_wake_up_plans_for_these_contacts_only(ada, ben):
    make_rule()
    make_touchpoint(ada, "confirmed", at=NOON)
    make_touchpoint(ben, "confirmed", at=NOON)

    assert (plan(NOON, [ada.pk]), plan(NOON)) == (1, 1)


def test_a_rule_with_an_unknown_trigger_does_not_hold_up_the_rest(ada):
    make_rule(trigger="no_such_trigger", position=0)
    make_rule(name="Good", position=1)
    make_touchpoint(ada, "confirmed", at=NOON)

    assert plan(NOON) == 1


def test_a_rule_without_frozen_words_plans_nothing(ada):
    rule = make_rule()
    words = rule.first_step.content
    words.live = None
    words.save()
    make_touchpoint(ada, "confirmed", at=NOON)

    assert plan(NOON) == 0


def test_a_rehearsal_says_how_many_and_writes_nothing(ada, ben):
    rule = make_rule(status="draft", activated_at=None, delay=HOUR)
    make_touchpoint(ada, "confirmed", at=NOON - 30 * MINUTE)
    make_touchpoint(ada, "confirmed", at=NOON - 20 * MINUTE)
    make_touchpoint(ben, "confirmed", at=NOON - 2 * HOUR)

    assert rehearse(rule, NOON, NOON + DAY) == 1
    assert rehearse(rule, NOON - DAY, NOON) == 1
    assert Delivery.objects.count() == 0


# Reminders -------------------------------------------------------------------------------------------


@pytest.fixture
def first(ada):
    """A message sent five days ago, whose silence is to be answered after five days."""
    rule = make_rule(remind_after=5 * DAY, reminder_content=make_version().content)
    sent_at = NOON - 5 * DAY
    return make_delivery(rule, ada, status="sent", sending_at=sent_at, finished_at=sent_at)


def test_silence_plans_one_reminder_when_it_has_lasted(first):
    assert [plan_following(NOON - MINUTE), plan_following(NOON), plan_following(NOON + HOUR)] == [0, 1, 0]

    reminder = first.reminders.get()
    assert (reminder.occurrence_key, reminder.reminder_number) == (f"{first.occurrence_key}:s2", 1)
    assert (reminder.step.key, reminder.episode) == (2, first.episode)
    assert reminder.version == reminder.step.content.live
    assert (reminder.due_at, reminder.occurred_at) == (NOON, first.sending_at)


def test_an_opening_is_silence(first):
    Response.objects.create(delivery=first, kind="opened", at=NOON)

    assert plan_following(NOON) == 1


@pytest.mark.parametrize("kind", ["clicked", "replied", "unsubscribed"])
def test_an_answer_needs_no_reminder(first, kind):
    Response.objects.create(delivery=first, kind=kind, at=NOON - DAY)

    assert plan_following(NOON) == 0


def test_an_outcome_needs_no_reminder(first):
    first.outcome_at = NOON - DAY
    first.save()

    assert plan_following(NOON) == 0


@pytest.mark.parametrize("status", ["parked", "failed", "skipped", "unknown"])
def test_what_was_not_sent_is_not_reminded_of(first, status):
    Delivery.objects.filter(pk=first.pk).update(status=status)

    assert plan_following(NOON) == 0


def test_a_silence_from_before_the_freshness_is_left_alone(first):
    assert plan_following(NOON + 2 * DAY) == 0


def test_three_planners_remind_once(first, transactional_db):
    assert sum(race(3, lambda: plan_following(NOON))) == 1
