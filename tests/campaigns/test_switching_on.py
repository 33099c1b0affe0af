"""Nothing people switch on or send off goes unrehearsed, nor far beyond what was rehearsed."""

import pytest
from django.urls import reverse

from campaigns import activation, content, launching, planning, rules, sending_off
from campaigns.models import Delivery
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_campaign,
    make_contact,
    make_content,
    make_rehearsal,
    make_rule,
    make_step,
    make_touchpoint,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(topic):
    return make_rule(status="draft", activated_at=None, content=make_content())


def coming(number):
    """So many people to whom the draft would write within a day."""
    for _ in range(number):
        make_touchpoint(make_contact(), "confirmed", at=NOON - MINUTE)


def status_of(program):
    program.refresh_from_db()
    return program.status


def test_a_row_is_switched_on_only_when_it_was_rehearsed_as_it_is(draft, marketer):
    with pytest.raises(rules.CannotActivate, match="Rehearse it: see who"):
        activation.switch_on(draft, at=NOON, by=marketer)

    make_rehearsal(draft)
    draft.steps.update(delay=HOUR)
    with pytest.raises(rules.CannotActivate, match="was changed since"):
        activation.switch_on(draft, at=NOON, by=marketer)
    assert status_of(draft) == "draft"

    make_rehearsal(draft)
    activation.switch_on(draft, at=NOON, by=marketer)
    assert status_of(draft) == "active"


@pytest.mark.parametrize(
    ("channel", "written"),
    [
        ("email", {"body": "<mj-text>Hi {% if level %}Ada, {% endif %}…</mj-text>"}),
        ("email", {"text": "Hello\n\n…\n"}),
        ("email", {"subject": "…"}),
        ("panel", {"body": "<p>Hello</p><p>[…]</p>"}),
        ("phone", {"body": "", "text": "Good day,\n[…]\nGoodbye"}),
    ],
)
def test_a_row_with_words_left_open_is_not_switched_on_whatever_the_medium(draft, channel, written):
    whole = {"panel": {"body": "<p>Hello</p>"}}.get(channel, {})
    words = make_content(**whole | written)
    slot = "home" if channel == "panel" else ""
    make_step(draft, channel=channel, slot=slot, content=words)
    make_rehearsal(draft)

    with pytest.raises(rules.CannotActivate):
        activation.switch_on(draft, at=NOON)
    with pytest.raises(content.CannotFreeze):
        rules.activate(draft, at=NOON)
    assert status_of(draft) == "draft"


def test_a_row_that_is_on_takes_new_words_without_another(draft, marketer):
    make_rehearsal(draft)
    activation.switch_on(draft, at=NOON, by=marketer)
    draft.freshness = 3 * DAY
    draft.save()

    activation.switch_on(draft, at=NOON + DAY, by=marketer)

    assert status_of(draft) == "active"


@pytest.mark.parametrize(
    "people, yes, is_on", [(3, None, True), (4, None, False), (4, 4, True), (4, 3, False)]
)
def test_more_than_three_times_as_many_need_a_second_yes(draft, people, yes, is_on):
    """Ten messages in ten days are one a day."""
    draft.steps.update(delay=2 * HOUR)
    make_rehearsal(draft, planned=10)
    coming(people)

    if is_on:
        activation.switch_on(draft, at=NOON, yes=yes)
    else:
        with pytest.raises(rules.CannotActivate, match="4 people within a day; the rehearsal had 1 a day"):
            activation.switch_on(draft, at=NOON, yes=yes)

    assert status_of(draft) == ("active" if is_on else "draft")


def test_the_page_asks_for_the_second_yes_and_takes_it(as_marketer, draft, at_noon):
    draft.steps.update(delay=2 * HOUR)
    make_rehearsal(draft, planned=10)
    coming(5)
    page = reverse("campaigns:rule-activate", args=[draft.pk])

    assert "Yes, write to 5 people" in as_marketer.get(page).text
    assert as_marketer.post(page).status_code == 409
    assert status_of(draft) == "draft"

    as_marketer.post(page, {"yes": "5"})
    assert status_of(draft) == "active"


def test_after_a_rehearsal_of_nobody_anybody_needs_the_second_yes(as_marketer, draft, at_noon):
    draft.steps.update(delay=2 * HOUR)
    make_rehearsal(draft, planned=0)
    page = reverse("campaigns:rule-activate", args=[draft.pk])
    assert not as_marketer.get(page).context["activation"].asks_again

    coming(1)

    answer = as_marketer.get(page)
    assert answer.context["activation"].usual == 0
    assert "nobody met its condition from" in answer.text
    assert "Yes, write to 1 person<" in answer.text
    with pytest.raises(rules.CannotActivate, match="1 person within a day; in the rehearsal it was nobody"):
        activation.switch_on(draft, at=NOON)
    activation.switch_on(draft, at=NOON, yes=1)
    assert status_of(draft) == "active"


def test_the_page_of_an_unrehearsed_row_leads_to_its_rehearsal(as_marketer, draft):
    page = reverse("campaigns:rule-activate", args=[draft.pk])

    assert reverse("campaigns:rule-rehearsal", args=[draft.pk]) in as_marketer.get(page).text
    assert as_marketer.post(page).status_code == 409
    assert status_of(draft) == "draft"


def test_a_campaign_is_sent_off_only_when_it_was_rehearsed_as_it_is(ada, marketer):
    campaign = make_campaign([ada], status="draft", version=None)
    with pytest.raises(launching.CannotStart, match="Rehearse it: see who"):
        sending_off.send_off(campaign, at=NOON, by=marketer)

    make_rehearsal(campaign)
    campaign.audience = {"contacts": [ada.pk, make_contact().pk]}
    campaign.save()
    with pytest.raises(launching.CannotStart, match="was changed since"):
        sending_off.send_off(campaign, at=NOON, by=marketer)

    make_rehearsal(campaign)
    sending_off.send_off(campaign, at=NOON, by=marketer)
    assert status_of(campaign) == "scheduled"


def test_a_campaign_whose_audience_has_grown_far_takes_a_second_yes(as_marketer, marketer):
    campaign = make_campaign(status="draft", audience={"filters": {}}, version=None)
    make_rehearsal(campaign, planned=1)
    for _ in range(4):
        make_contact()
    page = as_marketer.get(campaign.get_absolute_url()).text
    assert "Yes, send it to 4 people: far more than were rehearsed" in page

    for said in (None, 3):
        with pytest.raises(launching.CannotStart, match="for 1 person and is for 4 people now"):
            sending_off.send_off(campaign, at=NOON, by=marketer, yes=said)
    as_marketer.post(reverse("campaigns:campaign-submit", args=[campaign.pk]))
    assert status_of(campaign) == "draft"

    as_marketer.post(reverse("campaigns:campaign-submit", args=[campaign.pk]), {"yes": "4"})
    assert status_of(campaign) == "scheduled"


def test_a_campaign_rehearsed_for_as_many_needs_no_second_yes(as_marketer, marketer):
    campaign = make_campaign(status="draft", audience={"filters": {}}, version=None)
    for _ in range(4):
        make_contact()
    make_rehearsal(campaign, planned=2)
    assert "far more than were rehearsed" not in as_marketer.get(campaign.get_absolute_url()).text

    sending_off.send_off(campaign, at=NOON, by=marketer)

    assert status_of(campaign) == "scheduled"


def test_the_page_says_of_what_was_begun_before_what_switching_on_really_does(as_marketer, draft, at_noon):
    begun, over = make_contact(), make_contact()
    draft.steps.update(delay=HOUR)
    make_touchpoint(begun, "confirmed", at=NOON - MINUTE)
    make_touchpoint(over, "confirmed", at=NOON - 2 * HOUR)
    make_rehearsal(draft)

    page = as_marketer.get(reverse("campaigns:rule-activate", args=[draft.pk]))
    rules.activate(draft, at=NOON)
    planning.plan(NOON + 2 * HOUR)

    assert page.context["activation"].coming == 1
    assert "sends what falls due from now on, even where it began before" in page.text
    assert "What happened before starts nothing" not in page.text
    assert [each.contact for each in Delivery.objects.all()] == [begun]
