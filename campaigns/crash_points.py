"""The places at which a crash would be worst, by name: nothing happens there unless one of them is armed.

`CRASH_AT=gate.after:3` in a process's environment ends it, as a kill would, the third time it comes by.
`CRASH_AT=any:500` does so somewhere near the five-hundredth place it comes by.
"""

import os

NAMES = (
    "plan.chunk",
    "claim.before",
    "claim.after",
    "gate.before",
    "gate.after",
    "render",
    "wire.before",
    "wire.data",
    "wire.after",
    "record.before",
    "record.after",
    "settle",
)
KILLED = 137


def _pass_by(name):
    """Nothing."""


class Armed:
    """Counts how often the armed place is passed, and ends the process there."""

    def __init__(self, order):
        self.name, _colon, count = order.partition(":")
        if self.name not in (*NAMES, "any"):
            raise ValueError(f"CRASH_AT: there is no place called “{self.name}”.")
        self.left = int(count or 1)

    def __call__(self, name):
        if self.name in (name, "any"):
            self.left -= 1
            if self.left <= 0:
                os._exit(KILLED)


crash_point = Armed(os.environ["CRASH_AT"]) if os.environ.get("CRASH_AT") else _pass_by
