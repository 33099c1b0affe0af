"""Who the servers run as. PostgreSQL refuses to be root, so root hands both servers to a system user."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from launcher import LauncherError

SERVICE_USER = "rapport"
LOCALE_FREE = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """A system user; `switch` says whether becoming that user takes root's power."""

    uid: int
    gid: int
    switch: bool

    def run(self, *command, **options):
        """Run a program as this user, away from our working folder, locale and standard input."""
        identity = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}
        words = [str(word) for word in command]
        defaults = {"cwd": "/", "env": LOCALE_FREE, "stdin": subprocess.DEVNULL, "capture_output": True}
        return subprocess.run(words, **{**defaults, "text": True, **identity, **options})

    def can_enter(self, folder):
        """Whether this user may walk into a folder, parents included."""
        return not self.switch or self.run("/bin/sh", "-c", 'cd "$1"', "sh", folder).returncode == 0

    def own(self, path):
        if self.switch:
            os.chown(path, self.uid, self.gid)


def account_for(folder: Path) -> Account:
    """The owner of data that exists; otherwise ourselves, or the service user when we are root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    if folder.exists() and folder.stat().st_uid != 0:
        status = folder.stat()
        return Account(status.st_uid, status.st_gid, switch=True)
    user = _service_user()
    return Account(user.pw_uid, user.pw_gid, switch=True)


def _service_user():
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        return _create_service_user()


def _create_service_user():
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise LauncherError(
            "PostgreSQL does not run as root, and this machine has no `useradd` to make a user for it.\n"
            "Start Rapport as a normal user, or set DATABASE_URL and REDIS_URL."
        )
    made = subprocess.run(
        [
            useradd,
            "--system",
            "--no-create-home",
            "--home-dir=/nonexistent",
            "--shell=/bin/false",
            SERVICE_USER,
        ],
        capture_output=True,
        text=True,
    )
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        raise LauncherError(f"Cannot make the system user {SERVICE_USER!r}: {made.stderr.strip()}") from None
