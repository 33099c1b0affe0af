"""Buyers for the tests of this room."""

import pytest

from segmentation import rfm
from tests.make import NOON
from tests.segmentation.people import BY_HAND, make_buyer


@pytest.fixture
def buyers(db):
    """The ten of the table, not scored yet."""
    return [make_buyer(days=days, orders=orders, revenue=revenue) for days, orders, revenue, _ in BY_HAND]


@pytest.fixture
def scored(buyers):
    """The ten of the table, scored at noon."""
    rfm.take_cuts(NOON)
    return buyers
