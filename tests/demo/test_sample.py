"""The sample: real purchases, invented lives, and nothing of it is ever sent."""

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal

import pandas as pd
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Sum
from django.urls import reverse

from campaigns import costing, outcomes, results
from campaigns.deciding import is_control
from campaigns.models import Attribution, Delivery, LifecycleRule, Response
from campaigns.ticking import tick
from campaigns.verifying import verify
from contacts.models import Consent, Contact, Identity, Suppression
from contacts.preferences import preferences_path
from demo import sample
from demo.buyers import PURCHASES
from segmentation.models import RfmScore
from tests.make import DAY, HOUR, NOON
from touchpoints.models import Order, OrderLine, Product, Totals, Touchpoint

TABLES = (Contact, Identity, Consent, Suppression, Touchpoint, Product, Order, OrderLine, Delivery, RfmScore)


def load(at=NOON):
    return dict(sample.load(at, lambda *_: None))


def number_from_one(*tables):
    """As in a database made anew: who is held out follows from the numbers of the rows and of the people."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), 1, false)", [table])


def counts():
    return {table.__name__: table.objects.count() for table in TABLES}


@pytest.fixture(scope="module")
def base(django_db_setup, django_db_blocker):
    """The sample, loaded once for all tests here; each of them undoes what it does."""
    with django_db_blocker.unblock(), transaction.atomic():
        number_from_one("contacts_contact", "campaigns_lifecyclerule")
        load()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def loaded(base, db):
    """The sample as it was loaded."""


def test_every_buyer_and_purchase_of_cdnow_is_there(loaded):
    assert Contact.objects.filter(origin="sample: CDNOW buyer, name invented").count() == 2357
    assert Order.objects.filter(source="cdnow").count() == 6919


def test_totals_equal_what_pandas_makes_of_the_file(loaded):
    rows = pd.read_csv(PURCHASES, dtype=str)
    rows["cents"] = rows["dollars"].map(lambda text: int(Decimal(text) * 100))
    rows["day"] = pd.to_datetime(rows["date"])
    shift = pd.Timestamp(NOON.date()) - rows["day"].max()
    expected = {
        number: (len(group), group["cents"].sum(), *(group["day"] + shift).agg(["min", "max"]))
        for number, group in rows.groupby("cdnow_id")
    }

    numbers = dict(Identity.objects.filter(kind="shop_id").values_list("contact_id", "value"))
    found = {
        numbers[totals.contact_id]: (
            totals.orders,
            int(totals.revenue * 100),
            pd.Timestamp(totals.first_order_at.date()),
            pd.Timestamp(totals.last_order_at.date()),
        )
        for totals in Totals.objects.filter(contact_id__in=numbers)
    }

    assert found == expected


def test_the_lines_of_an_order_add_up_to_it(loaded):
    orders = Order.objects.annotate(lines_amount=Sum("lines__amount"), lines_items=Sum("lines__quantity"))

    assert [o for o in orders if (o.amount, o.items) != (o.lines_amount, o.lines_items)] == []


def test_nobody_lives_outside_the_reserved_domain_and_everyone_says_what_is_invented(loaded):
    assert Contact.objects.exclude(email__endswith="@example.com").count() == 0
    assert set(Contact.objects.values_list("origin", flat=True)) == {
        "sample: CDNOW buyer, name invented",
        "sample: invented",
    }


def test_three_hundred_signed_up_within_the_last_60_days(loaded):
    signed_up = Touchpoint.objects.filter(kind="signed_up")

    assert signed_up.filter(at__gt=NOON - timedelta(days=61), at__lt=NOON).count() == 300
    assert Touchpoint.objects.filter(at__gt=NOON).count() == 0


def test_a_year_of_sign_ups_came_before_them(loaded):
    earlier = Touchpoint.objects.filter(kind="signed_up", at__lt=NOON - timedelta(days=61))

    assert earlier.count() == 1100
    assert earlier.filter(at__lt=NOON - timedelta(days=366)).count() == 0


def test_loading_again_adds_nothing(loaded):
    before = counts()

    load(NOON + DAY)

    assert counts() == before


def test_nothing_of_the_sample_is_ever_sent(loaded, mailbox):
    before = Delivery.objects.count()

    for days in range(9):
        tick(NOON + timedelta(days=days, minutes=1))

    assert (len(mailbox), Delivery.objects.count()) == (0, before)


def test_messages_of_the_past_say_that_they_are_invented(loaded):
    states = Counter(Delivery.objects.values_list("status", flat=True))

    assert Delivery.objects.exclude(evidence__sample=True).count() == 0
    assert set(states) == {"sent", "skipped", "held_out", "failed"}
    assert Delivery.objects.filter(status="sent", merge_values={}).count() == 0


def test_the_welcome_of_the_past_was_only_sent_to_who_had_confirmed(loaded):
    welcomes = Delivery.objects.filter(rule__trigger="confirmed", reminder_number=0, channel="email")

    assert welcomes.count() == Touchpoint.objects.filter(kind="confirmed").count()
    assert all(w.touchpoint.at < w.sending_at for w in welcomes.select_related("touchpoint"))


def test_the_ledger_keeps_its_promises(loaded):
    assert [promise for promise, broken in verify() if broken] == []


def test_nobody_clicked_before_the_message_went(loaded):
    clicks = Response.objects.filter(kind="clicked").select_related("delivery")

    assert [click for click in clicks if click.at <= click.delivery.sending_at] == []


def decided():
    """What the gate let pass, or held out, of rows that hold anybody out."""
    rows = Delivery.objects.filter(rule__control_share__gt=0, status__in=["sent", "failed", "held_out"])
    return rows.select_related("rule")


def test_who_was_held_out_in_the_past_is_who_would_be_now(loaded):
    held = {
        delivery.pk
        for delivery in decided()
        if is_control(f"rule:{delivery.rule_id}", delivery.contact_id, delivery.rule.control_share)
    }

    assert len(held) > 200
    assert held == set(decided().filter(status="held_out").values_list("pk", flat=True))


def test_every_row_of_the_textbook_spoke_by_each_of_its_media(loaded):
    said = Delivery.objects.filter(status="sent").values_list("rule__name", "channel")

    assert set(said) >= {
        ("Welcome message", "email"),
        ("Welcome message", "panel"),
        ("Engagement message", "email"),
        ("Engagement message", "panel"),
        ("Initial cross-sell message", "email"),
        ("Conversion", "email"),
        ("Conversion", "phone"),
    }


def test_calls_were_made_to_who_had_said_yes_while_the_shop_was_open(loaded):
    calls = Delivery.objects.filter(channel="phone", sending_at__isnull=False)

    assert calls.count() > 20
    assert {call.address for call in calls} <= set(
        Identity.objects.filter(kind="phone").values_list("value", flat=True)
    )
    assert {call.sending_at.astimezone(call.sender.zone).hour for call in calls} <= {*range(10, 18)}
    assert Touchpoint.objects.filter(kind="called").count() == calls.filter(status="sent").count()


def test_nothing_was_reached_but_by_something_that_happened_within_its_span(loaded):
    reached = decided().filter(outcome_at__isnull=False).select_related("outcome_touchpoint")

    assert {each.outcome_touchpoint.kind for each in reached} == {"visited", "joined"}
    late = [
        each
        for each in reached
        if not (each.sending_at or each.finished_at)
        < each.outcome_touchpoint.at
        <= (each.sending_at or each.finished_at) + each.rule.outcome_within
    ]
    assert late == []


def test_the_results_have_something_to_say(loaded):
    found = {
        rule.name: results.of_rule(rule, NOON) for rule in LifecycleRule.objects.filter(control_share__gt=0)
    }

    assert found["Engagement message"].state == "decided"
    assert found["Conversion"].state == "undecided"
    assert "more people needed" in found["Conversion"].words
    assert costing.effort_of(LifecycleRule.objects.get(name="Conversion"), NOON).cost > 10


def test_who_joined_is_a_full_member_and_who_was_asked_answered(loaded):
    joined = Touchpoint.objects.filter(kind="joined")

    assert joined.exists()
    assert set(joined.values_list("contact__level", flat=True)) == {"full"}
    assert Response.objects.filter(kind="replied", touchpoint__kind="feedback").count() > 10


def test_the_rules_are_on_for_what_happens_from_now(loaded):
    assert set(LifecycleRule.objects.values_list("status", flat=True)) == {"active"}


def test_the_command_says_what_it_did(loaded, capsys):
    call_command("load_sample")

    assert "Their real purchases: 6,919" in capsys.readouterr().out


def test_what_is_also_counted_of_the_past_is_seen(loaded):
    rule = LifecycleRule.objects.get(name="Initial cross-sell message")

    feedback = outcomes.counted(rule, rule.activated_at, NOON)[1]

    answers = Touchpoint.objects.filter(kind="feedback", data__rule_id=rule.pk)
    assert feedback.sent_reached == answers.values("contact").distinct().count()
    assert feedback.held_out_reached == 0


@pytest.mark.parametrize(
    ("channel", "status"),
    [("email", "sent"), ("email", "held_out"), ("panel", "sent"), ("phone", "sent"), ("phone", "failed")],
)
def test_whatever_was_said_in_the_past_has_pages_that_tell_of_it(loaded, as_marketer, channel, status):
    delivery = Delivery.objects.filter(channel=channel, status=status).latest("due_at")

    told = as_marketer.get(reverse("campaigns:delivery-detail", args=[delivery.uuid]))
    person = as_marketer.get(delivery.contact.get_absolute_url())

    assert (told.status_code, person.status_code) == (200, 200)
    assert delivery.rule.name in told.text


def test_the_preference_page_of_who_was_called_says_so(loaded, client):
    call = Delivery.objects.filter(channel="phone", status="sent").latest("due_at")

    page = client.get(preferences_path(call.contact)).text

    assert "we called you" in page
    assert f"You are called at +1 … {call.address[-2:]}." in page


def test_orders_are_credited_to_what_was_sent_before_them(loaded):
    credited = Attribution.objects.select_related("order", "delivery")

    assert credited.count() > 100
    assert all(each.delivery.contact_id == each.order.contact_id for each in credited)
    assert all(each.delivery.sending_at < each.order.at for each in credited)
    assert {each.basis for each in credited} == {"clicked", "sent"}


def test_the_rows_of_the_textbook_earned_more_than_they_cost(loaded):
    found = {rule.name: costing.effort_of(rule, NOON) for rule in LifecycleRule.objects.all()}

    for name in ("Welcome message", "Engagement message", "Initial cross-sell message", "Conversion"):
        assert (found[name].unknown_costs, found[name].contribution > 0) == (0, True), name


def test_more_of_those_who_were_told_bought_than_of_those_held_out(loaded):
    for name in ("Engagement message", "Conversion"):
        found = results.of_rule(LifecycleRule.objects.get(name=name), NOON)

        assert found.is_margin, name
        assert found.other.amount > 0, name
        assert found.one.each > found.other.each, name


def ordered_by_newcomers():
    return Order.objects.filter(source="shop", contact__origin="sample: invented")


def test_newcomers_order_records_of_the_catalogue_at_its_prices_and_costs(loaded):
    orders = ordered_by_newcomers().prefetch_related("lines__product")
    told = dict(Touchpoint.objects.filter(kind="ordered").values_list("external_id", "data"))

    assert 100 < orders.count() < 400
    for order in orders:
        lines = order.lines.order_by("number")
        assert 1 <= len(lines) == order.items <= 2
        assert order.amount == sum(line.product.price for line in lines)
        assert order.cost == sum(line.product.cost for line in lines)
        said = told[f"order:{order.external_id}"]
        assert (said["order_id"], said["amount"]) == (order.pk, str(order.amount))
        assert said["names"] == [line.product.name for line in lines]


def test_the_totals_of_newcomers_count_what_they_ordered(loaded):
    orders = ordered_by_newcomers().values_list("contact").annotate(Sum("amount"))

    assert dict(orders) == dict(
        Totals.objects.filter(contact__origin="sample: invented", orders__gt=0).values_list(
            "contact", "revenue"
        )
    )
    assert not ordered_by_newcomers().exclude(is_history=True).exists()


def test_who_ordered_after_a_visit_had_no_conversion_for_it(loaded):
    """The trigger asks for no order from the visit on until two days after it, and until the message goes."""
    ordered = defaultdict(list)
    for contact, at in ordered_by_newcomers().values_list("contact", "at"):
        ordered[contact].append(at)
    answered = Delivery.objects.filter(rule__name="Conversion", contact__in=ordered).select_related(
        "touchpoint"
    )

    assert answered.count() > 50
    wrong = [
        each
        for each in answered
        if any(each.touchpoint.at - HOUR / 6 <= at <= gone_at(each) for at in ordered[each.contact_id])
    ]
    assert wrong == []


def gone_at(delivery):
    return delivery.sending_at or max(delivery.due_at, delivery.finished_at)
