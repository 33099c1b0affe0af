"""A campaign's audience in the ledger: whole, once, whatever breaks off; and finished when it balances."""

import pytest
from django.db import transaction

from campaigns import campaigning, launching
from campaigns.campaigning import finish_campaigns, plan_campaigns
from campaigns.models import Campaign, Delivery
from campaigns.responding import note_outcomes
from tests.campaigns.racing import beside, race
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_consent,
    make_contact,
    make_touchpoint,
)

Status = Campaign.Status


class Killed(Exception):
    """Ends the planner where a kill would."""


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(campaigning, "CHUNK", 10)


def make_scheduled(contacts=(), **fields):
    return make_campaign(contacts, **{"status": "scheduled", "started_at": None} | fields)


def make_contacts(count, **fields):
    return [make_contact(**fields) for _ in range(count)]


def planned_for(campaign):
    return [*Delivery.objects.filter(campaign=campaign).order_by("id").values_list("contact_id", flat=True)]


def test_a_due_campaign_is_planned_for_everyone_it_names(ada, ben):
    make_contact()
    campaign = make_scheduled([ada, ben])

    assert plan_campaigns(NOON) == 2

    delivery = Delivery.objects.get(contact=ada)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.planned_count, campaign.started_at) == (Status.SENDING, 2, NOON)
    assert (delivery.occurrence_key, delivery.campaign, delivery.rule) == (
        f"c{campaign.pk}:{ada.pk}",
        campaign,
        None,
    )
    assert (delivery.due_at, delivery.expires_at, delivery.rank) == (NOON, NOON + 3 * DAY, 4)
    assert (delivery.version, delivery.topic, delivery.sender) == (
        campaign.version,
        campaign.topic,
        campaign.sender,
    )
    assert delivery.evidence == {"words": "Campaign “Winter sale”"}


def test_nothing_is_planned_before_its_moment_nor_twice(ada):
    make_scheduled([ada], send_at=NOON + HOUR)

    assert [plan_campaigns(at) for at in (NOON, NOON + HOUR, NOON + HOUR, NOON + 2 * HOUR)] == [0, 1, 0, 0]


def test_the_filters_of_the_contact_list_choose_the_audience(ada, ben, db):
    full = make_contact(level="full")
    campaign = make_scheduled(audience={"filters": {"level": "full"}})
    words = make_scheduled(audience={"filters": {"q": "byron"}})
    everyone = make_scheduled(audience={"filters": {}})

    plan_campaigns(NOON)

    assert planned_for(campaign) == [full.pk]
    assert planned_for(words) == [ada.pk]
    assert planned_for(everyone) == [ada.pk, ben.pk, full.pk]


def test_who_may_not_be_written_to_is_planned_and_the_gate_says_why(ada, ben, mailbox):
    from campaigns.sending import send_due

    campaign = make_scheduled([ada, ben])
    plan_campaigns(NOON)

    send_due(NOON, "worker")

    told = Delivery.objects.filter(campaign=campaign).order_by("contact").values_list("status", "reason")
    assert [*told] == [("sent", ""), ("skipped", "withdrew")]


def test_those_who_are_gone_are_not_planned(ada):
    gone = make_contact("", first_name="", last_name="", erased_at=NOON)
    make_contact(merged_into=ada)
    campaign = make_scheduled(audience={"filters": {}})

    plan_campaigns(NOON)

    assert planned_for(campaign) == [ada.pk]
    assert gone.pk not in planned_for(campaign)


def test_a_filter_that_is_unknown_stops_the_planning_rather_than_meaning_everyone(ada, caplog):
    campaign = make_scheduled(audience={"filters": {"planet": "mars"}})

    assert plan_campaigns(NOON) == 0

    assert planned_for(campaign) == []
    assert "could not be planned" in caplog.text


def test_one_bad_campaign_does_not_hold_up_the_rest(ada):
    make_scheduled(audience={"filters": {"planet": "mars"}}, send_at=NOON - HOUR)
    make_scheduled([ada])

    assert plan_campaigns(NOON) == 1


def test_a_planner_killed_between_two_chunks_is_carried_on_by_the_next(small_chunks, monkeypatch, db):
    people = make_contacts(35)
    campaign = make_scheduled(audience={"filters": {}})
    passed = []

    def killed_at_the_second(name):
        passed.append(name)
        if len(passed) == 2:
            raise Killed

    monkeypatch.setattr(campaigning, "crash_point", killed_at_the_second)
    plan_campaigns(NOON)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.planned_count, campaign.position) == (
        Status.PLANNING,
        20,
        people[19].pk,
    )

    monkeypatch.setattr(campaigning, "crash_point", lambda name: None)
    assert plan_campaigns(NOON + HOUR) == 15

    campaign.refresh_from_db()
    assert planned_for(campaign) == [person.pk for person in people]
    assert (campaign.status, campaign.planned_count) == (Status.SENDING, 35)


def test_a_chunk_that_breaks_off_leaves_neither_rows_nor_a_position(small_chunks, monkeypatch, db):
    make_contacts(15)
    campaign = make_scheduled(audience={"filters": {}})
    save = Campaign.save

    def broken(self, *args, **kwargs):
        save(self, *args, **kwargs)
        if self.planned_count:
            raise Killed

    monkeypatch.setattr(Campaign, "save", broken)
    plan_campaigns(NOON)
    monkeypatch.undo()
    campaign.refresh_from_db()
    assert (planned_for(campaign), campaign.planned_count, campaign.position) == ([], 0, 0)

    assert plan_campaigns(NOON) == 15


def test_who_is_entered_after_the_beginning_is_not_asked(small_chunks, db):
    people = make_contacts(15)
    campaign = make_scheduled(audience={"filters": {}})
    campaigning.plan_chunk(campaign.pk, NOON)
    make_contact()

    plan_campaigns(NOON)

    assert planned_for(campaign) == [person.pk for person in people]


@pytest.mark.django_db(transaction=True)
def test_planners_at_once_plan_the_same_set(small_chunks):
    people = make_contacts(95)
    campaign = make_scheduled(audience={"filters": {}})

    results = race(4, lambda: plan_campaigns(NOON))
    results.append(plan_campaigns(NOON))

    campaign.refresh_from_db()
    assert sum(results) == 95
    assert sorted(planned_for(campaign)) == [person.pk for person in people]
    assert (campaign.status, campaign.planned_count) == (Status.SENDING, 95)


# The end ---------------------------------------------------------------------------------------------

ENDS = ["sent", "skipped", "held_out", "failed", "expired", "cancelled", "merged", "erased", "parked"]


def test_it_is_finished_once_everything_has_ended(db):
    campaign = make_campaign(planned_count=10)
    for status in ENDS:
        make_campaign_delivery(campaign, status=status)
    last = make_campaign_delivery(campaign)

    for status in ("planned", "claimed", "sending", "unknown"):
        Delivery.objects.filter(pk=last.pk).update(status=status)
        assert finish_campaigns(NOON) == 0
    Delivery.objects.filter(pk=last.pk).update(status="sent")
    assert finish_campaigns(NOON) == 1

    campaign.refresh_from_db()
    assert (campaign.status, campaign.finished_at) == (Status.FINISHED, NOON)
    assert finish_campaigns(NOON) == 0


def test_it_is_not_called_finished_while_its_counts_do_not_balance(db, caplog):
    campaign = make_campaign(planned_count=2)
    make_campaign_delivery(campaign, status="sent")

    assert finish_campaigns(NOON) == 0

    assert "does not balance" in caplog.text
    make_campaign_delivery(campaign, status="failed")
    assert finish_campaigns(NOON) == 1


@pytest.mark.django_db(transaction=True)
def test_a_retry_that_commits_while_it_is_to_be_finished_is_seen():
    campaign = make_campaign(planned_count=1)
    make_campaign_delivery(campaign, status="expired", reason="too_late", finished_at=NOON)

    with transaction.atomic():
        launching.retry(campaign, at=NOON)
        finished = beside(lambda: finish_campaigns(NOON))
        assert finished() == 0

    campaign.refresh_from_db()
    assert campaign.status == Status.SENDING
    assert finish_campaigns(NOON) == 0
    Delivery.objects.update(status="sent")
    assert finish_campaigns(NOON) == 1


@pytest.mark.parametrize("status", ["planning", "paused", "cancelled"])
def test_only_what_is_being_sent_is_finished(status, db):
    campaign = make_campaign(planned_count=1, status=status)
    make_campaign_delivery(campaign, status="sent")

    assert finish_campaigns(NOON) == 0

    Campaign.objects.update(status="sending")
    assert finish_campaigns(NOON) == 1


def test_what_a_pause_put_off_is_due_again_when_it_is_over(db):
    campaign = make_campaign(status="paused")
    put_off = make_campaign_delivery(campaign, reason="campaign_paused", due_at=NOON + 6 * HOUR)
    quiet = make_campaign_delivery(campaign, reason="quiet", due_at=NOON + 6 * HOUR)
    finish_campaigns(NOON)
    put_off.refresh_from_db()
    assert put_off.due_at == NOON + 6 * HOUR

    Campaign.objects.update(status="sending")
    finish_campaigns(NOON)

    put_off.refresh_from_db()
    quiet.refresh_from_db()
    assert (put_off.due_at, put_off.reason, quiet.due_at) == (NOON, "", NOON + 6 * HOUR)


def test_what_was_called_off_ends_chunk_by_chunk(monkeypatch, db):
    monkeypatch.setattr(campaigning, "CHUNK", 2)
    monkeypatch.setattr(campaigning, "CHUNKS_IN_A_MOMENT", 2)
    campaign = make_campaign(status="cancelled")
    for _ in range(5):
        make_campaign_delivery(campaign)
    sent = make_campaign_delivery(campaign, status="sent")

    ended = []
    for _ in range(3):
        finish_campaigns(NOON)
        ended.append(Delivery.objects.filter(status="cancelled", reason="campaign_off").count())

    sent.refresh_from_db()
    assert (ended, sent.status) == ([4, 5, 5], "sent")


def test_consent_is_asked_per_topic_of_the_campaign(ada, mailbox):
    """Whoever agreed to one topic is not written to about another."""
    from campaigns.sending import send_due
    from tests.make import make_topic

    other = make_topic("events", "Events")
    make_scheduled([ada], topic=other)
    plan_campaigns(NOON)
    send_due(NOON, "worker")
    assert Delivery.objects.get().reason == "never_agreed"

    make_consent(ada, other)
    make_scheduled([ada], topic=other, name="Again")
    plan_campaigns(NOON)
    send_due(NOON, "worker")
    assert Delivery.objects.latest("id").status == "sent"


# What it asked for -----------------------------------------------------------------------------------


def test_its_outcome_is_noted_within_its_own_span(ada, ben):
    campaign = make_campaign([ada, ben], outcome="order", outcome_within=2 * DAY)
    for person in (ada, ben):
        make_campaign_delivery(campaign, person, status="sent", sending_at=NOON)
    make_touchpoint(ada, "visited", at=NOON + HOUR)
    make_touchpoint(ben, "ordered", at=NOON + 2 * DAY + HOUR)
    assert note_outcomes(NOON + 2 * DAY + 2 * HOUR) == 0

    make_touchpoint(ada, "ordered", at=NOON + DAY)
    assert note_outcomes(NOON + 2 * DAY) == 1

    reached = Delivery.objects.get(outcome_at__isnull=False)
    told = ada.touchpoints.get(kind="outcome")
    assert (reached.contact, reached.outcome_at) == (ada, NOON + DAY)
    assert (told.data["rule"], told.data["campaign_id"]) == ("Winter sale", campaign.pk)


def test_without_an_outcome_nothing_is_noted(ada):
    campaign = make_campaign([ada])
    make_campaign_delivery(campaign, ada, status="sent", sending_at=NOON)
    make_touchpoint(ada, "visited", at=NOON + HOUR)
    assert note_outcomes(NOON + DAY) == 0

    Campaign.objects.update(outcome="first_visit")
    assert note_outcomes(NOON + DAY) == 1
