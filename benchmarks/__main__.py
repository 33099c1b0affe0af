"""`python -m benchmarks [name …] [--full]`: run them, print the table and a line of JSON for each result."""

import argparse
import importlib
import sys
import time

from benchmarks import servers

NAMES = (
    "contact_import",
    "rfm",
    "contact_list",
    "strategy",
    "rehearsing",
    "sending",
    "listening",
    "providing",
    "showing",
)
# Too long for every time: only where asked for by name.
BY_HAND = ("campaign",)


def main(arguments=None):
    """Run the benchmarks asked for; the exit status says whether a goal was missed by half or more."""
    options = read(arguments)
    started = time.monotonic()
    servers.start()
    try:
        results = [result for name in options.names or NAMES for result in run(name, full=options.full)]
    finally:
        servers.stop()
    report(results, seconds=time.monotonic() - started)
    return 1 if any(result.fails for result in results) else 0


def read(arguments):
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"any of {', '.join(NAMES)}, all of them unless told; or {', '.join(BY_HAND)}",
    )
    parser.add_argument("--full", action="store_true", help="a million contacts instead of 100,000")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {*NAMES, *BY_HAND}:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    return options


def run(name, *, full):
    print(f"{name}", flush=True)
    yield from importlib.import_module(f"benchmarks.{name}").run(full=full)


def report(results, *, seconds):
    wide = max(len(result.name) for result in results)
    print(f"\n{'':{wide}}  {'ours':>9}  {'theirs':>9}  {'ratio':>6}  {'goal':>6}  verdict")
    for result in results:
        goal = str(result.goal or "")
        figures = f"{result.ours:9.3f}  {result.theirs:9.3f}  {result.ratio:6.2f}  {goal:>6}"
        print(f"{result.name:{wide}}  {figures}  {result.verdict}   ({result.size})")
    print()
    for result in results:
        print(result.as_json())
    print(f"\nMedians of interleaved runs; {seconds:.0f} s in all.")


if __name__ == "__main__":
    sys.exit(main())
