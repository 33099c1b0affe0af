"""Panels on the web server as it runs, and what similar buyers bought, for 200 messages at a time.

The first showing of a panel passes the gate in the request; later ones only ask what is still wanted. Beside
both, on the same server, a view that does nothing.
"""

import json
import os
from types import SimpleNamespace

from benchmarks import population, servers
from benchmarks.listening import BROWSER, get, web
from benchmarks.mailing import CONSENTS
from benchmarks.measuring import Goal, compare, interleave
from benchmarks.population import AT

REQUESTS, ROUNDS, MESSAGES, PRODUCTS = 300, 3, 200, 5_000
# Few people look at pages in the same instant; what many at once can get is another question.
CONNECTIONS = 2
PEOPLE, FULL_PEOPLE = 100_000, 1_000_000
# In milliseconds: what a page may wait for its panels.
PATIENCE = 200
BODY = '<p>Hello {{ first_name }}</p><p><a class="button" href="{{ shop_url }}">Look</a></p>'

MAKE_PRODUCTS = """
INSERT INTO touchpoints_product (sku, name, category, description, price, currency, invented)
SELECT 'P' || n, 'Record ' || n, 'Jazz', '', 9.5, 'USD', true FROM generate_series(1, %(products)s) AS n
"""
# A few products are bought by very many.
MAKE_LINES = """
INSERT INTO touchpoints_orderline (order_id, product_id, number, name, quantity, amount)
SELECT o.id, ids.first + (power(abs(hashint8extended(o.id, n)) %% 1000003 / 1000003.0::float8, 3)
                          * (%(products)s - 1))::bigint, n, '', 1, 9.5
FROM touchpoints_order o, generate_series(1, 2) AS n,
     (SELECT min(id) AS first FROM touchpoints_product) AS ids
"""
MAKE_VISITORS = """
INSERT INTO touchpoints_visitor (key, contact_id, first_source, created_at)
SELECT gen_random_uuid(), id, '{}', %(at)s FROM contacts_contact ORDER BY id LIMIT %(count)s
"""
MAKE_PANELS = """
INSERT INTO campaigns_delivery (
    uuid, occurrence_key, rule_id, step_id, episode, contact_id, reminder_number, evidence, channel, topic_id,
    sender_id, version_id, rank, status, reason, detail, occurred_at, due_at, expires_at, planned_at, owner,
    attempts, address, merge_values, reply)
SELECT gen_random_uuid(), 'panel:' || v.contact_id, %(rule)s, %(step)s, 'panel:' || v.contact_id,
       v.contact_id, 0, '{}', 'panel', %(topic)s, %(sender)s, %(version)s, 3, 'planned', '', '', now(), now(),
       now() + interval '3 days', now(), '', 0, '', '{}', ''
FROM touchpoints_visitor v
"""


def run(*, full):
    """The door of panels beside a view that does nothing; then the lists that messages borrow."""
    people = FULL_PEOPLE if full else PEOPLE
    servers.fresh_database("showing")
    keys = set_up(people)
    yield from the_door(keys, f"{people:,} contacts, {REQUESTS:,} requests")
    yield similar(people)


def set_up(people):
    """Everyone agreed, some bought; the browsers of a few are known, and each has a panel due: their keys."""
    from touchpoints.models import Visitor

    population.people(people)
    population.orders(people, 4 * people)
    rule = panel_rule()
    print("    making lines of orders, consents and panels", flush=True)
    count = REQUESTS * ROUNDS
    values = {"at": AT, "products": PRODUCTS, "count": count, "topic": rule.topic_id, "rule": rule.pk}
    values |= {"step": rule.first_step.pk, "sender": rule.sender_id}
    values["version"] = rule.first_step.content.live_id
    for statement in (MAKE_PRODUCTS, MAKE_LINES, CONSENTS, MAKE_VISITORS, MAKE_PANELS):
        population._run(statement, values)
    population.settle(
        "touchpoints_orderline", "contacts_consent", "campaigns_delivery", "touchpoints_visitor"
    )
    return [str(key) for key in Visitor.objects.order_by("pk").values_list("key", flat=True)]


def panel_rule():
    from campaigns.content import freeze
    from campaigns.models import Content, LifecycleRule, Step
    from contacts.models import Sender, Topic

    sender = Sender.objects.create(
        name="Northside", from_name="Ines", address="ines@example.com", postal_address="1 Quay Street"
    )
    rule = LifecycleRule.objects.create(
        name="A panel", purpose="retention", rank=3, trigger="ordered", sender=sender, status="active",
        topic=Topic.objects.create(key="news", name="News"), activated_at=AT, control_share=0,
    )  # fmt: skip
    words = Content.objects.create(name="Panel", subject="For you, {{ first_name }}", body=BODY, text="")
    Step.objects.create(rule=rule, key=1, channel="panel", slot="home", content=words)
    freeze(words, at=AT)
    return LifecycleRule.objects.get(pk=rule.pk)


def the_door(keys, size):
    """Each browser asks twice: first its panel passes the gate, then it is shown again."""
    os.environ["TRUST_PROXY"] = "1"  # each comes from an address of its own, or would be told to wait
    heard = {"nothing": [], "first": [], "again": []}
    with web() as server:
        for number in range(ROUNDS):
            some = [ask(key) for key in keys[number * REQUESTS : (number + 1) * REQUESTS]]
            heard["nothing"].append(server.ask([get("/bench/nothing")] * REQUESTS, CONNECTIONS))
            for name in ("first", "again"):
                heard[name].append(server.ask(some, CONNECTIONS))
                told = heard[name][-1]
                print(f"    {name}: {told.rate:,.0f}/s, 95 % within {told.late:.0f} ms", flush=True)
    all_were_shown(len(keys))
    slow = {name: [each.late for each in rounds] for name, rounds in heard.items()}
    slow["patience"] = [PATIENCE] * ROUNDS
    for name in ("first", "again"):
        words = f"95 % of panels {name}, within (ms)"
        yield compare(f"{words} / nothing", size, slow, ours=name, theirs="nothing")
        yield compare(f"{words} / {PATIENCE} ms", size, slow, ours=name, theirs="patience", goal=Goal(1))


def ask(key):
    body = json.dumps({"key": key, "slots": ["home", "side"]})
    return (
        f"POST /t/panels HTTP/1.1\r\nHost: testserver\r\nUser-Agent: {BROWSER}\r\n"
        f"Content-Type: text/plain\r\nX-Forwarded-For: {key}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def all_were_shown(count):
    from campaigns.models import Delivery

    assert Delivery.objects.filter(status="sent").count() == count


def similar(people):
    """The list of 200 people, some of whom bought much, beside reading what those people own."""
    from campaigns import recommending

    step = people // (MESSAGES * ROUNDS)
    first = min_contact()
    batches = [
        [
            SimpleNamespace(pk=n, contact_id=first + (n * ROUNDS + number) * step, due_at=AT)
            for n in range(MESSAGES)
        ]
        for number in range(ROUNDS)
    ]
    seconds = interleave(
        {
            "similar": lambda number: recommending.similar_buyers(batches[number]),
            "owned": lambda number: recommending._rows(
                recommending._OWNED, {"contacts": [each.contact_id for each in batches[number]]}
            ),
        },
        rounds=ROUNDS,
    )
    size = f"{people:,} contacts, {MESSAGES} messages"
    result = compare(
        "What similar buyers bought / what they own", size, seconds, ours="similar", theirs="owned"
    )
    print(f"    {1000 * result.ours / MESSAGES:.2f} ms a message", flush=True)
    return result


def min_contact():
    from django.db.models import Min

    from contacts.models import Contact

    return Contact.objects.aggregate(first=Min("pk"))["first"]
