"""What a message was worth, in numbers and in words: two sides that chance has parted, beside each other."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import sequential
from campaigns.sequential import Arm
from crm.ui.shapes import money

# Of 1,000 people: a smaller difference in what they do need not be known.
SMALLEST = 0.01


@dataclass(frozen=True)
class Side:
    """Those of one side: how many count already, how many are still within their span, and what they did."""

    people: int = 0
    waiting: int = 0
    reached: int = 0
    spenders: int = 0
    # What they brought, each person's sum squared and added, and of how many orders no cost is known.
    amount: float = 0.0
    squares: float = 0.0
    unknown_costs: int = 0

    @property
    def all(self):
        return self.people + self.waiting

    @property
    def share(self):
        """Per cent of those who count that did it."""
        return 100 * self.reached / self.people if self.people else 0

    @property
    def each(self):
        """What one of them brought."""
        return self.amount / self.people if self.people else 0

    @cached_property
    def share_arm(self):
        return Arm.of_shares(self.people, self.reached)

    @cached_property
    def amount_arm(self):
        return Arm.of_amounts(self.people, self.amount, self.squares, self.spenders)


@dataclass(frozen=True)
class Comparison:
    """One side beside the other. `one` is who got it, or got the first of two variants."""

    one: Side = field(default_factory=Side)
    other: Side = field(default_factory=Side)
    # How many are still on their way to either side; None where new people come without an end.
    to_come: int | None = None
    # When the first of them counts; what was decided is still within its span until then.
    first_at: datetime | None = None
    # Whether amounts are margins; revenue where no costs are known.
    is_margin: bool = True
    is_variants: bool = False
    # Whether it asks for something that can be measured; else only what people brought is compared.
    asks: bool = True

    @property
    def people(self):
        return self.one.people + self.other.people

    @property
    def part(self):
        """How much of what will ever be known is known by now; None where there is no end."""
        if self.to_come is None:
            return None
        return self.people / max(self.one.all + self.other.all + self.to_come, 1)

    @cached_property
    def shares(self):
        """The difference of the shares, as an interval; None while there are too few."""
        return sequential.interval(self.one.share_arm, self.other.share_arm, self.part) if self.asks else None

    @cached_property
    def amounts(self):
        """The difference of what one person brings, as an interval; None while there are too few."""
        return sequential.interval(self.one.amount_arm, self.other.amount_arm, self.part)

    @property
    def missing(self):
        """How many people the smaller side is short of before anything is said."""
        return sequential.missing(self.one.share_arm, self.other.share_arm)

    @property
    def is_small(self):
        """Whether a side has too few people, whatever they do."""
        return min(self.one.people, self.other.people) < sequential.ENOUGH

    @property
    def state(self):
        """alone (one side is empty), early, undecided, or decided."""
        if not self.one.all or not self.other.all:
            return "alone"
        found = self.shares if self.asks else self.amounts
        if found is None:
            return "early"
        return "decided" if found.is_decided else "undecided"

    @property
    def more_needed(self):
        """(about how many more people tell it, whether for the difference as seen); None for nobody knows."""
        if self.shares is None:
            return None
        is_as_seen = abs(self.shares.seen) >= SMALLEST
        difference = self.shares.seen if is_as_seen else SMALLEST
        more = sequential.more_needed(self.one.share_arm, self.other.share_arm, difference, self.part)
        return None if more is None else (rounded(more), is_as_seen)

    @property
    def earned(self):
        """What all who got it have brought beyond what they would have anyway: (least, as seen, most)."""
        if self.amounts is None:
            return None
        each = (self.amounts.low, self.amounts.seen, self.amounts.high)
        return tuple(value * self.one.people for value in each)

    @property
    def words(self):
        """The result as a sentence."""
        return _WORDS[self.state](self) if self.asks or self.state == "alone" else _by_amount(self)

    @property
    def amount_words(self):
        """What it brought, as a sentence; empty while nothing can be said."""
        if self.amounts is None:
            return ""
        values = {"seen": signed(self.amounts.seen), "low": signed(self.amounts.low)}
        values["high"] = signed(self.amounts.high)
        if self.is_margin:
            return _("Margin a person: %(seen)s (%(low)s to %(high)s).") % values
        return _("Revenue a person: %(seen)s (%(low)s to %(high)s).") % values


def signed(amount):
    """`0.5` -> `+$0.50`; nought has no sign."""
    return ("+" if round(amount, 2) > 0 else "") + money(amount)


def rounded(count):
    """As exactly as it is known: two figures."""
    step = 10 ** max(len(str(int(count))) - 2, 0)
    return max(round(count / step), 1) * step if count else 0


def of_a_thousand(interval):
    """(least, as seen, most), of 1,000 people."""
    return tuple(round(1000 * value) for value in (interval.low, interval.seen, interval.high))


def numbers(comparison, effort, variants):
    """Every number of a result for a file, the heads first: (what, value, least, most)."""
    rows = [[_("What"), _("Value"), _("Least"), _("Most")]]
    rows += _sides_of(comparison, (_("Got it"), _("Held out")))
    for step, found in variants:
        rows += _sides_of(found, (f"{step.label}, A", f"{step.label}, B"))
    told = {
        _("Sent"): effort.sent,
        _("Had time to be answered"): effort.in_time,
        _("Relevance, per cent"): round(effort.relevance, 2) if effort.in_time else "",
        _("Back for each message"): round(effort.two_way, 3) if effort.in_time else "",
        _("Orders credited"): effort.orders,
        _("Revenue credited"): effort.revenue,
        _("Margin credited"): effort.margin,
        _("Cost"): round(effort.cost, 2),
        _("Contribution"): round(effort.contribution, 2),
    }
    return rows + [[what, value, "", ""] for what, value in told.items()]


def _sides_of(comparison, names):
    """The numbers of both sides, and the differences with their intervals where there are any."""
    for name, side in zip(names, (comparison.one, comparison.other), strict=True):
        yield [f"{name}: {_('people')}", side.people, "", ""]
        yield [f"{name}: {_('still within their span')}", side.waiting, "", ""]
        yield [f"{name}: {_('reached')}", side.reached, "", ""]
        yield [f"{name}: {_('amount a person')}", round(side.each, 4), "", ""]
    for what, found in ((_("share"), comparison.shares), (_("amount a person"), comparison.amounts)):
        if found:
            values = [round(value, 5) for value in (found.seen, found.low, found.high)]
            yield [f"{names[0]} − {names[1]}: {what}", *values]


def _alone(comparison):
    if comparison.is_variants:
        return _("Nobody got the second variant yet.")
    if comparison.one.all:
        return _("Nobody was held out, so nobody can say what it is worth.")
    return _("Nobody got it yet.")


def _early(comparison):
    missing = comparison.missing
    if not comparison.people and comparison.first_at:
        words = _("Too early: the first of them counts on %(day)s, when their span is over.")
        return words % {"day": date_format(localtime(comparison.first_at), "j F")}
    if comparison.part == 1:
        return _("Too few people for anything to be said.")
    if not comparison.one.reached + comparison.other.reached and not comparison.is_small:
        return _("Too early: nobody on either side has done it yet.")
    words = ngettext(
        "Too early: %(count)s more person is needed on the smaller side before anything can be said.",
        "Too early: about %(count)s more people are needed on the smaller side before anything can be said.",
        missing,
    )
    return words % {"count": shown(rounded(missing))}


def _by_amount(comparison):
    """It asks for nothing that can be measured: what people brought says it all."""
    if comparison.amounts is None:
        return _("Too early: too few have bought anything for what they brought to be compared.")
    told = _("Undecided.") if comparison.state == "undecided" else ""
    return f"{told} {comparison.amount_words}".strip()


def _decided(comparison):
    low, seen, high = of_a_thousand(comparison.shares)
    least, most = sorted((abs(low), abs(high)))
    values = {"seen": abs(seen), "least": least, "most": most}
    if comparison.is_variants:
        better = _("A") if seen > 0 else _("B")
        words = _("%(better)s is better: of 1,000, about %(seen)s more did it: %(least)s to %(most)s.")
        return words % (values | {"better": better})
    if seen > 0:
        words = _("Of 1,000 who got it, about %(seen)s more did it than without: %(least)s to %(most)s.")
    else:
        words = _("Of 1,000 who got it, about %(seen)s fewer did it than without: %(least)s to %(most)s.")
    return words % values


def _undecided(comparison):
    needed = comparison.more_needed
    if needed is None:
        return _("Undecided: chance alone brings as much.")
    more, is_as_seen = needed
    values = {"count": shown(more), "smallest": round(1000 * SMALLEST)}
    if comparison.part == 1:
        return _("Undecided: it would have taken about %(count)s more people.") % values
    if is_as_seen:
        return _("Undecided: about %(count)s more people needed, should it stay as it looks.") % values
    words = _("Undecided: about %(count)s more people needed to tell a difference of %(smallest)s in 1,000.")
    return words % values


def shown(count):
    return number_format(count, force_grouping=True)


_WORDS = {"alone": _alone, "early": _early, "decided": _decided, "undecided": _undecided}
