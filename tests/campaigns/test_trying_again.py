"""What did not leave is tried again by one click; what may have left is settled by a person."""

import pytest

from campaigns import launching, switching
from campaigns.campaigning import finish_campaigns
from campaigns.launching import CannotStart
from campaigns.models import Campaign, Delivery
from campaigns.sending import send_due
from contacts.consenting import withdraw_consent
from tests.campaigns.racing import race
from tests.make import DAY, HOUR, NOON, make_campaign, make_campaign_delivery, make_consent, make_contact

RETRIED = [
    ("failed", "render"), ("failed", "refused"), ("expired", "too_late"), ("skipped", "quiet"),
    ("skipped", "cap"), ("skipped", "held"), ("skipped", "pace"), ("skipped", "pilot"),
]  # fmt: skip
LEFT = [
    ("sent", ""), ("failed", "bounced"), ("skipped", "withdrew"), ("skipped", "never_agreed"),
    ("skipped", "suppressed"), ("skipped", "no_address"), ("held_out", "control"), ("parked", "no_answer"),
    ("cancelled", "campaign_off"), ("merged", "merged"), ("erased", "erased"), ("planned", "quiet"),
    ("sending", ""), ("unknown", "no_answer"), ("claimed", ""),
]  # fmt: skip


@pytest.fixture
def missed(db):
    """A finished campaign with deliveries in every state."""
    campaign = make_campaign(status="finished", finished_at=NOON, planned_count=len(RETRIED + LEFT))
    for status, reason in RETRIED + LEFT:
        make_campaign_delivery(campaign, status=status, reason=reason, finished_at=NOON)
    return campaign


def states(campaign):
    rows = Delivery.objects.filter(campaign=campaign).order_by("id")
    return [*rows.values_list("status", "reason")]


def test_a_retry_plans_again_what_may_still_go_and_nothing_else(missed):
    assert launching.count_retriable(missed) == len(RETRIED)
    assert launching.retry(missed, at=NOON + 4 * DAY) == len(RETRIED)

    assert states(missed) == [("planned", "")] * len(RETRIED) + LEFT
    again = Delivery.objects.filter(campaign=missed).earliest("id")
    assert (again.due_at, again.expires_at, again.finished_at) == (NOON + 4 * DAY, NOON + 7 * DAY, None)
    missed.refresh_from_db()
    assert (missed.status, missed.finished_at, missed.counted_since) == ("sending", None, NOON + 4 * DAY)


def test_a_second_click_finds_nothing_to_do(missed):
    launching.retry(missed, at=NOON)

    assert launching.retry(missed, at=NOON + HOUR) == 0

    assert Delivery.objects.filter(campaign=missed, due_at=NOON + HOUR).count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_click_at_once_retry_once():
    campaign = make_campaign(status="finished", finished_at=NOON)
    for _ in range(20):
        make_campaign_delivery(campaign, status="expired", reason="too_late", finished_at=NOON)

    results = race(2, lambda: launching.retry(campaign, at=NOON))

    assert sorted(results) == [0, 20]


def test_what_may_have_left_once_is_not_retried(db):
    campaign = make_campaign(status="finished")
    doubted = make_campaign_delivery(campaign, status="expired", reason="too_late", doubts=1)
    assert launching.retry(campaign, at=NOON) == 0

    Delivery.objects.filter(pk=doubted.pk).update(doubts=0)
    assert launching.retry(campaign, at=NOON) == 1


def test_a_retry_asks_the_gate_again_and_who_has_left_gets_nothing(ada, topic, mailbox):
    campaign = make_campaign([ada], status="finished", planned_count=2)
    other = make_contact()
    make_consent(other, topic)
    for person in (ada, other):
        make_campaign_delivery(campaign, person, status="failed", reason="refused", finished_at=NOON)
    withdraw_consent(ada, [topic], at=NOON, source="test")

    launching.retry(campaign, at=NOON + HOUR)
    send_due(NOON + HOUR, "worker")

    assert states(campaign) == [("skipped", "withdrew"), ("sent", "")]
    assert (len(mailbox.to(ada.email)), len(mailbox.to(other.email))) == (0, 1)


# Parked ----------------------------------------------------------------------------------------------


@pytest.fixture
def parked(ada, topic):
    other = make_contact()
    make_consent(other, topic)
    campaign = make_campaign([ada, other], status="finished", finished_at=NOON, planned_count=2)
    for person in (ada, other):
        make_campaign_delivery(
            campaign, person, status="parked", reason="no_answer", finished_at=NOON, doubts=1,
            sending_at=NOON, attempts=1, address=person.email,
        )  # fmt: skip
    return campaign


def test_all_that_is_parked_was_sent_says_a_person(parked, marketer):
    assert launching.settle_parked(parked, sent=True, at=NOON + HOUR, by=marketer) == 2

    parked.refresh_from_db()
    assert ({status for status, _reason in states(parked)}, parked.status) == ({"sent"}, "finished")
    assert launching.settle_parked(parked, sent=False, at=NOON + HOUR, by=marketer) == 0


def test_all_that_is_parked_goes_again_says_a_person(parked, marketer, mailbox):
    assert launching.settle_parked(parked, sent=False, at=NOON + HOUR, by=marketer) == 2

    send_due(NOON + HOUR, "worker")
    finish_campaigns(NOON + HOUR)

    parked.refresh_from_db()
    assert (states(parked), parked.status) == ([("sent", ""), ("sent", "")], "finished")


def test_one_that_goes_again_opens_a_finished_campaign(parked, marketer):
    first = Delivery.objects.filter(campaign=parked).earliest("id")

    launching.settle_one(first, sent=False, at=NOON + HOUR, by=marketer)

    parked.refresh_from_db()
    assert (parked.status, [status for status, _reason in states(parked)]) == (
        "sending",
        ["planned", "parked"],
    )


def test_what_was_called_off_does_not_go_again(parked, marketer):
    Campaign.objects.update(status="cancelled")
    with pytest.raises(CannotStart, match="called off"):
        launching.settle_parked(parked, sent=False, at=NOON, by=marketer)

    assert launching.settle_parked(parked, sent=True, at=NOON, by=marketer) == 2


# Pilot mode ------------------------------------------------------------------------------------------


def test_in_pilot_mode_nobody_outside_the_group_receives_it(ada, topic, admin, mailbox):
    other = make_contact()
    make_consent(other, topic)
    campaign = make_campaign([ada, other])
    for person in (ada, other):
        make_campaign_delivery(campaign, person)
    switching.set_pilot(on=True, group=[ada], approval_above=5000, by=admin, at=NOON)

    send_due(NOON, "worker")

    assert states(campaign) == [("sent", ""), ("skipped", "pilot")]
    switching.set_pilot(on=False, group=[ada], approval_above=5000, by=admin, at=NOON)
    launching.retry(campaign, at=NOON)
    send_due(NOON, "worker")
    assert len(mailbox.to(other.email)) == 1
