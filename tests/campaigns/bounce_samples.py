"""The sample mails and what is expected of them."""

import csv
import tarfile
from functools import cache
from pathlib import Path

from campaigns.bounces import mapping

FOLDER = Path(__file__).parents[1] / "data" / "bounces"


@cache
def mails():
    """{file name: bytes} of the 337 real mails."""
    with tarfile.open(FOLDER / "samples.tar.xz") as archive:
        files = [member for member in archive if member.isfile()]
        return {Path(member.name).name: archive.extractfile(member).read() for member in files}


@cache
def expected():
    """{file name: [the kind of each recipient]}."""
    kinds = {row["file"]: [row["kind"]] for row in _rows("unlisted.csv")}
    for row in _rows("expected.csv"):
        if row["reason"]:
            asked = mapping.expected_kind(row["reason"], row["hardbounce"], row["feedback_type"])
            kinds.setdefault(row["file"], []).append(str(asked))
    return kinds


def _rows(name):
    with (FOLDER / name).open(newline="") as lines:
        return list(csv.DictReader(lines))
