"""How often the intervals of results miss the truth, and what they find: experiments in their thousands.

    python -m benchmarks.honesty [experiments] [looks]

Each experiment is looked at again and again while people come in; it has missed if the truth lay outside at
any look. By chance, seeded: the same figures every time.
"""

import sys
from dataclasses import dataclass

import numpy as np

from campaigns.sequential import ENOUGH, EVENTS, SPENDERS, Arm, interval


@dataclass(frozen=True)
class Found:
    """What became of so many experiments."""

    experiments: int
    covered: int
    # Those in which a difference was told by the last look, the right way round and the wrong.
    right: int
    wrong: int

    @property
    def coverage(self):
        """Per cent in which the truth lay within at every look."""
        return 100 * self.covered / self.experiments

    @property
    def power(self):
        """Per cent in which a difference was told, the right way round."""
        return 100 * self.right / self.experiments

    @property
    def undecided(self):
        return 100 - 100 * (self.right + self.wrong) / self.experiments


def looks_at(share, held_out, looks, times, ends=False):
    """How many people there are at each look: from the first that says anything to so many times as many.

    With an end, an even share of all the people comes between two looks.
    """
    first = max(ENOUGH, EVENTS / min(share, 1 - share)) / min(held_out, 1 - held_out)
    spaced = np.linspace if ends else np.geomspace
    return np.unique(spaced(first, first * times, looks).round().astype(int))


def shares(share, *, lift=0.0, held_out=0.1, at, experiments=1000, seed=1, ends=False):
    """Experiments on who did it and who did not; `ends`: with a known end, at the last look."""
    rng = np.random.default_rng(seed)
    new = np.diff(at, prepend=0)
    held = rng.binomial(new, held_out, (experiments, len(at)))
    sent = new - held
    did_held = rng.binomial(held, share).cumsum(axis=1)
    did_sent = rng.binomial(sent, share + lift).cumsum(axis=1)
    held, sent = held.cumsum(axis=1), sent.cumsum(axis=1)
    parts = at / at[-1] if ends else [None] * len(at)
    rows = zip(sent.tolist(), did_sent.tolist(), held.tolist(), did_held.tolist(), strict=True)
    return _judge(lift, ([_shares(*look) for look in zip(*row, parts, strict=True)] for row in rows))


def amounts(share, *, held_out=0.1, spread=1.0, at, experiments=300, seed=1):
    """Experiments on what people spend, most of them nothing and a few very much; no difference in truth."""
    rng = np.random.default_rng(seed)
    return _judge(0, (_amount_looks(rng, share, held_out, spread, at) for _each in range(experiments)))


def _shares(sent, did_sent, held, did_held, part):
    return interval(Arm.of_shares(sent, did_sent), Arm.of_shares(held, did_held), part)


def _amount_looks(rng, share, held_out, spread, at):
    is_held = rng.random(at[-1]) < held_out
    spent = np.where(rng.random(at[-1]) < share, np.exp(rng.normal(3, spread, at[-1])), 0)

    def arms(side):
        sums = [np.cumsum(values * side)[at - 1] for values in (1, spent, spent**2, spent > 0)]
        return [Arm.of_amounts(*(float(value) for value in row)) for row in zip(*sums, strict=True)]

    return [interval(sent, held) for sent, held in zip(arms(~is_held), arms(is_held), strict=True)]


def _judge(truth, experiments):
    counts = np.zeros(4, int)
    for looks in experiments:
        told = [each for each in looks if each]
        covered = all(each.low <= truth <= each.high for each in told)
        last = told[-1] if told else None
        is_told = last is not None and last.is_decided
        is_right = is_told and truth != 0 and (last.seen > 0) == (truth > 0)
        counts += (1, covered, is_right, is_told and not is_right)
    return Found(*(int(count) for count in counts))


def main(experiments=1000, looks=100):
    print(f"{experiments} experiments, {looks} looks each: without an end from the first look to a thousand")
    print("times as many people, with an end evenly on the way to a hundred times as many")
    print("share  held out  ends  coverage, no difference  coverage, 5 points  5 points found")
    for share in (0.02, 0.05, 0.2):
        for held_out in (0.05, 0.1, 0.2, 0.5):
            for ends in (False, True):
                at = looks_at(share, held_out, looks, 100 if ends else 1000, ends)
                options = {"held_out": held_out, "at": at, "experiments": experiments, "ends": ends}
                same, lifted = shares(share, **options), shares(share, lift=0.05, **options)
                figures = f"{same.coverage:23.1f} % {lifted.coverage:18.1f} % {lifted.power:13.1f} %"
                print(f"{share:5.2f} {held_out:9.2f} {'yes' if ends else 'no':>5} {figures}")
    for held_out in (0.1, 0.5):
        at = np.unique(np.geomspace(SPENDERS / 0.05 / held_out, 40_000 / held_out / 10, looks).astype(int))
        found = amounts(0.05, held_out=held_out, at=at, experiments=experiments // 4)
        print(f"amounts, {held_out:.2f} held out, no difference: covered {found.coverage:.1f} %")


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:]))
