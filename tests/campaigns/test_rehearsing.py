"""A rehearsal writes nothing, counts what the gate would have said, and is kept with what decides."""

import pytest
from django.db import connection

from campaigns.models import Delivery, Rehearsal
from campaigns.rehearsing import keeping, reading, running
from contacts.models import Identity
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_campaign,
    make_consent,
    make_contact,
    make_delivery,
    make_rule,
    make_sender,
    make_step,
    make_topic,
    make_touchpoint,
)
from tests.tables import everywhere
from touchpoints.models import Touchpoint

pytestmark = pytest.mark.django_db
SINCE = NOON - 10 * DAY


@pytest.fixture
def draft(topic):
    return make_rule(status="draft", activated_at=None, topic=topic)


def rehearse(program, *, alone=False, since=SINCE, until=NOON):
    rehearsal = keeping.begin(program, since, until, alone=alone, at=NOON)
    keeping.run(rehearsal, at=NOON)
    rehearsal.refresh_from_db()
    assert rehearsal.is_done, rehearsal.error
    return rehearsal


def told(rehearsal):
    return [(row.contact, row.status, row.reason) for row in reading.people(reading.chosen(rehearsal))]


def test_what_was_imported_counts_as_if_it_had_been_told_at_once(draft, ada):
    make_touchpoint(ada, "confirmed", at=NOON - 7 * DAY, is_history=True)

    rehearsal = rehearse(draft)

    assert told(rehearsal) == [(ada, "sent", "")]
    assert Touchpoint.objects.get(contact=ada).is_history
    assert running.rehearse_rule(draft, SINCE, NOON, lambda: Delivery.objects.count()) == 0


def test_a_draft_is_rehearsed_for_those_who_agreed_by_then(draft, ada, ben, cleo):
    for person in (ada, ben, cleo):
        make_touchpoint(person, "confirmed", at=NOON - 7 * DAY)

    rehearsal = rehearse(draft)

    assert told(rehearsal) == [
        (ada, "sent", ""),
        # Ben withdrew, and Cleo's address bounced, two days later only.
        (ben, "sent", ""),
        (cleo, "sent", ""),
    ]
    assert (rehearsal.planned, rehearsal.sent) == (3, 3)


def test_what_was_withdrawn_before_the_moment_counts(draft, ada, ben, cleo):
    for person in (ada, ben, cleo):
        make_touchpoint(person, "confirmed", at=NOON - 3 * DAY)

    rehearsal = rehearse(draft)

    assert told(rehearsal) == [
        (ada, "sent", ""),
        (ben, "skipped", "withdrew"),
        (cleo, "skipped", "suppressed"),
    ]
    assert rehearsal.result["reasons"] == [
        ["sent", "", 1],
        ["skipped", "suppressed", 1],
        ["skipped", "withdrew", 1],
    ]


def test_nothing_at_all_is_written(draft, ada):
    make_touchpoint(ada, "confirmed", at=NOON - 3 * DAY)
    rehearsal = keeping.begin(draft, SINCE, NOON, alone=False, at=NOON)
    before = everywhere()

    keeping.run(rehearsal, at=NOON)

    changed = {table for table, text in everywhere().items() if text != before[table]}
    assert changed == {"campaigns_rehearsal"}
    rehearsal.refresh_from_db()
    assert rehearsal.sent == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()")
        assert cursor.fetchone() == (0,)


def test_a_following_step_goes_only_while_the_outcome_is_not_reached(ada, topic):
    rule = make_rule(status="draft", topic=topic, remind_after=3 * DAY, outcome="first_visit")
    eve = make_contact("eve@example.com")
    make_consent(eve, topic, at=SINCE)
    for person in (ada, eve):
        make_touchpoint(person, "confirmed", at=NOON - 8 * DAY)
    make_touchpoint(eve, "visited", at=NOON - 7 * DAY)

    rehearsal = rehearse(rule)

    assert told(rehearsal) == [(ada, "sent", ""), (eve, "sent", ""), (ada, "sent", "")]


def test_the_others_take_places_under_the_cap_unless_it_is_alone(ada, topic):
    sender = make_sender(name="Capped", cap=1, cap_days=7)
    make_rule(name="Other", topic=topic, sender=sender, trigger="visited", parameters={"pages": ["/*"]})
    draft = make_rule(status="draft", topic=topic, sender=sender)
    make_touchpoint(ada, "visited", at=NOON - 4 * DAY - HOUR, data={"path": "/a"})
    make_touchpoint(ada, "confirmed", at=NOON - 4 * DAY)

    beside, alone = rehearse(draft), rehearse(draft, alone=True)

    assert told(beside) == [(ada, "skipped", "cap")]
    assert [row[:1] + row[3:] for row in beside.result["met"]] == [["Other", 0, 1, 0]]
    assert told(alone) == [(ada, "sent", "")]


def test_what_was_really_sent_before_counts_for_the_cap(ada, topic):
    sender = make_sender(name="Capped", cap=1, cap_days=7)
    other = make_rule(name="Other", topic=topic, sender=sender, trigger="signed_up")
    make_delivery(other, ada, status="sent", sending_at=SINCE - DAY, finished_at=SINCE - DAY)
    draft = make_rule(status="draft", topic=topic, sender=sender)
    make_touchpoint(ada, "confirmed", at=SINCE + DAY)

    assert told(rehearse(draft)) == [(ada, "skipped", "cap")]


def test_a_campaign_is_rehearsed_for_those_it_is_for_now(ada, ben, topic):
    campaign = make_campaign([ada, ben], topic=topic, status="draft", send_at=NOON + DAY)

    rehearsal = rehearse(campaign)

    assert told(rehearsal) == [(ada, "sent", ""), (ben, "skipped", "withdrew")]
    assert (rehearsal.since, rehearsal.until) == (NOON + DAY, NOON + DAY + campaign.lasts)
    assert not Delivery.objects.exists()


def test_a_rehearsal_fits_until_something_decisive_is_edited(draft, ada):
    rehearsal = rehearse(draft)
    assert keeping.fitting(draft) == rehearsal

    draft.name = draft.condition = "Other words"
    draft.save()
    assert keeping.fitting(draft) == rehearsal

    draft.steps.update(delay=2 * DAY)
    assert keeping.fitting(draft) is None
    draft.steps.update(delay=draft.first_step.delay * 0)
    assert keeping.fitting(draft) == rehearsal

    draft.audience = {"contacts": [ada.pk]}
    draft.save()
    assert keeping.fitting(draft) is None


def test_only_the_last_few_are_kept_of_a_row(draft):
    made = [rehearse(draft) for _ in range(keeping.KEPT_PER_PROGRAM + 2)]

    assert [*Rehearsal.objects.order_by("pk")] == made[2:]


def test_one_that_asks_for_too_much_says_so(draft, ada, monkeypatch):
    monkeypatch.setattr("campaigns.rehearsing.running.MOST_ROWS", 0)
    make_touchpoint(ada, "confirmed", at=NOON - 3 * DAY)
    rehearsal = keeping.begin(draft, SINCE, NOON, alone=False, at=NOON)

    keeping.run(rehearsal, at=NOON)

    rehearsal.refresh_from_db()
    assert rehearsal.status == "failed"
    assert "Choose a shorter window" in rehearsal.error


def test_a_rehearsal_nobody_took_is_made_here_and_only_then(draft, ada):
    make_touchpoint(ada, "confirmed", at=NOON - 3 * DAY)
    rehearsal = keeping.begin(draft, SINCE, NOON, alone=False, at=NOON)

    keeping.take_over(rehearsal, at=NOON + keeping.WORKER_BEGINS)
    assert Rehearsal.objects.get().status == "waiting"

    keeping.take_over(rehearsal, at=NOON + keeping.WORKER_BEGINS + MINUTE)
    assert Rehearsal.objects.get().is_done


def test_a_panel_waits_for_a_visit_and_is_over_when_nobody_comes(draft, ada):
    make_step(draft, channel="panel", slot="home")
    make_touchpoint(ada, "confirmed", at=NOON - 5 * DAY)

    assert told(rehearse(draft)) == [(ada, "sent", ""), (ada, "expired", "too_late")]


def test_a_call_that_may_be_made_waits_for_somebody_and_others_are_sorted_out(ada, topic):
    rule = make_rule(status="draft", topic=topic, channel="phone")
    eve = make_contact("eve@example.com")
    make_consent(eve, topic, at=SINCE, channel="phone")
    Identity.objects.create(contact=eve, kind="phone", value="+351911", is_primary=True, created_at=SINCE)
    for person in (ada, eve):
        make_touchpoint(person, "confirmed", at=NOON - DAY)

    assert told(rehearse(rule)) == [(ada, "skipped", "no_address"), (eve, "planned", "")]


def test_two_topics_do_not_lend_each_other_consent(draft, ada):
    draft.topic = make_topic(key="other", name="Other")
    draft.save()
    make_touchpoint(ada, "confirmed", at=NOON - 3 * DAY)

    assert told(rehearse(draft)) == [(ada, "skipped", "never_agreed")]
