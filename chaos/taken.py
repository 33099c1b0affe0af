"""What was taken, written down before the answer: the truth that the ledger is held against."""

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Copy:
    """One message that the other side took."""

    at: float
    delivery: str
    recipient: str
    message_id: str


class Taken:
    """The file of what was taken. Its lines survive a kill: each is one write to the system."""

    def __init__(self, path=None):
        self.ids = {copy.delivery for copy in read(path)} if path else set()
        self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600) if path else None

    def __contains__(self, delivery):
        return delivery in self.ids

    def add(self, delivery, recipient, message_id):
        """To be called before the other side says that it took it."""
        self.ids.add(delivery)
        if self._file is not None:
            line = f"{time.time():.6f}\t{delivery}\t{recipient}\t{message_id}\n"
            os.write(self._file, line.encode())


def read(path):
    """Every Copy in such a file, oldest first."""
    if not Path(path).exists():
        return []
    lines = [line.split("\t") for line in Path(path).read_text().splitlines()]
    return [Copy(float(at), *rest) for at, *rest in lines]


def by_delivery(copies):
    """{delivery: [its copies]}."""
    found = defaultdict(list)
    for copy in copies:
        found[copy.delivery].append(copy)
    return found
