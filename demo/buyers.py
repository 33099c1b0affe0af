"""The real buyers of the CDNOW sample, under invented names, with their purchases and what they agreed to."""

import csv
import gzip
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory

from django.db import connection, transaction

from contacts.importing import import_contacts
from contacts.models import Channel, Consent, Contact, Identity, Suppression, Topic
from contacts.suppressing import suppress
from demo.catalogue import MEMBERSHIP
from demo.people import DATA, chance, invent
from touchpoints.importing import import_orders

PURCHASES = DATA / "cdnow_sample.csv.gz"
SOURCE = "cdnow"
ORIGIN = "sample: CDNOW buyer, name invented"
SAMPLE = "sample"
PROOF = {"proof": "invented for the sample"}
# How many of a hundred buyers agreed to a topic, and how many of those took it back.
AGREED = {"news": 74, "offers": 33}
LEFT = 8
BOUNCED, COMPLAINED = 11, 4


class SampleRefused(ValueError):
    """Rows of the sample were refused, which never happens to files that are whole."""


def import_buyers(at, progress):
    """Import every buyer of the sample under an invented name; returns how many there are."""
    with TemporaryDirectory() as folder:
        file = f"{folder}/buyers.csv"
        count = write_buyers(file, at)
        result = import_contacts(
            file, at=at, origin=ORIGIN, source=SOURCE, refused_path=f"{folder}/refused.csv", progress=progress
        )
    if result.refused:
        raise SampleRefused(result.first_refusals)
    return count


def write_buyers(file, at):
    """Write the buyers as a CSV file such as any shop exports; returns how many."""
    first_days, newest = first_purchases()
    shift = timedelta(days=(at.astimezone(UTC).date() - newest.date()).days)
    people = invent(len(first_days))
    with open(file, "w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["Customer number", "E-mail", "First name", "Last name", "Known since"])
        for (number, day), person in zip(first_days.items(), people, strict=True):
            known_since = (day + shift).isoformat()
            rows.writerow([number, person.email, person.first_name, person.last_name, known_since])
    return len(first_days)


def first_purchases():
    """({customer number: day of the first purchase}, the newest day of all)."""
    first_days, newest = {}, datetime(1997, 1, 1, tzinfo=UTC)
    with gzip.open(PURCHASES, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)
            first_days[row["cdnow_id"]] = min(day, first_days.get(row["cdnow_id"], day))
            newest = max(newest, day)
    return first_days, newest


def import_purchases(at, progress):
    """Import their real purchases, moved so that the newest is today's; returns how many there are."""
    with TemporaryDirectory() as folder:
        result = import_orders(
            PURCHASES,
            at=at,
            source=SOURCE,
            refused_path=f"{folder}/refused.csv",
            progress=progress,
            shift_to_today=True,
        )
    if result.refused:
        raise SampleRefused(result.first_refusals)
    return result.read


# What was on the orders ------------------------------------------------------------------------------


def choice(words):
    """SQL for a number that is the same for the same words, on every machine."""
    return f"('x' || substr(md5({words}), 1, 7))::bit(28)::int"


# As many records as were bought, most of them from the shelf a buyer likes. Neighbouring lines take places
# beside each other, so that no record stands twice on an order; what it cost is shared among its lines.
_PICK = f"""
WITH shelf AS MATERIALIZED (
    SELECT id, name, dense_rank() OVER (ORDER BY category) - 1 AS genre,
           row_number() OVER (PARTITION BY category ORDER BY sku) - 1 AS place
    FROM touchpoints_product WHERE invented AND category <> %(membership)s
), bare AS MATERIALIZED (
    SELECT o.id, o.external_id, o.amount, o.items, least(o.items, 8) AS titles,
           {choice("split_part(o.external_id, ':', 1)")} AS taste
    FROM touchpoints_order o
    WHERE o.source = %(source)s AND o.items > 0
      AND NOT EXISTS (SELECT FROM touchpoints_orderline line WHERE line.order_id = o.id)
), line AS (
    SELECT bare.*, n, items / titles + (n <= items %% titles)::int AS quantity,
           CASE WHEN {choice("external_id || ':' || n")} %% 10 < 6 THEN taste
                ELSE {choice("external_id || '/' || n")} END %% 8 AS genre,
           ({choice("external_id")} + n) %% 8 AS place
    FROM bare CROSS JOIN LATERAL generate_series(1, titles) AS n
), priced AS (
    SELECT line.*, round(amount * quantity / items, 2) AS share FROM line
)
INSERT INTO touchpoints_orderline (order_id, product_id, number, name, quantity, amount)
SELECT priced.id, shelf.id, n, shelf.name, quantity,
       share + CASE WHEN n = titles THEN amount - sum(share) OVER (PARTITION BY priced.id) ELSE 0 END
FROM priced JOIN shelf USING (genre, place)
ORDER BY priced.id, n
"""
# What the touchpoint tells of an order, now that it is known.
_TELL = """
UPDATE touchpoints_touchpoint t SET data = t.data || jsonb_build_object('names', named.names)
FROM (
    SELECT 'order:' || o.external_id AS told, jsonb_agg(line.name ORDER BY line.number) AS names
    FROM touchpoints_order o JOIN touchpoints_orderline line ON line.order_id = o.id
    WHERE o.source = %(source)s GROUP BY o.id
) named
WHERE t.source = %(source)s AND t.external_id = named.told AND t.data->'names' IS DISTINCT FROM named.names
"""
# Tables that were empty a moment ago: without a look at them the planner joins them row by row.
_LOOK = "ANALYZE touchpoints_product, touchpoints_order, touchpoints_orderline, touchpoints_touchpoint"


def fill_orders():
    """Put invented records on the lines of the real orders; returns how many orders had none."""
    with transaction.atomic(), connection.cursor() as cursor:
        values = {"source": SOURCE, "membership": MEMBERSHIP}
        for statement in (_LOOK, _PICK, _LOOK, _TELL):
            cursor.execute(statement, values)
        return cursor.rowcount


# What they agreed to ---------------------------------------------------------------------------------


@transaction.atomic
def agree(at):
    """Invent what each buyer agreed to and took back; who has an entry already is left alone."""
    topics = {topic.key: topic for topic in Topic.objects.filter(key__in=AGREED)}
    buyers = Contact.objects.filter(origin=ORIGIN, consents=None).select_related("totals").order_by("pk")
    entries = [entry for buyer in buyers for entry in answers_of(buyer, topics, at)]
    return len(Consent.objects.bulk_create(entries, batch_size=2000))


def answers_of(buyer, topics, at):
    """The entries of one buyer's log, all on or after the day of the first purchase."""
    choose = chance("consent", buyer.email)
    since = buyer.totals.first_order_at
    for key, topic in topics.items():
        if choose.randrange(100) >= AGREED[key]:
            continue
        yield consent_of(buyer, topic, Consent.Action.GIVEN, since)
        if choose.randrange(100) < LEFT:
            left_at = since + (at - since) * choose.random()
            yield consent_of(buyer, topic, Consent.Action.WITHDRAWN, left_at)


def consent_of(buyer, topic, action, at):
    return Consent(
        contact=buyer,
        channel=Channel.EMAIL,
        topic=topic,
        action=action,
        basis=Consent.Basis.IMPORTED,
        at=at,
        source=SAMPLE,
        evidence=PROOF,
    )


def suppress_some(at):
    """A few addresses bounced or complained once; returns how many. What was lifted since stays lifted."""
    if Suppression.objects.filter(source=SAMPLE).exists():
        return 0
    identities = Identity.objects.filter(kind=Identity.Kind.EMAIL, contact__origin=ORIGIN)
    addresses = sorted(identities.values_list("value", flat=True))
    chosen = chance("suppressed").sample(addresses, BOUNCED + COMPLAINED)
    for place, address in enumerate(chosen):
        bounced = place < BOUNCED
        suppress(
            address,
            reason="bounced" if bounced else "complained",
            at=at - timedelta(days=30 + 11 * place),
            source=SAMPLE,
            detail="550 5.1.1 no such mailbox (invented)" if bounced else "",
        )
    return len(chosen)
