"""The harness itself: what is wrong is found, and what is right is not called wrong."""

import pytest

from chaos.checking import Report, check
from chaos.taken import Copy
from tests.make import NOON, make_campaign, make_campaign_delivery, make_consent, make_contact, make_sender

SENT = {
    "status": "sent",
    "sending_at": NOON,
    "first_sending_at": NOON,
    "finished_at": NOON,
    "attempts": 1,
}


@pytest.fixture
def sent(db):
    """One message of a campaign, sent as it should be."""
    contact = make_contact("ada@example.com")
    campaign = make_campaign([contact], sender=make_sender(), planned_count=1)
    make_consent(contact, campaign.topic, at=NOON)
    return make_campaign_delivery(campaign, contact, address=contact.email, **SENT)


def copy_of(delivery, uuid=None):
    return Copy(NOON.timestamp(), str(uuid or delivery.uuid), "ada@example.com", "<a@example.com>")


def breaches(copies, **options):
    report = Report("test", 1)
    check(report, copies, **options)
    return report


def change(delivery, **fields):
    type(delivery).objects.filter(pk=delivery.pk).update(**fields)


def test_one_copy_of_what_was_sent_is_right(sent):
    report = breaches([copy_of(sent)])

    assert (report.breaches, report.lost, report.duplicates, report.sends) == ([], 0, 0, 1)


def test_what_is_said_to_be_sent_and_was_never_taken_is_lost(sent):
    report = breaches([])

    assert report.lost == 1
    assert "never taken" in report.breaches[0]


def test_what_waits_for_ever_is_lost(sent):
    change(sent, status="planned", finished_at=None)

    report = breaches([])

    assert report.lost == 1
    assert "still waiting" in report.breaches[0]


def test_a_copy_too_many_is_found_and_not_explained(sent):
    report = breaches([copy_of(sent)] * 2)

    assert (report.duplicates, report.explained) == (1, 0)
    assert "nobody can explain" in report.breaches[0]


def test_a_copy_too_many_is_explained_where_nobody_could_know_and_allowed_where_told(sent):
    change(sent, doubts=1)

    assert breaches([copy_of(sent)] * 2).breaches == ["1 duplicates, 0 allowed"]
    assert breaches([copy_of(sent)] * 2, duplicates_allowed=1).breaches == []
    assert breaches([copy_of(sent)] * 3, duplicates_allowed=1).explained == 0


def test_what_was_taken_without_passing_the_gate_is_found(sent):
    change(sent, status="skipped", reason="withdrew", first_sending_at=None, sending_at=None)

    assert any("passed the gate" in words for words in breaches([copy_of(sent)]).breaches)


def test_what_the_ledger_does_not_know_is_found(sent):
    stranger = copy_of(sent, "00000000-0000-0000-0000-000000000001")

    assert any("passed the gate" in words for words in breaches([copy_of(sent), stranger]).breaches)


def test_what_was_not_sent_must_say_why(sent):
    change(sent, status="failed", reason="")

    assert any("without a reason" in words for words in breaches([]).breaches)


def test_parked_messages_are_counted_and_told_whether_they_had_been_taken(sent):
    change(sent, status="parked", reason="no_answer", doubts=1)

    report = breaches([copy_of(sent)])

    assert (report.breaches, report.parked, report.unknown) == ([], 1, 1)
    assert report.found["parked_and_taken"] == 1
