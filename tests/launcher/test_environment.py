"""Secrets are made once and kept private; what the environment says wins."""

import socket

import pytest

from launcher import LauncherError
from launcher.environment import SECRETS, free_port, read_env_file, settings_for, wanted_port


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in (*SECRETS, "DATABASE_URL", "PUBLIC_URL", "PORT"):
        monkeypatch.delenv(name, raising=False)


def test_secrets_are_made_once(tmp_path):
    first = settings_for(tmp_path / "env", {}, demo=True)

    again = settings_for(tmp_path / "env", {}, demo=True)

    assert [again[name] for name in SECRETS] == [first[name] for name in SECRETS]
    assert len({first[name] for name in SECRETS}) == 2


def test_only_the_owner_reads_the_secrets(tmp_path):
    settings_for(tmp_path / "env", {}, demo=True)

    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o600


def test_the_environment_wins_over_what_was_made_here(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/db")

    settings = settings_for(tmp_path / "env", {"DATABASE_URL": "postgres://here/db"}, demo=False)

    assert settings["DATABASE_URL"] == "postgres://elsewhere/db"
    assert read_env_file(tmp_path / "env") == settings


def test_an_address_of_an_earlier_start_is_forgotten(tmp_path):
    settings_for(tmp_path / "env", {"DATABASE_URL": "postgres://then/db"}, demo=True)

    settings = settings_for(tmp_path / "env", {"DATABASE_URL": "postgres://now/db"}, demo=False)

    assert (settings["DATABASE_URL"], settings["DEMO"]) == ("postgres://now/db", "0")


def test_a_taken_port_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert port < free_port(port) < port + 50


@pytest.mark.parametrize("given", ["eighty", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused_in_words(monkeypatch, given):
    monkeypatch.setenv("PORT", given)

    with pytest.raises(LauncherError, match="PORT has to be a number"):
        wanted_port()
