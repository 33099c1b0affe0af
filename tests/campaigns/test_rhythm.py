"""Our side of the rhythm of a dialogue."""

from campaigns.models import Delivery
from tests.make import DAY, NOON, make_delivery
from touchpoints.rhythm import year_of


def test_what_was_sent_is_our_voice(ada):
    make_delivery(contact=ada, status=Delivery.Status.SENT, sending_at=NOON - DAY)
    make_delivery(contact=ada, status=Delivery.Status.SENT, sending_at=NOON - 400 * DAY)
    make_delivery(contact=ada, status=Delivery.Status.SKIPPED)

    year = year_of(ada, NOON)

    assert (year.us[-1], sum(year.us)) == (1, 1)
