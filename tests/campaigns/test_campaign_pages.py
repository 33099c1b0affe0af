"""The pages of campaigns: the list, a draft, one with its counts, and what is pressed there."""

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime

from campaigns import panels, switching
from campaigns.models import Campaign, Content, Delivery, SendingSwitch
from campaigns.progress import progress
from contacts.models import Sender
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_content,
    make_delivery,
    make_rule,
    make_sender,
    make_topic,
    make_user,
)

BODY = "<mj-section><mj-column><mj-text>Hello {{ first_name }}</mj-text></mj-column></mj-section>"
LIST = "/campaigns/"


@pytest.fixture
def draft(ada, marketer):
    campaign = make_campaign([ada], status="draft", content=make_content(body=BODY), created_by=marketer)
    campaign.version, campaign.content = None, make_content(name="Sale", body=BODY)
    campaign.save()
    return campaign


def act(browser, campaign, name, **posted):
    return browser.post(reverse(f"campaigns:campaign-{name}", args=[campaign.pk]), posted, follow=True)


def typed(**changes):
    """What the form of a campaign posts."""
    fields = {
        "name": "Winter sale", "goal": "Sell the stock", "topic": make_topic().pk,
        "sender": make_sender().pk, "content": make_content(body=BODY).pk, "control_share": "10",
        "send_at": "2026-12-01T09:30", "outcome": "order", "outcome_within_0": "5",
        "outcome_within_1": "days", "who_level": "full",
    }  # fmt: skip
    return fields | changes


# The list --------------------------------------------------------------------------------------------


def test_without_a_campaign_the_list_says_what_one_is(as_marketer):
    assert "No campaign yet" in as_marketer.get(LIST).text


def test_the_list_shows_each_with_its_state_and_counts(as_marketer, ada):
    campaign = make_campaign(planned_count=2, pause="bounces", pause_detail="10 of 200", status="paused")
    make_campaign_delivery(campaign, ada, status="sent")
    make_campaign_delivery(campaign)

    page = as_marketer.get(LIST)

    ((shown, balance),) = page.context["rows"]
    assert (shown, balance.total, balance.missing) == (campaign, 2, 0)
    assert "too many of its messages came back – 10 of 200" in page.text


def test_the_list_asks_as_often_for_one_as_for_three(as_marketer, ada):
    make_campaign_delivery(make_campaign(planned_count=1), ada)
    with_one = queries(as_marketer, LIST)
    for name in ("Other", "Third"):
        make_campaign_delivery(make_campaign(name=name, planned_count=1), ada)

    assert queries(as_marketer, LIST) == with_one


def queries(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_an_analyst_reads_and_is_offered_nothing_to_press(client, analyst, draft):
    client.force_login(analyst)

    pages = client.get(LIST).text + client.get(draft.get_absolute_url()).text

    assert "New campaign" not in pages
    assert "Send it" not in pages


# A draft ---------------------------------------------------------------------------------------------


def test_a_campaign_begins_as_a_draft_of_whoever_typed_it(as_marketer, marketer):
    answer = as_marketer.post("/campaigns/new/", typed())

    campaign = Campaign.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, campaign.get_absolute_url())
    assert (campaign.status, campaign.created_by, campaign.audience) == (
        "draft",
        marketer,
        {"filters": {"level": "full"}},
    )
    assert (campaign.control_share, campaign.outcome, campaign.outcome_within) == (10, "order", 5 * DAY)


def test_a_draft_may_have_gaps(as_marketer):
    as_marketer.post("/campaigns/new/", typed(goal="", control_share="", send_at="", who_level=""))

    campaign = Campaign.objects.get()
    assert (campaign.goal, campaign.control_share, campaign.send_at) == ("", None, None)
    page = as_marketer.get(campaign.get_absolute_url())
    assert "It cannot leave yet" in page.text
    assert not page.context["may_leave"]


def test_who_it_is_for_stays_open_until_it_is_chosen_and_everybody_is_a_choice(as_marketer, ada):
    as_marketer.post("/campaigns/new/", typed(who_level=""))
    campaign = Campaign.objects.get()
    page = as_marketer.get(campaign.get_absolute_url())
    assert (campaign.audience, page.context["may_leave"]) == ({}, False)
    assert "Choose who it is for" in page.text

    address = reverse("campaigns:campaign-edit", args=[campaign.pk])
    as_marketer.post(address, typed(who_level="", everybody="on"))

    campaign.refresh_from_db()
    page = as_marketer.get(campaign.get_absolute_url())
    assert campaign.audience == {"filters": {}}
    assert ("ok", "It is for somebody", "1 person") in page.context["checks"]


def test_everybody_and_some_of_them_is_no_choice(as_marketer):
    page = as_marketer.post("/campaigns/new/", typed(everybody="on"))

    assert "everybody" in page.context["form"].errors
    assert not Campaign.objects.exists()


def test_the_contact_list_leads_to_a_campaign_to_those_it_shows(as_marketer, ada):
    shown = as_marketer.get("/contacts/?level=guest&q=ada")
    assert "/campaigns/new/?q=ada&amp;level=guest" in shown.text

    form = as_marketer.get("/campaigns/new/?q=ada&level=guest").context["form"]

    assert (form["who_level"].value(), form["who_q"].value()) == ("guest", "ada")


def test_a_value_that_is_not_offered_stays_a_choice(as_marketer, ada):
    form = as_marketer.get("/campaigns/new/?rfm=55").context["form"]

    assert form["who_rfm"].value() == "55"


def test_a_draft_is_changed_and_remembers_by_whom(client, draft, ada):
    other = make_user("marketer")
    client.force_login(other)
    address = reverse("campaigns:campaign-edit", args=[draft.pk])
    assert client.get(address).status_code == 200

    client.post(address, typed(name="Spring sale"))

    draft.refresh_from_db()
    assert (draft.name, draft.created_by, draft.audience) == (
        "Spring sale",
        other,
        {"contacts": [ada.pk]},
    )


def test_what_has_been_sent_off_is_not_changed(as_marketer, draft):
    Campaign.objects.update(status="scheduled")

    answer = as_marketer.post(
        reverse("campaigns:campaign-edit", args=[draft.pk]), typed(name="Other"), follow=True
    )

    assert "Only a draft can be changed" in answer.text
    draft.refresh_from_db()
    assert draft.name != "Other"


def test_a_draft_shows_its_words_with_samples_in_a_frame_that_runs_nothing(as_marketer, draft):
    frame = as_marketer.get(reverse("campaigns:campaign-message", args=[draft.pk]))

    assert "Hello Ada" in frame.text
    assert "default-src 'none'" in frame["Content-Security-Policy"]


def test_what_a_campaign_does_not_know_is_empty_where_its_words_are_shown(as_marketer, draft):
    draft.content.subject = "Hello {{ first_name }}, about “{{ order.number }}”"
    draft.content.body = BODY.replace("Hello", "Order “{{ order.number }}” of")
    draft.content.save()

    page = as_marketer.get(draft.get_absolute_url())
    frame = as_marketer.get(reverse("campaigns:campaign-message", args=[draft.pk]))

    assert page.context["subject"] == "Hello Ada, about “”"
    assert "Order “” of Ada" in frame.text
    assert not page.context["may_leave"]


def test_a_campaign_without_chosen_words_begins_with_its_own_and_waits_until_they_are_written(as_marketer):
    answer = as_marketer.post("/campaigns/new/", typed(content=""), follow=True)
    campaign = Campaign.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("campaigns:campaign-words", args=[campaign.pk])
    assert "order.number" not in answer.text
    assert "there are none yet" in as_marketer.get(campaign.get_absolute_url()).text

    words = {"subject": "Half the price", "preheader": "", "body": BODY, "text": "Hello {{ first_name }}"}
    as_marketer.post(reverse("campaigns:campaign-words", args=[campaign.pk]), words)

    page = as_marketer.get(campaign.get_absolute_url())
    assert ("ok", "The message can be sent", "Half the price") in page.context["checks"]
    assert campaign.content.name == "Winter sale"


def test_words_that_others_send_are_copied_before_they_are_changed(as_marketer, draft):
    rule = make_rule(content=draft.content)
    address = reverse("campaigns:campaign-words", args=[draft.pk])
    page = as_marketer.get(draft.get_absolute_url()).text
    assert ("Write words of its own" in page, "Edit these words" in page) == (True, False)
    words = {"subject": "Changed", "preheader": "", "body": BODY, "text": "Hello"}
    assert "own words can be changed" in as_marketer.post(address, words, follow=True).text

    assert act(as_marketer, draft, "own-words").status_code == 200
    act(as_marketer, draft, "own-words")
    as_marketer.post(address, words)

    draft.refresh_from_db()
    assert rule.first_step.content.subject == "Hello {{ first_name }}"
    assert draft.content.subject == "Changed"
    assert Content.objects.filter(name="Winter sale").count() == 1
    assert "Edit these words" in as_marketer.get(draft.get_absolute_url()).text


def test_what_has_been_sent_off_keeps_its_words(as_marketer, draft):
    act(as_marketer, draft, "submit")
    words = {"subject": "Changed", "preheader": "", "body": BODY, "text": "Hello"}

    act(as_marketer, draft, "words", **words)
    assert "too late" in act(as_marketer, draft, "own-words").text

    draft.content.refresh_from_db()
    assert draft.content.subject == "Hello {{ first_name }}"


def test_a_test_goes_to_whoever_asks_and_to_nobody_else(as_marketer, marketer, draft, mailbox):
    assert "A test is on its way" in act(as_marketer, draft, "test").text

    (message,) = mailbox
    assert (message["To"], message["Subject"]) == (marketer.email, "Test: Hello Ada")
    assert not Delivery.objects.exists()


def test_pressing_through_from_draft_to_clock_and_back(as_marketer, draft):
    assert "“Winter sale” is sent off: scheduled." in act(as_marketer, draft, "submit").text

    assert "“Winter sale” is a draft again." in act(as_marketer, draft, "take-back").text


def test_before_it_is_sent_it_says_to_whom_and_when(as_marketer, draft):
    Campaign.objects.update(send_at=None)
    Sender.objects.update(quiet_from=time(21), quiet_until=time(8))

    page = as_marketer.get(draft.get_absolute_url()).text
    assert "It is for 1 person." in page
    assert "and it leaves at once" in page
    assert "between 21:00 and 08:00" in page

    SendingSwitch.objects.create(approval_above=0)
    page = as_marketer.get(draft.get_absolute_url()).text
    assert "waits for a second person's yes. It leaves after that." in page
    assert "leaves at once" not in page


def test_on_the_clock_it_says_when_something_it_needs_is_gone(as_marketer, draft):
    assert "It is on the clock" in act(as_marketer, draft, "submit").text

    Campaign.objects.update(audience={"filters": {"planet": "mars"}})

    page = as_marketer.get(draft.get_absolute_url()).text
    assert "It stays here" in page
    assert "no such filter: planet" in page


def test_whoever_made_it_sees_no_button_to_approve_and_cannot(as_marketer, client, draft):
    SendingSwitch.objects.create(approval_above=0)
    page = act(as_marketer, draft, "submit")
    assert "Somebody else must say yes" in page.text
    assert "Say yes to it" not in page.text
    assert "does not approve it" in act(as_marketer, draft, "approve").text

    client.force_login(make_user("marketer"))
    assert "Say yes to it" in client.get(draft.get_absolute_url()).text
    act(client, draft, "approve")

    draft.refresh_from_db()
    assert draft.status == "scheduled"


# Under way -------------------------------------------------------------------------------------------


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
