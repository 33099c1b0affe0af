"""The first sign-ins of a fresh install."""

import json
import stat

from django.core.management import call_command

from crm.models import User


def test_a_fresh_install_gets_one_sign_in_for_each_role(db, client, tmp_path):
    file = tmp_path / "sign_ins.json"

    call_command("ensure_sign_ins", file=file)

    kept = json.loads(file.read_text())
    assert [entry["role"] for entry in kept] == ["admin", "marketer", "analyst"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for entry in kept:
        assert client.login(username=entry["email"], password=entry["password"]) or client.login(
            email=entry["email"], password=entry["password"]
        )


def test_a_second_start_changes_no_password(db, tmp_path):
    file = tmp_path / "sign_ins.json"
    call_command("ensure_sign_ins", file=file)
    before = file.read_text(), list(User.objects.values_list("password", flat=True))

    call_command("ensure_sign_ins", file=file)

    assert (file.read_text(), list(User.objects.values_list("password", flat=True))) == before


def test_only_administrators_may_enter_the_administration(db, tmp_path):
    call_command("ensure_sign_ins", file=tmp_path / "sign_ins.json")

    assert list(User.objects.filter(is_staff=True).values_list("role", flat=True)) == ["admin"]
