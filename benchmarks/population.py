"""People, orders and totals out of nothing, the same ones every time."""

from datetime import UTC, datetime

from django.db import connection

AT = datetime(2026, 6, 10, tzinfo=UTC)
ORDERS_EACH = 10

CONTACTS = """
INSERT INTO contacts_contact (uuid, email, first_name, last_name, level, language, country, time_zone,
                              first_source, last_source, origin, created_at, updated_at)
SELECT md5('contact' || n)::uuid, 'person' || n || '@example.com',
       (ARRAY['Ada','Ben','Cleo','Dmitri','Eve','Fay','Goran','Hana','Ines','Jon'])[1 + n %% 10],
       initcap(substr(md5('name' || n / 10), 1, 7)), 'guest', 'en', 'PT', '', '{}', '{}', 'benchmark',
       %(at)s - n %% 1000 * interval '1 day', %(at)s
FROM generate_series(1, %(people)s) AS n
"""

# As in a real shop: few buy much. The share of a person's number decides; `hashint` stands for chance.
ORDERS = """
INSERT INTO touchpoints_order (contact_id, source, external_id, status, at, recorded_at, currency, rate,
                               amount, refunded, tax, shipping, items, is_history)
SELECT ids.first + (power(abs(hashint8(n)) %% 1000003 / 1000003.0::float8, 2) * (%(people)s - 1))::bigint,
       'bench', n::text, 'paid',
       %(at)s - abs(hashint8extended(n, 7) %% 63072000) * interval '1 second', %(at)s, 'USD', 1,
       5 + abs(hashint8extended(n, 3) %% 20000) / 100.0::float8, 0, 0, 0, 1, true
FROM generate_series(1, %(orders)s) AS n, (SELECT min(id) AS first FROM contacts_contact) AS ids
"""

# In one statement, because this is preparation: `touchpoints.totals` is made for the contacts of a chunk.
TOTALS = """
INSERT INTO touchpoints_totals (contact_id, orders, first_order_at, last_order_at, revenue, visits)
SELECT contact_id, count(*), min(at), max(at), sum(amount), 0 FROM touchpoints_order GROUP BY contact_id
"""

# Two years of what people do: everyone confirmed a sign-up once, ordered as the orders say, and looked at
# pages, three at a visit, five minutes apart. Few people see most of them.
CONFIRMATIONS = """
INSERT INTO touchpoints_touchpoint (contact_id, kind, at, recorded_at, source, external_id, is_history, data)
SELECT id, 'confirmed', %(at)s - abs(hashint8extended(id, 11) %% 63072000) * interval '1 second', %(at)s,
       'bench', 'confirmed:' || id, false, '{}'
FROM contacts_contact
"""
ORDERED = """
INSERT INTO touchpoints_touchpoint (contact_id, kind, at, recorded_at, source, external_id, is_history, data)
SELECT contact_id, 'ordered', at, at, source, 'order:' || external_id, false,
       jsonb_build_object('order', external_id, 'amount', amount::text, 'currency', currency)
FROM touchpoints_order
"""
VISITS = """
INSERT INTO touchpoints_touchpoint (contact_id, kind, at, recorded_at, source, external_id, is_history, data)
SELECT ids.first + (power(abs(hashint8(n / 3)) %% 1000003 / 1000003.0::float8, 2) * (%(people)s - 1))::bigint,
       'visited', %(at)s - abs(hashint8extended(n / 3, 5) %% 63072000) * interval '1 second'
       + n %% 3 * interval '5 minutes', %(at)s, 'web', 'visit:' || n, false,
       jsonb_build_object('path', '/shop/p/' || abs(hashint8extended(n, 9) %% 5000) || '/')
FROM generate_series(1, %(visits)s) AS n, (SELECT min(id) AS first FROM contacts_contact) AS ids
"""
AGREED = """
INSERT INTO contacts_consent (contact_id, channel, topic_id, action, basis, at, recorded_at, source, evidence)
SELECT id, 'email', %(topic)s, 'given', 'consent', %(at)s - interval '2 years', %(at)s, 'benchmark', '{}'
FROM contacts_contact
"""


def people(count):
    """Make this many contacts."""
    print(f"    making {count:,} contacts", flush=True)
    _run(CONTACTS, {"people": count, "at": AT})
    settle("contacts_contact")


def orders(people, count):
    """Make this many orders of these people, and everyone's totals."""
    print(f"    making {count:,} orders", flush=True)
    # Without asking for every order whether its contact exists: it does.
    _run("SET session_replication_role = replica")
    _run(ORDERS, {"people": people, "orders": count, "at": AT})
    _run("RESET session_replication_role")
    _run(TOTALS)
    settle("touchpoints_order", "touchpoints_totals")


def touchpoints(people, count):
    """Make this many touchpoints of these people, whose orders are made already."""
    print(f"    making {count:,} touchpoints", flush=True)
    _run("SET session_replication_role = replica")
    for statement in (CONFIRMATIONS, ORDERED):
        _run(statement, {"at": AT})
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM touchpoints_touchpoint")
        known = cursor.fetchone()[0]
    _run(VISITS, {"people": people, "visits": count - known, "at": AT})
    _run("RESET session_replication_role")
    settle("touchpoints_touchpoint")


def agree_all(topic_id):
    """Let everybody have agreed to mail about this topic, two years ago."""
    _run(AGREED, {"topic": topic_id, "at": AT})
    settle("contacts_consent")


def settle(*tables):
    """What autovacuum would have done long ago."""
    for table in tables:
        _run(f"VACUUM ANALYZE {table}")
    _run("CHECKPOINT")


def _run(query, values=None):
    with connection.cursor() as cursor:
        cursor.execute(query, values)
