"""Both totals: what people did, and what machines did beside them, with how they were told."""

import pytest
from django.urls import reverse

from campaigns import machines
from campaigns.answers import Answers, answers_to_campaign, answers_to_rule
from campaigns.models import Campaign
from tests.answering import record_click, record_open
from tests.make import DAY, HOUR, NOON, make_contact, make_delivery, make_rule, make_version
from touchpoints.models import Touchpoint

SHOP = "http://testserver/shop/"
GATEWAY = machines.Verdict("scanner", machines.GATEWAY)
HEAD = machines.Verdict("scanner", machines.ASKED_HEAD)
PROXY = machines.Verdict("proxy", machines.PRIVACY)


@pytest.fixture
def rule(topic, sender):
    return make_rule()


@pytest.fixture
def answered(rule):
    """Four: clicked by a person and a machine, by machines alone, opened by a proxy, and left alone."""
    sent = [make_delivery(rule, make_contact(), status="sent", sending_at=NOON) for _ in range(4)]
    record_click(sent[0], SHOP, at=NOON + HOUR)
    record_open(sent[0], at=NOON + HOUR)
    for delivery in sent[:2]:
        record_click(delivery, SHOP, at=NOON + 2 * HOUR, by=GATEWAY)
    record_click(sent[1], SHOP, at=NOON + 3 * HOUR, by=HEAD)
    record_open(sent[2], at=NOON + HOUR, by=PROXY)
    return sent


def test_messages_are_counted_once_for_people_or_else_for_machines(rule, answered):
    found = answers_to_rule(rule, NOON + DAY)

    assert found == Answers(
        clicked=1,
        clicked_by_machines=1,
        opened=1,
        opened_by_machines=1,
        reasons=((machines.GATEWAY, 2), (machines.ASKED_HEAD, 1), (machines.PRIVACY, 1)),
    )
    assert answers_to_rule(rule, NOON + 40 * DAY) == Answers()


def test_a_campaign_counts_from_its_start(rule, answered, topic, sender):
    version = make_version()
    campaign = Campaign.objects.create(
        name="Summer", goal="Sales", topic=topic, sender=sender, content=version.content, version=version,
        control_share=0, status="sending", send_at=NOON, started_at=NOON, created_at=NOON,
    )  # fmt: skip
    assert answers_to_campaign(campaign) == Answers()
    for delivery in answered:
        delivery.rule, delivery.campaign = None, campaign
        delivery.save()

    assert answers_to_campaign(campaign).clicked_by_machines == 1
    assert answers_to_campaign(Campaign(pk=campaign.pk)) == Answers()


def test_the_page_of_a_row_shows_both_totals_and_the_reasons(rule, answered, as_marketer, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON + DAY)

    page = as_marketer.get(reverse("campaigns:rule-detail", args=[rule.pk])).content.decode()

    assert "1 more by machines" in page
    assert "It calls itself a security gateway." in page


def test_the_page_of_a_delivery_says_who_made_each_answer(answered, as_marketer):
    page = as_marketer.get(answered[0].get_absolute_url()).content.decode()

    assert "A person</p>" in page
    assert "A scanner. It calls itself a security gateway.</p>" in page
    assert Touchpoint.objects.filter(kind="clicked").count() == 1
