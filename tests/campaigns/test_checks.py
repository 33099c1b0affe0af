"""`manage.py check` refuses settings under which two workers could send the same message."""

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from campaigns import authenticating, checks, dkim
from tests.campaigns.zone import Silence, Zone


def ids():
    return [found.id for found in run_checks() if found.id.startswith("campaigns.")]


@pytest.fixture(autouse=True)
def key_folder(settings, tmp_path):
    settings.DKIM_DIR = str(tmp_path / "dkim")
    return tmp_path / "dkim"


def test_the_settings_as_they_come_are_fine():
    assert ids() == []


@pytest.mark.parametrize(("lease", "found"), [(120, ["campaigns.E002"]), (121, [])])
def test_a_lease_must_outlast_three_times_the_waiting(settings, lease, found):
    settings.EMAIL_TIMEOUT, settings.SENDING_LEASE = 20, lease

    assert ids() == found


@pytest.mark.parametrize("timeout", [None, 0, -1])
def test_a_mail_server_may_not_be_waited_for_for_ever(settings, timeout):
    settings.EMAIL_TIMEOUT = timeout

    assert ids() == ["campaigns.E001"]


def test_a_look_up_needs_an_address(settings):
    settings.MAIL_LOOKUP_URL = "mail.example.com/taken"

    assert ids() == ["campaigns.E003"]


def test_a_key_that_others_can_read_is_told(key_folder):
    dkim.make_key("example.com", "june")
    assert ids() == []

    (key_folder / "example.com.june.pem").chmod(0o644)

    assert [found.msg for found in checks.check_keys(None)] == [
        f"{key_folder}/example.com.june.pem can be read by others."
    ]


def test_the_command_tells_what_was_found_and_who_may_not_write_to_many(
    sender, settings, capsys, monkeypatch
):
    monkeypatch.setattr(authenticating, "Records", Silence)

    with pytest.raises(CommandError, match="May not write to many: Northside Records"):
        call_command("check_senders")

    assert "unknown SPF" in capsys.readouterr().out


def test_the_command_is_content_when_every_sender_may_write_to_many(sender, settings, monkeypatch, capsys):
    settings.PUBLIC_URL = "https://crm.example.com"
    sender.provider = "postmark"
    sender.save()
    rows = {("_dmarc.example.com", "TXT"): ["v=DMARC1; p=none"]}
    monkeypatch.setattr(authenticating, "Records", lambda: Zone(rows))

    call_command("check_senders")

    assert "ok      DMARC" in capsys.readouterr().out
