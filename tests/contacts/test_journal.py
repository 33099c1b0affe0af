"""The journal outside the database: written with the act, never for nothing, and without anybody's name."""

import pytest
from django.db import transaction

from contacts import journal
from contacts.consenting import give_consent, withdraw_consent
from contacts.erasing import erase
from contacts.models import Consent, JournalEntry
from contacts.suppressing import lift, suppress
from tests.make import HOUR, MINUTE, NOON


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.JOURNAL_DIR = str(tmp_path / "journal")
    return tmp_path / "journal"


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def acts():
    return [line["act"] for line in journal.read("acts")]


def test_an_opt_out_is_in_the_journal_once_it_is_committed(ada, topic, committed):
    with committed():
        withdraw_consent(ada, [topic], at=NOON, source="one-click")
        assert acts() == []

    (line,) = journal.read("acts")
    assert (line["act"], line["who"], line["of"]) == (
        "withdrew",
        str(ada.uuid),
        [["email", "news", "New arrivals"]],
    )
    assert JournalEntry.objects.get().written_at is not None


def test_what_was_rolled_back_is_not_in_the_journal(ada, topic, committed):
    with committed(), transaction.atomic():
        withdraw_consent(ada, [topic], at=NOON, source="one-click")
        transaction.set_rollback(True)
    with committed():
        withdraw_consent(ada, [topic], at=NOON, source="one-click")

    assert acts() == ["withdrew"]


def test_what_changed_nothing_is_not_noted(ada, topic, committed):
    with committed():
        withdraw_consent(ada, [topic], at=NOON, source="one-click")
        withdraw_consent(ada, [topic], at=NOON + MINUTE, source="one-click")
        give_consent(ada, [topic], at=NOON + HOUR, source="preferences")

    assert acts() == ["withdrew", "agreed"]


def test_suppressions_and_erasures_are_noted_and_nobody_can_be_read(ada, admin, folder, committed):
    with committed():
        found = suppress("cleo@example.com", reason="bounced", at=NOON, source="smtp", detail="cleo is gone")
        lift(found, by=admin, at=NOON)
        erase(ada, at=NOON)

    assert acts() == ["suppressed", "lifted", "erased"]
    text = "".join(path.read_text() for path in folder.iterdir())
    assert [word for word in ("ada", "byron", "cleo", "example.com") if word in text.lower()] == []
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_an_opt_out_stands_though_the_journal_cannot_be_written_and_is_written_later(
    ada, topic, folder, committed
):
    folder.write_text("a file where the folder should be")
    with committed():
        withdraw_consent(ada, [topic], at=NOON, source="one-click")
    assert Consent.objects.filter(contact=ada).current().get().action == "withdrawn"
    assert JournalEntry.objects.get().written_at is None

    folder.unlink()

    assert journal.write_waiting() == 1
    assert acts() == ["withdrew"]
    assert journal.write_waiting() == 0


def test_a_line_that_was_cut_short_spoils_no_other(folder):
    journal.append("acts", [{"act": "first"}], durable=True)
    with open(next(folder.iterdir()), "ab") as file:
        file.write(b'{"act":"cut sh')
    journal.append("acts", [{"act": "last"}], durable=True)

    assert acts() == ["first", "last"]


def test_without_a_journal_nothing_is_kept(ada, topic, settings, committed):
    settings.JOURNAL_DIR = ""
    with committed():
        withdraw_consent(ada, [topic], at=NOON, source="one-click")

    assert Consent.objects.filter(contact=ada).current().get().action == "withdrawn"
    assert not JournalEntry.objects.exists()
