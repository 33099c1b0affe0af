"""What comes back stops an address, counts against the sender, or changes nothing."""

import itertools
import random

import pytest

from campaigns import bouncing
from campaigns.models import Notice
from contacts.models import Suppression
from contacts.suppressing import lift
from tests.make import DAY, HOUR, NOON, make_contact, make_delivery, make_rule, make_sender

_numbers = itertools.count(1)


def make_notice(kind, address="ada@example.com", at=NOON, **fields):
    fields = {"source": "mail", "external_id": str(next(_numbers)), "is_trusted": True} | fields
    return Notice.objects.create(kind=kind, address=address, at=at, received_at=at, **fields)


def suppressions(address="ada@example.com"):
    found = Suppression.objects.active().filter(address=address)
    return sorted(found.values_list("scope", "reason"))


def softs(count, days):
    """That many soft bounces, evenly over so many days."""
    return [make_notice("soft", at=NOON + index * days * DAY / (count - 1)) for index in range(count)]


def test_one_hard_bounce_stops_the_address_at_once(ada):
    make_notice("hard", status_code="5.1.1", detail="550 5.1.1 no such user")

    found = bouncing.judge(["Ada@example.com"], NOON)

    assert suppressions() == [("all", "bounced")]
    assert [(each.detail, each.source) for each in found] == [("550 5.1.1 no such user", "mail")]


def test_judging_twice_changes_nothing(ada):
    make_notice("hard")
    bouncing.judge(["ada@example.com"], NOON)

    assert bouncing.judge(["ada@example.com"], NOON + DAY) == []
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("kind", ["hard", "complaint"])
def test_what_may_be_forged_changes_nothing(ada, kind):
    make_notice(kind, is_trusted=False)

    assert bouncing.judge(["ada@example.com"], NOON) == []


@pytest.mark.parametrize("kind", ["policy", "vacation", "other", "deferred", "replied"])
def test_what_says_nothing_of_the_address_changes_nothing(ada, kind):
    for day in range(30):
        make_notice(kind, at=NOON + day * DAY)

    assert bouncing.judge(["ada@example.com"], NOON + 30 * DAY) == []


def test_five_soft_bounces_over_fifteen_days_stop_the_address(ada):
    softs(5, days=15)

    bouncing.judge(["ada@example.com"], NOON + 15 * DAY)

    assert suppressions() == [("all", "bounced")]


@pytest.mark.parametrize(("count", "days"), [(4, 40), (5, 14.9), (20, 14)])
def test_fewer_or_faster_soft_bounces_do_not(ada, count, days):
    softs(count, days)

    assert bouncing.judge(["ada@example.com"], NOON + 40 * DAY) == []


@pytest.mark.parametrize("kind", ["delivered", "opened", "clicked"])
def test_an_arrival_begins_the_row_anew(ada, kind):
    softs(5, days=20)
    make_notice(kind, at=NOON + 12 * DAY)

    assert bouncing.judge(["ada@example.com"], NOON + 20 * DAY) == []


def test_two_notices_of_one_message_are_one_failure(ada):
    delivery = make_delivery(contact=ada)
    softs(4, days=20)
    make_notice("soft", at=NOON + 1 * DAY, delivery=delivery)
    make_notice("soft", at=NOON + 2 * DAY, delivery=delivery)
    Notice.objects.filter(delivery=None).order_by("at").first().delete()

    assert bouncing.judge(["ada@example.com"], NOON + 20 * DAY) == []

    softs(2, days=3)
    assert bouncing.judge(["ada@example.com"], NOON + 20 * DAY) != []


def test_a_message_that_nobody_sent_back_has_arrived(ada):
    sender = make_sender(return_domain="back.example.com")
    sent = {"status": "sent", "address": ada.email, "sending_at": NOON + 12 * DAY}
    delivery = make_delivery(make_rule(sender=sender), ada, **sent)
    softs(5, days=20)

    assert bouncing.judge([ada.email], NOON + 20 * DAY) == []

    make_notice("soft", at=NOON + 13 * DAY, delivery=delivery)
    assert bouncing.judge([ada.email], NOON + 20 * DAY) != []


def test_a_complaint_stops_marketing_and_no_arrival_lifts_it(ada):
    make_notice("complaint")
    make_notice("delivered", at=NOON + DAY)

    bouncing.judge(["ada@example.com"], NOON + DAY)
    bouncing.judge(["ada@example.com"], NOON + 400 * DAY)

    assert suppressions() == [("marketing", "complained")]


def test_after_a_person_lifted_it_only_later_notices_count(ada, admin):
    make_notice("hard")
    (found,) = bouncing.judge([ada.email], NOON)
    lift(found, by=admin, at=NOON + DAY)
    assert bouncing.judge([ada.email], NOON + DAY) == []

    make_notice("hard", at=NOON + 2 * DAY)
    bouncing.judge([ada.email], NOON + 2 * DAY)

    assert suppressions() == [("all", "bounced")]
    assert Suppression.objects.count() == 2


def test_many_addresses_are_judged_with_few_queries(db, django_assert_max_num_queries):
    contacts = [make_contact() for _number in range(30)]
    for contact in contacts:
        make_notice("hard" if contact.pk % 10 == 0 else "soft", contact.email)

    with django_assert_max_num_queries(3 + 5 * 4):
        found = bouncing.judge([contact.email for contact in contacts], NOON)

    assert len(found) == 3


def test_the_order_in_which_it_is_told_does_not_matter(ada):
    """Any order of arrival, judged after each: the same as all at once."""
    story = [("soft", day) for day in (0, 5, 9, 13, 16)] + [("delivered", 7), ("complaint", 11), ("hard", 12)]
    for seed in range(40):
        order = random.Random(seed).sample(story, len(story))
        for kind, day in order:
            make_notice(kind, at=NOON + day * DAY)
            bouncing.judge([ada.email], NOON + 20 * DAY)
        assert suppressions() == [("all", "bounced"), ("marketing", "complained")]
        Notice.objects.all().delete()
        Suppression.objects.all().delete()


def test_a_soft_row_found_late_is_still_found(ada):
    for day in (20, 10, 15, 5):
        make_notice("soft", at=NOON + day * DAY)
        assert bouncing.judge([ada.email], NOON + 20 * DAY) == []

    make_notice("soft", at=NOON - HOUR)

    assert len(bouncing.judge([ada.email], NOON + 20 * DAY)) == 1


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (550, "5.1.1 <x@example.com>: user unknown", "hard"),
        (550, "No such user here", "hard"),
        (552, "5.2.2 mailbox full", "soft"),
        (550, "5.7.1 blocked using a list", "policy"),
        (554, "5.7.26 fails SPF and DKIM", "policy"),
        (450, "4.1.1 <x@example.com>: Recipient address rejected: unverified address", "soft"),
        (450, "4.1.1 <x@example.com>: user unknown", "soft"),
        (451, "4.7.1 Greylisting in action, please come back later", "soft"),
        (550, "go away", "soft"),
        (450, "4.2.0 greylisted, try again", "soft"),
        (554, "5.7.1 relay access denied", "policy"),
        ("", "", "other"),
    ],
)
def test_an_answer_of_a_server_is_of_one_kind(code, text, kind):
    assert bouncing.classify_reply(code, text) == kind
