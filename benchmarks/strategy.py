"""One tick of four lifecycle rules over everyone, beside merely reading every contact."""

from datetime import timedelta

from django.db import connection

from benchmarks import mailing, population, servers
from benchmarks.measuring import Goal, compare, interleave
from benchmarks.population import AT

# A table read from its beginning to its end, and nothing done with it.
SCAN = "SELECT max(updated_at) FROM contacts_contact"
# The textbook's four: welcome, engagement, initial cross-sell, conversion.
RULES = [
    ("Welcome", "confirmed", {}),
    ("Engagement", "few_visits", {"visits": 3, "days": 30}),
    ("Initial cross-sell", "many_visits", {"visits": 3, "days": 30}),
    ("Conversion", "abandoned_browse", {"pages": ["/shop/p/*"], "hours": 48, "at_least": 1}),
]
# Of these people the loop that asks one by one is taken.
ONE_BY_ONE = 300


def run(*, full):
    """A tick that plans what came due in two days, one that finds nothing new, and a loop over contacts."""
    from campaigns import planning

    people, count = (1_000_000, 10_000_000) if full else (100_000, 1_000_000)
    servers.fresh_database("strategy")
    population.people(people)
    population.orders(people, people)
    population.touchpoints(people, count)
    rules = set_up()
    rounds = 3
    planned = []
    seconds = interleave(
        {
            "bare scan": lambda number: scan(),
            "first tick": lambda number: planned.append(planning.plan(at_round(number))),
            "tick again": lambda number: planned.append(planning.plan(at_round(number))),
            "one by one": lambda number: one_by_one(rules, at_round(number)),
        },
        rounds=rounds,
    )
    print(f"    planned: {planned}")
    assert all(planned[::2])
    assert not any(planned[1::2]), "a second tick plans nothing"
    seconds["one by one, all"] = [second * people / ONE_BY_ONE for second in seconds["one by one"]]
    yield from results(f"{people:,} people, {count:,} touchpoints", seconds)


def results(size, seconds):
    against = {"seconds": seconds, "theirs": "bare scan"}
    yield compare("Four rules, first tick / scan", size, ours="first tick", goal=Goal(25), **against)
    yield compare("Four rules, nothing new / scan", size, ours="tick again", goal=Goal(25), **against)
    loop = {"seconds": seconds, "ours": "one by one, all", "theirs": "first tick"}
    yield compare("A loop over contacts / first tick", size, goal=Goal(100, at_least=True), **loop)


def at_round(number):
    """Three days apart, so that each round finds people the one before has not planned."""
    return AT - timedelta(days=9) + number * timedelta(days=3)


def set_up():
    """The four rules, on for a year."""
    from campaigns.models import LifecycleRule, Step
    from contacts.models import Sender, Topic

    topic = Topic.objects.create(key="news", name="New arrivals")
    sender = Sender.objects.create(name="Northside", from_name="Ines", address="ines@example.com")
    content = mailing.frozen_content()
    fields = {"purpose": "retention", "topic": topic, "sender": sender, "status": "active"}
    fields |= {"re_entry": "every", "activated_at": AT - timedelta(days=365)}
    rules = []
    for name, trigger, parameters in RULES:
        rules.append(
            LifecycleRule.objects.create(name=name, trigger=trigger, parameters=parameters, **fields)
        )
        Step.objects.create(rule=rules[-1], key=1, content=content)
    return rules


def scan():
    with connection.cursor() as cursor:
        cursor.execute(SCAN)
        cursor.fetchone()


def one_by_one(rules, at):
    """As it would be with a query for each contact and rule."""
    from campaigns import triggers
    from contacts.models import Contact

    for pk in Contact.objects.values_list("pk", flat=True)[:ONE_BY_ONE]:
        for rule in rules:
            sql, params = triggers.occurrences_of(rule, at, at - rule.freshness, [pk])
            with connection.cursor() as cursor:
                cursor.execute(sql, params)
                cursor.fetchall()
