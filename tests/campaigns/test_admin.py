"""The Django admin shows all of it, changes only by the acts, and leaves the ledger alone."""

import pytest
from django.urls import reverse

from campaigns.models import ContentVersion, Delivery, LifecycleRule, SendingSwitch, Tick
from tests.make import NOON, make_campaign, make_content, make_delivery, make_rehearsal, make_rule

BODY = "<mj-section><mj-column><mj-text>Hello {{ first_name }}</mj-text></mj-column></mj-section>"


@pytest.fixture
def as_admin(client, admin):
    client.force_login(admin)
    return client


def act(client, model, action, *objects):
    address = reverse(f"admin:campaigns_{model}_changelist")
    return client.post(
        address, {"action": action, "_selected_action": [each.pk for each in objects]}, follow=True
    )


@pytest.mark.parametrize(
    "model",
    [
        "campaign", "content", "contentversion", "lifecyclerule", "delivery", "response", "sendingswitch",
        "tick",
    ],
)  # fmt: skip
def test_every_list_and_every_row_opens(as_admin, ada, model):
    delivery = make_delivery(make_rule(), ada)
    response = delivery.responses.create(kind="clicked", at=NOON)
    rows = {
        "campaign": make_campaign(),
        "content": delivery.version.content,
        "contentversion": delivery.version,
        "lifecyclerule": delivery.rule,
        "delivery": delivery,
        "response": response,
        "sendingswitch": SendingSwitch.objects.create(),
        "tick": Tick.objects.create(schedule="plan", slot=NOON, started_at=NOON),
    }

    listed = as_admin.get(reverse(f"admin:campaigns_{model}_changelist"), {"q": "a"})
    opened = as_admin.get(reverse(f"admin:campaigns_{model}_change", args=[rows[model].pk]))

    assert (listed.status_code, opened.status_code) == (200, 200)


@pytest.mark.parametrize("model", ["contentversion", "delivery", "response", "tick"])
def test_what_happened_is_read_only(as_admin, ada, model):
    delivery = make_delivery(make_rule(), ada)

    assert as_admin.get(reverse(f"admin:campaigns_{model}_add")).status_code == 403
    row = {"delivery": delivery, "contentversion": delivery.version}.get(model)
    if row:
        assert as_admin.post(reverse(f"admin:campaigns_{model}_change", args=[row.pk]), {}).status_code == 403
        assert as_admin.post(reverse(f"admin:campaigns_{model}_delete", args=[row.pk])).status_code == 403


def test_a_row_is_switched_by_the_acts(as_admin, ada):
    rule = make_rule(content=make_content(body=BODY), status="draft", activated_at=None)
    make_rehearsal(rule)

    act(as_admin, "lifecyclerule", "activate", rule)
    rule.refresh_from_db()
    assert (rule.status, rule.first_step.content.live.number) == ("active", 1)

    delivery = make_delivery(rule, ada)
    act(as_admin, "lifecyclerule", "close", rule)
    assert LifecycleRule.objects.get().status == "closed"
    assert Delivery.objects.get(pk=delivery.pk).status == "cancelled"


def test_words_with_faults_are_not_published(as_admin):
    written = make_content(body=BODY, subject="{{ nobody }}")

    answer = act(as_admin, "content", "publish", written)

    assert "There is no merge field" in answer.text
    assert ContentVersion.objects.count() == 0


def test_sending_is_held_and_released(as_admin):
    switch = SendingSwitch.load()

    act(as_admin, "sendingswitch", "hold", switch)
    assert SendingSwitch.load().held

    act(as_admin, "sendingswitch", "release", switch)
    assert not SendingSwitch.load().held


def test_a_campaign_is_paused_and_called_off_by_the_acts(as_admin, ada):
    campaign = make_campaign([ada])

    act(as_admin, "campaign", "pause", campaign)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.pause) == ("paused", "person")

    act(as_admin, "campaign", "cancel", campaign)
    campaign.refresh_from_db()
    assert campaign.status == "cancelled"


def test_a_campaign_that_lacks_something_says_so_and_stays(as_admin):
    campaign = make_campaign(status="draft", control_share=None)

    answer = act(as_admin, "campaign", "submit", campaign)

    assert "Choose how many are held out" in answer.text
    campaign.refresh_from_db()
    assert campaign.status == "draft"
