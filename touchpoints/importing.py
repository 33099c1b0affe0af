"""Brings orders in from a CSV file: checked, staged, tied to contacts, then written set by set as history."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.addresses import AddressWrong, check_address
from contacts.staging import CsvTable, FileRefused, Refusals, RowRefused, checked, match_header, staged
from contacts.suppressing import keep_back_erased
from touchpoints import totals

# Each field, and what other tools call its column.
HEADERS = {
    "customer": [
        *("customer number", "customer id", "customer no", "customerid", "customer", "cust", "client id"),
        *("cdnow id", "kundennummer"),
    ],
    "email": ["e-mail", "email", "customer email", "email address", "mail"],
    "number": [
        *("order number", "order id", "order no", "order", "invoice", "invoiceno", "invoice no"),
        *("bestellnummer", "id"),
    ],
    "date": ["date", "order date", "ordered at", "created at", "paid at", "invoicedate", "invoice date"],
    "amount": ["amount", "subtotal", "total", "order total", "dollars", "sales value", "revenue", "price"],
    "items": ["items", "quantity", "n cds", "number of items", "qty"],
    "currency": ["currency", "currency code"],
    "status": ["status", "financial status", "order status"],
    "sku": ["sku", "product id", "stockcode", "lineitem sku"],
    "product": ["product", "product name", "item", "description", "lineitem name"],
}
NEEDED = ("date", "amount")
STATUSES = {
    **dict.fromkeys(("", "paid", "complete", "completed", "processing"), "paid"),
    **dict.fromkeys(("shipped", "fulfilled", "delivered"), "shipped"),
    **dict.fromkeys(("cancelled", "canceled", "voided"), "cancelled"),
    "refunded": "refunded",
}
COLUMNS = {
    "line": "integer",
    "external_id": "text",
    "customer": "text",
    "email": "text",
    "at": "timestamptz",
    "amount": "numeric(12,2)",
    "items": "integer",
    "currency": "text",
    "status": "text",
    "sku": "text",
    "product": "text",
    "contact_id": "bigint",
}
LARGEST = Decimal("9999999999.99")
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass
class OrdersResult:
    """What became of a file: every row read was created, was known, or was refused."""

    read: int = 0
    created: int = 0
    known: int = 0
    # Of the known ones, those whose amount in the file is another than the one kept.
    differing: int = 0
    refused: int = 0
    contacts_created: int = 0
    contacts: int = 0
    shifted: timedelta = timedelta()
    refused_path: Path | None = None
    first_refusals: list[str] = field(default_factory=list)
    unused_columns: list[str] = field(default_factory=list)


def import_orders(
    file,
    *,
    at,
    source,
    refused_path,
    progress=lambda *_: None,
    columns=None,
    currency="USD",
    create_contacts=False,
    shift_to_today=False,
):
    """Save every good row of the file as an order of `source`, told as history; returns an OrdersResult.

    Customers are found by the number that `source` gave them, else by e-mail. A row without an order number
    is known by its customer, its day and its place among that customer's rows of the day, so that the same
    file imported again doubles nothing. Shifting moves all dates by the same days, the newest to today.
    """
    table = CsvTable(file, [name for names in HEADERS.values() for name in names])
    reader = OrderReader(table.header, columns or {}, currency, latest=None if shift_to_today else at)
    result = OrdersResult(unused_columns=reader.unused_columns)
    about = {"at": at, "source": source, "origin": f"import:{Path(file).name}"[:100]}
    with staged("staged_orders", COLUMNS) as stage, Refusals(refused_path, table.header) as refusals:
        stage.fill(checked(table, reader.read, refusals), table=table, progress=progress)
        _refuse(stage, refusals, table, TWICE, _("The order number stands in line {} already."))
        # A table filled a moment ago has no statistics yet, and a join without them takes seconds.
        stage.run("ANALYZE staged_orders, contacts_identity")
        if shift_to_today:
            result.shifted = _shift(stage, about)
        _resolve(stage, about)
        if create_contacts:
            result.contacts_created = _create_contacts(stage, about)
        _refuse(stage, refusals, table, NOBODYS, _("Nobody here has the customer number or e-mail “{}”."))
        for chunk in stage.chunks():
            _write_chunk(stage, about | chunk, result)
            progress(_("Writing"), min(chunk["last"], stage.rows), stage.rows)
        result.contacts = stage.ask("SELECT count(DISTINCT contact_id) FROM staged_orders")[0][0]
    result.read, result.refused = stage.rows + refusals.count - refusals.late, refusals.count
    result.refused_path = refusals.path if refusals.count else None
    result.first_refusals = refusals.first
    return result


# One row ---------------------------------------------------------------------------------------------


class OrderReader:
    """Makes the staged columns of one row of the file, or refuses it."""

    def __init__(self, header, columns, currency, *, latest):
        self.header = header
        self.places = match_header(header, HEADERS | {name: [column] for name, column in columns.items()})
        self.currency = currency
        self.latest = latest
        self.on_the_day = {}
        self._check_header(columns)

    def _check_header(self, columns):
        names = ", ".join(filter(None, self.header))
        for name in (*columns, *NEEDED):
            if name not in self.places:
                wanted = columns.get(name, name)
                raise FileRefused(
                    _("No column holds the “%(name)s”; the header has: %(names)s.")
                    % {"name": wanted, "names": names}
                )
        if not {"customer", "email"} & self.places.keys():
            raise FileRefused(_("No column says who ordered; the header has: %(names)s.") % {"names": names})

    @property
    def unused_columns(self):
        used = self.places.values()
        return [name for place, name in enumerate(self.header) if name and place not in used]

    def read(self, line, values):
        """The row as COLUMNS lists it."""
        cell = {name: values[place].strip() for name, place in self.places.items()}
        customer, email = self._who(cell)
        moment = self._moment(cell["date"])
        amount = money(cell["amount"])
        return (
            line,
            self._external_id(cell, customer or email, moment),
            customer,
            email,
            moment.isoformat(),
            amount,
            self._items(cell),
            self._currency(cell),
            self._status(cell),
            cell.get("sku", "")[:50],
            cell.get("product", "")[:200],
            "",
        )

    def _who(self, cell):
        customer, email = cell.get("customer", "").removeprefix("'"), cell.get("email", "")
        if not customer and not email:
            raise RowRefused(_("It says neither by number nor by e-mail who ordered."))
        if len(customer) > 100:
            raise RowRefused(_("The customer number is longer than 100 letters."))
        try:
            return customer, check_address(email) if email else ""
        except AddressWrong as error:
            raise RowRefused(str(error)) from error

    def _moment(self, text):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise RowRefused(
                _("The date “%(date)s” does not read like 2026-12-31.") % {"date": text}
            ) from error
        moment = moment if moment.tzinfo else timezone.make_aware(moment)
        if self.latest and moment > self.latest:
            raise RowRefused(_("The date %(date)s is still to come.") % {"date": text})
        if not EARLIEST <= moment <= LATEST:
            raise RowRefused(_("The date %(date)s cannot be right.") % {"date": text})
        return moment

    def _external_id(self, cell, who, moment):
        """The order's number; where there is none, customer, day and place among the rows of that day."""
        if "number" in self.places:
            if not cell["number"] or len(cell["number"]) > 180:
                raise RowRefused(_("The order number is empty or longer than 180 letters."))
            return cell["number"]
        day = who, moment.date()
        self.on_the_day[day] = self.on_the_day.get(day, 0) + 1
        return f"{who[:150]}:{moment:%Y-%m-%d}:{self.on_the_day[day]}"

    def _items(self, cell):
        text = cell.get("items", "") or "1"
        try:
            items = Decimal(text)
            makes_sense = 0 <= items < 1_000_000
        except InvalidOperation as error:
            raise RowRefused(_("“%(text)s” is not a number of items.") % {"text": text}) from error
        if not makes_sense:
            raise RowRefused(_("“%(text)s” is not a number of items.") % {"text": text})
        return int(items)

    def _currency(self, cell):
        code = cell.get("currency", "").upper() or self.currency
        if not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise RowRefused(_("“%(code)s” is not a currency like USD.") % {"code": code})
        return code

    def _status(self, cell):
        status = cell.get("status", "").lower()
        if status not in STATUSES:
            raise RowRefused(
                _("The status “%(status)s” says neither paid nor cancelled.") % {"status": status}
            )
        return STATUSES[status]


# What a spreadsheet makes of a large number: its last digits are gone.
POWER = re.compile(r"\d[eE][+-]?\d")


def money(text):
    """An amount as tools write it: 29.33, $1,234.50, 12,50 €, 1.234,50 €."""
    if POWER.search(text):
        raise RowRefused(_("“%(text)s” is not an amount.") % {"text": text})
    plain = "".join(letter for letter in text if letter in "0123456789.,-")
    if plain.rfind(",") > plain.rfind(".") > -1:
        plain = plain.replace(".", "").replace(",", ".")
    elif "," in plain and "." not in plain and len(plain.rpartition(",")[2]) != 3:
        plain = plain.replace(",", ".")
    try:
        amount = Decimal(plain.replace(",", ""))
    except InvalidOperation as error:
        raise RowRefused(_("“%(text)s” is not an amount.") % {"text": text}) from error
    if not 0 <= amount <= LARGEST:
        raise RowRefused(_("The amount “%(text)s” is below nothing or beyond all measure.") % {"text": text})
    return amount


# What only the database can judge --------------------------------------------------------------------

TWICE = """
    SELECT s.line, first.line FROM staged_orders s JOIN (
        SELECT external_id, min(line) AS line FROM staged_orders GROUP BY external_id HAVING count(*) > 1
    ) first ON first.external_id = s.external_id AND first.line < s.line
"""
NOBODYS = """
    SELECT line, coalesce(nullif(customer, ''), email) FROM staged_orders WHERE contact_id IS NULL
"""


def _refuse(stage, refusals, table, question, words):
    reasons = {line: words.format(other) for line, other in stage.ask(question)}
    refusals.refuse_late(reasons, table=table, stage=stage)


# Dates -----------------------------------------------------------------------------------------------

# The days by which this file was shifted when it was imported before.
SHIFTED_BEFORE = """
    SELECT o.at - s.at FROM staged_orders s
    JOIN touchpoints_order o ON o.source = %(source)s AND o.external_id = s.external_id
    ORDER BY s.line LIMIT 1
"""


def _shift(stage, about):
    """Move every date by the same days, the newest to today; a file seen before by the days of that time."""
    before = stage.ask(SHIFTED_BEFORE, about)
    newest = stage.ask("SELECT max(at) FROM staged_orders")[0][0]
    if newest is None:
        return timedelta()
    days = before[0][0] if before else _days_until(newest, about["at"])
    stage.run("UPDATE staged_orders SET at = at + %s", [days])
    return days


def _days_until(newest, at):
    """Whole days from the newest order to today, and no order later than now."""
    midnight = datetime.combine(at.astimezone(UTC).date(), time(), UTC)
    days = timedelta((midnight.date() - newest.astimezone(UTC).date()).days)
    return days if newest + days <= at else days - timedelta(1)


# Who ordered -----------------------------------------------------------------------------------------

BY_CUSTOMER = """
    UPDATE staged_orders s SET contact_id = i.contact_id FROM contacts_identity i
    WHERE s.contact_id IS NULL AND s.customer > '' AND i.kind = 'shop_id' AND i.source = %(source)s
        AND i.value = s.customer
"""
BY_EMAIL = """
    UPDATE staged_orders s SET contact_id = i.contact_id FROM contacts_identity i
    WHERE s.contact_id IS NULL AND s.email > '' AND i.kind = 'email' AND i.source = '' AND i.value = s.email
"""
# Whoever wins the identity's unique key makes the contact. They have agreed to nothing.
CREATE = """
    WITH fresh AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('contacts_contact', 'id')) AS contact_id, missing.*
        FROM (
            SELECT {value} AS value, min(at) AS known_since FROM staged_orders
            WHERE contact_id IS NULL AND {value} > '' GROUP BY {value} ORDER BY {value}
        ) missing
    ), claimed AS (
        INSERT INTO contacts_identity (contact_id, kind, source, value, is_primary, created_at)
        SELECT contact_id, '{kind}', {source}, value, '{kind}' = 'email', %(at)s FROM fresh
        ON CONFLICT (kind, source, value) DO NOTHING
        RETURNING contact_id
    )
    INSERT INTO contacts_contact (
        id, uuid, email, first_name, last_name, level, language, country, time_zone,
        first_source, last_source, origin, created_at, updated_at
    )
    SELECT contact_id, gen_random_uuid(), CASE '{kind}' WHEN 'email' THEN value ELSE '' END, '', '', 'guest',
        '', '', '', '{{}}', '{{}}', %(origin)s, known_since, now()
    FROM fresh JOIN claimed USING (contact_id)
"""
NOBODYS_ADDRESSES = "SELECT DISTINCT email FROM staged_orders WHERE contact_id IS NULL AND email > ''"
CREATE_BY_EMAIL = CREATE.format(value="email", kind="email", source="''")
CREATE_BY_CUSTOMER = CREATE.format(value="customer", kind="shop_id", source="%(source)s")
ADD_NUMBERS = """
    INSERT INTO contacts_identity (contact_id, kind, source, value, is_primary, created_at)
    SELECT DISTINCT ON (customer) contact_id, 'shop_id', %(source)s, customer, false, %(at)s::timestamptz
    FROM staged_orders WHERE customer > '' AND contact_id IS NOT NULL ORDER BY customer, line
    ON CONFLICT (kind, source, value) DO NOTHING
"""


def _resolve(stage, about):
    stage.run(BY_CUSTOMER, about)
    stage.run(BY_EMAIL, about)


@transaction.atomic
def _create_contacts(stage, about):
    """Make a contact for each customer nobody knows; returns how many."""
    keep_back_erased(lambda: [email for (email,) in stage.ask(NOBODYS_ADDRESSES)], at=about["at"])
    created = stage.run(CREATE_BY_EMAIL, about)
    stage.run(BY_EMAIL, about)
    created += stage.run(CREATE_BY_CUSTOMER, about)
    stage.run("ANALYZE contacts_identity")
    stage.run(BY_CUSTOMER, about)
    stage.run(ADD_NUMBERS, about)
    return created


# Writing ---------------------------------------------------------------------------------------------

WRITE = """
    WITH chunk AS MATERIALIZED (
        SELECT s.*, p.id AS product_id, coalesce(nullif(s.product, ''), p.name, s.sku) AS name
        FROM staged_orders s LEFT JOIN touchpoints_product p ON s.sku > '' AND p.sku = s.sku
        WHERE n >= %(first)s AND n < %(last)s
    ), saved AS (
        INSERT INTO touchpoints_order (
            contact_id, source, external_id, status, at, recorded_at, currency, rate, amount, refunded, tax,
            shipping, items, is_history
        )
        SELECT contact_id, %(source)s, external_id, status, at, now(), currency, 1, amount,
            CASE status WHEN 'refunded' THEN amount ELSE 0 END, 0, 0, items, true
        FROM chunk ORDER BY contact_id, external_id
        ON CONFLICT (source, external_id) DO NOTHING
        RETURNING id, external_id, contact_id
    ), new AS (
        SELECT chunk.*, saved.id AS order_id FROM saved JOIN chunk USING (external_id)
    ), lines AS (
        INSERT INTO touchpoints_orderline (order_id, product_id, number, name, quantity, amount)
        SELECT order_id, product_id, 1, name, items, amount FROM new WHERE name > ''
    ), told AS (
        INSERT INTO touchpoints_touchpoint (
            contact_id, kind, at, recorded_at, source, external_id, is_history, data
        )
        SELECT contact_id, 'ordered', at, now(), %(source)s, 'order:' || external_id, true,
            jsonb_build_object(
                'order', external_id, 'order_id', order_id, 'amount', amount::text, 'currency', currency,
                'items', items, 'names', CASE WHEN name > '' THEN jsonb_build_array(name) ELSE '[]' END
            )
        FROM new ORDER BY external_id
        ON CONFLICT (source, external_id) DO NOTHING
    )
    SELECT contact_id FROM saved
"""
DIFFERING = """
    SELECT count(*) FROM staged_orders s
    JOIN touchpoints_order o ON o.source = %(source)s AND o.external_id = s.external_id
    WHERE n >= %(first)s AND n < %(last)s AND o.amount <> s.amount
"""


def _write_chunk(stage, about, result):
    """Save the orders of one chunk, tell them, and work out their contacts' totals, in one transaction."""
    with transaction.atomic():
        rows = stage.count(about)
        owners = [contact for (contact,) in stage.ask(WRITE, about)]
        totals.recompute(owners)
        result.differing += stage.ask(DIFFERING, about)[0][0]
    result.created += len(owners)
    result.known += rows - len(owners)
