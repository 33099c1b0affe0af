"""`python -m chaos.mutations [name …]`: take one guard out of the code, and demand that the tests notice.

Each edit of chaos/edits.py is made in a copy of the working tree of its own, in a temporary folder; the
tests named for it are run there and must fail. One line an edit, and a line of JSON at the end; the exit
status is 1 if any edit was not noticed, or if the tests fail without one.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.edits import EDITS
from launcher import postgres, valkey
from launcher.home import home_folder

ROOT = Path(__file__).resolve().parent.parent
# What pytest says by its exit status.
ALL_PASSED, SOME_FAILED = 0, 1
LONGEST = 600
CAUGHT_BY = re.compile(r"^FAILED (\S+)", re.MULTILINE)


class CannotEdit(ValueError):
    """The text to be replaced is not there exactly once: the code has moved on, and the edit with it must."""


@dataclass(frozen=True)
class Outcome:
    """What became of one edit: which test noticed it, or what went wrong."""

    name: str
    caught_by: str
    problem: str
    seconds: float

    def __str__(self):
        verdict = f"caught by {self.caught_by}" if self.caught_by else f"NOT CAUGHT: {self.problem}"
        return f"{self.name:48} {self.seconds:5.0f} s  {verdict}"


def main(arguments=None):
    """Make each edit and see whether the tests notice."""
    options = read(arguments)
    edits = [edit for edit in EDITS if not options.names or edit.name in options.names]
    started = time.monotonic()
    with workshop() as folder:
        if not options.trust and not passes_unedited(folder, edits):
            print("The tests fail without any edit; nothing can be learnt from them.", flush=True)
            return 1
        outcomes = [try_edit(edit, folder) for edit in edits]
    print(json.dumps(summary(outcomes, time.monotonic() - started)), flush=True)
    return 0 if all(outcome.caught_by for outcome in outcomes) else 1


def read(arguments):
    parser = argparse.ArgumentParser(prog="python -m chaos.mutations", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="edits of chaos/edits.py; all unless told")
    parser.add_argument("--trust", action="store_true", help="do not run the tests without an edit first")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {edit.name for edit in EDITS}:
        parser.error(f"no edit is called {', '.join(sorted(unknown))}")
    return options


def passes_unedited(folder, edits):
    """Whether the tests of these edits pass as they are: a test that fails anyway notices nothing."""
    started = time.monotonic()
    with copy_of_tree(folder) as tree:
        status, said = run_tests(tree, sorted({test for edit in edits for test in edit.tests}))
    print(f"{'(no edit)':48} {time.monotonic() - started:5.0f} s  exit status {status}", flush=True)
    if status != ALL_PASSED:
        print(said[-4000:], flush=True)
    return status == ALL_PASSED


def try_edit(edit, folder):
    """Make one edit in a copy and run its tests; the Outcome is printed too."""
    started = time.monotonic()
    with copy_of_tree(folder) as tree:
        caught_by, problem = who_notices(edit, tree)
    outcome = Outcome(edit.name, caught_by, problem, time.monotonic() - started)
    print(outcome, flush=True)
    return outcome


def who_notices(edit, tree):
    """(the test that fails because of the edit, "") or ("", why none did)."""
    try:
        apply(edit, tree)
    except CannotEdit as problem:
        return "", str(problem)
    status, said = run_tests(tree, edit.tests)
    found = CAUGHT_BY.search(said)
    if status == SOME_FAILED and found:
        return found[1], ""
    return "", f"exit status {status}: {' '.join(said.split())[-300:]}"


def apply(edit, tree):
    """Replace the edit's text in this tree; raises CannotEdit unless it stands there exactly once."""
    path = Path(tree) / edit.path
    text = path.read_text()
    if text.count(edit.old) != 1:
        raise CannotEdit(f"{edit.name}: its text stands {text.count(edit.old)} times in {edit.path}")
    path.write_text(text.replace(edit.old, edit.new))


@contextmanager
def workshop():
    """A temporary folder; whatever the tests started and stored for it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="rapport-mutations-") as folder:
        folder = Path(folder).resolve()
        try:
            yield folder
        finally:
            remove_servers(folder / "var" / "test")


def remove_servers(state_dir):
    """Stop what a test run that ended badly left running, and remove the data wherever it lies."""
    for name, server in (("postgres", postgres), ("valkey", valkey)):
        server.stop(state_dir)
        home = home_folder(state_dir, name)
        shutil.rmtree(home, ignore_errors=True)
        if home.parent != state_dir:
            with suppress(OSError):
                home.parent.rmdir()


@contextmanager
def copy_of_tree(folder):
    """A copy of all that git knows or would take in; the tools are shared, and so is the tests' folder."""
    tree, var = Path(tempfile.mkdtemp(dir=folder)), folder / "var"
    for name in tracked_files():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tree / name)
    var.mkdir(exist_ok=True)
    (tree / "var").symlink_to(var)
    (tree / ".venv").symlink_to(ROOT / ".venv")
    try:
        yield tree
    finally:
        shutil.rmtree(tree)


def tracked_files():
    """What git tracks or would, as far as it exists."""
    told = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(told, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


def run_tests(tree, tests):
    """(pytest's exit status, what it said) of these tests, up to the first that fails."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"RAPPORT_TEST_SUFFIX": "m", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=LONGEST
        )
    except subprocess.TimeoutExpired:
        return -1, f"no end within {LONGEST} s"
    return done.returncode, done.stdout + done.stderr


def summary(outcomes, seconds):
    return {
        "mutations": len(outcomes),
        "caught": sum(bool(outcome.caught_by) for outcome in outcomes),
        "survived": [outcome.name for outcome in outcomes if not outcome.caught_by],
        "seconds": round(seconds),
    }


if __name__ == "__main__":
    sys.exit(main())
