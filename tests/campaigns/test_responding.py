"""What came back: clicks, openings, stops, and outcomes reached."""

import pytest

from campaigns.models import Delivery, Response
from campaigns.planning import plan_following
from campaigns.responding import note_outcomes, undo_unsubscribe, unsubscribe
from contacts.consenting import current_consents, give_consent, withdraw_consent
from contacts.models import Consent, Contact
from tests.answering import record_click, record_open
from tests.campaigns.racing import race
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_delivery,
    make_rule,
    make_topic,
    make_touchpoint,
    make_version,
)
from touchpoints.models import Touchpoint

URL = "http://testserver/shop/"


@pytest.fixture
def rule(topic, sender):
    return make_rule(outcome="first_visit", remind_after=5 * DAY, reminder_content=make_version().content)


@pytest.fixture
def sent(rule, ada):
    return make_delivery(rule, ada, status="sent", sending_at=NOON, finished_at=NOON)


def states(contact):
    return {entry.topic.key: entry.action for entry in current_consents(contact)}


def test_a_click_is_a_touchpoint_and_an_answer(sent, ada):
    touchpoint = record_click(sent, URL, at=NOON + HOUR)

    assert (touchpoint.kind, touchpoint.contact, touchpoint.data["url"]) == ("clicked", ada, URL)
    assert sent.responses.get().kind == "clicked"
    assert ada.totals.last_response_at == NOON + HOUR


def test_the_same_click_within_a_minute_counts_once(sent):
    for moment in (NOON, NOON + MINUTE / 2, NOON + 2 * MINUTE):
        record_click(sent, URL, at=moment)

    assert sent.responses.count() == 2


def test_an_opening_is_told_once(sent):
    for moment in (NOON, NOON + DAY):
        record_open(sent, at=moment)

    assert [(r.kind, r.at) for r in sent.responses.all()] == [("opened", NOON)]


# Stopping --------------------------------------------------------------------------------------------


def test_stopping_withdraws_the_topic_of_the_message(sent, ada):
    offers = make_topic("offers", "Offers")
    give_consent(ada, [offers], at=NOON, source="test")

    unsubscribe(sent, at=NOON + HOUR, evidence={"ip": "192.0.2.1"})

    assert states(ada) == {"news": "withdrawn", "offers": "given"}
    proof = Consent.objects.get(action="withdrawn")
    assert (proof.source, proof.evidence) == ("one-click", {"delivery": str(sent.uuid), "ip": "192.0.2.1"})
    assert [r.kind for r in sent.responses.all()] == ["unsubscribed"]


def test_stopping_twice_is_stopping_once(sent, ada):
    unsubscribe(sent, at=NOON + HOUR)
    unsubscribe(sent, at=NOON + 2 * HOUR)

    assert Consent.objects.filter(action="withdrawn").count() == 1
    assert Touchpoint.objects.filter(kind="unsubscribed").count() == 1


def test_stopping_everything_withdraws_every_topic(sent, ada):
    give_consent(ada, [make_topic("offers", "Offers")], at=NOON, source="test")

    unsubscribe(sent, at=NOON + HOUR, everything=True)

    assert states(ada) == {"news": "withdrawn", "offers": "withdrawn"}


def test_an_undo_gives_back_what_had_been_agreed_to_and_no_more(sent, ada):
    make_topic("offers", "Offers")
    unsubscribe(sent, at=NOON + HOUR, everything=True)

    undo_unsubscribe(sent, at=NOON + HOUR + MINUTE)

    assert states(ada) == {"news": "given", "offers": "withdrawn"}
    given = Consent.objects.filter(action="given").latest("at")
    assert (given.source, given.evidence) == ("one-click:undo", {"delivery": str(sent.uuid), "undo": True})


def test_an_undo_does_not_take_back_what_was_chosen_elsewhere(sent, ada, topic):
    unsubscribe(sent, at=NOON + HOUR)
    give_consent(ada, [topic], at=NOON + 2 * HOUR, source="preferences")
    withdraw_consent(ada, [topic], at=NOON + 3 * HOUR, source="preferences")

    assert undo_unsubscribe(sent, at=NOON + 4 * HOUR) == []
    assert states(ada) == {"news": "withdrawn"}


def test_a_second_stop_after_an_undo_is_told_again(sent, ada):
    unsubscribe(sent, at=NOON + HOUR)
    undo_unsubscribe(sent, at=NOON + 2 * HOUR)

    unsubscribe(sent, at=NOON + 3 * HOUR)

    assert states(ada) == {"news": "withdrawn"}
    assert Touchpoint.objects.filter(kind="unsubscribed").count() == 2


# Outcomes --------------------------------------------------------------------------------------------


def test_the_first_visit_after_sending_is_the_outcome(sent, ada):
    make_touchpoint(ada, "visited", at=NOON - HOUR)
    first = make_touchpoint(ada, "visited", at=NOON + HOUR)
    make_touchpoint(ada, "visited", at=NOON + 2 * HOUR)

    assert (note_outcomes(NOON + DAY), note_outcomes(NOON + DAY)) == (1, 0)

    sent.refresh_from_db()
    assert (sent.outcome_at, sent.outcome_touchpoint) == (NOON + HOUR, first)
    told = Touchpoint.objects.get(kind="outcome")
    assert (told.contact, told.at, told.data["delivery"]) == (ada, NOON + HOUR, str(sent.uuid))


@pytest.mark.parametrize(
    "kind, at, is_history",
    [
        ("ordered", NOON + HOUR, False),
        ("visited", NOON - HOUR, False),
        ("visited", NOON + 7 * DAY + HOUR, False),
        ("visited", NOON + HOUR, True),
    ],
)
def test_what_is_not_the_outcome(sent, ada, kind, at, is_history):
    make_touchpoint(ada, kind, at=at, is_history=is_history)
    assert note_outcomes(at + MINUTE) == 0

    make_touchpoint(ada, "visited", at=NOON + DAY)

    assert note_outcomes(NOON + DAY) == 1


def test_an_outcome_is_credited_to_the_reminder_that_came_before_it(sent, ada, rule):
    plan_following(NOON + 5 * DAY)
    sent.reminders.update(status="sent", sending_at=NOON + 5 * DAY)
    make_touchpoint(ada, "visited", at=NOON + 6 * DAY)

    assert note_outcomes(NOON + 6 * DAY) == 1

    sent.refresh_from_db()
    assert sent.outcome_at is None
    assert sent.reminders.get().outcome_at == NOON + 6 * DAY


def test_three_sweeps_at_once_tell_an_outcome_once(sent, ada, transactional_db):
    make_touchpoint(ada, "visited", at=NOON + HOUR)

    race(3, lambda: note_outcomes(NOON + DAY))

    assert Touchpoint.objects.filter(kind="outcome").count() == 1


def test_nothing_waits_for_an_outcome_that_no_rule_names(sent, ada, rule):
    rule.outcome = ""
    rule.save()
    make_touchpoint(ada, "visited", at=NOON + HOUR)

    assert note_outcomes(NOON + DAY) == 0
    assert (Delivery.objects.filter(outcome_at=None).count(), Response.objects.count()) == (1, 0)


def test_who_was_merged_stops_what_the_one_they_are_now_would_get(sent, ada, ben, rule):
    delivery = make_delivery(rule, ben, status="sent", sending_at=NOON)
    Contact.objects.filter(pk=ben.pk).update(merged_into=ada)
    delivery.refresh_from_db()

    unsubscribe(delivery, at=NOON)
    stopped = states(ada)
    undo_unsubscribe(delivery, at=NOON)

    assert stopped != states(ada)
    assert {*stopped.values()} == {"withdrawn"}
