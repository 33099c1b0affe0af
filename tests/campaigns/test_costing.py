"""What rows and campaigns cost, what was credited to them, and how much of it was answered."""

from decimal import Decimal

import pytest

from campaigns import costing
from campaigns.costing import Effort, effort_of, efforts, is_irrelevant
from campaigns.crediting import credit_orders
from campaigns.models import ChannelCost, Response
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_delivery,
    make_order,
    make_rule,
    make_touchpoint,
    make_version,
)

AT, LATER = NOON + DAY, NOON + 3 * DAY
SENT = {"status": "sent", "sending_at": NOON, "finished_at": NOON}


@pytest.fixture
def rule(db):
    return make_rule(outcome="order", outcome_within=2 * DAY)


@pytest.fixture
def prices(db):
    ChannelCost.objects.create(channel="email", each="0.01")
    ChannelCost.objects.create(channel="phone", each="0.50", minute="0.80")


def test_contribution_is_the_margin_of_what_was_credited_less_what_it_cost(rule, prices, ada, ben):
    for person in (ada, ben):
        make_delivery(rule, person, **SENT)
    make_order(ada, at=NOON + HOUR, amount="30", refunded="5", cost="10", rate="2")
    make_order(ben, at=NOON + HOUR, amount="30", cost="10", status="cancelled")
    credit_orders(AT)

    effort = effort_of(rule, AT)

    assert (effort.orders, effort.revenue, effort.margin) == (1, Decimal("50.00"), Decimal("30.00"))
    assert (effort.cost, effort.contribution) == (Decimal("0.0200"), Decimal("29.98"))
    assert effort_of(make_rule(), AT) == Effort()


def test_a_refund_takes_from_the_amount_and_leaves_the_credit(rule, ada):
    make_delivery(rule, ada, **SENT)
    order = make_order(ada, at=NOON + HOUR, amount="30", cost="10")
    credit_orders(AT)
    assert effort_of(rule, AT).margin == 20

    order.refunded = "12"
    order.save()
    assert (effort_of(rule, AT).margin, effort_of(rule, AT).orders) == (8, 1)


def test_a_call_costs_its_minutes(rule, prices, ada):
    call = make_delivery(rule, ada, channel="phone", **SENT)
    make_touchpoint(ada, "called", at=NOON, data={"delivery": str(call.uuid), "minutes": 5})
    make_touchpoint(ada, "called", at=NOON, data={"delivery": str(call.uuid), "minutes": "soon"})
    make_touchpoint(ada, "called", at=NOON, data={"minutes": 90})

    effort = effort_of(rule, AT)

    assert (effort.minutes, effort.cost) == (5, Decimal("4.50"))
    assert effort.by_channel == {"phone": 1}


def test_where_no_cost_of_an_order_is_known_it_is_revenue(rule, ada):
    make_delivery(rule, ada, **SENT)
    make_order(ada, at=NOON + HOUR, amount="30")
    credit_orders(AT)

    effort = effort_of(rule, AT)

    assert (effort.has_margin, effort.earned) == (False, 30)


def test_relevance_and_what_came_back_count_people_only(rule, ada, ben, cleo):
    first, second, third = (make_delivery(rule, person, **SENT) for person in (ada, ben, cleo))
    make_delivery(rule, cleo, status="skipped")
    for delivery, kind, by in (
        (first, "clicked", "person"), (first, "replied", "person"), (first, "opened", "person"),
        (second, "clicked", "scanner"),
    ):  # fmt: skip
        Response.objects.create(delivery=delivery, kind=kind, at=NOON + HOUR, made_by=by)
    third.outcome_at = NOON + HOUR
    third.save()

    effort = effort_of(rule, LATER)

    assert (effort.sent, effort.relevant, effort.reached, effort.inbound) == (3, 2, 1, 2)
    assert (round(effort.relevance), round(effort.two_way, 2)) == (67, 0.67)
    assert effort_of(rule, NOON - HOUR).sent == 0


def test_what_one_outcome_cost(rule, prices, ada, ben):
    for person in (ada, ben):
        make_delivery(rule, person, outcome_at=NOON + HOUR if person == ada else None, **SENT)

    assert effort_of(rule, AT).cost_each == Decimal("0.02")
    assert Effort().cost_each is None


def test_the_work_of_writing_is_counted_in_versions(rule):
    make_version(rule.first_step.content, number=2)
    make_version()

    assert costing.versions_of(rule) == 2


def test_the_medium_that_takes_most_of_the_cost_is_named(rule, prices, ada, ben):
    make_delivery(rule, ada, **SENT)
    assert effort_of(rule, AT).dearest is None
    call = make_delivery(rule, ben, channel="phone", **SENT)
    make_touchpoint(ben, "called", at=NOON, data={"delivery": str(call.uuid), "minutes": 1})

    effort = costing.total([effort_of(rule, AT)])

    assert effort.dearest == ("Phone", 99)
    assert effort_of(rule, AT).by_medium == [("E-mail", 1, Decimal("0.01")), ("Phone", 1, Decimal("1.30"))]
    assert effort.cost == Decimal("1.31")
    costs = {"email": Decimal(1), "phone": Decimal(1)}
    assert Effort(cost=Decimal(2), cost_by_channel=costs).dearest is None


def test_rows_and_campaigns_are_told_apart_and_add_up(rule, ada, ben):
    campaign = make_campaign([ada])
    make_campaign_delivery(campaign, ada, **SENT)
    for person in (ada, ben):
        make_delivery(rule, person, **SENT)

    found = efforts(AT)

    assert {key: effort.sent for key, effort in found.items()} == {
        ("rule_id", rule.pk): 2,
        ("campaign_id", campaign.pk): 1,
    }
    assert costing.total(found.values()).sent == 3


@pytest.mark.parametrize(
    "sent, relevant, expected",
    [(1000, 40, True), (1000, 90, False), (20, 0, False), (100, 0, True), (0, 0, False)],
)
def test_a_row_is_irrelevant_where_far_fewer_answer_and_chance_is_not_to_blame(sent, relevant, expected):
    overall = Effort(in_time=9000, relevant=1800)
    assert is_irrelevant(Effort(in_time=sent, relevant=relevant), overall) is expected


def test_what_left_lately_is_not_unanswered(rule, ada, ben, cleo):
    plain = make_rule(name="Plain")
    for program, person, age in (
        (rule, ada, 3 * DAY), (rule, ben, 40 * HOUR), (plain, ada, 49 * HOUR), (plain, cleo, 47 * HOUR),
    ):  # fmt: skip
        made = make_delivery(program, person, **SENT | {"sending_at": LATER - age})
        Response.objects.create(delivery=made, kind="clicked", at=LATER - HOUR)

    asking, saying = effort_of(rule, LATER), effort_of(plain, LATER)

    assert (asking.sent, asking.in_time, asking.relevant, asking.inbound) == (2, 1, 1, 1)
    assert (saying.sent, saying.in_time, saying.too_young) == (2, 1, 1)
    assert (saying.relevance_words, asking.first_at) == ("1 of 1", LATER - 3 * DAY)
    assert effort_of(plain, NOON + 36 * HOUR).relevance_words == "too early"


def test_a_message_waits_for_what_it_asks_for_as_long_as_that_may_take(ada):
    patient = make_rule(outcome="order", outcome_within=30 * DAY)
    make_delivery(patient, ada, **SENT)

    assert [effort_of(patient, NOON + days * DAY).in_time for days in (29, 30)] == [0, 1]


def test_a_send_of_a_minute_ago_is_not_irrelevant():
    young = Effort(sent=112, in_time=0)

    assert not is_irrelevant(young, Effort(in_time=9000, relevant=1800))
    assert is_irrelevant(Effort(sent=112, in_time=112), Effort(in_time=9000, relevant=1800))
