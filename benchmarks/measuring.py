"""Interleaved runs and their medians, and what a benchmark has to say."""

import json
import time
from dataclasses import asdict, dataclass, field
from statistics import median

# A goal is missed for good only beyond this: machines differ, and neighbours make noise.
TOLERANCE = 1.5


@dataclass(frozen=True)
class Goal:
    """A bound on a ratio: at least or at most this. One that was never reached is told and binds nobody."""

    ratio: float
    at_least: bool = False
    binds: bool = True

    def is_met(self, ratio, *, tolerance=1.0):
        if self.at_least:
            return ratio >= self.ratio / tolerance
        return ratio <= self.ratio * tolerance

    def __str__(self):
        return f"{'≥' if self.at_least else '≤'} {self.ratio:g}"


@dataclass(frozen=True)
class Result:
    """One line of the table: two figures, their ratio, and the goal it has, if any."""

    name: str
    size: str
    ours: float
    theirs: float
    ratio: float
    goal: Goal | None = None
    runs: dict = field(default_factory=dict)

    @property
    def verdict(self):
        if self.goal is None:
            return "for information"
        if self.goal.is_met(self.ratio):
            return "met"
        return "close" if self.goal.is_met(self.ratio, tolerance=TOLERANCE) else "MISSED"

    @property
    def fails(self):
        return self.verdict == "MISSED" and self.goal.binds

    def as_json(self):
        goal = str(self.goal) if self.goal else None
        return json.dumps(asdict(self) | {"goal": goal, "verdict": self.verdict}, ensure_ascii=False)


def interleave(variants, *, rounds=3, before=lambda: None):
    """Run each of `variants` (name -> function of the round) in turn, round after round: {name: seconds}.

    What `before` does is not counted.
    """
    seconds = {name: [] for name in variants}
    for number in range(rounds):
        for name, run in variants.items():
            before()
            started = time.perf_counter()
            run(number)
            seconds[name].append(round(time.perf_counter() - started, 4))
            print(f"    round {number + 1}, {name}: {seconds[name][-1]:.2f} s", flush=True)
    return seconds


def compare(name, size, seconds, *, ours, theirs, goal=None, rate=False):
    """Two variants side by side: of their seconds, or of their rates (`rate`) when more is better.

    The ratio is the median of the rounds' ratios, since what else the machine did slowed both of a round.
    """
    a, b = seconds[ours], seconds[theirs]
    pairs = zip(a, b, strict=True) if len(a) == len(b) else [(median(a), median(b))]
    ratio = median(theirs / ours if rate else ours / theirs for ours, theirs in pairs)
    return Result(name, size, median(a), median(b), round(ratio, 3), goal, {ours: a, theirs: b})
