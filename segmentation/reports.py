"""What the pages about RFM count: the heat map, its groups, and a contact's place on it. Read-only."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, F, Sum
from django.db.models.functions import Coalesce

from contacts.models import Contact
from segmentation import bands, cells, rfm
from segmentation.models import RfmCuts

MEASURES = ("people", "revenue")
# Below which share of the whole, in per cent, a cell wears each step of the warm ramp; the last has no end.
RAMP = (1, 3, 6, 10, 20)


@dataclass(frozen=True)
class Cell:
    """One field of the map: who stands there and what they brought."""

    recency: int
    frequency: int
    people: int
    revenue: Decimal
    people_share: float
    revenue_share: float
    warmth: int

    @property
    def value(self):
        """How addresses name it: `54` is recency 5, frequency 4."""
        return f"{self.recency}{self.frequency}"

    @property
    def group(self):
        return cells.group_at(self.recency, self.frequency)


@dataclass(frozen=True)
class HeatMap:
    """Everyone who bought, by recency (rows, 5 first) and frequency (columns), with the bounds in force."""

    cuts: RfmCuts | None
    measure: str
    people: int
    revenue: Decimal
    rows: list = field(default_factory=list)

    @property
    def cells(self):
        return [cell for row in self.rows for cell in row]

    @property
    def outgrown(self):
        """Whether the base has doubled since the cut points were taken."""
        return self.cuts is not None and self.people >= 2 * self.cuts.buyers

    @property
    def best(self):
        """The cell of the best digits."""
        return self.rows[0][-1]


def heat_map(at, measure="people", user=None):
    """The 5 x 5 map at `at` in one query, and one for the cut points in force."""
    found = {(row["recency"], row["frequency"]): row for row in _counts(user)}
    people = sum(row["people"] for row in found.values())
    revenue = sum((row["revenue"] for row in found.values()), Decimal())
    rows = [
        [_cell(r, f, found.get((r, f)), people, revenue, measure) for f in cells.DIGITS]
        for r in reversed(cells.DIGITS)
    ]
    return HeatMap(rfm.cuts_in_force(at), measure, people, revenue, rows)


def group_frame(heat):
    """The map's groups as a pandas frame: people, revenue, their shares and the average, best first."""
    # Late, because pandas takes half a second to import and no other page needs it.
    import pandas as pd

    frame = pd.DataFrame(
        [(cell.group.key, cell.people, float(cell.revenue)) for cell in heat.cells],
        columns=["group", "people", "revenue"],
    )
    frame = frame.groupby("group", sort=False).sum()
    frame = frame[frame.people > 0].sort_values("revenue", ascending=False)
    frame["people_share"] = (100 * frame.people / max(heat.people, 1)).round(1)
    frame["revenue_share"] = (100 * frame.revenue / (float(heat.revenue) or 1)).round(1)
    frame["average"] = (frame.revenue / frame.people).round(2)
    return frame


def groups(heat):
    """The groups that are not empty, best first: each with its numbers and what it asks for."""
    return [{"group": cells.GROUPS[row.Index], **row._asdict()} for row in group_frame(heat).itertuples()]


def recut_preview(at):
    """What taking new cut points at `at` would change: every band now and then, and how many people move."""
    now, then = rfm.cuts_in_force(at), rfm.propose_cuts(at)
    if not (now and then):
        return {"now": now, "then": then}
    before, after = bands.in_words(now), bands.in_words(then)
    lines = [
        {"measure": measure, "digit": digit, "now": words, "then": after[measure][digit]}
        for measure, digits in before.items()
        for digit, words in digits.items()
    ]
    return {"now": now, "then": then, "lines": lines, "moves": rfm.count_moves(then, at)}


def _counts(user):
    """People and revenue of every cell that is not empty, of the contacts this user may see."""
    return (
        Contact.objects.for_user(user)
        .filter(rfm__isnull=False)
        .values(recency=F("rfm__recency"), frequency=F("rfm__frequency"))
        .annotate(people=Count("pk"), revenue=Coalesce(Sum("totals__revenue"), Decimal()))
        .order_by()
    )


def _cell(recency, frequency, row, people, revenue, measure):
    here = row or {"people": 0, "revenue": Decimal()}
    shares = {
        "people": 100 * here["people"] / (people or 1),
        "revenue": float(100 * here["revenue"] / (revenue or 1)),
    }
    warmth = 1 + sum(shares[measure] >= bound for bound in RAMP) if here["people"] else 0
    return Cell(
        recency, frequency, here["people"], here["revenue"], shares["people"], shares["revenue"], warmth
    )
