"""What the gate asks of a trigger once more, at the moment of sending."""

import pytest
from django.db import connection

from campaigns import triggers
from segmentation.models import RfmChange
from tests.make import DAY, HOUR, NOON, make_delivery, make_order, make_rule, make_touchpoint

pytestmark = pytest.mark.django_db


def still_true(delivery, at):
    sql = f"""SELECT {triggers.still_true_sql()} FROM campaigns_delivery d
    JOIN campaigns_lifecyclerule r ON r.id = d.rule_id WHERE d.id = %(id)s"""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"id": delivery.pk, "at": at})
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("trigger", "parameters", "kind", "holds"),
    [
        ("signed_up", {}, "confirmed", False),
        ("no_visit", {}, "visited", False),
        ("no_visit", {}, "ordered", True),
        ("no_order", {}, "ordered", False),
        ("abandoned_basket", {}, "ordered", False),
        ("abandoned_browse", {}, "ordered", False),
        ("abandoned_browse", {"without": "joined"}, "ordered", True),
        ("abandoned_browse", {"without": "joined"}, "joined", False),
        ("few_visits", {}, "visited", True),
        ("confirmed", {}, "confirmed", True),
        ("no_such_trigger", {}, "visited", True),
    ],
)
def test_what_makes_a_message_needless_is_asked_for_once_more(ada, trigger, parameters, kind, holds):
    delivery = make_delivery(make_rule(trigger=trigger, parameters=parameters), ada, occurred_at=NOON)
    make_touchpoint(ada, kind, at=NOON - HOUR)
    make_touchpoint(ada, kind, at=NOON + HOUR)

    assert still_true(delivery, NOON) is True
    assert still_true(delivery, NOON + HOUR) is holds


def test_who_has_left_the_group_meanwhile_gets_no_message_about_it(ada):
    rule = make_rule(trigger="rfm_cell", parameters={"place": "champions"})
    delivery = make_delivery(rule, ada, occurred_at=NOON)
    for hours, before, after in ((1, "555", "545"), (2, "545", "333"), (3, "333", "555")):
        RfmChange.objects.create(contact=ada, at=NOON + hours * HOUR, before=before, after=after)

    found = [still_true(delivery, NOON + hours * HOUR) for hours in range(4)]
    assert found == [True, True, False, True]


def test_an_order_that_was_taken_back_is_not_thanked_for(ada):
    told = make_touchpoint(ada, "ordered", at=NOON, source="shop", external_id="order:1")
    order = make_order(ada, at=NOON, source="shop", external_id="1")
    delivery = make_delivery(make_rule(trigger="ordered"), ada, touchpoint=told)
    before = still_true(delivery, NOON + DAY)
    order.status = "cancelled"
    order.save()

    assert (before, still_true(delivery, NOON + DAY)) == (True, False)
