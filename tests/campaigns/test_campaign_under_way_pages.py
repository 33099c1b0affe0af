"""The pages of a campaign under way: its counts, what they lead to, and what is pressed there."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime

from campaigns import panels, switching
from campaigns.campaigning import plan_campaigns
from campaigns.models import Campaign, Delivery
from campaigns.progress import progress
from tests.campaigns.test_campaign_pages import LIST, act, queries
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_delivery,
)


@pytest.fixture
def sending(ada, ben):
    """Eight planned: in many states, for many reasons."""
    campaign = make_campaign([ada, ben], planned_count=8)
    for status, reason in [
        ("sent", ""), ("sent", ""), ("skipped", "withdrew"), ("skipped", "withdrew"), ("failed", "render"),
        ("expired", "too_late"), ("planned", "quiet"), ("parked", "no_answer"),
    ]:  # fmt: skip
        make_campaign_delivery(
            campaign, status=status, reason=reason, sending_at=NOON, address="a@example.com"
        )
    return campaign


def test_the_counts_balance_and_each_reason_leads_to_its_deliveries(as_marketer, sending):
    page = as_marketer.get(sending.get_absolute_url())

    found = page.context["progress"]
    assert (found.balance.total, found.balance.missing, found.percent) == (8, 0, 88)
    assert [(group.words, group.count) for group in found.missed] == [
        ("withdrew their consent to this topic", 2),
        ("could not go within its time", 1),
        ("the message could not be made", 1),
        ("the connection broke; nobody can say whether it arrived", 1),
    ]
    assert [(group.words, group.count) for group in found.waiting] == [("in quiet hours where they live", 1)]
    listed = as_marketer.get(found.missed[0].url).context["listing"]
    assert [row.delivery.reason for row in listed.rows] == ["withdrew", "withdrew"]


def test_how_many_were_sent_leads_to_their_deliveries(as_marketer, sending):
    page = as_marketer.get(sending.get_absolute_url())

    found = page.context["progress"]
    assert found.sent_url.replace("&", "&amp;") in page.text
    listed = as_marketer.get(found.sent_url).context["listing"]
    assert [row.delivery.status for row in listed.rows] == ["sent", "sent"]


def test_a_count_that_is_missing_is_said(as_marketer, sending):
    Campaign.objects.update(planned_count=9)

    assert "9 planned, 1 not accounted for" in as_marketer.get(sending.get_absolute_url()).text


def test_what_was_sent_and_came_back_did_not_arrive_either(as_marketer, sending):
    sent = Delivery.objects.filter(campaign=sending, status="sent").first()
    sent.responses.create(kind="bounced", at=NOON)
    sent.responses.create(kind="clicked", at=NOON, made_by="scanner")

    found = as_marketer.get(sending.get_absolute_url()).context["progress"]

    assert (found.missed[-1].words, found.missed[-1].count, found.answered) == (
        "it was sent and came back",
        1,
        0,
    )
    listed = as_marketer.get(found.missed[-1].url).context["listing"]
    assert [row.delivery for row in listed.rows] == [sent]


def test_the_page_asks_as_often_for_few_as_for_many(as_marketer, sending):
    few = queries(as_marketer, sending.get_absolute_url())
    for reason in ("render", "refused", "bounced"):
        make_campaign_delivery(sending, status="failed", reason=reason)
        make_campaign_delivery(sending, status="parked", reason="no_answer", sending_at=NOON)

    assert queries(as_marketer, sending.get_absolute_url()) == few


def test_the_pace_says_when_the_last_would_leave(ada):
    campaign = make_campaign(planned_count=90)
    for number in range(30):
        moment = NOON - MINUTE + timedelta(seconds=2 * number)
        make_campaign_delivery(campaign, status="sent", sending_at=moment)
    for _number in range(60):
        make_campaign_delivery(campaign)

    pace = progress(campaign, NOON).pace

    assert (pace.per_minute, pace.ends_at) == (30, NOON + 2 * MINUTE)
    assert progress(campaign, NOON + 60 * MINUTE).pace is None


def test_the_end_is_that_of_the_queue_where_it_reaches_further_than_the_pace(as_marketer, ada):
    at = timezone.now()
    campaign = make_campaign(planned_count=3)
    make_campaign_delivery(campaign, ada, status="sent", sending_at=at - MINUTE)
    make_campaign_delivery(campaign, due_at=at)
    assert progress(campaign, at).last is None

    words = "warming up: 50 a day to example.com"
    last = make_campaign_delivery(campaign, due_at=at + 2 * DAY, reason="pace", detail=words)

    found = progress(campaign, at)
    assert (found.last.at, found.last.why) == (last.due_at, last.why)
    assert (
        f"In line: we send only so many at a time – {words}."
        in as_marketer.get(campaign.get_absolute_url()).text
    )
    # Nothing has left for an hour, and the end is known all the same; a campaign that is paused has none.
    assert progress(campaign, at + 60 * MINUTE).last.at == last.due_at
    campaign.status = "paused"
    assert progress(campaign, at).last is None


def test_of_those_in_quiet_hours_it_says_until_when(as_marketer, sending):
    at = timezone.now()
    for hours in (9, 3):
        make_campaign_delivery(sending, reason="quiet", due_at=at + hours * HOUR)

    page = as_marketer.get(sending.get_absolute_url())

    (group,) = page.context["progress"].waiting
    assert (group.count, group.until) == (3, at + 3 * HOUR)
    assert f"the first until {date_format(localtime(group.until), 'j M, H:i')}" in page.text


def test_one_click_tries_again_what_still_may_go_and_a_second_finds_nothing(as_marketer, sending):
    assert "Try 2 of them again" in as_marketer.get(sending.get_absolute_url()).text

    assert "2 messages are tried again." in act(as_marketer, sending, "retry").text
    page = act(as_marketer, sending, "retry")

    assert "There is nothing left to try again." in page.text
    assert "of them again" not in page.text


def test_a_campaign_that_paused_itself_says_why_and_goes_on_by_hand(as_marketer, sending):
    Campaign.objects.update(
        status="paused", pause="complaints", pause_detail="3 of 1,900 people called it spam"
    )
    page = as_marketer.get(sending.get_absolute_url())
    assert "It paused itself: too many people called it spam" in page.text
    assert "3 of 1,900 people called it spam" in page.text

    assert "“Winter sale” goes on." in act(as_marketer, sending, "resume").text


def test_a_pause_by_hand_says_by_whom(as_marketer, marketer, sending):
    assert f"{marketer} paused it." in act(as_marketer, sending, "pause").text


def test_all_that_is_parked_is_settled_at_once(as_marketer, sending):
    assert "1 message waits for you" in as_marketer.get(sending.get_absolute_url()).text

    act(as_marketer, sending, "settle", answer="sent")

    assert not Delivery.objects.filter(status="parked").exists()


def test_one_that_is_parked_is_settled_from_the_campaign(as_marketer, sending):
    parked = Delivery.objects.get(status="parked")
    address = reverse("campaigns:delivery-settle", args=[parked.uuid])

    answer = as_marketer.post(address, {"answer": "again", "from": "campaign"})

    parked.refresh_from_db()
    assert (answer["Location"], parked.status) == (sending.get_absolute_url(), "planned")


def test_calling_off_is_final(as_marketer, sending):
    assert "is called off" in act(as_marketer, sending, "cancel").text

    assert "Call it off" not in as_marketer.get(sending.get_absolute_url()).text
    assert "its state is “called off”" in act(as_marketer, sending, "resume").text


def test_in_pilot_mode_the_pages_say_so(as_marketer, admin, ada, sending):
    address = sending.get_absolute_url()
    assert "Pilot mode is on" not in as_marketer.get(LIST).text + as_marketer.get(address).text

    switching.set_pilot(on=True, group=[ada], approval_above=None, by=admin, at=NOON)

    pages = [LIST, address, reverse("campaigns:rule-list")]
    assert ["Pilot mode is on" in as_marketer.get(page).text for page in pages] == [True, True, True]


# A campaign's delivery on the pages of deliveries and people ------------------------------------------


def test_a_delivery_of_a_campaign_is_told_by_its_name_and_goal(as_marketer, sending):
    delivery = Delivery.objects.filter(campaign=sending, status="skipped").first()
    delivery.merge_values = {}

    detail = as_marketer.get(delivery.get_absolute_url()).text
    person = as_marketer.get(delivery.contact.get_absolute_url()).text

    assert "Campaign “Winter sale”: Sell the winter stock" in detail
    assert "“Winter sale” was not sent" in person


def test_what_could_not_be_made_was_handed_to_nobody(as_marketer, sending):
    handed = {}
    for reason in ("", "render"):
        delivery = Delivery.objects.filter(campaign=sending, reason=reason).first()
        handed[reason] = "Handed to the mail server" in as_marketer.get(delivery.get_absolute_url()).text

    assert handed == {"": True, "render": False}


def test_what_a_campaign_has_planned_stands_among_what_comes_next(ada):
    make_campaign_delivery(make_campaign(), ada)

    ((name, _delivery, outlook),) = panels.planned_for(ada)

    assert (name, outlook) == ("Winter sale", "Goes on 10 June 2026, 12:00 at the earliest")


def test_the_list_of_deliveries_is_narrowed_to_a_campaign(as_marketer, sending):
    make_delivery()

    every, of_campaign = (
        as_marketer.get(f"/deliveries/{query}").context["listing"].rows
        for query in ("", f"?campaign={sending.pk}")
    )

    assert (len(every), len(of_campaign)) == (9, 8)


# As it changes ---------------------------------------------------------------------------------------


def now_of(client, campaign, seen):
    """What the page asks for by itself."""
    asked = {"HX-Request": "true", "HX-Target": "campaign-now"}
    return client.get(campaign.get_absolute_url(), {"seen": seen}, headers=asked)


def test_while_it_leaves_its_counts_are_asked_for_by_themselves(as_marketer, sending):
    page = as_marketer.get(sending.get_absolute_url()).text
    assert "?seen=sending" in page

    part = now_of(as_marketer, sending, "sending")
    assert "88 % done" in part.text
    assert "<html" not in part.text

    Campaign.objects.update(status="finished", finished_at=NOON)
    assert now_of(as_marketer, sending, "sending")["HX-Refresh"] == "true"
    assert "?seen=" not in as_marketer.get(sending.get_absolute_url()).text


def test_what_has_all_ended_offers_nothing_to_pause_before_the_clock_finishes_it(as_marketer, sending):
    page = as_marketer.get(sending.get_absolute_url()).text
    assert ("Pause" in page, "Call it off" in page, "All done" in page) == (True, True, False)

    Delivery.objects.filter(status="planned").update(status="sent", reason="")

    page = as_marketer.get(sending.get_absolute_url()).text
    assert "100 % done" in page
    assert ("Pause" in page, "Call it off" in page, "All done" in page) == (False, False, True)
    assert "called finished in a moment" in page


def test_what_leaves_at_once_says_so_and_shows_its_counts_once_it_is_planned(as_marketer, ada):
    at = timezone.now()
    campaign = make_campaign([ada], status="scheduled", send_at=at - MINUTE)
    page = as_marketer.get(campaign.get_absolute_url()).text
    assert "It is leaving" in page
    assert "It is on the clock" not in page
    assert now_of(as_marketer, campaign, "scheduled").status_code == 204

    plan_campaigns(at)

    assert now_of(as_marketer, campaign, "scheduled")["HX-Refresh"] == "true"


def test_what_leaves_later_is_on_the_clock_and_waits_quietly(as_marketer, ada):
    campaign = make_campaign([ada], status="scheduled", send_at=timezone.now() + DAY)

    page = as_marketer.get(campaign.get_absolute_url()).text

    assert "It is on the clock" in page
    assert "?seen=" not in page
