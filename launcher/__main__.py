"""Rapport on one machine.

python -m launcher demo     start with a sample shop and a local mailbox
python -m launcher run      start without the sample
python -m launcher stop     stop what runs
python -m launcher status   say what runs
"""

import argparse
import contextlib
import fcntl
import os
import signal
import sys
import time
from pathlib import Path

import psutil

from launcher import LauncherError, postgres, valkey
from launcher.home import home_folder
from launcher.processes import stop_leftovers
from launcher.progress import say
from launcher.startup import ROOT, Installation, address, sign_ins, stop_servers

STOP_SECONDS = 90


def main():
    given = _arguments()
    state_dir = Path(given.state).resolve()
    sys.stdout.reconfigure(errors="replace")
    try:
        return {"demo": up, "run": up, "stop": stop, "status": status}[given.command](
            state_dir, given.command
        )
    except LauncherError as error:
        say(f"\n{error}")
        return 1


def up(state_dir, command):
    """Start, say where to look, watch, and stop when told to."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with only_launcher(state_dir):
        installation = Installation(state_dir, demo=command == "demo")
        _turn_signals_into(KeyboardInterrupt)
        try:
            say("Starting Rapport\n")
            installation.start()
            _show_around(installation)
            installation.watch()
        except KeyboardInterrupt:
            say("\nStopping Rapport\n")
        finally:
            _turn_signals_into(None)
            installation.stop()
    say("\nStopped. Start it again with the same command; nothing is lost.")
    return 0


def stop(state_dir, command):
    """Ask the running launcher to stop, or clear away what one left behind."""
    state_dir.mkdir(parents=True, exist_ok=True)
    if pid := launcher_pid(state_dir):
        os.kill(pid, signal.SIGTERM)
        _wait_until_gone(state_dir)
    stop_leftovers(state_dir)
    stop_servers(state_dir)
    return 0


def status(state_dir, command):
    """Say what runs; exit code 3 when the launcher does not."""
    pid = launcher_pid(state_dir)
    say(f"Rapport     {f'runs (process {pid}) at {address(state_dir)}' if pid else 'does not run'}")
    for name, server in (("Postgres", postgres), ("Valkey", valkey)):
        state = "runs" if server.is_running(state_dir) else "does not run here"
        say(f"{name:<12}{state}; data in {home_folder(state_dir, name.lower())}")
    return 0 if pid else 3


@contextlib.contextmanager
def only_launcher(state_dir):
    """One launcher at a time for one folder; its pid stands in the lock's file."""
    with open(state_dir / "launcher.lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = launcher_pid(state_dir)
            raise LauncherError(
                f"Rapport is already running (process {pid}) at {address(state_dir)}\n"
                "Stop it with `make stop`."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def launcher_pid(state_dir):
    """The pid of the launcher that holds the lock, None when nobody does."""
    path = state_dir / "launcher.lock"
    if not path.exists():
        return None
    with open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = file.read()
            return int(text) if text.isdigit() and psutil.pid_exists(int(text)) else None
    return None


def _wait_until_gone(state_dir):
    deadline = time.monotonic() + STOP_SECONDS
    while pid := launcher_pid(state_dir):
        if time.monotonic() > deadline:
            raise LauncherError(f"The launcher (process {pid}) did not stop within {STOP_SECONDS} s.")
        time.sleep(0.2)


def _turn_signals_into(error):
    """Ctrl-C, `make stop` and a closed terminal all mean stop; while stopping they mean nothing more."""

    def interrupt(*_):
        raise error

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if name == signal.SIGHUP and signal.getsignal(name) == signal.SIG_IGN:
            continue  # Started with nohup.
        signal.signal(name, interrupt if error else signal.SIG_IGN)


def _show_around(installation):
    url, state_dir = installation.url, installation.state_dir
    say(f"\nRapport runs at {url}\n")
    for person in sign_ins(state_dir):
        say(f"    {person['role']:<10} {person['email']:<28} {person['password']}")
    say(f"    (kept in {state_dir / 'sign_ins.json'})\n")
    say("Look first at")
    if installation.demo:
        say(f"    {url}/join/      what a newcomer sees: sign up with any address at example.com")
        if installation.own_mailbox:
            say(f"    {url}/mailbox/   the messages they get; nothing leaves this machine")
    say(f"    {url}/           Today: what is due, what was sent, what came back\n")
    if installation.own_mailbox and not installation.demo:
        folder = installation.settings["MAILBOX_DIR"]
        say(f"Messages are kept in {folder} and go nowhere; set EMAIL_URL to send them.\n")
    say(f"Logs are in {state_dir / 'log'}. Stop with Ctrl-C; data stays.")


def _arguments():
    parser = argparse.ArgumentParser(
        prog="python -m launcher", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["demo", "run", "stop", "status"])
    parser.add_argument("--state", default=ROOT / "var", help="where data, logs and secrets are kept (var/)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
