import gzip

import pytest
from django.core.management import CommandError, call_command

from contacts.models import Contact


@pytest.fixture
def people(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "people.csv"
    path.write_text("Email,Name,Shoe size\nmara@example.com,Mara Lindqvist,38\nmara.example.com,Mara,\n")
    return path


def test_the_command_says_what_became_of_the_file(db, people, capsys):
    call_command("import_contacts", people)

    assert capsys.readouterr().out.splitlines() == [
        "2 rows read: 1 created, 0 updated, 0 unchanged, 1 refused.",
        "Columns not used: Shoe size.",
        "Refused rows, with their reasons: people.refused.csv",
        "The e-mail has no “@”. Line 3.",
    ]
    assert (people.parent / "people.refused.csv").exists()


def test_a_dry_run_says_so(db, people, capsys):
    call_command("import_contacts", people, "--dry-run")

    assert capsys.readouterr().out.startswith("A dry run: nothing was written.\n2 rows read: 1 created")
    assert not Contact.objects.exists()


def test_consent_needs_a_topic_that_exists_and_a_proof(db, people, topic):
    with pytest.raises(CommandError, match="There is no topic “x”. There are: news."):
        call_command("import_contacts", people, "--consent", "x", "--proof", "paper")
    with pytest.raises(CommandError, match="where this consent can be looked up"):
        call_command("import_contacts", people, "--consent", "news")

    call_command("import_contacts", people, "--consent", "news", "--proof", "paper", "--basis", "consent")

    assert Contact.objects.get().consents.get().evidence["proof"] == "paper"


@pytest.mark.parametrize(
    ("content", "words"), [("", "The file is empty"), ("Company\nBluebay\n", "No column holds e-mail")]
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(db, tmp_path, content, words):
    path = tmp_path / "people.csv"
    path.write_text(content)

    with pytest.raises(CommandError, match=words):
        call_command("import_contacts", path)


def test_a_missing_file_is_said_to_be_missing(db, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_contacts", tmp_path / "nothing.csv")


def test_a_packed_file_cut_short_is_refused_in_words(db, tmp_path):
    file = tmp_path / "people.csv.gz"
    lines = b"\n".join(b"person%d@example.com" % number for number in range(2_000))
    file.write_bytes(gzip.compress(b"E-mail\n" + lines)[:-1_000])

    with pytest.raises(CommandError):
        call_command("import_contacts", str(file), refused=tmp_path / "refused.csv")
