"""The list of contacts and its search through the whole stack, as the base grows tenfold."""

import random
import time
from statistics import quantiles

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import population, servers
from benchmarks.measuring import Goal, Result

REQUESTS = 60
ROUNDS = 3
PAGE = "/contacts/"
COUNTED = 10_001


def run(*, full):
    """p95 of a page anywhere in the list, and of a search, beside those of a base a tenth the size."""
    sizes = (100_000, 1_000_000) if full else (10_000, 100_000)
    bases = [Base(size) for size in sizes]
    seconds = {(kind, base.size): [] for kind in ("page", "search") for base in bases}
    for number in range(ROUNDS):
        for base in bases:
            base.enter()
            seconds["page", base.size] += measure(base.any_page, seed=number)
            seconds["search", base.size] += measure(base.any_search, seed=number)
        print(f"    round {number + 1} of {ROUNDS}", flush=True)
    for base in bases:
        base.enter()
        base.refuse_full_scans()
    yield grown("A page of contacts, p95", "page", seconds, sizes, Goal(1.3))
    yield grown("A search for contacts, p95", "search", seconds, sizes, None)


class Base:
    """A database with this many contacts, one in five of them a buyer, and a browser that is signed in."""

    def __init__(self, size):
        self.size = size
        servers.fresh_database(f"list_{size}")
        population.people(size)
        population.orders(size, size)
        self.client = self._signed_in()
        self._score()

    def enter(self):
        servers.use_database(f"bench_list_{self.size}")

    def _signed_in(self):
        from crm.models import User

        client = Client()
        client.force_login(User.objects.create_user("bench", "bench@example.com", role="analyst"))
        return client

    def _score(self):
        from segmentation import rfm

        rfm.take_cuts(population.AT)
        population.settle("segmentation_rfmscore")

    def any_page(self, chance):
        """A page far down in the list, reached by its address."""
        from contacts.models import Contact
        from crm.ui.paging import write_cursor

        contact = Contact(pk=chance.randint(100, self.size))
        return f"{PAGE}?after={write_cursor(contact, 'pk')}"

    def any_search(self, chance):
        """What a person types who looks for one address."""
        return f"{PAGE}?q=person{chance.randint(1000, self.size)}"

    def read(self, address):
        answer = self.client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)

    def refuse_full_scans(self):
        """No query of a page or a search reads the whole table of contacts."""
        for address in (self.any_page(random.Random(1)), self.any_search(random.Random(1))):
            with CaptureQueriesContext(connection) as captured:
                self.read(address)
            for query in captured:
                if query["sql"].startswith("SELECT"):
                    refuse_full_scan(query["sql"], address)


def refuse_full_scan(query, address):
    """How many people there are is counted no further than COUNTED; beyond that no row is read in vain."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query)
        read = rows_read(cursor.fetchone()[0][0]["Plan"])
    assert read <= COUNTED, f"{address} reads {read:,} contacts:\n{query}"


def rows_read(plan):
    """How many rows of contacts a plan fetched, wanted or not."""
    here = 0
    if plan.get("Relation Name") == "contacts_contact":
        gone = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        here = (plan["Actual Rows"] + gone) * plan["Actual Loops"]
    return here + sum(rows_read(part) for part in plan.get("Plans", ()))


def measure(address_of, *, seed):
    """Seconds of each of REQUESTS requests, after one that warms up."""
    base, chance, seconds = address_of.__self__, random.Random(seed), []
    base.read(address_of(chance))
    for _ in range(REQUESTS):
        address = address_of(chance)
        started = time.perf_counter()
        base.read(address)
        seconds.append(time.perf_counter() - started)
    return seconds


def grown(name, kind, seconds, sizes, goal):
    small, large = (quantiles(seconds[kind, size], n=20)[-1] for size in sizes)
    runs = {f"{size:,} people": round(p95, 5) for size, p95 in zip(sizes, (small, large), strict=True)}
    size = f"{sizes[1]:,} people against {sizes[0]:,}"
    return Result(name, size, round(large, 5), round(small, 5), round(large / small, 3), goal, runs)
