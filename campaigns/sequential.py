"""How far chance goes: intervals of a difference that hold however often one looks. Pure; no database.

An interval made for one look at the end misses the truth more and more often the more often it is looked at.
These are made for looking: the truth lies within every one of them at once in 95 of 100 experiments.

**Without an end** (a row of the strategy: new people come for as long as it is on) the reach is that of the
normal mixture: Robbins (1970), “Statistical methods related to the law of the iterated logarithm”, Annals of
Mathematical Statistics 41; for two sides Johari, Koomen, Pekelis, Walsh (2022), “Always valid inference”,
Operations Research 70; that it holds for means of any shape, given enough of them, Waudby-Smith, Arbour,
Sinha, Kennedy, Ramdas (2024), “Time-uniform central limit theory and asymptotic confidence sequences”,
Annals of Statistics 52.

**With a known end** (a campaign: its audience is planned whole) it is the straight line: O'Brien, Fleming
(1979) in continuous time, as Lan, DeMets (1983), “Discrete sequential boundaries for clinical trials”,
Biometrika 70, spend it; repeated intervals are those of Jennison, Turnbull (1989), Journal of the Royal
Statistical Society B 51.

What they assume: that chance alone put each person on a side; that each counts once; that people are added in
the order in which it was decided about them, once their span is over; and that there are enough for a mean to
be about normal, which `ENOUGH` and `EVENTS` see to. `benchmarks/honesty.py` measures how often the truth is
missed.
"""

from dataclasses import dataclass
from math import ceil, inf, log, sqrt
from statistics import NormalDist

# Fewer people than so many on a side, or fewer events than so many to be expected there, say nothing.
ENOUGH, EVENTS = 100, 10
# Amounts differ more than yes and no do: so many must have spent something.
SPENDERS = 20
# Of experiments watched for ever, person by person, so many miss at some time. From the first look to a
# thousand times as many people, looked at a hundred times, it is 3 to 5 in 100.
MISSES = 0.07
# Where the mixture is narrowest: at about 8 / MIXTURE people on either side, or so many held out of far more.
MIXTURE = 0.01
# A path of chance leaves ± so many standard errors of its end, at any time before it, once in twenty.
LINE = 2.2414
# A difference is found with this probability, once as many have been asked as are said to be needed.
POWER = 0.8
_normal = NormalDist()


@dataclass(frozen=True)
class Arm:
    """One side: how many people, their mean, the variance of one of them, and how many did anything."""

    count: int
    mean: float = 0.0
    variance: float = 0.0
    events: int = 0
    is_share: bool = True
    # The mean as it was seen; that of shares is drawn a little towards the middle to be reckoned with.
    seen: float = 0.0

    @classmethod
    def of_shares(cls, count, reached):
        """Of people who did it or did not; a yes and a no are added (Agresti, Caffo 2000)."""
        share = (reached + 1) / (count + 2)
        seen = reached / count if count else 0.0
        return cls(count, share, share * (1 - share) * count / (count + 2), reached, seen=seen)

    @classmethod
    def of_amounts(cls, count, total, squares, spenders):
        """Of people and the sum of their amounts, the sum of the squares, and how many had any."""
        mean = total / count if count else 0.0
        variance = max(squares / count - mean**2, 0.0) if count else 0.0
        return cls(count, mean, variance, spenders, is_share=False, seen=mean)


@dataclass(frozen=True)
class Interval:
    """The difference as it was seen, and how little and how much it may be in truth."""

    low: float
    seen: float
    high: float

    @property
    def is_decided(self):
        """Whether nought, no difference at all, lies outside."""
        return self.low > 0 or self.high < 0


def interval(one, other, part=None):
    """How much more `one` has than `other`; None while there are too few to say anything.

    `part` is how much of all that will ever be known is known by now, 0 to 1; None without an end.
    """
    if missing(one, other):
        return None
    middle, wide = one.mean - other.mean, reach(effective(one, other), part) * error(one, other)
    return Interval(middle - wide, one.seen - other.seen, middle + wide)


def missing(one, other):
    """How many people are missing on the smaller side before anything can be said; 0 for none."""
    small = min(one.count, other.count)
    for_events = _people_for_events(one, other)
    if for_events == inf:
        # Nobody can tell how many it takes until one did; for now, a few more.
        return ENOUGH - small if small < ENOUGH else ENOUGH
    return max(ceil(max(ENOUGH, for_events) - small), 0)


def effective(one, other):
    """How many people the two sides are worth together: those of the smaller, if the other is far larger."""
    return one.count * other.count / (one.count + other.count)


def error(one, other):
    """The standard error of the difference.

    Amounts take one variance for both sides: a small side that has not met its great spenders yet would think
    itself surer than it is.
    """
    if one.is_share:
        return sqrt(one.variance / one.count + other.variance / other.count)
    people = one.count + other.count
    variance = (one.variance * one.count + other.variance * other.count) / people
    return sqrt(variance / effective(one, other))


def reach(people, part=None):
    """How many standard errors chance may go to either side, by so many effective people."""
    if part is not None:
        return LINE / sqrt(min(max(part, 1e-6), 1))
    scaled = MIXTURE * people
    return sqrt((1 + 1 / scaled) * (log(1 + scaled) - 2 * log(MISSES)))


def more_needed(one, other, difference, part=None):
    """About how many more people, on both sides as they are split now, would tell this difference.

    None when no number would: there is no difference, or nothing is known of how much people differ.
    """
    people, spread = one.count + other.count, error(one, other) if one.count and other.count else 0
    if not difference or not spread:
        return None
    at, power = effective(one, other), _normal.inv_cdf(POWER)
    end = None if part is None else 1

    def tells(times):
        return (reach(at * times, end) + power) * spread / sqrt(times) <= abs(difference)

    return ceil((_least(tells) - 1) * people) if not tells(1) else 0


def textbook_size(share, lift, held_out=0.5, power=POWER, level=0.05):
    """How many people on both sides a test that looks once, at its end, needs to find this lift of a share.

    The formula of every textbook: Fleiss (1981), Statistical Methods for Rates and Proportions, chapter 3.
    """
    other = share + lift
    mean = held_out * share + (1 - held_out) * other
    by_chance = sqrt(mean * (1 - mean) / (held_out * (1 - held_out)))
    in_truth = sqrt(share * (1 - share) / held_out + other * (1 - other) / (1 - held_out))
    sure, found = _normal.inv_cdf(1 - level / 2), _normal.inv_cdf(power)
    return ceil(((sure * by_chance + found * in_truth) / lift) ** 2)


def _people_for_events(one, other):
    """How many people a side needs before as many events as needed are to be expected there."""
    people, events = one.count + other.count, one.events + other.events
    if one.is_share:
        rare = min(events, people - events)
        return EVENTS * people / rare if rare > 0 else inf
    return SPENDERS * people / events if events else inf


def _least(holds, most=1e9):
    """The least number of times, from 1 on, for which it holds, within a thousandth."""
    low, high = 1.0, 2.0
    while not holds(high) and high < most:
        low, high = high, high * 2
    while high / low > 1.001:
        middle = sqrt(low * high)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
