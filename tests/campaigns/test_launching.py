"""What people do with a campaign, and what keeps them from it."""

import pytest

from campaigns import content, launching
from campaigns.campaigning import finish_campaigns, plan_campaigns
from campaigns.launching import CannotStart
from campaigns.models import Campaign, Content, SendingSwitch
from campaigns.sending import send_due
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_contact,
    make_content,
    make_rule,
    make_sender,
    make_user,
)

Status = Campaign.Status
BODY = "<mj-section><mj-column><mj-text>Hello {{ first_name }}</mj-text></mj-column></mj-section>"


@pytest.fixture
def draft(ada, marketer):
    """A draft to Ada that lacks nothing."""
    return make_draft([ada], created_by=marketer)


@pytest.fixture
def second(db):
    return make_user("marketer")


def make_draft(contacts=(), **fields):
    written = make_content(body=BODY)
    fields = {"status": "draft", "content": written, "started_at": None} | fields
    campaign = make_campaign(contacts, **fields)
    campaign.version = None
    campaign.content = fields["content"]
    campaign.save()
    return campaign


def limit(size):
    SendingSwitch.objects.update_or_create(id=1, defaults={"approval_above": size})


# Before it leaves ------------------------------------------------------------------------------------


def test_a_draft_that_lacks_nothing_is_put_on_the_clock_with_its_words_frozen(draft, marketer):
    launching.submit(draft, at=NOON, by=marketer)

    draft.refresh_from_db()
    assert (draft.status, draft.send_at) == (Status.SCHEDULED, NOON)
    assert draft.version == draft.content.versions.get()


def test_what_was_submitted_is_planned_and_sent(draft, ada, marketer, mailbox):
    launching.submit(draft, at=NOON, by=marketer)

    plan_campaigns(NOON)
    send_due(NOON, "worker")
    finish_campaigns(NOON)

    draft.refresh_from_db()
    assert draft.status == Status.FINISHED
    assert [message["subject"] for message in mailbox.to(ada.email)] == ["Hello Ada"]


@pytest.mark.parametrize(
    ("lack", "said"),
    [
        ({"goal": ""}, "Say what it is for."),
        ({"control_share": None}, "nobody is a choice too"),
        ({"audience": {"contacts": []}}, "The audience is empty."),
        ({"audience": {}}, "Nobody is chosen."),
        ({"audience": {"filters": {"planet": "mars"}}}, "no such filter: planet"),
    ],
)
def test_what_is_missing_keeps_it_here(draft, marketer, lack, said):
    Campaign.objects.filter(pk=draft.pk).update(**lack)
    with pytest.raises(CannotStart, match=said):
        launching.submit(draft, at=NOON, by=marketer)
    draft.refresh_from_db()
    assert (draft.status, draft.version) == (Status.DRAFT, None)

    whole = {"goal": "Sell", "control_share": 0, "audience": {"filters": {}}}
    Campaign.objects.filter(pk=draft.pk).update(**whole)
    assert launching.submit(draft, at=NOON, by=marketer).status == Status.SCHEDULED


def test_words_with_faults_keep_it_here(draft, marketer):
    draft.content.body = "<mj-section>{{ nobody_knows }}</mj-section>"
    draft.content.save()

    with pytest.raises(CannotStart, match="nobody_knows"):
        launching.submit(draft, at=NOON, by=marketer)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"subject": "Thanks for {{ order.number }}"}, r"Their order: Number \(order\.number\)"),
        ({"text": "{% for item in order.items %}{{ item.name }}{% endfor %}"}, "Their order: Each thing"),
        ({"preheader": "{% if confirm_url != '' %}Confirm{% endif %}"}, "Links of their own: Confirm"),
    ],
)
def test_words_about_what_a_campaign_does_not_know_keep_it_here(draft, marketer, written, said):
    Content.objects.filter(pk=draft.content_id).update(**written)
    with pytest.raises(CannotStart, match=said):
        launching.submit(draft, at=NOON, by=marketer)

    Content.objects.filter(pk=draft.content_id).update(**dict.fromkeys(written, "Hello {{ first_name }}"))
    assert launching.submit(draft, at=NOON, by=marketer).status == Status.SCHEDULED


def test_what_a_row_sends_is_not_changed_by_a_campaign_with_its_words(draft, marketer):
    rule = make_rule(content=draft.content)
    words = rule.first_step.content
    live = content.freeze(words, at=NOON)
    Content.objects.filter(pk=words.pk).update(subject="A draft of the row")

    version = launching.submit(draft, at=NOON, by=marketer).version

    words.refresh_from_db()
    assert (version.subject, words.live) == ("A draft of the row", live)


def test_no_postal_address_keeps_it_here(ada, marketer):
    sender = make_sender(name="Nowhere", postal_address=" ")

    with pytest.raises(CannotStart, match="postal address"):
        launching.submit(make_draft([ada], sender=sender), at=NOON, by=marketer)


def test_a_sender_that_may_not_write_to_many_keeps_a_large_one_here(draft, marketer, settings):
    settings.BULK_FROM = 0

    with pytest.raises(CannotStart, match="never been checked"):
        launching.submit(draft, at=NOON, by=marketer)

    settings.BULK_FROM = 1
    assert launching.submit(draft, at=NOON, by=marketer).status == Status.SCHEDULED


# The second yes --------------------------------------------------------------------------------------


def test_more_than_the_limit_needs_a_second_yes_and_just_as_many_does_not(ada, ben, marketer):
    limit(1)

    assert launching.submit(make_draft([ada]), at=NOON, by=marketer).status == Status.SCHEDULED
    assert launching.submit(make_draft([ada, ben]), at=NOON, by=marketer).status == Status.WAITING


def test_a_campaign_that_waits_is_not_planned(draft, marketer, second):
    limit(0)
    launching.submit(draft, at=NOON, by=marketer)
    assert plan_campaigns(NOON + HOUR) == 0

    launching.approve(draft, at=NOON + HOUR, by=second)
    assert plan_campaigns(NOON + HOUR) == 1


def test_words_written_after_it_was_sent_off_change_nothing(draft, marketer, second):
    limit(0)
    launching.submit(draft, at=NOON, by=marketer)
    draft.content.subject = "{{ nobody_knows }}"
    draft.content.save()

    approved = launching.approve(draft, at=NOON, by=second)

    assert approved.version.subject == "Hello {{ first_name }}"


def test_nobody_approves_their_own(draft, marketer, second):
    limit(0)
    launching.submit(draft, at=NOON, by=marketer)
    for nobody in (marketer, None):
        with pytest.raises(CannotStart, match="Somebody else"):
            launching.approve(draft, at=NOON, by=nobody)

    launching.approve(draft, at=NOON, by=second)

    draft.refresh_from_db()
    assert (draft.status, draft.approved_by, draft.approved_at) == (Status.SCHEDULED, second, NOON)


def test_whoever_submits_the_draft_of_another_does_not_approve_it(draft, marketer, second):
    limit(0)
    launching.submit(draft, at=NOON, by=second)

    with pytest.raises(CannotStart, match="Somebody else"):
        launching.approve(draft, at=NOON, by=second)
    assert launching.approve(draft, at=NOON, by=marketer).status == Status.SCHEDULED


def test_a_late_yes_sends_at_once_with_all_its_time(draft, marketer, second):
    limit(0)
    launching.submit(draft, at=NOON, by=marketer)

    approved = launching.approve(draft, at=NOON + 5 * DAY, by=second)

    assert approved.send_at == NOON + 5 * DAY


def test_a_yes_is_gone_when_it_is_taken_back(draft, marketer, second):
    limit(0)
    launching.submit(draft, at=NOON, by=marketer)
    launching.approve(draft, at=NOON, by=second)

    launching.take_back(draft, at=NOON, by=marketer)

    draft.refresh_from_db()
    assert (draft.status, draft.approved_by, draft.version) == (Status.DRAFT, None, None)
    assert launching.submit(draft, at=NOON, by=marketer).status == Status.WAITING


def test_an_audience_that_grows_beyond_the_limit_waits_for_the_second_yes(ada, marketer):
    limit(1)
    campaign = make_draft(audience={"filters": {}}, send_at=NOON + DAY)
    assert launching.submit(campaign, at=NOON, by=marketer).status == Status.SCHEDULED
    make_contact()

    assert plan_campaigns(NOON + DAY) == 0

    campaign.refresh_from_db()
    assert campaign.status == Status.WAITING


# Under way -------------------------------------------------------------------------------------------


def test_a_paused_campaign_sends_nothing_until_it_goes_on(ada, marketer, mailbox):
    campaign = make_campaign([ada], planned_count=1)
    make_campaign_delivery(campaign, ada)
    launching.pause(campaign, at=NOON, by=marketer)
    send_due(NOON, "worker")
    assert mailbox.to(ada.email) == []

    launching.resume(campaign, at=NOON + HOUR, by=marketer)
    send_due(NOON + HOUR, "worker")

    assert len(mailbox.to(ada.email)) == 1


def test_a_pause_says_who_and_going_on_takes_the_words_away(ada, marketer):
    campaign = make_campaign([ada])

    paused = launching.pause(campaign, at=NOON, by=marketer)
    assert (paused.pause, paused.pause_detail) == ("person", str(marketer))

    gone_on = launching.resume(campaign, at=NOON + HOUR, by=marketer)
    assert (gone_on.status, gone_on.pause, gone_on.pause_detail, gone_on.counted_since) == (
        Status.SENDING,
        "",
        "",
        NOON + HOUR,
    )


def test_a_pause_in_the_middle_of_planning_goes_on_with_planning(ada, marketer):
    campaign = make_campaign([ada], status="planning", until_contact=ada.pk, position=0)
    launching.pause(campaign, at=NOON, by=marketer)
    assert plan_campaigns(NOON) == 0

    assert launching.resume(campaign, at=NOON, by=marketer).status == Status.PLANNING
    assert plan_campaigns(NOON) == 1


def test_calling_off_ends_what_is_planned_and_leaves_what_was_sent(ada, ben, marketer, mailbox):
    campaign = make_campaign([ada, ben])
    planned, sent = (
        make_campaign_delivery(campaign, ada),
        make_campaign_delivery(campaign, ben, status="sent"),
    )

    launching.cancel(campaign, at=NOON, by=marketer)
    send_due(NOON, "worker")

    planned.refresh_from_db()
    sent.refresh_from_db()
    assert (planned.status, planned.reason, sent.status) == ("cancelled", "campaign_off", "sent")
    assert mailbox.to(ada.email) == []


def is_done(act, campaign, by):
    try:
        getattr(launching, act)(campaign, at=NOON, by=by)
    except CannotStart:
        return False
    return True


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        ("submit", {"draft"}),
        ("approve", {"waiting"}),
        ("take_back", {"waiting", "scheduled"}),
        ("pause", {"planning", "sending"}),
        ("resume", {"paused"}),
        ("cancel", {"draft", "waiting", "scheduled", "planning", "sending", "paused"}),
        ("retry", {"sending", "paused", "finished"}),
    ],
)
def test_each_act_is_for_its_own_states(ada, second, act, allowed):
    drafts = {state: make_draft([ada], status=state) for state in Status.values}

    may = {state for state, campaign in drafts.items() if is_done(act, campaign, second)}

    assert may == allowed
