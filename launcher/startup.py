"""The way up, step by step, the watch, and the way down."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from launcher import LauncherError, postgres, valkey
from launcher.environment import free_port, read_env_file, settings_for, wanted_port
from launcher.logs import tail
from launcher.processes import Crew, stop_leftovers
from launcher.progress import say, step

ROOT = Path(__file__).resolve().parent.parent
MAILBOX_PORT = 8025
ANSWER_SECONDS, READY_SECONDS = 120, 60


@dataclass
class Installation:
    """One running Rapport: the servers it started itself, its settings and its processes."""

    state_dir: Path
    demo: bool
    servers: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    crew: Crew | None = None

    @property
    def env_file(self):
        return self.state_dir / "env"

    @property
    def url(self):
        return self.settings["PUBLIC_URL"]

    @property
    def own_mailbox(self):
        return not os.environ.get("EMAIL_URL")

    def start(self):
        """From nothing, or from what is left, to a site that answers."""
        self._clear_away()
        self._start_servers()
        self._settle()
        self._prepare()
        self._start_programs()
        self._wait_for_answers()

    def watch(self):
        """Keep everything running until somebody says stop."""
        while True:
            self.crew.tend()
            self._tend_servers()
            time.sleep(0.5)

    def stop(self):
        """Processes first, then the servers they use; data stays."""
        if self.crew and self.crew.programs:
            with step("Stopping " + ", ".join(program.name for program in self.crew.programs)):
                self.crew.stop()
        if self.servers:
            stop_servers(self.state_dir)

    def _clear_away(self):
        if names := stop_leftovers(self.state_dir):
            say(f"  ✓ Stopped what an earlier start had left running: {', '.join(names)}")

    def _start_servers(self):
        """A server that the environment names wins over one of our own."""
        for name, variable, server in (
            ("PostgreSQL", "DATABASE_URL", postgres),
            ("Valkey", "REDIS_URL", valkey),
        ):
            if os.environ.get(variable):
                say(f"  ✓ {name}: the one that {variable} names")
                continue
            with step(f"{name}, embedded"):
                self.servers[variable] = (server, server.start(self.state_dir))

    def _settle(self):
        wanted = wanted_port()
        self.port = free_port(wanted)
        if self.port != wanted:
            say(f"  ! Port {wanted} is taken; using {self.port}. Set PORT to choose another.")
        made = {variable: running.url for variable, (_, running) in self.servers.items()}
        made |= self._mailbox_settings() | {
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "STATIC_ROOT": str(self.state_dir / "static"),
            "JOURNAL_DIR": str(self.state_dir / "journal"),
        }
        self.settings = settings_for(self.env_file, made, demo=self.demo)
        environment = {**os.environ, **self.settings, "PYTHONUNBUFFERED": "1"}
        environment["RAPPORT_ENV_FILE"] = str(self.env_file)
        self.crew = Crew(ROOT, self.state_dir, environment)

    def _mailbox_settings(self):
        if not self.own_mailbox:
            return {}
        self.mailbox_port = free_port(MAILBOX_PORT)
        folder = str(self.state_dir / "mailbox")
        return {"EMAIL_URL": f"smtp://127.0.0.1:{self.mailbox_port}", "MAILBOX_DIR": folder}

    def _prepare(self):
        self._manage("Tables up to date", "migrate", "--noinput")
        self._manage("Style sheets and scripts collected", "collectstatic", "--noinput")
        self._manage("People who may sign in", "ensure_sign_ins", "--file", self.state_dir / "sign_ins.json")
        if self.demo:
            self._manage("The sample shop", "load_sample")
        else:
            self._manage("Sender, topics and first rules", "ensure_workspace")

    def _manage(self, words, *command):
        """Run one of the product's commands, showing the last thing it said while it takes its time."""
        log = self.crew.log_of(command[0])
        with step(words) as now, open(log, "w") as file:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *map(str, command)],
                cwd=ROOT,
                env=self.crew.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            _follow(process, file, now)
            if process.returncode != 0:
                raise LauncherError(f"`manage.py {command[0]}` failed; its last words:\n{tail(log)}")

    def _start_programs(self):
        python, celery = [sys.executable, "-m"], ["celery", "-A", "crm"]
        if self.own_mailbox:
            folder = self.settings["MAILBOX_DIR"]
            self.crew.start(
                "mailbox", *python, "launcher.mailbox", "--port", self.mailbox_port, "--dir", folder
            )
        serve = ["--worker-class=gthread", "--workers=2", "--threads=4", "--no-control-socket"]
        serve += ["--graceful-timeout=10", f"--bind=127.0.0.1:{self.port}"]
        self.crew.start("web", *python, "gunicorn", *serve, "crm.wsgi")
        quiet = ["--without-gossip", "--without-mingle"]
        self.crew.start("worker", *python, *celery, "worker", "--loglevel=INFO", "--concurrency=2", *quiet)
        schedule = self.state_dir / "run" / "beat-schedule"
        self.crew.start(
            "beat", *python, *celery, "beat", "--loglevel=INFO", "--pidfile=", f"--schedule={schedule}"
        )

    def _wait_for_answers(self):
        with step("The site answers"):
            self._wait_for("/healthz", ANSWER_SECONDS)
            self._wait_for("/accounts/login/", ANSWER_SECONDS)
        try:
            with step("Worker and beat at work"):
                self._wait_for("/readyz", READY_SECONDS)
        except LauncherError:
            say(f"  ! Not everything is ready; {self.url}/readyz says what is missing.")

    def _wait_for(self, path, seconds):
        deadline = time.monotonic() + seconds
        while not self._answers(path):
            self.crew.tend()
            if time.monotonic() > deadline:
                raise LauncherError(
                    f"{path} did not answer within {seconds} s. The end of {self.crew.log_of('web')}:\n"
                    f"{tail(self.crew.log_of('web'))}"
                )
            time.sleep(0.5)

    def _answers(self, path):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request("GET", path, headers={"Host": urlsplit(self.url).netloc})
            return line.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def _tend_servers(self):
        """A server that died is started again; its address stays the same."""
        for variable, (server, running) in self.servers.items():
            if not _lives(running.pid):
                name = server.__name__.rpartition(".")[2]
                say(f"  ! {name} stopped; starting it again")
                self.servers[variable] = (server, server.start(self.state_dir))
                say(f"  ✓ {name} runs again")


def _follow(process, log, now):
    """Write down what a command says, show its last line, and end it when we are told to stop."""
    try:
        for line in process.stdout:
            log.write(line)
            log.flush()
            now.note(line)
        process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _lives(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def stop_servers(state_dir):
    """Stop the embedded servers under this folder, if they run."""
    with step("Stopping the servers; their data stays"):
        valkey.stop(state_dir)
        postgres.stop(state_dir)


def sign_ins(state_dir):
    """The sign-ins that were generated: a list of mappings, empty when there are none."""
    with contextlib.suppress(OSError, ValueError):
        return json.loads((state_dir / "sign_ins.json").read_text())
    return []


def address(state_dir):
    """Where the site under this folder is, or was, to be found."""
    return read_env_file(state_dir / "env").get("PUBLIC_URL", "")
