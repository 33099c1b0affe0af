"""Where a server keeps its data and its socket."""

import contextlib
import fcntl
import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from launcher import LauncherError
from launcher.account import Account, account_for
from launcher.binaries import SHARED_STATE

# A socket's path has room for 107 bytes; the longest name put into the folder takes 16 of them.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.x")
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True)
class Home:
    """One server's folder, its socket folder, and the account that owns both."""

    folder: Path
    sockets: Path
    account: Account


@dataclass(frozen=True)
class Server:
    """A running server: how to reach it, and where it keeps its data."""

    url: str
    folder: Path
    pid: int


def open_home(state_dir: Path, server: str) -> Home:
    """Make, or find again, the home of a server under `state_dir`."""
    state_dir = Path(state_dir).resolve()
    folder = home_folder(state_dir, server)
    account = account_for(folder)
    _private(folder, account)
    if not account.can_enter(folder):
        _give_up(folder)
        folder = _elsewhere(state_dir) / server
        _private(folder, account)
    return Home(folder, _sockets(folder, account), account)


@contextlib.contextmanager
def locked(state_dir: Path, server: str):
    """One process at a time starts or stops a server."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with open(state_dir / f"{server}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _give_up(folder):
    """Leave a folder that the servers' user may not reach; data in it would not come along."""
    try:
        folder.rmdir()
    except OSError:
        raise LauncherError(
            f"The user that runs the servers may not enter {folder}, where the data is.\n"
            "Let others pass through the folders above it: chmod o+x FOLDER"
        ) from None


def home_folder(state_dir: Path, server: str) -> Path:
    """The project's own folder, unless root once had to keep the data elsewhere."""
    elsewhere = _elsewhere(state_dir) / server
    with contextlib.suppress(PermissionError):
        if elsewhere.exists():
            return elsewhere
    return state_dir / server


def _elsewhere(state_dir):
    return SHARED_STATE / _short_hash(state_dir)


def _private(folder, account):
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink():
        raise LauncherError(f"{folder} is a link; a server's folder has to be a folder.")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        account.own(folder)
        folder.chmod(0o700)
    except PermissionError:
        owner = folder.stat().st_uid if folder.exists() else "another user"
        raise LauncherError(
            f"{folder} belongs to another user ({owner}); start Rapport as that user."
        ) from None


def _sockets(folder, account):
    sockets = folder / "run"
    if len(os.fsencode(sockets)) > LONGEST_SOCKET_FOLDER or not PLAIN_PATH.fullmatch(str(sockets)):
        sockets = _runtime_folder() / f"rapport-{_short_hash(folder)}"
        _refuse_foreign(sockets, account)
    _private(sockets, account)
    return sockets


def _runtime_folder():
    if os.geteuid() == 0 and os.access("/run", os.W_OK):
        return Path("/run")
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    short = len(os.fsencode(given)) < 60 and PLAIN_PATH.fullmatch(given)
    if short and os.access(given, os.W_OK):
        return Path(given)
    return Path("/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir())


def _refuse_foreign(sockets, account):
    """In a folder shared with others, take no folder that somebody else laid in wait."""
    if not os.path.lexists(sockets):
        return
    status = os.lstat(sockets)
    if sockets.is_symlink() or status.st_uid not in (account.uid, os.geteuid()):
        raise LauncherError(f"{sockets} is not ours. Remove it, or move the project to a shorter path.")


def _short_hash(path):
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
