"""Where the time of a worker goes: timers put around the parts of the road, and taken off again."""

import time
from collections import defaultdict
from contextlib import contextmanager

from benchmarks.measuring import Goal

# The parts, and what their share of the whole may be.
SHARES = {
    # Four ways to the database for a window, and a wait for its disk. Most of what is left is the database's
    # own: writing each row and its index entries, and that wait. The other parts have become quicker still.
    "gate and mark": Goal(0.15, binds=False),
    "claim and record": Goal(0.1),
    "pace": None,
    "loading and merge values": None,
    "making messages": None,
    "the wire": None,
}


class Stopwatch:
    """How long a worker was at each part of the road, round by round. Its timers are put around the parts."""

    def __init__(self):
        self.parts = defaultdict(list)

    def run(self, act):
        """Do it, and note what took how long."""
        spent, began = defaultdict(float), time.perf_counter()
        with self.timers(spent):
            act()
        spent["all"] = time.perf_counter() - began
        for part in (*SHARES, "all"):
            self.parts[part].append(spent[part])

    @contextmanager
    def timers(self, spent):
        from campaigns import claiming, gate, lines, pacing, sending

        around = {
            "gate and mark": [(gate, "pass_gate")],
            "claim and record": [(claiming, "claim"), (sending, "record_results"), (sending, "release")],
            "pace": [(pacing, "admit")],
            "loading and merge values": [(sending, "load")],
            "making messages": [(sending, "make")],
            "the wire": [(lines.Lines, "send")],
        }
        kept = [(room, name, getattr(room, name)) for places in around.values() for room, name in places]
        for part, places in around.items():
            for room, name in places:
                setattr(room, name, timed(getattr(room, name), spent, part))
        try:
            yield
        finally:
            for room, name, act in kept:
                setattr(room, name, act)


def timed(act, spent, part):
    def watched(*values, **options):
        began = time.perf_counter()
        try:
            return act(*values, **options)
        finally:
            spent[part] += time.perf_counter() - began

    return watched
