"""The CDNOW sample (its source: demo/data/README.md) against an independent calculation in pandas."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from contacts.importing import import_contacts
from contacts.models import Contact, Identity
from segmentation import reports, rfm
from segmentation.models import RfmScore
from touchpoints.importing import import_orders
from touchpoints.models import Order, Totals

pytestmark = pytest.mark.django_db

SAMPLE = Path(__file__).resolve().parents[2] / "demo" / "data" / "cdnow_sample.csv.gz"
# The day after the log ends.
AT = datetime(1998, 7, 1, tzinfo=UTC)
FIFTHS = [0.2, 0.4, 0.6, 0.8]


@pytest.fixture
def purchases():
    frame = pd.read_csv(SAMPLE, dtype={"cdnow_id": str, "sample_id": str}, parse_dates=["date"])
    frame["cents"] = (frame.dollars * 100).round().astype(int)
    return frame


@pytest.fixture
def by_pandas(purchases):
    """Totals and digits a customer, from the file alone."""
    frame = purchases.groupby("cdnow_id").agg(
        orders=("cents", "size"), first=("date", "min"), last=("date", "max"), cents=("cents", "sum")
    )
    days = (pd.Timestamp(AT.date()) - frame["last"]).dt.days
    frame["recency"] = 6 - fifth_of(days)
    frame["frequency"] = fifth_of(frame.orders)
    frame["monetary"] = fifth_of(frame.cents)
    return frame


def fifth_of(values):
    """1 to 5: how many cut points lie under the value, and one."""
    cuts = np.quantile(values, FIFTHS, method="inverted_cdf")
    return np.searchsorted(cuts, values, side="left") + 1


@pytest.fixture
def imported(purchases, tmp_path, db):
    """The sample in the base, by the road every shop's files take; what became of both files."""
    people = pd.DataFrame({"Customer number": purchases.cdnow_id.unique()})
    people["E-mail"] = "buyer" + people["Customer number"] + "@example.com"
    people.to_csv(tmp_path / "people.csv", index=False)
    about = {"at": AT, "source": "cdnow"}
    return (
        import_contacts(
            tmp_path / "people.csv", origin="test", refused_path=tmp_path / "people-no.csv", **about
        ),
        import_orders(SAMPLE, refused_path=tmp_path / "orders-no.csv", **about),
    )


def keys():
    return dict(Identity.objects.filter(kind="shop_id").values_list("contact_id", "value"))


def test_every_row_of_both_files_is_in_the_base_and_accounted_for(imported):
    people, orders = imported

    assert (people.read, people.created, people.refused) == (2357, 2357, 0)
    assert (orders.read, orders.created, orders.refused, orders.contacts) == (6919, 6919, 0, 2357)
    assert (Contact.objects.count(), Order.objects.count()) == (2357, 6919)


def test_totals_equal_pandas_row_by_row(imported, by_pandas):
    key_of = keys()
    ours = {
        key_of[t.contact_id]: (t.orders, t.first_order_at, t.last_order_at, int(t.revenue * 100))
        for t in Totals.objects.all()
    }

    theirs = {
        row.Index: (row.orders, row.first.tz_localize(UTC), row.last.tz_localize(UTC), row.cents)
        for row in by_pandas.rename(columns=str).itertuples()
    }
    assert ours == theirs


def test_digits_equal_pandas_row_by_row(imported, by_pandas):
    rfm.take_cuts(AT)

    key_of = keys()
    ours = {key_of[score.contact_id]: str(score) for score in RfmScore.objects.all()}
    theirs = {row.Index: f"{row.recency}{row.frequency}{row.monetary}" for row in by_pandas.itertuples()}
    assert (len(ours), ours) == (2357, theirs)


def test_the_map_adds_up_to_the_whole_base(imported, by_pandas):
    rfm.take_cuts(AT)

    heat = reports.heat_map(AT, measure="revenue")

    theirs = by_pandas.groupby(["recency", "frequency"]).agg(people=("cents", "size"), cents=("cents", "sum"))
    ours = {(c.recency, c.frequency): (c.people, int(c.revenue * 100)) for c in heat.cells if c.people}
    assert ours == {cell: (row.people, row.cents) for cell, row in theirs.iterrows()}
    assert (heat.people, int(heat.revenue * 100)) == (2357, by_pandas.cents.sum())
    # More than half bought once, so no value falls between the second cut point and the first.
    assert [cell.people for cell in heat.cells if cell.frequency == 2] == [0] * 5
