"""An old copy of the database sends nothing, whoever switches it on, until it has been recovered."""

from datetime import datetime

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from campaigns import channels, recovering, remembering, restoring
from campaigns.models import Delivery, SendingSwitch
from campaigns.recording import Result
from campaigns.sending import send_due
from campaigns.switching import hold_sending, resume_sending
from campaigns.ticking import sweep
from contacts import marking
from contacts.consenting import withdraw_consent
from contacts.models import JournalEntry, JournalMark
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_contact,
    make_delivery,
    make_rule,
    make_touchpoint,
)

pytestmark = pytest.mark.django_db
RESTORED = NOON + HOUR


@pytest.fixture(autouse=True)
def folder(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(remembering, "COUNT_SECONDS", float("inf"))
    settings.JOURNAL_DIR = str(tmp_path / "journal")
    marking.advance(NOON)
    marking.advance(NOON)
    return tmp_path / "journal"


@pytest.fixture
def delivery(ada):
    return make_delivery(contact=ada, due_at=NOON)


def be_restored():
    """As a backup of a moment ago would have it."""
    JournalMark.objects.update(number=1, at=NOON)


def remember(delivery, status="", at=NOON, **fields):
    """What the journal knows of a delivery that the database does not."""
    lost = Delivery(uuid=fields.pop("uuid", delivery.uuid), occurrence_key=delivery.occurrence_key, **fields)
    remembering.note_passed([lost], at)
    if status:
        remembering.note_ended([Result(lost, status)], at)


def state_of(delivery):
    delivery.refresh_from_db()
    return delivery.status, delivery.reason


def test_an_old_copy_sends_nothing_until_it_is_recovered(delivery, mailbox):
    be_restored()

    sweep(RESTORED)
    assert (len(mailbox), state_of(delivery)) == (0, ("planned", ""))
    resume_sending(by=None, at=RESTORED)
    sweep(RESTORED + MINUTE)
    assert len(mailbox) == 0
    recovering.recover(RESTORED + MINUTE)
    sweep(RESTORED + 2 * MINUTE)

    assert (len(mailbox), state_of(delivery)) == (1, ("sent", ""))
    assert not SendingSwitch.load().held


def test_a_wake_up_sends_nothing_from_an_old_copy_either(delivery, mailbox):
    be_restored()

    assert dict(send_due(NOON, "worker")) == {}
    assert (len(mailbox), SendingSwitch.load().held) == (0, True)
    recovering.recover(RESTORED)

    assert dict(send_due(RESTORED, "worker")) == {"sent": 1}


def test_what_the_journal_says_was_sent_is_sent(delivery, mailbox):
    be_restored()
    remember(delivery, "sent", at=NOON + MINUTE)
    restoring.is_restored(RESTORED)

    found = recovering.recover(RESTORED)
    sweep(RESTORED + MINUTE)

    assert (dict(found.counts), found.unknown, len(mailbox)) == ({"sent": 1}, [], 0)
    assert state_of(delivery) == ("sent", "")
    assert (delivery.sending_at, delivery.attempts, delivery.address) == (
        NOON + MINUTE,
        1,
        "ada@example.com",
    )


def test_what_was_refused_for_now_goes_out_when_its_turn_comes(delivery, mailbox):
    be_restored()
    remember(delivery, "planned")
    restoring.is_restored(RESTORED)

    recovering.recover(RESTORED)
    sweep(RESTORED + MINUTE)

    assert len(mailbox) == 1


@pytest.mark.parametrize("rank", [0, 2])
def test_what_passed_and_was_never_told_of_waits_for_a_person(delivery, mailbox, rank):
    Delivery.objects.update(rank=rank)
    be_restored()
    remember(delivery)
    restoring.is_restored(RESTORED)

    found = recovering.recover(RESTORED)
    sweep(RESTORED + MINUTE)

    assert (dict(found.counts), len(mailbox)) == ({"in_doubt": 1}, 0)
    assert state_of(delivery) == ("parked", "no_answer")


@pytest.mark.parametrize("taken, state", [(True, ("sent", "")), (None, ("unknown", "no_answer"))])
def test_it_is_asked_for_where_the_provider_can_be_asked(delivery, mailbox, monkeypatch, taken, state):
    asked = channels.Provider("asked", "Asked", None, settles_by="evidence", look_up=lambda _delivery: taken)
    monkeypatch.setitem(channels._providers, "asked", asked)
    type(delivery.sender).objects.update(provider="asked", settles_by="evidence")
    be_restored()
    remember(delivery)
    restoring.is_restored(RESTORED)

    recovering.recover(RESTORED)
    sweep(RESTORED + MINUTE)

    assert (state_of(delivery), len(mailbox)) == (state, 0)


def test_what_the_backup_knew_to_be_sent_stays_as_it_was(delivery, mailbox):
    remember(delivery, "sent")
    sweep(NOON)
    assert len(mailbox) == 1
    be_restored()
    restoring.is_restored(RESTORED)

    assert dict(recovering.recover(RESTORED).counts) == {}
    assert Delivery.objects.get().finished_at == NOON


def test_what_was_planned_after_the_backup_is_planned_again_and_known(ada, mailbox):
    rule = make_rule()
    touchpoint = make_touchpoint(ada, "confirmed", at=NOON)
    key = f"r{rule.pk}:s1:{ada.pk}:t{touchpoint.pk}"
    recovering.plan_again(NOON)
    (planned,) = Delivery.objects.all()
    uuid, key = planned.uuid, planned.occurrence_key
    planned.delete()
    be_restored()
    remember(Delivery(occurrence_key=key), "sent", uuid=uuid)
    restoring.is_restored(RESTORED)

    found = recovering.recover(RESTORED)
    sweep(RESTORED + MINUTE)

    assert (found.planned, dict(found.counts), len(mailbox)) == (1, {"sent": 1}, 0)
    assert list(Delivery.objects.values_list("uuid", "occurrence_key", "status")) == [(uuid, key, "sent")]


def test_what_people_made_since_is_not_taken_for_what_was_lost(ada, mailbox):
    be_restored()
    restoring.is_restored(RESTORED)
    campaign = make_campaign([ada], created_at=RESTORED + MINUTE, planned_count=1)
    new = make_campaign_delivery(campaign, ada)
    remember(new, "sent", uuid="00000000-0000-0000-0000-000000000009")

    found = recovering.recover(RESTORED + HOUR)
    sweep(RESTORED + HOUR)

    assert found.unknown == [(f"c{campaign.pk}", 1)]
    assert (state_of(new), len(mailbox)) == (("sent", ""), 1)


def test_what_is_planned_late_for_a_moment_before_waits_for_a_person(ada, mailbox):
    be_restored()
    restoring.is_restored(RESTORED)
    recovering.recover(RESTORED + MINUTE)
    late = make_delivery(contact=ada, due_at=NOON, planned_at=RESTORED + HOUR)
    new = make_delivery(late.rule, ada, due_at=RESTORED + HOUR, planned_at=RESTORED + HOUR)

    sweep(RESTORED + HOUR)

    assert (state_of(late), state_of(new)) == (("parked", "no_answer"), ("sent", ""))


def test_a_journal_that_is_gone_asks_a_person_and_then_parks_what_was_due(delivery, ben, folder, mailbox):
    silent = make_delivery(delivery.rule, ben, due_at=NOON)
    future = make_delivery(delivery.rule, make_contact(), due_at=NOON + DAY)
    (folder / "mark").unlink()
    sweep(RESTORED)
    assert len(mailbox) == 0

    with pytest.raises(CommandError, match="--without-journal"):
        call_command("recover")
    found = recovering.recover(RESTORED, without_journal=True)
    sweep(RESTORED + MINUTE)

    assert (dict(found.counts), len(mailbox)) == ({"parked": 1}, 0)
    assert (state_of(delivery), state_of(silent)[0]) == (("parked", "no_answer"), "skipped")
    assert state_of(future) == ("planned", "")
    assert marking.look() == marking.Finding.FINE


def test_what_a_person_held_before_is_theirs_to_let_go(delivery, mailbox):
    hold_sending(by=None, at=NOON, reason="Stocktaking")
    be_restored()
    sweep(RESTORED)

    assert recovering.recover(RESTORED).is_held
    assert SendingSwitch.load().reason == "Stocktaking"


def test_the_hold_can_be_kept(delivery, mailbox):
    be_restored()
    restoring.is_restored(RESTORED)

    assert recovering.recover(RESTORED, keep_hold=True).is_held
    assert marking.look() == marking.Finding.FINE


def test_a_database_that_agrees_with_its_journal_needs_nothing(delivery):
    with pytest.raises(CommandError, match="nothing to recover"):
        call_command("recover")


def test_an_operator_may_know_better(delivery, mailbox):
    remember(delivery, "sent")
    JournalMark.objects.update(at=datetime(2030, 1, 1, tzinfo=NOON.tzinfo))

    call_command("recover", "--restored")
    sweep(RESTORED)

    assert (state_of(delivery), len(mailbox)) == (("sent", ""), 0)


def test_whoever_looked_before_it_was_recovered_looks_again(delivery):
    be_restored()
    restoring.is_restored(RESTORED)
    assert marking.look() == marking.Finding.BEHIND
    recovering.recover(RESTORED)

    assert restoring.notice(RESTORED + MINUTE) == marking.Finding.FINE

    assert not SendingSwitch.load().held


def test_a_second_restore_is_noticed_like_the_first(delivery):
    be_restored()
    restoring.is_restored(RESTORED)
    recovering.recover(RESTORED)
    marking.advance(RESTORED)
    assert marking.look() == marking.Finding.FINE

    be_restored()

    assert marking.look() == marking.Finding.BEHIND


def test_what_cannot_be_written_to_the_journal_does_not_leave(delivery, folder, mailbox, monkeypatch):
    def full(*_words, **_options):
        raise OSError("No space left on device")

    monkeypatch.setattr(remembering.journal, "append", full)
    with pytest.raises(OSError, match="No space"):
        sweep(NOON)
    assert (state_of(delivery), len(mailbox)) == (("planned", ""), 0)

    monkeypatch.undo()
    sweep(NOON)

    assert len(mailbox) == 1


def test_a_run_that_is_under_way_ends_when_the_database_is_swapped(delivery, mailbox, monkeypatch):
    be_restored()
    monkeypatch.setattr(restoring, "is_restored", lambda at: False)
    monkeypatch.setattr(remembering, "COUNT_SECONDS", 0)

    with pytest.raises(remembering.OldCopy):
        send_due(NOON, "worker")

    assert (state_of(delivery), len(mailbox)) == (("planned", ""), 0)


def test_an_act_that_only_the_journal_knows_is_noticed_at_the_start(
    ada, topic, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_consent(ada, [topic], at=NOON, source="one-click")
    restoring.say(NOON)
    assert not SendingSwitch.load().held

    JournalEntry.objects.all().delete()
    restoring.say(NOON)

    assert SendingSwitch.load().held


def test_what_no_backup_would_go_back_to_is_forgotten(delivery, folder):
    remember(delivery, "sent", at=NOON - 91 * DAY)
    remember(delivery, "sent", at=NOON - 89 * DAY)

    assert remembering.forget_old(NOON) == 1

    assert sorted(path.name.split(".")[0] for path in folder.glob("*.log")) == ["sent-20260313"]


def test_the_health_page_today_and_settings_say_so(delivery, as_marketer):
    be_restored()
    restoring.is_restored(RESTORED)

    ready = as_marketer.get("/readyz").json()
    assert "manage.py recover" in ready["checks"]["journal"]["found"]
    assert "manage.py recover" in as_marketer.get(reverse("home")).content.decode()
    page = as_marketer.post(reverse("settings-switch"), {"resume": ""}, follow=True).content.decode()
    assert "manage.py recover" in page
    assert SendingSwitch.load().held
