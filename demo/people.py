"""Invented people: names from two lists, addresses at example.com, the same on every machine."""

import csv
import random
import unicodedata
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"
SEED = "Northside Records"
# Letters that do not fall apart into a plain one and a mark.
PLAIN = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "’": ""})


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist."""

    first_name: str
    last_name: str
    email: str


def invent(count):
    """The first `count` people; asking for more later leaves these as they are."""
    choose = random.Random(SEED)
    forenames, surnames = _names("forenames.csv"), _names("surnames.csv")
    people, taken = [], set()
    while len(people) < count:
        first, last = choose.choice(forenames), choose.choice(surnames)
        address = f"{_plain(first)}.{_plain(last)}"
        if address not in taken:
            taken.add(address)
            people.append(Person(first, last, f"{address}@example.com"))
    return people


def chance(*what):
    """A random generator of this very thing's own: adding another changes none of its choices."""
    return random.Random(":".join(map(str, (SEED, *what))))


def _names(file):
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        return [row["name"] for row in csv.DictReader(lines)]


def _plain(name):
    letters = unicodedata.normalize("NFKD", name.lower().translate(PLAIN))
    return "".join(letter for letter in letters if "a" <= letter <= "z")
