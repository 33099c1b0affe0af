"""Which messages meet with a fault, and with which: decided by a seed and the message's id alone.

So the runner knows beforehand what the other side will do, and the same seed does it again.
"""

import argparse
import hashlib
from collections import Counter
from dataclasses import dataclass, field

ACCEPT = "accept"
# How long a slow answer takes.
SLOW_SECONDS = 0.3


@dataclass
class Faults:
    """A share of all messages meets with one of `names`, each on its first `tries` tries only."""

    names: tuple = ()
    share: float = 0.2
    seed: int = 0
    tries: int = 1
    seen: Counter = field(default_factory=Counter)

    def of(self, key):
        """What this message is to meet with, or "accept"."""
        digest = hashlib.sha256(f"{self.seed}:{key}".encode()).digest()
        if not self.names or int.from_bytes(digest[:4]) >= self.share * 2**32:
            return ACCEPT
        return self.names[int.from_bytes(digest[4:8]) % len(self.names)]

    def next_of(self, key):
        """What it meets with on this try. A fault ends, so that a run does."""
        if not self.names:
            return ACCEPT
        self.seen[key] += 1
        return self.of(key) if self.seen[key] <= self.tries else ACCEPT


def add_arguments(parser, known):
    """The words of a command line that describe the faults."""
    parser.add_argument(
        "--faults", default="", help=f"with commas between them, or “all”: {', '.join(known)}"
    )
    parser.add_argument("--share", type=float, default=0.2, help="of the messages, from 0 to 1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tries", type=int, default=1, help="how many tries of a message its fault lasts")


def from_options(options, known):
    """The Faults that a command line asks for."""
    names = known if options.faults == "all" else tuple(filter(None, options.faults.split(",")))
    if unknown := set(names) - set(known):
        raise argparse.ArgumentTypeError(f"no fault is called {', '.join(sorted(unknown))}")
    return Faults(tuple(names), options.share, options.seed, options.tries)
