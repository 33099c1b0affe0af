"""Starts and stops processes of ours: each is known by its pid, and no other is ever touched."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 20


class Started:
    """A process of ours."""

    def __init__(self, *command, log=None):
        self.command, self.log = command, log
        self.launch()

    def launch(self):
        """Start it, perhaps again."""
        with open(self.log or os.devnull, "ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in self.command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def is_alive(self):
        return self.process.poll() is None

    def signal(self, number):
        """To it and its children: they are one group, which it leads."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self):
        """As the power does: at once, with all its children."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Ask, and insist after a while."""
        self.signal(signal.SIGCONT)
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE_SECONDS)
        self.kill()


class Stub:
    """A process of ours that prints where it listens, as {"smtp": port, "http": port}."""

    def __init__(self, module, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *(str(word) for word in arguments)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.ports = json.loads(self._first_line())

    def _first_line(self):
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_SECONDS)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.process.kill()
            raise RuntimeError(f"{self.process.args[2]} did not start.")
        return line

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    def stop(self):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE_SECONDS)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Nursery:
    """Forks workers, `python -m chaos.worker`; those that die are started again by `tend`."""

    def __init__(self, count, act="sweep", log=None):
        self.act, self.count, self.pids, self.codes = act, count, [], {}
        with open(log or os.devnull, "ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "chaos.worker"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                start_new_session=True,
            )
        self._read()

    def tend(self):
        """As many workers as there should be are at work."""
        self.note_ended()
        while len(self.pids) < self.count:
            self.fork()

    def fork(self, crash_at=""):
        """One more worker, which may have been told where to crash; its pid."""
        pid = self._ask({"fork": {"act": self.act, "crash_at": crash_at}})["pid"]
        self.pids.append(pid)
        return pid

    def note_ended(self):
        self.codes = {int(pid): code for pid, code in self._ask({"ended": None})["ended"].items()}
        self.pids = [pid for pid in self.pids if pid not in self.codes]

    def code_of(self, pid, seconds=PATIENCE_SECONDS):
        """With what a worker ended; None when it did not within that time."""
        wait_until(lambda: self.note_ended() or pid in self.codes, seconds)
        return self.codes.get(pid)

    def signal(self, pid, number):
        """To one of its workers, and nobody else: a pid is theirs until it has been noted as ended."""
        if pid in self.pids:
            os.kill(pid, number)

    def stop(self):
        for pid in self.pids:
            self.signal(pid, signal.SIGCONT)
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def _ask(self, order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return self._read()

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("The nursery of the workers has died.")
        return json.loads(line)


class Sink(Stub):
    """The mail server of `chaos.sink`, running: `with Sink(taken=path, delay=0.01) as sink: …`."""

    def __init__(self, **options):
        super().__init__("chaos.sink", *_words(options))
        self.smtp_port = self.ports["smtp"]
        self.lookup_url = f"http://127.0.0.1:{self.ports['http']}/taken"


class Provider(Stub):
    """The HTTP provider of `chaos.provider`, running."""

    def __init__(self, **options):
        super().__init__("chaos.provider", *_words(options))
        self.url = f"http://127.0.0.1:{self.ports['http']}/"


def _words(options):
    """{"http_port": 1} as --http-port 1; what is None is left out."""
    pairs = [(f"--{name.replace('_', '-')}", value) for name, value in options.items() if value is not None]
    return [word for pair in pairs for word in pair]


def wait_until(holds, seconds, *, every=0.05):
    """Whether `holds()` came true within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(every)
    return bool(holds())
