"""Where a scenario plays: stand-ins that take messages, workers that send them, and an eye on both."""

import contextlib
import os
import random
import socket
import sys
import time

from django.db import DatabaseError, connection

from chaos import servers
from chaos.checking import MOVING, Report, check
from chaos.starting import Nursery, Provider, Sink, Started
from chaos.taken import read

LOGS = servers.STATE_DIR / "log"
# How often the runner looks at what happens.
LOOK_SECONDS = 0.005
WORKERS = 4


class Stage:
    """One run of one scenario: `with Stage("kills", seed) as stage`. What it started, it stops."""

    def __init__(self, scenario, seed, policy="", *, sink=None, provider=None, **environment):
        self.report = Report(scenario, seed, policy)
        self.chance = random.Random(f"{scenario}:{policy}:{seed}")
        self.environment, self.started = environment, contextlib.ExitStack()
        self.sink_options, self.provider_options = sink or {}, provider or {}
        self.files = [servers.STATE_DIR / f"taken.{name}" for name in ("sink", "provider")]
        self._seen = {}

    def __enter__(self):
        LOGS.mkdir(parents=True, exist_ok=True)
        self._began, self._before = time.monotonic(), os.environ.copy()
        for file in self.files:
            file.unlink(missing_ok=True)
        servers.fresh_database()
        sink = self._with(Sink(taken=self.files[0], seed=self.report.seed, **self.sink_options))
        provider = self._with(Provider(taken=self.files[1], seed=self.report.seed, **self.provider_options))
        os.environ.update(
            EMAIL_URL=f"smtp://127.0.0.1:{sink.smtp_port}",
            MAIL_LOOKUP_URL=sink.lookup_url,
            ANYMAIL_RESEND_API_URL=provider.url,
            **self.environment,
        )
        return self

    def __exit__(self, *error):
        self.started.close()
        os.environ.clear()
        os.environ.update(self._before)
        connection.close()
        self.report.seconds = round(time.monotonic() - self._began, 1)

    def _with(self, stub):
        self.started.callback(stub.stop)
        return stub

    # Who works ----------------------------------------------------------------------------------------

    def nursery(self, count=WORKERS, act="sweep"):
        """Workers without Celery."""
        return self._with(Nursery(count, act, LOGS / "workers.log"))

    def program(self, name, *command):
        """A program of the product."""
        program = Started(sys.executable, *command, log=LOGS / f"{name}.log")
        # Nothing is left that it should end in peace.
        self.started.callback(program.kill)
        return program

    def celery_workers(self, count=WORKERS):
        options = ["--pool=prefork", "--concurrency=1", "--without-gossip", "--without-mingle"]
        return [
            self.program("worker", "-m", "celery", "-A", "crm", "worker", "-n", f"{number}@chaos", *options)
            for number in range(count)
        ]

    def web(self):
        """The web, on a port of its own; returns the port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        serve = ["--worker-class=gthread", "--workers=2", "--threads=4", "--no-control-socket"]
        self.program("web", "-m", "gunicorn", *serve, f"--bind=127.0.0.1:{port}", "crm.wsgi")
        return port

    def beats(self, count=1):
        schedule = servers.STATE_DIR / "beat-schedule"
        return [
            self.program(
                "beat", "-m", "celery", "-A", "crm", "beat", "--pidfile=", f"--schedule={schedule}-{number}"
            )
            for number in range(count)
        ]

    # What happens -------------------------------------------------------------------------------------

    def count_taken(self):
        """How many copies have been taken by now."""
        for file in self.files:
            offset, count = self._seen.get(file, (0, 0))
            with contextlib.suppress(FileNotFoundError), open(file, "rb") as lines:
                lines.seek(offset)
                new = lines.read()
                self._seen[file] = offset + len(new), count + new.count(b"\n")
        return sum(count for _offset, count in self._seen.values())

    def taken(self):
        """Every copy that was taken."""
        return sorted((copy for file in self.files for copy in read(file)), key=lambda copy: copy.at)

    def until_ended(self, seconds, *tended, meanwhile=lambda: None):
        """Look on until nothing moves any more; what dies is started again. Whether it came to that."""
        deadline, look_again = time.monotonic() + seconds, 0
        while time.monotonic() < deadline:
            meanwhile()
            if time.monotonic() >= look_again:
                for crew in tended:
                    crew.tend()
                if moving() == 0:
                    return True
                look_again = time.monotonic() + 0.1
            time.sleep(LOOK_SECONDS)
        return False

    def check(self, **options):
        """The invariants, once everything has come to rest."""
        check(self.report, self.taken(), **options)
        return self.report


def moving():
    """How many deliveries have not come to an end; None while the database does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM campaigns_delivery WHERE status = ANY(%s)", [list(MOVING)])
            return cursor.fetchone()[0]
    except DatabaseError:
        connection.close()
        return None


class Crew:
    """Programs that are started again when they have died."""

    def __init__(self, programs):
        self.programs = list(programs)

    def tend(self):
        for program in self.programs:
            if not program.is_alive:
                program.launch()
