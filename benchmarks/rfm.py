"""Scoring everyone, beside merely adding up everyone's orders."""

from datetime import timedelta

from django.db import connection

from benchmarks import population, servers
from benchmarks.measuring import Goal, compare, interleave
from benchmarks.population import AT

ADD_UP = """
SELECT sum(orders), min(first), max(last), sum(revenue) FROM (
    SELECT contact_id, count(*) AS orders, min(at) AS first, max(at) AS last, sum(amount) AS revenue
    FROM touchpoints_order GROUP BY contact_id
) AS sums
"""


def run(*, full):
    """Full scoring (cut points and digits) and the scoring of one per cent, against a bare GROUP BY."""
    from segmentation import rfm

    people, orders = (1_000_000, 10_000_000) if full else (100_000, 1_000_000)
    servers.fresh_database("rfm")
    population.people(people)
    population.orders(people, orders)
    first = interleave({"score for the first time": lambda _: rfm.take_cuts(AT)}, rounds=1)
    population.settle("segmentation_rfmscore")
    rounds = 3 if full else 5
    changed = [people_ending_in(number) for number in range(rounds)]
    seconds = first | interleave(
        {
            "add up": lambda number: add_up(),
            "score everyone": lambda number: rfm.take_cuts(tomorrow(number)),
            "order again": lambda number: order_again(changed[number], number),
            "score one per cent": lambda number: rfm.rescore(tomorrow(number), changed[number]),
        },
        rounds=rounds,
    )
    yield from results(f"{people:,} people, {orders:,} orders", seconds, full=full)


def results(size, seconds, *, full):
    # At the small size what one round costs at least, some 25 ms, weighs more than the one per cent.
    changed = Goal(0.05) if full else Goal(0.1)
    against = {"seconds": seconds, "theirs": "add up"}
    yield compare("RFM, everyone / GROUP BY", size, ours="score everyone", goal=Goal(0.3), **against)
    yield compare("RFM, 1 % changed / GROUP BY", size, ours="score one per cent", goal=changed, **against)
    yield compare("RFM, first time / GROUP BY", size, ours="score for the first time", **against)


def tomorrow(number):
    return AT + timedelta(days=1 + number)


def people_ending_in(number):
    """One per cent of the buyers, others for each number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT contact_id FROM touchpoints_totals WHERE contact_id %% 100 = %s", [number])
        return [row[0] for row in cursor.fetchall()]


def add_up():
    with connection.cursor() as cursor:
        cursor.execute(ADD_UP)
        cursor.fetchone()


def order_again(contact_ids, number):
    """What an import of new orders does to the totals."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE touchpoints_totals SET orders = orders + 1, revenue = revenue + 50, last_order_at = %s "
            "WHERE contact_id = ANY(%s)",
            [tomorrow(number), contact_ids],
        )
