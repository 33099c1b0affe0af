"""Web, worker, beat and mailbox: started, watched, started again when they die, stopped.

Each leaves a record with its pid, so that a start after a killed launcher finds what that one left behind.
"""

import contextlib
import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from launcher.logs import keep_short
from launcher.progress import say

PATIENCE_SECONDS = 20
LONGEST_BACK_OFF = 30
HEALTHY_SECONDS = 60


@dataclass
class Program:
    """One long-running process: what starts it, and how it has fared."""

    name: str
    command: list
    process: subprocess.Popen | None = None
    started_at: float = 0
    failures: int = 0
    start_again_at: float | None = None


@dataclass
class Crew:
    """The programs of one start."""

    root: Path
    state_dir: Path
    environment: dict
    programs: list = field(default_factory=list)

    def start(self, name, *command):
        program = Program(name, [str(word) for word in command])
        self._launch(program)
        self.programs.append(program)

    def log_of(self, name):
        """Where a program writes; logs name people, so only their owner reads them."""
        folder = self.state_dir / "log"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / f"{name}.log"

    def tend(self):
        """Start again what has died, each time after a longer pause. To be called twice a second."""
        for program in self.programs:
            if program.start_again_at is not None:
                self._start_again_when_due(program)
            elif program.process.poll() is not None:
                self._bury(program)

    def stop(self):
        """Ask all at once, the last started first, and insist after a while."""
        for program in reversed(self.programs):
            program.process.terminate()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for program in reversed(self.programs):
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.process.wait(max(0.1, deadline - time.monotonic()))
            self._finish(program)

    def _launch(self, program):
        log = self.log_of(program.name)
        keep_short(log)
        with open(log, "ab") as file:
            program.process = subprocess.Popen(
                program.command,
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        program.started_at = time.monotonic()
        _write_record(self._record(program), program)

    def _bury(self, program):
        if time.monotonic() - program.started_at > HEALTHY_SECONDS:
            program.failures = 0
        self._finish(program)
        pause = min(2**program.failures, LONGEST_BACK_OFF)
        program.failures += 1
        program.start_again_at = time.monotonic() + pause
        say(
            f"  ! {program.name} stopped (exit code {program.process.returncode}); starting it again in "
            f"{pause} s. Its log: {self.log_of(program.name)}"
        )

    def _start_again_when_due(self, program):
        if time.monotonic() >= program.start_again_at:
            program.start_again_at = None
            self._launch(program)
            say(f"  ✓ {program.name} runs again")

    def _finish(self, program):
        """End what is left of a program's group, its own children included, and forget its record."""
        record = self._record(program)
        _kill(_left_behind(record))
        program.process.wait(5)
        record.unlink(missing_ok=True)

    def _record(self, program):
        return _records(self.state_dir) / f"{program.name}.json"


def stop_leftovers(state_dir: Path) -> list:
    """Stop what an earlier launcher started and could not stop itself; returns the names."""
    names = []
    for record in sorted(_records(state_dir).glob("*.json")):
        left = _left_behind(record)
        if left:
            names.append(record.stem)
            _end(left)
        record.unlink(missing_ok=True)
    return names


def _records(state_dir):
    folder = state_dir / "run"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write_record(path, program):
    started = psutil.Process(program.process.pid).create_time()
    path.write_text(json.dumps({"pid": program.process.pid, "started": started, "command": program.command}))


def _left_behind(path):
    """The processes of a recorded program that still run: its group, its command, no older than it."""
    try:
        record = json.loads(path.read_text())
        pid, started, command = record["pid"], record["started"], record["command"]
    except (OSError, ValueError, KeyError):
        return []
    return [process for process in psutil.process_iter() if _is_ours(process, pid, started, command)]


def _is_ours(process, pid, started, command):
    with contextlib.suppress(psutil.Error, OSError):
        same_group = os.getpgid(process.pid) == pid
        return same_group and process.create_time() > started - 2 and process.cmdline() == command
    return False


def _end(processes):
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, stubborn = psutil.wait_procs(processes, timeout=PATIENCE_SECONDS)
    _kill(stubborn)


def _kill(processes):
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=5)
