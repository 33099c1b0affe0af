"""The gate: whatever holds at the last moment decides, under the contact's lock."""

import threading
from collections import Counter
from datetime import time, timedelta

import pytest
from django.db import connection, transaction

from campaigns import deciding, gate
from campaigns.claiming import LEASE, claim
from campaigns.models import Delivery, Response, SendingSwitch
from contacts.consenting import give_consent, withdraw_consent
from contacts.locking import lock_contacts
from contacts.models import Contact
from contacts.suppressing import suppress
from tests.campaigns.racing import beside, wait_until_somebody_waits
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
    make_order,
    make_rule,
    make_sender,
    make_topic,
    make_touchpoint,
    make_version,
)

OWNER = "worker"


def through_the_gate(delivery, at=NOON):
    """What becomes of a delivery that is claimed and asks the gate: (status, reason)."""
    claim(OWNER, at, 10)
    gate.pass_gate([delivery.pk], at, owner=OWNER)
    delivery.refresh_from_db()
    return delivery.status, delivery.reason


@pytest.fixture
def rule(topic, sender):
    return make_rule(outcome="first_visit", remind_after=5 * DAY, reminder_content=make_version().content)


@pytest.fixture
def delivery(rule, ada):
    return make_delivery(rule, ada)


@pytest.fixture
def reminder(rule, ada):
    first = make_delivery(rule, ada, status="sent", sending_at=NOON - 5 * DAY, finished_at=NOON - 5 * DAY)
    return make_delivery(rule, ada, parent=first, reminder_number=1, occurred_at=NOON - 5 * DAY)


# Each "not sent" is beside the same set-up sending ---------------------------------------------------


def test_who_agreed_passes_and_the_row_says_where_and_when(delivery, ada):
    assert through_the_gate(delivery) == ("sending", "")

    assert (delivery.sending_at, delivery.address, delivery.attempts) == (NOON, "ada@example.com", 1)


def no_consent(delivery):
    delivery.topic = make_topic("offers", "Offers")
    delivery.save()


def withdrawn(delivery):
    withdraw_consent(delivery.contact, [delivery.topic], at=NOON, source="test")


def suppressed(delivery):
    suppress(delivery.contact.email, reason="bounced", at=NOON, source="test")


def suppressed_for_marketing(delivery):
    suppress(delivery.contact.email, reason="complained", at=NOON, source="test", scope="marketing")


def no_address(delivery):
    delivery.contact.email = ""
    delivery.contact.save()


def erased(delivery):
    nameless = {"email": "", "first_name": "", "last_name": ""}
    Contact.objects.filter(pk=delivery.contact_id).update(erased_at=NOON, **nameless)


def merged(delivery):
    delivery.contact.merged_into = make_contact()
    delivery.contact.save()


def rule_closed(delivery):
    delivery.rule.status = "closed"
    delivery.rule.save()


def rule_paused(delivery):
    delivery.rule.status = "paused"
    delivery.rule.save()


def all_held(delivery):
    SendingSwitch.objects.update_or_create(id=1, defaults={"held": True})


def too_late(delivery):
    delivery.expires_at = NOON
    delivery.save()


def quiet(delivery):
    delivery.sender.quiet_from, delivery.sender.quiet_until = time(11), time(13)
    delivery.sender.save()


def heard_enough(delivery):
    delivery.sender.cap = 1
    delivery.sender.save()
    make_delivery(delivery.rule, delivery.contact, status="sent", sending_at=NOON - 6 * DAY)


@pytest.mark.parametrize(
    "happen, status, reason",
    [
        (no_consent, "skipped", "never_agreed"),
        (withdrawn, "skipped", "withdrew"),
        (suppressed, "skipped", "suppressed"),
        (suppressed_for_marketing, "skipped", "suppressed"),
        (no_address, "skipped", "no_address"),
        (erased, "erased", "erased"),
        (merged, "merged", "merged"),
        (rule_closed, "cancelled", "rule_off"),
        (rule_paused, "planned", "rule_paused"),
        (all_held, "planned", "held"),
        (too_late, "expired", "too_late"),
        (quiet, "planned", "quiet"),
        (heard_enough, "planned", "cap"),
    ],
)
def test_what_keeps_a_delivery_back_is_said_in_its_row(rule, ada, delivery, happen, status, reason):
    bea = make_contact("bea@example.com")
    make_consent(bea, rule.topic)
    assert through_the_gate(make_delivery(rule, bea)) == ("sending", "")

    happen(delivery)

    assert through_the_gate(delivery) == (status, reason)
    assert (delivery.sending_at, delivery.address, delivery.attempts, delivery.owner) == (None, "", 0, "")
    assert (delivery.finished_at is None) == (status == "planned")


def test_a_withdrawal_of_another_topic_keeps_nothing_back(delivery, ada):
    offers = make_topic("offers", "Offers")
    give_consent(ada, [offers], at=NOON - DAY, source="test")
    withdraw_consent(ada, [offers], at=NOON, source="test")

    assert through_the_gate(delivery) == ("sending", "")


def test_an_order_given_back_is_not_thanked_for(topic, sender, ada):
    rule = make_rule(name="Thank you", trigger="ordered")
    order = make_order(ada, external_id="7")
    ordered = make_touchpoint(ada, "ordered", external_id="order:7")
    kept = make_delivery(rule, ada, touchpoint=ordered)
    assert through_the_gate(kept) == ("sending", "")

    order.status = "refunded"
    order.save()
    other = make_delivery(rule, ada, touchpoint=ordered)

    assert through_the_gate(other) == ("cancelled", "condition_gone")


def test_who_has_confirmed_is_not_asked_to(sender):
    rule = make_rule(name="Confirm", trigger="signed_up", rank=0, topic=None)
    dora = make_contact()
    assert through_the_gate(make_delivery(rule, dora)) == ("sending", "")

    make_touchpoint(dora, "confirmed", at=NOON + MINUTE)

    assert through_the_gate(make_delivery(rule, dora), NOON + 2 * MINUTE) == ("cancelled", "condition_gone")


def test_a_service_message_needs_no_consent_but_a_good_address(sender, ben, cleo):
    rule = make_rule(name="Confirm", trigger="signed_up", rank=0, topic=None)

    assert through_the_gate(make_delivery(rule, ben)) == ("sending", "")
    assert through_the_gate(make_delivery(rule, cleo)) == ("skipped", "suppressed")


def test_a_complaint_does_not_keep_a_service_message_back(sender, ada):
    rule = make_rule(name="Confirm", trigger="signed_up", rank=0, topic=None)
    suppress(ada.email, reason="complained", at=NOON, source="test", scope="marketing")

    assert through_the_gate(make_delivery(rule, ada)) == ("sending", "")


# Reminders answer silence ----------------------------------------------------------------------------


def test_a_reminder_passes_when_the_first_message_was_only_opened(reminder):
    Response.objects.create(delivery=reminder.parent, kind="opened", at=NOON)

    assert through_the_gate(reminder) == ("sending", "")


@pytest.mark.parametrize("kind", ["clicked", "replied", "unsubscribed"])
def test_a_reminder_is_called_off_by_an_answer(reminder, kind):
    Response.objects.create(delivery=reminder.parent, kind=kind, at=NOON)

    assert through_the_gate(reminder) == ("cancelled", "answered")


def test_a_reminder_is_called_off_by_a_visit_that_no_sweep_has_noted_yet(reminder, ada):
    make_touchpoint(ada, "visited", at=NOON - MINUTE)

    assert through_the_gate(reminder) == ("cancelled", "outcome_reached")


def test_a_visit_from_before_the_first_message_calls_nothing_off(reminder, ada):
    make_touchpoint(ada, "visited", at=NOON - 6 * DAY)

    assert through_the_gate(reminder) == ("sending", "")


# Hours and cap ---------------------------------------------------------------------------------------


def test_quiet_hours_are_those_where_the_contact_lives(delivery, ada):
    quiet(delivery)
    ada.time_zone = "Asia/Tokyo"
    ada.save()

    assert through_the_gate(delivery) == ("sending", "")


def test_an_unknown_zone_is_the_senders(delivery, ada):
    quiet(delivery)
    ada.time_zone = "Mars/Phobos"
    ada.save()

    assert through_the_gate(delivery) == ("planned", "quiet")


def test_what_met_quiet_hours_goes_within_the_first_hour_after_them(delivery):
    quiet(delivery)

    through_the_gate(delivery)

    assert NOON + HOUR <= delivery.due_at < NOON + 2 * HOUR
    assert delivery.detail == "until 13:00 in UTC"
    assert through_the_gate(delivery, delivery.due_at) == ("sending", "")


def test_an_answer_to_what_they_did_a_moment_ago_minds_neither_hour_nor_cap(rule, delivery):
    quiet(delivery)
    heard_enough(delivery)
    rule.answers_at_once = True
    rule.save()

    assert through_the_gate(delivery, NOON + 15 * MINUTE) == ("sending", "")


def test_an_answer_that_comes_after_a_quarter_of_an_hour_minds_them(rule, delivery):
    quiet(delivery)
    rule.answers_at_once = True
    rule.save()

    assert through_the_gate(delivery, NOON + 16 * MINUTE) == ("planned", "quiet")


def test_the_cap_frees_when_the_oldest_it_counts_is_old_enough(delivery):
    heard_enough(delivery)

    assert through_the_gate(delivery) == ("planned", "cap")
    assert delivery.due_at == NOON + DAY
    assert through_the_gate(delivery, delivery.due_at) == ("sending", "")


def test_what_does_not_keep_until_the_cap_frees_is_not_sent(delivery):
    heard_enough(delivery)
    Delivery.objects.filter(pk=delivery.pk).update(expires_at=NOON + DAY)

    assert through_the_gate(delivery) == ("skipped", "cap")


def test_the_cap_does_not_count_service_messages_or_what_failed(delivery, rule, ada):
    delivery.sender.cap = 1
    delivery.sender.save()
    make_delivery(rule, ada, status="sent", sending_at=NOON - DAY, rank=0)
    make_delivery(rule, ada, status="failed", sending_at=NOON - DAY)

    assert through_the_gate(delivery) == ("sending", "")


@pytest.mark.parametrize("status", ["sending", "sent", "unknown", "parked"])
def test_the_cap_counts_what_left_or_may_have_left(delivery, rule, ada, status):
    delivery.sender.cap = 1
    delivery.sender.save()
    make_delivery(rule, ada, status=status, sending_at=NOON - DAY)

    assert through_the_gate(delivery) == ("skipped", "cap")


# Campaigns and the pilot group ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "campaign, state",
    [
        ("sending", ("sending", "")),
        ("planning", ("sending", "")),
        ("paused", ("planned", "campaign_paused")),
        ("cancelled", ("cancelled", "campaign_off")),
    ],
)
def test_what_belongs_to_a_campaign_leaves_while_it_is_sending(ada, campaign, state):
    delivery = make_campaign_delivery(make_campaign(status=campaign), ada)

    assert through_the_gate(delivery) == state


def test_the_control_group_is_held_out_and_only_of_what_would_have_been_sent(topic):
    campaign = make_campaign(control_share=50)
    people = [make_contact() for _ in range(40)]
    for person in people[:20]:
        make_consent(person, topic)
    deliveries = [make_campaign_delivery(campaign, person) for person in people]

    claim(OWNER, NOON, 50)
    gate.pass_gate([delivery.pk for delivery in deliveries], NOON, owner=OWNER)

    states = Counter(Delivery.objects.values_list("status", flat=True))
    assert states["skipped"] == 20
    assert states["held_out"] + states["sending"] == 20
    assert 0 < states["held_out"] < 20
    held_out = Delivery.objects.filter(status="held_out")
    assert all(deciding.is_control(f"campaign:{campaign.pk}", d.contact_id, 50) for d in held_out)


def test_in_pilot_mode_nobody_outside_the_group_receives_anything(rule, delivery, ada):
    switch = SendingSwitch.objects.create(pilot=True)
    assert through_the_gate(delivery) == ("skipped", "pilot")

    switch.pilot_group.add(ada)

    assert through_the_gate(make_delivery(rule, ada)) == ("sending", "")


# Windows and leases ----------------------------------------------------------------------------------


def test_a_window_never_holds_two_of_one_contact_and_the_most_important_goes_first(rule, ada):
    make_sender(name="Northside Records")
    rule.sender.window = 3
    rule.sender.save()
    bea = make_contact()
    letter = make_delivery(rule, ada, rank=4, due_at=NOON - DAY)
    welcome = make_delivery(rule, ada, rank=1)
    other = make_delivery(rule, bea, rank=4)

    found = [[d.id for d in window] for window in gate.windows(claim(OWNER, NOON, 10))]

    assert found == [[welcome.pk, other.pk], [letter.pk]]


def test_of_one_rank_the_row_that_stands_higher_goes_first(rule, ada):
    lower = make_delivery(rule, ada, rank=3, position=2, due_at=NOON - DAY)
    higher = make_delivery(rule, ada, rank=3, position=1)
    first = make_delivery(rule, ada, rank=2, position=9)

    found = [d.id for window in gate.windows(claim(OWNER, NOON, 10)) for d in window]

    assert found == [first.pk, higher.pk, lower.pk]


@pytest.mark.parametrize("size, sizes", [(1, [1, 1, 1, 1, 1]), (2, [2, 2, 1]), (20, [5])])
def test_no_window_is_wider_than_its_sender_says(topic, size, sizes):
    rule = make_rule(sender=make_sender(name="Other", window=size))
    for _ in range(5):
        make_delivery(rule)

    assert [len(window) for window in gate.windows(claim(OWNER, NOON, 10))] == sizes


def test_what_passes_is_on_disk_whatever_the_database_says_of_commits(delivery):
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    claim(OWNER, NOON, 10)
    seen = []

    def look(execute, sql, *arguments):
        result = execute(sql, *arguments)
        if sql.startswith("EXECUTE gate_mark"):
            with connection.connection.cursor() as cursor:
                cursor.execute("SHOW synchronous_commit")
                seen.extend(cursor.fetchone())
        return result

    with connection.execute_wrapper(look):
        assert gate.pass_gate([delivery.pk], NOON, owner=OWNER)

    assert seen == ["on"]


@pytest.mark.django_db(transaction=True)
def test_no_other_transaction_decides_whether_a_mark_stays():
    with transaction.atomic(), pytest.raises(RuntimeError):
        gate.pass_gate([], NOON, owner=OWNER)

    assert gate.pass_gate([], NOON, owner=OWNER) == {}


def test_the_gate_is_shut_for_a_worker_whose_lease_is_over(delivery):
    claim(OWNER, NOON, 10)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE campaigns_delivery SET lease_until = clock_timestamp() - interval '1 second'")

    assert gate.pass_gate([delivery.pk], NOON, owner=OWNER) == {}


def test_the_gate_is_shut_for_a_worker_who_has_not_claimed(delivery):
    claim(OWNER, NOON, 10)

    assert gate.pass_gate([delivery.pk], NOON, owner="another") == {}


def test_what_returns_to_the_gate_is_asked_anew(delivery):
    assert through_the_gate(delivery) == ("sending", "")
    assert gate.return_to_gate([delivery.pk], OWNER) == [delivery.pk]
    withdrawn(delivery)

    assert gate.pass_gate([delivery.pk], NOON, owner=OWNER) == {}
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("skipped", 0)


# The race --------------------------------------------------------------------------------------------


def one_statement_gate(delivery_ids, at, *, owner):
    """The gate as it must not be: locking and reading in one statement, it reads what was before the wait."""
    sql = gate._facts_sql().replace(
        "d.contact_id = ANY(%(locked)s)",
        "d.contact_id IN (SELECT id FROM contacts_contact WHERE id = ANY(%(locked)s)"
        " ORDER BY id FOR NO KEY UPDATE)",
    )
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        locked = gate._contacts_of(delivery_ids)
        cursor.execute(sql, {"ids": delivery_ids, "locked": locked, "at": at, "owner": owner})
        return gate._mark(gate.facts_of(cursor), at, owner, {})


def gate_while_a_withdrawal_commits(ask, delivery):
    """Withdraw in one connection, hold the lock until the gate of another waits for it, then commit."""
    with transaction.atomic():
        lock_contacts([delivery.contact_id])
        withdraw_consent(delivery.contact, [delivery.topic], at=NOON, source="test")
        passed = beside(lambda: ask([delivery.pk], NOON, owner=OWNER))
        wait_until_somebody_waits()
    return passed()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ask, lets_through", [(gate.pass_gate, False), (one_statement_gate, True)])
def test_a_withdrawal_that_commits_while_the_gate_waits_wins(ask, lets_through, ada):
    """It wins because the gate reads in a new statement; a gate of one statement lets it through."""
    delivery = make_delivery(make_rule(), ada)
    claim(OWNER, NOON, 10)

    passed = gate_while_a_withdrawal_commits(ask, delivery)

    assert bool(passed) == lets_through
    delivery.refresh_from_db()
    assert delivery.status == ("sending" if lets_through else "skipped")


@pytest.mark.django_db(transaction=True)
def test_it_wins_behind_a_pool_that_hands_connections_around_too(ada, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    delivery, other = (make_delivery(make_rule(name=f"{name}"), ada) for name in range(2))
    claim(OWNER, NOON, 10)
    assert gate.pass_gate([other.pk], NOON, owner=OWNER)

    assert gate_while_a_withdrawal_commits(gate.pass_gate, delivery) == {}
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == ("skipped", "withdrew")


@pytest.mark.django_db(transaction=True)
def test_a_suppression_that_commits_while_the_gate_waits_wins(ada):
    delivery = make_delivery(make_rule(), ada)
    claim(OWNER, NOON, 10)

    with transaction.atomic():
        suppress(ada.email, reason="asked", at=NOON, source="test")
        passed = beside(lambda: gate.pass_gate([delivery.pk], NOON, owner=OWNER))
        wait_until_somebody_waits()

    assert passed() == {}
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == ("skipped", "suppressed")


@pytest.mark.django_db(transaction=True)
def test_withdrawing_suppressing_and_asking_never_wait_in_a_ring(topic, sender):
    people = [make_contact() for _ in range(12)]
    for person in people:
        make_consent(person, topic)
    rule = make_rule(sender=make_sender(name="Wide", window=6))
    errors = []

    def repeat(act):
        try:
            for turn in range(15):
                act(turn)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    def withdraw_and_give(turn):
        person = people[turn % 12]
        withdraw_consent(person, [topic], at=NOON + timedelta(seconds=turn), source="test")
        give_consent(person, [topic], at=NOON + timedelta(seconds=turn), source="test")

    def suppress_backwards(turn):
        suppress(people[-1 - turn % 12].email, reason="asked", at=NOON, source="test", scope="marketing")

    def plan_and_ask(turn):
        for person in people:
            make_delivery(rule, person)
        owner = f"{threading.get_ident()}"
        for window in gate.windows(claim(owner, NOON, 50)):
            gate.pass_gate([d.id for d in window], NOON, owner=owner)

    acts = [withdraw_and_give, suppress_backwards, plan_and_ask, plan_and_ask]
    workers = [threading.Thread(target=repeat, args=[act]) for act in acts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert errors == []
    assert Delivery.objects.filter(status="claimed").count() == 0


def test_a_lease_outlasts_three_silences_of_the_mail_server(settings):
    assert timedelta(seconds=3 * (settings.EMAIL_TIMEOUT + settings.EMAIL_TIMEOUT)) < LEASE
