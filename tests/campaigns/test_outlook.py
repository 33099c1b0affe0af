"""What a contact's page says of a planned message: when it goes, or what keeps it back as things stand."""

from campaigns.explaining import Known, outlook
from tests.make import NOON, make_delivery, make_rule


def said_of(contact, rule):
    delivery = make_delivery(rule, contact, due_at=NOON)
    return outlook(delivery, Known.of(contact))


def test_what_may_go_says_when(ada):
    assert said_of(ada, make_rule()) == "Goes on 10 June 2026, 12:00 at the earliest"


def test_who_withdrew_will_not_get_it(ben):
    assert said_of(ben, make_rule()) == "Will not be sent: Left “New arrivals” by e-mail on 5 June 2026"


def test_a_suppressed_address_will_not_get_it(cleo):
    assert said_of(cleo, make_rule()).startswith("Will not be sent: The address is suppressed")


def test_a_paused_row_says_that_it_waits(ada):
    assert said_of(ada, make_rule(status="paused")) == "Waits: the row is paused"
