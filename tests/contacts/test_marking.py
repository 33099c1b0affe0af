"""The two marks: the database counts, the journal follows, and whoever is behind was restored."""

import pytest

from contacts import marking
from contacts.marking import Finding
from contacts.models import JournalMark
from tests.make import MINUTE, NOON, make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.JOURNAL_DIR = str(tmp_path / "journal")
    return tmp_path / "journal"


def test_the_journal_follows_the_database(folder):
    assert [marking.advance(NOON), marking.advance(NOON + MINUTE)] == [Finding.FINE] * 2

    mark = JournalMark.objects.get()
    assert (mark.number, mark.at) == (2, NOON + MINUTE)
    assert marking.written_mark() == {"journal": str(mark.journal), "number": 2}
    assert [path.name for path in folder.iterdir()] == ["mark"]


def test_a_database_behind_its_journal_was_restored(folder):
    marking.advance(NOON)
    marking.advance(NOON)
    assert marking.look() == Finding.FINE

    JournalMark.objects.update(number=1)

    assert marking.look() == Finding.BEHIND
    assert marking.advance(NOON) == Finding.BEHIND
    assert JournalMark.objects.get().number == 1


def test_a_journal_that_was_slow_to_follow_is_no_restore():
    marking.advance(NOON)
    JournalMark.objects.update(number=7)

    assert marking.look() == Finding.FINE


def test_a_copy_that_is_started_beside_another_journal_counts_as_restored():
    marking.advance(NOON)
    JournalMark.objects.update(journal="00000000-0000-0000-0000-000000000001")

    assert marking.look() == Finding.BEHIND


def test_a_journal_that_is_gone_is_noticed(folder):
    marking.advance(NOON)
    (folder / "mark").unlink()

    assert marking.look() == Finding.LOST
    assert marking.advance(NOON) == Finding.LOST


def test_a_backup_from_before_there_was_a_journal_is_noticed():
    make_contact()
    marking.advance(NOON)
    JournalMark.objects.all().delete()

    assert marking.look() == Finding.BEHIND


def test_an_empty_database_goes_on_with_the_journal_it_finds():
    marking.advance(NOON)
    before = marking.written_mark()
    JournalMark.objects.all().delete()

    assert marking.advance(NOON) == Finding.FINE
    assert marking.written_mark() == before | {"number": 2}


def test_a_journal_that_could_never_be_written_holds_nothing(folder):
    folder.write_text("a file where the folder should be")

    assert marking.advance(NOON) == Finding.UNWRITABLE
    assert not marking.look().holds


def test_without_a_journal_nothing_is_found(settings):
    settings.JOURNAL_DIR = ""

    assert marking.advance(NOON) == Finding.OFF
    assert not JournalMark.objects.exists()
