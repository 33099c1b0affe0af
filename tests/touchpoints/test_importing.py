"""Orders from a CSV file: every row accounted for, nothing doubled, totals right."""

import csv
import gzip
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from contacts.erasing import erase
from contacts.models import Consent, Contact, Identity
from contacts.staging import FileRefused, RowRefused
from contacts.suppressing import is_suppressed
from tests.make import DAY, NOON, make_product
from touchpoints.importing import import_orders, money
from touchpoints.models import Order, OrderLine, Totals, Touchpoint

CDNOW = Path(__file__).resolve().parents[2] / "demo/data/cdnow_sample.csv.gz"


@pytest.fixture
def run(tmp_path):
    """Import these lines, or a file; returns the result."""

    def run(*lines, **options):
        file = lines[0] if isinstance(lines[0], Path) else tmp_path / "orders.csv"
        if file.parent == tmp_path:
            file.write_text("\n".join(lines))
        options = {"at": NOON, "source": "shop", "refused_path": tmp_path / "refused.csv"} | options
        return import_orders(file, **options)

    return run


def counts(result):
    return result.read, result.created, result.known, result.refused


def test_orders_are_history_and_counted(run, ada):
    result = run("email,order id,date,amount,items", "Ada@Example.com,1001,2026-01-05,29.33,2")

    order = Order.objects.get()
    told = Touchpoint.objects.get()
    assert counts(result) == (1, 1, 0, 0)
    assert (order.contact, order.external_id, order.amount, order.items) == (ada, "1001", Decimal("29.33"), 2)
    assert order.is_history
    assert (told.kind, told.is_history, told.external_id) == ("ordered", True, "order:1001")
    assert told.data["amount"] == "29.33"
    assert told.data["names"] == []
    assert Totals.objects.get(contact=ada).revenue == Decimal("29.33")


def test_rows_of_one_customer_on_one_day_are_all_kept(run, ada):
    file = ["email,date,amount", f"{ada.email},2026-01-05,10", f"{ada.email},2026-01-05,10"]

    first, again = run(*file), run(*file)

    assert counts(first) == (2, 2, 0, 0)
    assert counts(again) == (2, 0, 2, 0)
    assert Order.objects.count() == Touchpoint.objects.count() == 2


def test_a_customer_is_found_by_the_number_the_shop_gave(run, ada):
    Identity.objects.create(contact=ada, kind="shop_id", source="shop", value="77", created_at=NOON)

    result = run("customer id,date,amount", "77,2026-01-05,10", "78,2026-01-05,10")

    assert counts(result) == (2, 1, 0, 1)
    assert result.first_refusals == ["Nobody here has the customer number or e-mail “78”. Line 3."]


def test_unknown_customers_become_contacts_who_agreed_to_nothing(run, ada):
    result = run(
        "customer,email,date,amount",
        "77,dana@example.com,2026-01-05,10",
        "77,dana@example.com,2026-01-06,10",
        "78,,2026-01-05,10",
        f"79,{ada.email},2026-01-05,10",
        create_contacts=True,
    )

    assert (*counts(result), result.contacts_created, result.contacts) == (4, 4, 0, 0, 2, 3)
    dana = Contact.objects.get(email="dana@example.com")
    numbers = Identity.objects.filter(kind="shop_id").order_by("value").values_list("value", "contact__email")
    assert [*numbers] == [("77", "dana@example.com"), ("78", ""), ("79", ada.email)]
    assert dana.created_at == datetime(2026, 1, 5, tzinfo=UTC)
    assert not Consent.objects.filter(contact=dana).exists()


def test_lines_name_what_was_bought(run, ada):
    product = make_product(sku="CD1", name="Late Ferry")

    run(
        "email,order id,date,amount,sku,product",
        f"{ada.email},1,2026-01-05,10,CD1,",
        f"{ada.email},2,2026-01-05,10,,A poster",
    )

    lines = OrderLine.objects.order_by("order__external_id").values_list("product", "name")
    assert [*lines] == [(product.pk, "Late Ferry"), (None, "A poster")]
    assert Touchpoint.objects.get(external_id="order:1").data["names"] == ["Late Ferry"]


@pytest.mark.parametrize(
    "row, reason",
    [
        ("ada@example.com,,2026-01-05,10,paid", "The order number is empty or longer than 180 letters."),
        (",1,2026-01-05,10,paid", "It says neither by number nor by e-mail who ordered."),
        ("ada@example.com,1,5 Jan,10,paid", "The date “5 Jan” does not read like 2026-12-31."),
        ("ada@example.com,1,2027-01-05,10,paid", "The date 2027-01-05 is still to come."),
        ("ada@example.com,1,2026-01-05,ten,paid", "“ten” is not an amount."),
        ("ada@example.com,1,2026-01-05,-1,paid", "The amount “-1” is below nothing or beyond all measure."),
        (
            "ada@example.com,1,0001-01-01T00:00:00+12:00,10,paid",
            "The date 0001-01-01T00:00:00+12:00 cannot be right.",
        ),
        ("ada@example.com,1,2026-01-05,10,lost", "The status “lost” says neither paid nor cancelled."),
    ],
)
def test_a_bad_row_is_refused_with_its_reason_and_the_rest_goes_on(run, ada, tmp_path, row, reason):
    result = run("email,order id,date,amount,status", row, "ada@example.com,2,2026-01-05,10,paid")

    assert counts(result) == (2, 1, 0, 1)
    refused = [*csv.reader((tmp_path / "refused.csv").open(encoding="utf-8-sig"))]
    assert refused[1][:2] == ["2", reason]


def test_an_order_number_that_comes_twice_is_taken_once(run, ada):
    row = f"{ada.email},1,2026-01-05,10"

    result = run("email,order id,date,amount", row, row)

    assert counts(result) == (2, 1, 0, 1)
    assert result.first_refusals == ["The order number stands in line 2 already. Line 3."]


def test_cancelled_and_refunded_orders_bring_no_revenue(run, ada):
    run(
        "email,order id,date,amount,status",
        f"{ada.email},1,2026-01-05,10,cancelled",
        f"{ada.email},2,2026-01-05,10,refunded",
        f"{ada.email},3,2026-01-05,10,fulfilled",
    )

    totals = Totals.objects.get(contact=ada)
    assert (totals.orders, totals.revenue) == (1, Decimal("10"))


def test_another_amount_for_a_known_order_is_said_and_changes_nothing(run, ada):
    run("email,order id,date,amount", f"{ada.email},1,2026-01-05,10")

    result = run("email,order id,date,amount", f"{ada.email},1,2026-01-05,11")

    assert (result.known, result.differing) == (1, 1)
    assert Order.objects.get().amount == 10


def test_a_file_without_what_is_needed_is_refused_whole(run, ada):
    with pytest.raises(FileRefused, match="amount"):
        run("email,date", f"{ada.email},2026-01-05")
    with pytest.raises(FileRefused, match="who ordered"):
        run("date,amount", "2026-01-05,10")


def test_shifted_dates_stay_where_they_were_put(run, ada):
    file = ["email,date,amount", f"{ada.email},1997-01-05,10", f"{ada.email},1998-06-30,10"]

    first = run(*file, shift_to_today=True)
    again = run(*file, at=NOON + 3 * DAY, shift_to_today=True)

    days = [at.date() for at in Order.objects.order_by("at").values_list("at", flat=True)]
    assert days == [NOON.date() - timedelta(541), NOON.date()]
    assert first.shifted == again.shifted
    assert counts(again) == (2, 0, 2, 0)


def test_no_shifted_order_lies_ahead(run, ada):
    run("email,date,amount", f"{ada.email},1998-06-30T23:00:00,10", shift_to_today=True)

    assert Order.objects.get().at == NOON - timedelta(hours=13)


@pytest.mark.parametrize(
    "text, amount",
    [
        ("29.33", "29.33"),
        ("$1,234.50", "1234.50"),
        ("12,50 €", "12.50"),
        ("1.234,50 €", "1234.50"),
        ("1,234", "1234"),
        ("0", "0"),
    ],
)
def test_amounts_as_tools_write_them(text, amount):
    assert money(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "free", "1.2.3", "1,2.3,4", "--1", "99999999999", "1E+05"])
def test_what_is_no_amount(text):
    with pytest.raises(RowRefused):
        money(text)


@pytest.mark.django_db
def test_the_cdnow_sample_is_accounted_for_row_by_row(run):
    result = run(CDNOW, source="cdnow", create_contacts=True, shift_to_today=True)

    rows = [*csv.DictReader(gzip.open(CDNOW, "rt"))]
    spent, bought = defaultdict(Decimal), defaultdict(int)
    for row in rows:
        spent[row["cdnow_id"]] += Decimal(row["dollars"])
        bought[row["cdnow_id"]] += 1
    assert counts(result) == (6919, 6919, 0, 0)
    assert (result.contacts, Contact.objects.count()) == (2357, 2357)
    totals = Identity.objects.filter(kind="shop_id", source="cdnow").values_list(
        "value", "contact__totals__orders", "contact__totals__revenue"
    )
    assert sorted(totals) == sorted((key, bought[key], spent[key]) for key in bought)
    assert Order.objects.latest("at").at.date() == NOON.date()
    assert counts(run(CDNOW, source="cdnow", create_contacts=True, shift_to_today=True)) == (6919, 0, 6919, 0)


def test_the_command_says_what_became_of_the_file(tmp_path, ada, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text(f"who,when,paid\n{ada.email},2026-01-05,10\nx,2026-01-05,10\n")
    out = StringIO()
    columns = ["--column", "email=who", "--column", "date=when", "--column", "amount=paid"]

    call_command("import_orders", "orders.csv", "--source", "shop", *columns, stdout=out, stderr=StringIO())

    assert out.getvalue().startswith("2 rows read: 1 orders saved, 0 known already, 1 refused.")
    assert Path("orders.refused.csv").exists()


def test_the_command_refuses_a_field_it_does_not_know(tmp_path, db):
    with pytest.raises(CommandError, match="fields are"):
        call_command("import_orders", "x.csv", "--source", "shop", "--column", "colour=red")


@pytest.mark.parametrize("items", ["1e99999999", "NaN", "sNaN", "-1", "Infinity", "some"])
def test_what_is_no_number_of_items_costs_its_row_only(run, ada, items):
    result = run(
        "email,date,amount,items", f"ada@example.com,2026-01-05,10,{items}", "ada@example.com,2026-01-05,10,2"
    )

    assert (result.refused, result.created) == (1, 1)


def test_a_buyer_who_was_erased_comes_back_suppressed_and_keeps_the_orders_of_before(run, ada):
    line = "ada@example.com,1001,2026-01-05,29.33,2"
    run("email,order id,date,amount,items", line)
    erase(ada, at=NOON)

    again = run("email,order id,date,amount,items", line, create_contacts=True)

    assert counts(again) == (1, 0, 1, 0)
    assert is_suppressed("ada@example.com", service=True)
    assert (Order.objects.get().contact, Touchpoint.objects.get().external_id) == (ada, "order:1001")
