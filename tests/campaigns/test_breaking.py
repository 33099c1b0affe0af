"""A campaign that goes wrong pauses itself, at these figures and not before; a person lets it go on."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import breaking, launching
from campaigns.models import Campaign, Delivery, Notice
from campaigns.sending import send_due
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_consent,
    make_contact,
    make_version,
)

pytestmark = pytest.mark.django_db
# A link that no message may carry.
POISON = '<html><body><a href="javascript:alert(1)">Hello</a></body></html>'
POISON_FOR_ONE = POISON.replace("<a", '{% if first_name == "Mallory" %}<a').replace("</a>", "</a>{% endif %}")
_numbers = iter(range(1, 10**9))


@pytest.fixture
def campaign(sender, topic):
    return make_campaign()


@pytest.fixture
def person(db):
    return make_contact()


def make_many(campaign, person, count, status="sent", reason="", at=NOON):
    """So many deliveries of a campaign in one state."""
    return Delivery.objects.bulk_create(
        Delivery(
            campaign=campaign,
            contact=person,
            occurrence_key=f"many:{next(_numbers)}",
            topic=campaign.topic,
            sender=campaign.sender,
            version=campaign.version,
            rank=4,
            status=status,
            reason=reason,
            occurred_at=NOON,
            due_at=NOON,
            expires_at=NOON + DAY,
            planned_at=NOON,
            finished_at=at,
        )
        for _ in range(count)
    )


def notice(delivery, kind="complaint", at=NOON, **fields):
    key = str(next(_numbers))
    fields = {"source": "test", "external_id": key, "at": at, "received_at": at, "is_trusted": True} | fields
    return Notice.objects.create(kind=kind, delivery=delivery, **fields)


def pause_of(campaign, at=NOON, **in_a_row):
    """Why it is paused once the breakers have looked; empty while it goes on."""
    breaking.check([campaign.pk], at, **in_a_row)
    campaign.refresh_from_db()
    return campaign.pause


# Messages that could not be made ---------------------------------------------------------------------


def test_five_per_cent_render_failures_are_borne_and_more_are_not(campaign, person):
    make_many(campaign, person, 95)
    make_many(campaign, person, 5, "failed", "render")
    assert pause_of(campaign) == ""

    make_many(campaign, person, 1, "failed", "render")

    assert pause_of(campaign) == "render"
    assert (campaign.status, campaign.pause_detail) == ("paused", "6 of 101 messages could not be made")


def test_fewer_than_twenty_tries_say_nothing_of_a_share(campaign, person):
    make_many(campaign, person, 19, "failed", "render")
    assert pause_of(campaign) == ""

    make_many(campaign, person, 1, "failed", "render")

    assert pause_of(campaign) == "render"


@pytest.mark.parametrize(("count", "pause"), [(19, ""), (20, "render")])
def test_twenty_in_a_row_that_could_not_be_made_pause_it(campaign, count, pause):
    assert pause_of(campaign, in_a_row={campaign.pk: count}) == pause


def test_a_row_of_failures_counts_for_its_own_campaign_only(campaign):
    other = make_campaign(name="Other")

    assert breaking.check([campaign.pk, other.pk], NOON, in_a_row={other.pk: 20}) == {other.pk}


# What came back --------------------------------------------------------------------------------------


def test_hard_bounces_count_from_two_hundred_sent_and_five_per_cent(campaign, person):
    sent = make_many(campaign, person, 189)
    make_many(campaign, person, 10, "failed", "bounced")
    assert pause_of(campaign) == ""

    make_many(campaign, person, 1)

    assert pause_of(campaign) == "bounces"
    assert campaign.pause_detail == "10 of 200 messages came back for good"
    assert len(sent) == 189


def test_just_under_five_per_cent_bounces_are_borne(campaign, person):
    make_many(campaign, person, 191)
    make_many(campaign, person, 10, "failed", "bounced")
    assert pause_of(campaign) == ""

    make_many(campaign, person, 1, "failed", "bounced")

    assert pause_of(campaign) == "bounces"


def test_bounces_told_later_count_too_and_each_message_once(campaign, person):
    sent = make_many(campaign, person, 200)
    for delivery in sent[:9]:
        notice(delivery, "hard")
        notice(delivery, "hard")
    assert pause_of(campaign) == ""

    notice(sent[9], "hard")

    assert pause_of(campaign) == "bounces"


@pytest.mark.parametrize("kind", ["soft", "policy"])
def test_what_came_back_for_now_does_not_count(campaign, person, kind):
    sent = make_many(campaign, person, 200)
    for delivery in sent[:50]:
        notice(delivery, kind)

    assert pause_of(campaign) == ""

    for delivery in sent[:10]:
        notice(delivery, "hard")
    assert pause_of(campaign) == "bounces"


def test_one_complaint_in_a_thousand_pauses_it(campaign, person):
    sent = make_many(campaign, person, 1001)
    notice(sent[0])
    assert pause_of(campaign) == ""

    notice(sent[1])

    assert pause_of(campaign) == "complaints"
    assert campaign.pause_detail == "2 of 1,001 people called it spam"


@pytest.mark.parametrize(("sent", "pause"), [(199, ""), (200, "complaints"), (1000, "complaints")])
def test_complaints_count_from_two_hundred_sent(campaign, person, sent, pause):
    notice(make_many(campaign, person, sent)[0])

    assert pause_of(campaign) == pause


def test_a_forged_complaint_pauses_nothing(campaign, person):
    sent = make_many(campaign, person, 200)
    notice(sent[0], is_trusted=False)
    assert pause_of(campaign) == ""

    notice(sent[0])

    assert pause_of(campaign) == "complaints"


def test_the_bounces_of_another_campaign_do_not_count(campaign, person):
    other = make_campaign(name="Other")
    make_many(campaign, person, 200)
    for delivery in make_many(other, person, 200)[:20]:
        notice(delivery, "hard")

    assert pause_of(campaign) == ""
    assert pause_of(other) == "bounces"


# Going on --------------------------------------------------------------------------------------------


def test_only_what_happens_after_a_person_let_it_go_on_counts(campaign, person, marketer):
    sent = make_many(campaign, person, 200)
    make_many(campaign, person, 30, "failed", "render")
    for delivery in sent[:20]:
        notice(delivery, "hard")
    assert pause_of(campaign) == "render"

    launching.resume(campaign, at=NOON + HOUR, by=marketer)
    assert pause_of(campaign, NOON + HOUR) == ""

    make_many(campaign, person, 18, at=NOON + 2 * HOUR)
    make_many(campaign, person, 2, "failed", "render", at=NOON + 2 * HOUR)
    assert pause_of(campaign, NOON + 2 * HOUR) == "render"
    assert campaign.pause_detail == "2 of 20 messages could not be made"


@pytest.mark.parametrize("status", ["paused", "finished", "cancelled"])
def test_what_is_not_under_way_is_left_alone(campaign, person, status):
    make_many(campaign, person, 30, "failed", "render")
    Campaign.objects.update(status=status)
    assert breaking.check([campaign.pk], NOON) == set()

    Campaign.objects.update(status="planning")
    assert breaking.check([campaign.pk], NOON) == {campaign.pk}


def test_who_paused_it_is_told_once(campaign):
    assert breaking.check([campaign.pk], NOON, in_a_row={campaign.pk: 20}) == {campaign.pk}
    assert breaking.check([campaign.pk], NOON, in_a_row={campaign.pk: 40}) == set()


def test_while_little_is_wrong_what_went_well_is_not_counted_again_each_time(campaign, person):
    make_many(campaign, person, 400)
    make_many(campaign, person, 4, "failed", "render")
    pause_of(campaign)

    with CaptureQueriesContext(connection) as asked:
        breaking.check([campaign.pk], NOON + MINUTE)

    assert len(asked) == 2
    make_many(campaign, person, 18, "failed", "render")
    assert pause_of(campaign) == "render"


# On the road -----------------------------------------------------------------------------------------


@pytest.fixture
def people(topic):
    found = [make_contact() for _ in range(60)]
    for person in found:
        make_consent(person, topic)
    return found


def test_a_poisoned_template_stops_its_own_campaign_and_no_other(people, mailbox):
    poisoned = make_campaign(people, name="Poisoned", version=make_version(html=POISON), planned_count=60)
    whole = make_campaign(people, name="Whole", planned_count=60)
    for campaign in (poisoned, whole):
        for person in people:
            make_campaign_delivery(campaign, person)

    send_due(NOON, "worker", limit=50)

    told = {campaign.name: (campaign.status, campaign.pause) for campaign in Campaign.objects.all()}
    assert told == {"Poisoned": ("paused", "render"), "Whole": ("sending", "")}
    assert Delivery.objects.filter(campaign=poisoned, status="planned").exists()
    assert Delivery.objects.filter(campaign=whole, status="sent").count() == 60
    assert len(mailbox) == 60


def test_one_poisoned_contact_fails_alone(people, mailbox):
    campaign = make_campaign(people, planned_count=60, version=make_version(html=POISON_FOR_ONE))
    people[30].first_name = "Mallory"
    people[30].save()
    for person in people:
        make_campaign_delivery(campaign, person)

    send_due(NOON, "worker")

    campaign.refresh_from_db()
    assert campaign.status == "sending"
    assert [*Delivery.objects.exclude(status="sent").values_list("contact", "status", "reason")] == [
        (people[30].pk, "failed", "render")
    ]
