"""`python -m chaos [scenario …] [--full] [--seed N]`: run them, print a line of JSON for each run."""

import argparse
import importlib
import random
import signal
import sys
import time

from chaos import servers

NAMES = (
    "kills",
    "crash_points",
    "stopped",
    "planning",
    "imports",
    "beats",
    "flush",
    "postgres",
    "disk_full",
    "term",
    "mixed_faults",
    "withdrawals",
    "restore",
)
# Only when asked for: it takes hours.
BY_HAND = ("soak",)


def main(arguments=None):
    """Run the scenarios asked for; the exit status says whether a promise was broken."""
    options = read(arguments)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    started = time.monotonic()
    # Whoever ends it so ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        servers.start()
        reports = [report for name in options.names or NAMES for report in run(name, seed, options)]
    finally:
        servers.stop()
    broken = [report for report in reports if report.breaches]
    for report in reports:
        if report.skipped:
            print(f"NOT RUN: {report.scenario}, {report.skipped}")
    print(f"{len(reports)} runs, {len(broken)} with a breach, in {time.monotonic() - started:.0f} s")
    return 1 if broken else 0


def read(arguments):
    parser = argparse.ArgumentParser(prog="python -m chaos", description=main.__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="scenario",
        help=f"any of {', '.join(NAMES)}; all unless told. By hand: soak",
    )
    parser.add_argument("--full", action="store_true", help="at full size: under half an hour")
    parser.add_argument("--hours", type=float, default=4, help="how long `soak` goes on")
    parser.add_argument("--seed", type=int, help="repeats what the run that printed it did")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {*NAMES, *BY_HAND}:
        parser.error(f"no scenario is called {', '.join(sorted(unknown))}")
    return options


def run(name, seed, options):
    """Run one scenario; each of its runs is told and kept as soon as it is over."""
    size = {"hours": options.hours} if name in BY_HAND else {"full": options.full}
    for report in importlib.import_module(f"chaos.scenarios.{name}").run(seed, **size):
        report.keep()
        yield report


if __name__ == "__main__":
    sys.exit(main())
