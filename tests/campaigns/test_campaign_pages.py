"""The pages of campaigns: the list, and a draft until it is sent."""

from datetime import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns import previewing
from campaigns.models import Campaign, Content, Delivery, SendingSwitch
from contacts.models import Sender
from tests.make import (
    DAY,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_content,
    make_rehearsal,
    make_rule,
    make_sender,
    make_step,
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
    make_rehearsal(campaign)
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
    make_rehearsal(Campaign.objects.get())

    page = as_marketer.get(draft.get_absolute_url()).text
    assert "It is for 1 person; by its rehearsal 1 person would get it." in page
    assert "and it leaves at once" in page
    assert "between 21:00 and 08:00" in page

    SendingSwitch.objects.create(approval_above=0)
    page = as_marketer.get(draft.get_absolute_url()).text
    assert "waits for a second person's yes. It leaves after that." in page
    assert "leaves at once" not in page


def test_on_the_clock_it_says_when_something_it_needs_is_gone(as_marketer, draft):
    Campaign.objects.update(send_at=timezone.now() + DAY)
    make_rehearsal(Campaign.objects.get())
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


# As whom it is shown ---------------------------------------------------------------------------------


@pytest.fixture
def spoken(draft):
    """A draft whose words name the person, the topic, the sender and why they get it."""
    fields = "{{ first_name }}|{{ topic }}|{{ signed_by }}|{{ postal_address }}|{{ why }}"
    draft.content.body = BODY.replace("Hello {{ first_name }}", fields)
    draft.content.save()
    sender, topic = make_sender(), make_topic("offers", name="Offers")
    Sender.objects.filter(pk=sender.pk).update(from_name="Rosa", postal_address="7 Harbour Road\nPorto 4000")
    Campaign.objects.filter(pk=draft.pk).update(topic=topic, sender=sender)
    return Campaign.objects.get(pk=draft.pk)


def frame_of(client, campaign, contact=None):
    asked = {"contact": contact.pk} if contact else {}
    return client.get(reverse("campaigns:campaign-message", args=[campaign.pk]), asked).text


def test_a_campaign_is_shown_as_one_it_is_for_with_its_own_topic_and_sender(as_marketer, spoken, ada, ben):
    page = as_marketer.get(spoken.get_absolute_url())
    frame = frame_of(as_marketer, spoken)

    assert page.context["shown_as"] == ada
    assert "Ada|Offers|Rosa|7 Harbour Road" in frame
    assert "Porto 4000" in frame
    assert "you asked for “Offers”" in frame
    assert "New arrivals" not in frame


def test_a_campaign_is_shown_and_tested_as_somebody_else(as_marketer, spoken, ada, ben, mailbox):
    found = as_marketer.get(
        spoken.get_absolute_url(),
        {"q": ben.email},
        headers={"HX-Request": "true", "HX-Target": "people-found"},
    )
    assert f"?contact={ben.pk}&amp;q=" in found.text
    assert "<html" not in found.text

    assert f"{ben.first_name}|Offers" in frame_of(as_marketer, spoken, ben)
    page = as_marketer.get(spoken.get_absolute_url(), {"contact": ben.pk})
    assert page.context["subject"] == f"Hello {ben.first_name}"
    act(as_marketer, spoken, "test", contact=ben.pk)

    (message,) = mailbox
    assert message["Subject"] == f"Test: Hello {ben.first_name}"


def test_while_nobody_is_known_the_sample_has_the_campaigns_topic_and_sender(spoken):
    shown = previewing.campaign_preview(spoken, None, at=NOON)

    assert "Ada|Offers|Rosa|7 Harbour Road" in shown.html
    assert "you asked for “Offers”" in shown.html
    assert shown.is_sample


# What the form offers --------------------------------------------------------------------------------


def test_the_form_offers_words_of_messages_and_the_only_sender(as_marketer, ada):
    words, sender = make_content(name="Sale", body=BODY), make_sender()
    rule = make_rule()
    panel = make_step(rule, channel="panel", slot="home", content=make_content(name="Panel words"))
    call = make_step(rule, channel="phone", content=make_content(name="A script"))

    form = as_marketer.get("/campaigns/new/").context["form"]

    offered = {label for _value, label in form.fields["content"].choices}
    assert str(words) in offered
    assert str(rule.first_step.content) in offered
    assert not {str(panel.content), str(call.content)} & offered
    assert form["sender"].value() == sender.pk
    assert "---------" not in str(form)


def test_of_two_senders_one_is_to_be_chosen(as_marketer, ada):
    make_sender()
    make_sender(name="Second", address="second@example.org")

    page = as_marketer.get("/campaigns/new/")

    assert page.context["form"]["sender"].value() is None
    assert "Choose a sender" in page.text
    assert "Choose a topic" in page.text
