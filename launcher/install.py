"""Installs a locked requirements file into this environment, with signs of life.

    python -m launcher.install requirements.txt

The one part of the launcher that runs before anything is installed: it imports the standard library only.
"""

import re
import subprocess
import sys
from pathlib import Path

from launcher.progress import say, step

PIP = [
    "-m",
    "pip",
    "install",
    "--disable-pip-version-check",
    "--no-input",
    "--require-hashes",
    "--requirement",
]


def install(requirements: Path) -> int:
    """Let pip install what the file names; returns pip's exit code, after showing why it failed."""
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==", requirements.read_text(), re.MULTILINE)
    said = []
    with step(f"Packages of {requirements.name} ({len(pinned)})") as now:
        with subprocess.Popen(
            [sys.executable, *PIP, requirements],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as pip:
            for line in pip.stdout:
                said.append(line)
                now.note(_short(line))
    if pip.returncode:
        say("".join(said[-15:]))
    return pip.returncode


def _short(line):
    """The package a line of pip is about; lists of all packages and file paths say nothing."""
    found = re.match(r"\s*(Collecting|Downloading|Using cached|Installing|Requirement) ?([\w.-]*)", line)
    return " ".join(found.groups()) if found else ""


if __name__ == "__main__":
    sys.exit(install(Path(sys.argv[1])))
