"""Makes buyers, and a table of them worked out by hand."""

from datetime import timedelta

from tests.make import HOUR, NOON, make_contact
from touchpoints.models import Totals

# days since the last order, orders, revenue -> the digits they must get. Ten buyers, so a fifth is two:
# days    1 2 | 3 5 | 8 13 | 21 34 | 55 89        bounds 2, 5, 13, 34
# orders  1 1   1 1 | 2 3  | 4 5   | 8 9          bounds 1, 1, 3, 5: nobody has a 2
# revenue 10 20 | 30 40 | 50 60 | 70 80 | 90 100  bounds 20, 40, 60, 80
BY_HAND = [
    (1, 9, 100, "555"),
    (2, 1, 10, "511"),
    (3, 1, 20, "411"),
    (5, 4, 90, "445"),
    (8, 2, 30, "332"),
    (13, 3, 40, "332"),
    (21, 1, 50, "213"),
    (34, 8, 60, "253"),
    (55, 1, 70, "114"),
    (89, 5, 80, "144"),
]


def make_buyer(*, days, orders, revenue, at=NOON, **fields):
    """A contact with these totals; the last order lies `days` days and an hour before `at`."""
    last = at - timedelta(days=days) - HOUR
    contact = make_contact(**fields)
    Totals.objects.create(contact=contact, orders=orders, revenue=revenue, last_order_at=last)
    return contact
