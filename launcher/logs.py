"""Log files: kept short, and read from their end."""

LONGEST = 10_000_000


def keep_short(log):
    """Put a long log aside before it is written to again; one old log is kept."""
    if log.exists() and log.stat().st_size > LONGEST:
        log.replace(log.with_name(f"{log.name}.1"))


def tail(log, lines=15):
    """The last lines of a log, for a person to read."""
    if not log.exists():
        return "(it was never written)"
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - 20_000))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
