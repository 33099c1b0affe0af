"""The embedded Valkey: started once, found again, stopped when asked.

It listens on a unix socket only and keeps an append-only file, so that a crash loses a second at most.
"""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from launcher import LauncherError
from launcher.binaries import valkey_program
from launcher.home import Home, Server, locked, open_home
from launcher.logs import keep_short, tail

DATABASES = 1024
LOADING_SECONDS = 120


def start(state_dir) -> Server:
    """Start the server under `state_dir`, or find it running."""
    state_dir = Path(state_dir).resolve()
    with locked(state_dir, "valkey"):
        store = _Store(open_home(state_dir, "valkey"))
        if not store.answers() and not store.process():
            store.launch()
        store.wait_until_ready()
        return Server(f"unix://{store.socket}", store.home.folder, store.process().pid)


def stop(state_dir):
    """Stop the server under `state_dir` after it has written all; nothing happens when it is not running."""
    state_dir = Path(state_dir).resolve()
    if not state_dir.exists():
        return
    with locked(state_dir, "valkey"):
        store = _Store(open_home(state_dir, "valkey"))
        if process := store.process():
            process.terminate()
            process.wait(60)


def is_running(state_dir) -> bool:
    """Whether the server under `state_dir` answers."""
    return Path(state_dir).exists() and _Store(open_home(state_dir, "valkey")).answers()


@dataclass(frozen=True)
class _Store:
    home: Home

    @property
    def socket(self):
        return self.home.sockets / "valkey.sock"

    @property
    def log(self):
        return self.home.folder / "server.log"

    @property
    def pid_file(self):
        return self.home.folder / "valkey.pid"

    def launch(self):
        self.pid_file.unlink(missing_ok=True)
        keep_short(self.log)
        started = self.home.account.run(valkey_program(self.home.account), *self._options())
        if started.returncode != 0:
            raise LauncherError(f"Valkey does not start:\n{started.stdout}{started.stderr}{tail(self.log)}")

    def _options(self):
        """It changes its folder before it reads the rest, so every path is absolute."""
        options = {
            "port": 0,
            "unixsocket": self.socket,
            "unixsocketperm": 700,
            "daemonize": "yes",
            "databases": DATABASES,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "dir": self.home.folder,
            "logfile": self.log,
            "pidfile": self.pid_file,
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    def wait_until_ready(self):
        deadline = time.monotonic() + LOADING_SECONDS
        silent_until = time.monotonic() + 5
        while not (self.answers() and self.process()):
            dead = not self.process() and time.monotonic() > silent_until
            if dead or time.monotonic() > deadline:
                raise LauncherError(f"Valkey does not answer. The end of {self.log}:\n{tail(self.log)}")
            time.sleep(0.02)

    def answers(self):
        """Whether it answers PING; while it still loads its file it does not."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(2)
            try:
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def process(self):
        """The running process that the pid file names, if it really is this server."""
        try:
            process = psutil.Process(int(self.pid_file.read_text()))
            ours = process.name() == "valkey-server" and str(self.socket) in " ".join(process.cmdline())
            return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
        except (OSError, ValueError, psutil.Error):
            return None
