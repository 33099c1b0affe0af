"""The settings every process gets: the environment's, else those made here; secrets are made once."""

import os
import secrets
import socket
from pathlib import Path

from launcher import LauncherError

SECRETS = ("SECRET_KEY", "SIGNING_KEY")
ADDRESSES = (
    "DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "MAILBOX_DIR",
    "PUBLIC_URL",
    "ALLOWED_HOSTS",
    "STATIC_ROOT",
    "JOURNAL_DIR",
)
PORTS_TRIED = 50


def read_env_file(path: Path) -> dict:
    """The settings of an earlier start."""
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs if not name.startswith("#")}


def write_env_file(path: Path, values: dict):
    """Replace the file as a whole; only its owner may read it."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("# Written by the launcher at each start. The two keys are kept; never share them.\n")
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    draft.replace(path)


def settings_for(env_file: Path, made: dict, *, demo: bool) -> dict:
    """Join secrets, what was made here and what the environment gives, which wins; write it to the file."""
    kept = read_env_file(env_file)
    values = {name: kept.get(name) or secrets.token_urlsafe(50) for name in SECRETS} | made
    values |= {name: os.environ[name] for name in SECRETS + ADDRESSES if os.environ.get(name)}
    values["DEMO"] = "1" if demo else "0"
    write_env_file(env_file, values)
    return values


def free_port(wanted: int) -> int:
    """The wanted port of the loopback, or the next one that nobody listens on."""
    for port in range(wanted, wanted + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise LauncherError(f"Every port from {wanted} to {wanted + PORTS_TRIED - 1} is taken. Set PORT.")


def wanted_port() -> int:
    """The port that PORT asks for, 8000 unless told."""
    given = os.environ.get("PORT") or "8000"
    if not given.isdigit() or not 1 <= int(given) <= 65535 - PORTS_TRIED:
        raise LauncherError(f"PORT has to be a number from 1 to {65535 - PORTS_TRIED}, not {given!r}.")
    return int(given)
