"""The embedded PostgreSQL: started once, found again, stopped when asked.

It listens on a unix socket in a folder only its owner may enter. It outlives the process that started it,
so starting is idempotent: a running server is used, a stale pid file is dropped, a crash is recovered from.
"""

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from launcher import LauncherError
from launcher.binaries import postgres_programs
from launcher.home import Home, Server, locked, open_home
from launcher.logs import keep_short, tail

MAJOR_VERSION = "18"
OWNER = "app"
DATABASE = "rapport"
TRIES = 20
RECOVERY_SECONDS = 300
ACCEPTING, REFUSING = 0, 1

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For data that may be lost: a test's.
DISPOSABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def start(state_dir, *, disposable=False) -> Server:
    """Start the server under `state_dir`, or find it running; its `rapport` database exists afterwards."""
    state_dir = Path(state_dir).resolve()
    with locked(state_dir, "postgres"):
        cluster = _Cluster.at(state_dir)
        cluster.initialise()
        cluster.bring_up({**SETTINGS, **(DISPOSABLE if disposable else {})})
        cluster.ensure_database()
        return Server(cluster.url, cluster.home.folder, cluster.postmaster().pid)


def stop(state_dir):
    """Stop the server under `state_dir`; nothing happens when it is not running."""
    state_dir = Path(state_dir).resolve()
    if not state_dir.exists():
        return
    with locked(state_dir, "postgres"):
        cluster = _Cluster.at(state_dir)
        if cluster.postmaster():
            cluster.tool("pg_ctl", "stop", "-D", cluster.data, "-m", "fast", "-w", "-t", 60)


def is_running(state_dir) -> bool:
    """Whether the server under `state_dir` accepts connections."""
    return Path(state_dir).exists() and _Cluster.at(Path(state_dir).resolve()).answer() == ACCEPTING


@dataclass(frozen=True)
class _Cluster:
    home: Home
    programs: Path

    @classmethod
    def at(cls, state_dir):
        home = open_home(state_dir, "postgres")
        return cls(home, postgres_programs(home.account))

    @property
    def data(self):
        return self.home.folder / "data"

    @property
    def log(self):
        return self.home.folder / "server.log"

    @property
    def url(self):
        return f"postgres://{OWNER}@{quote(str(self.home.sockets), safe='')}/{DATABASE}"

    def tool(self, name, *arguments):
        return self.home.account.run(self.programs / name, *arguments)

    def initialise(self):
        """Make the data folder under another name first, so that a broken attempt is never taken for one."""
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise LauncherError(
                f"The data in {self.data} is of PostgreSQL {version}; this Rapport brings {MAJOR_VERSION}.\n"
                f"Dump it with PostgreSQL {version} and restore it, or move the folder away to begin anew."
            )

    def _initdb(self):
        draft = self.home.folder / "data.new"
        self.home.account.run("/bin/rm", "-rf", draft, self.data)
        # The builtin locale gives the same text behaviour whatever the machine's own locale.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = self.tool("initdb", "-D", draft, "-U", OWNER, "--auth=trust", *locale)
        if made.returncode != 0:
            raise LauncherError(f"Cannot make a database in {self.data}:\n{made.stdout}{made.stderr}")
        draft.rename(self.data)

    def bring_up(self, settings):
        for _ in range(TRIES):
            self._wait_while_refusing()
            if self.answer() == ACCEPTING:
                return
            self.drop_stale_pid_file()
            keep_short(self.log)
            self._pg_ctl_start(settings)
            if self.answer() == ACCEPTING:
                return
            time.sleep(0.5)
        raise LauncherError(f"PostgreSQL does not start. The end of {self.log}:\n{tail(self.log)}")

    def answer(self):
        """What the server says to a caller: accepting, refusing for now, or (2) nothing."""
        return self.tool(
            "pg_isready", "-q", "-h", self.home.sockets, "-U", OWNER, "-d", "postgres"
        ).returncode

    def _wait_while_refusing(self):
        """A server that replays its log after a crash refuses callers until it is done."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        while self.answer() == REFUSING and time.monotonic() < deadline:
            time.sleep(0.5)

    def _pg_ctl_start(self, settings):
        settings = {**settings, "unix_socket_directories": str(self.home.sockets)}
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        start = ["start", "-D", self.data, "-l", self.log, "-w", "-t", RECOVERY_SECONDS, "-o", options]
        self.tool("pg_ctl", *start)

    def postmaster(self):
        """The running process that the pid file names, if it really is this cluster's server."""
        try:
            process = psutil.Process(int(self._pid_file.read_text().split()[0]))
            ours = process.name() == "postgres" and str(self.data) in process.cmdline()
            return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
        except (OSError, ValueError, IndexError, psutil.Error):
            return None

    def drop_stale_pid_file(self):
        """A pid file may name a zombie, or a process that has nothing to do with us."""
        if not self.postmaster():
            self._pid_file.unlink(missing_ok=True)

    @property
    def _pid_file(self):
        return self.data / "postmaster.pid"

    def ensure_database(self):
        query = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"
        found = self.tool("psql", "-h", self.home.sockets, "-U", OWNER, "-d", "postgres", "-Atc", query)
        if found.stdout.strip() == "1":
            return
        made = self.tool("createdb", "-h", self.home.sockets, "-U", OWNER, DATABASE)
        if made.returncode != 0:
            raise LauncherError(f"Cannot create the database {DATABASE!r}: {made.stderr.strip()}")
