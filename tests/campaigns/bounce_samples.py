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


def mutated(raw, others, chance):
    """The same mail, damaged in one of many ways."""
    way = chance.randrange(8)
    if way == 0:
        raw = bytearray(raw)
        for _time in range(chance.randrange(1, 60)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        return bytes(raw)
    if way == 1:
        return raw[: chance.randrange(len(raw))]
    if way == 2:
        other = chance.choice(others)
        return raw[: chance.randrange(len(raw))] + other[chance.randrange(len(other)) :]
    if way == 3:
        depth = chance.randrange(2, 400)
        opened = (b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))
        return b"".join(opened) + raw
    if way == 4:
        name = chance.choice([b"X-Long", b"Subject", b"Content-Type: multipart/report; boundary", b"To"])
        piece = chance.choice([b"a", b"<", b"@", b" ", b";\n ", b"=?utf-8?q?=ff?=", b'"', b"(", b"\t\n "])
        return name + b": " + piece * chance.randrange(1, 60_000) + b"\n" + raw
    if way == 5:
        lines = raw.split(b"\n")
        chance.shuffle(lines)
        return b"\n".join(lines)
    if way == 6:
        return raw.replace(b"\n", chance.choice([b"\r", b"\r\n\r\n", b"\0", b"\n "]))
    return b"Content-Type: message/rfc822\n\n" * chance.randrange(1, 300) + raw
