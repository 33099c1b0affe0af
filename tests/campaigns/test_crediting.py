"""Which message an order is credited to, and what those do who got nothing."""

import pytest
from django.db import Error

from campaigns import crediting
from campaigns.crediting import credit_orders, note_held_out
from campaigns.models import Attribution, Delivery, Response
from campaigns.responding import note_outcomes
from campaigns.ticking import plan_all
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_contact,
    make_delivery,
    make_order,
    make_rule,
    make_touchpoint,
)


@pytest.fixture
def campaign(ada, ben):
    """Ada got it, Ben was held out."""
    campaign = make_campaign(
        [ada, ben], outcome="order", outcome_within=2 * DAY, control_share=50, planned_count=2
    )
    make_campaign_delivery(campaign, ada, status="sent", sending_at=NOON, finished_at=NOON)
    make_campaign_delivery(campaign, ben, status="held_out", reason="control", finished_at=NOON)
    return campaign


@pytest.fixture
def rule(db):
    return make_rule(outcome="order", outcome_within=2 * DAY)


def held_out():
    return Delivery.objects.get(status="held_out")


def send(rule, contact, at, **fields):
    return make_delivery(rule, contact, status="sent", sending_at=at, finished_at=at, **fields)


def follow(delivery, at, made_by="person"):
    return Response.objects.create(delivery=delivery, kind="clicked", at=at, made_by=made_by)


def credited():
    """{order: (delivery, basis)} of every order that is credited."""
    return {each.order: (each.delivery, each.basis) for each in Attribution.objects.all()}


# Those who got nothing -------------------------------------------------------------------------------


def test_what_those_do_who_were_held_out_is_noted_and_told_to_nobody(campaign, ben):
    make_touchpoint(ben, "ordered", at=NOON - HOUR)
    first = make_touchpoint(ben, "ordered", at=NOON + HOUR)
    make_touchpoint(ben, "ordered", at=NOON + 2 * HOUR)

    assert note_outcomes(NOON + DAY) == 0
    assert (note_held_out(NOON + DAY), note_held_out(NOON + DAY)) == (1, 0)

    assert (held_out().outcome_at, held_out().outcome_touchpoint) == (NOON + HOUR, first)
    assert not ben.touchpoints.filter(kind="outcome").exists()


def test_what_they_do_after_the_span_counts_for_neither(campaign, ada, ben):
    for person in (ada, ben):
        make_touchpoint(person, "ordered", at=NOON + 2 * DAY + HOUR)
    assert (note_outcomes(NOON + 3 * DAY), note_held_out(NOON + 3 * DAY)) == (0, 0)

    make_touchpoint(ben, "ordered", at=NOON + 2 * DAY)
    assert note_held_out(NOON + 3 * DAY) == 1


def test_who_got_it_is_none_of_those_held_out(campaign, ada):
    make_touchpoint(ada, "ordered", at=NOON + HOUR)

    assert note_held_out(NOON + DAY) == 0
    assert note_outcomes(NOON + DAY) == 1


def test_the_clock_notes_it_until_the_span_after_the_end_is_over(campaign, ben):
    make_touchpoint(ben, "ordered", at=NOON + 2 * DAY)
    campaign.status, campaign.finished_at = "finished", NOON
    campaign.save()

    assert crediting._campaigns(NOON + 4 * DAY) == []
    assert plan_all(NOON + 3 * DAY)["without"] == 1


def test_whom_a_row_held_out_is_noted_too(rule, ben):
    make_delivery(rule, ben, status="held_out", reason="control", finished_at=NOON)
    first = make_touchpoint(ben, "ordered", at=NOON + HOUR)

    assert (note_held_out(NOON + DAY), note_held_out(NOON + DAY)) == (1, 0)
    assert held_out().outcome_touchpoint == first


def test_who_passed_the_gate_and_was_refused_counts_among_those_who_got_it(rule, cleo):
    make_delivery(rule, cleo, status="failed", reason="refused", sending_at=NOON, finished_at=NOON + HOUR)
    make_delivery(rule, make_contact(), status="skipped", reason="withdrew", finished_at=NOON)
    make_touchpoint(cleo, "ordered", at=NOON + HOUR)

    assert note_held_out(NOON + DAY) == 1
    assert Delivery.objects.get(status="failed").outcome_at == NOON + HOUR


# Whose an order is -----------------------------------------------------------------------------------


def test_an_order_is_credited_to_the_last_message_they_were_sent(rule, ada):
    send(rule, ada, NOON - HOUR)
    last = send(rule, ada, NOON)
    send(rule, ada, NOON + 3 * HOUR)
    order = make_order(ada, at=NOON + 2 * HOUR)

    assert (credit_orders(NOON + DAY), credit_orders(NOON + DAY)) == (1, 0)
    assert credited() == {order: (last, "sent")}


def test_or_to_the_last_in_which_a_person_followed_a_link(rule, ada):
    first, second, third = (send(rule, ada, NOON + hours * HOUR) for hours in range(3))
    follow(second, NOON + 3 * HOUR)
    follow(first, NOON + 4 * HOUR)
    follow(third, NOON + 5 * HOUR, made_by="scanner")
    order = make_order(ada, at=NOON + 6 * HOUR)
    follow(second, NOON + 7 * HOUR)

    credit_orders(NOON + DAY)

    assert credited() == {order: (first, "clicked")}


def test_whose_it_is_never_changes(rule, ada):
    sent = send(rule, ada, NOON)
    order = make_order(ada, at=NOON + HOUR)
    credit_orders(NOON + 2 * HOUR)

    follow(send(rule, ada, NOON + HOUR / 2), NOON + HOUR / 2)
    order.refunded = order.amount
    order.save()

    assert credit_orders(NOON + DAY) == 0
    assert credited() == {order: (sent, "sent")}
    with pytest.raises(Error, match="Cannot update"):
        Attribution.objects.update(basis="clicked")


@pytest.mark.parametrize(
    "sent",
    [
        {"status": "held_out", "sending_at": None},
        {"status": "failed"},
        {"rank": 0},
        {"sending_at": NOON - 2 * DAY},
        {"sending_at": NOON + 2 * HOUR},
    ],
)
def test_no_order_is_credited_to_what_did_not_arrive_asks_for_nothing_or_lies_elsewhere(rule, ada, sent):
    make_delivery(rule, ada, **{"status": "sent", "sending_at": NOON, "finished_at": NOON} | sent)
    make_order(ada, at=NOON + HOUR)
    assert credit_orders(NOON + DAY) == 0

    send(rule, ada, NOON)
    assert credit_orders(NOON + DAY) == 1


def test_a_message_that_asks_for_nothing_is_credited_only_where_it_was_followed(ada, ben):
    rule = make_rule(outcome="")
    silent, followed = send(rule, ada, NOON), send(rule, ben, NOON)
    follow(followed, NOON + HOUR)
    orders = [make_order(person, at=NOON + 2 * HOUR) for person in (ada, ben)]

    credit_orders(NOON + DAY)

    assert credited() == {orders[1]: (followed, "clicked")}
    assert silent.attributions.count() == 0


def test_history_that_an_import_brings_is_credited_to_nothing(rule, ada):
    send(rule, ada, NOON)
    make_order(ada, at=NOON + HOUR, is_history=True)
    assert credit_orders(NOON + DAY) == 0

    order = make_order(ada, at=NOON + HOUR)
    assert plan_all(NOON + DAY)["credited"] == 1
    assert [*credited()] == [order]
