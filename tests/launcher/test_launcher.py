"""The launcher from outside: one at a time, and a mailbox that keeps what is sent."""

import mailbox
import os
import smtplib
import subprocess
import sys

import pytest

from launcher import LauncherError
from launcher.__main__ import launcher_pid, only_launcher
from launcher.environment import free_port
from launcher.startup import ROOT

HOLD = "from launcher.__main__ import only_launcher; from pathlib import Path; import sys, time\n"
HOLD += "with only_launcher(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


def test_a_second_launcher_says_that_the_first_runs(tmp_path):
    (tmp_path / "env").write_text("PUBLIC_URL=http://127.0.0.1:8000\n")
    first = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    first.stdout.readline()

    with pytest.raises(LauncherError, match=rf"already running \(process {first.pid}\) at http://127"):
        with only_launcher(tmp_path):
            pass

    first.kill()
    first.wait()


def test_a_killed_launcher_does_not_keep_the_next_one_out(tmp_path):
    (tmp_path / "launcher.lock").write_text("1")

    with only_launcher(tmp_path):
        assert launcher_pid(tmp_path) == os.getpid()
    assert launcher_pid(tmp_path) is None


def test_the_local_mailbox_keeps_what_is_sent(tmp_path):
    port = free_port(18025)
    command = [sys.executable, "-m", "launcher.mailbox", "--port", str(port), "--dir", str(tmp_path / "mail")]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    server.stdout.readline()

    with smtplib.SMTP("127.0.0.1", port, timeout=5) as line:
        line.sendmail("shop@example.com", ["ada@example.org"], "Subject: Welcome\r\n\r\nHello Ada")
    server.terminate()

    assert server.wait(10) == 0
    [message] = mailbox.Maildir(tmp_path / "mail")
    assert [message["Delivered-To"], message["Return-Path"]] == ["ada@example.org", "<shop@example.com>"]
    assert (message["Subject"], message.get_payload().strip()) == ("Welcome", "Hello Ada")
