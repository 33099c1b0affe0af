"""One rule rehearsed over sixty past days, beside one bare index scan of the same window."""

from datetime import timedelta

from django.db import connection

from benchmarks import population, servers, strategy
from benchmarks.measuring import Goal, compare, interleave
from benchmarks.population import AT

SINCE, UNTIL = AT - timedelta(days=60), AT
# What happened in the window and to whom, of the one kind that the rule asks for: read by the index, nothing
# done with it. A mere count never leaves the index.
SCAN = """
SELECT {what} FROM touchpoints_touchpoint
WHERE kind = %s AND at > %s::timestamptz - interval '30 days' AND at <= %s
"""
WHOM, COUNT = "count(contact_id)", "count(*)"


def run(*, full):
    """Everyone who signed up thirty days before and seldom came: planned, asked at the gate, and counted."""
    people, count = (1_000_000, 10_000_000) if full else (100_000, 1_000_000)
    servers.fresh_database("rehearsing")
    population.people(people)
    population.orders(people, people)
    population.touchpoints(people, count)
    rule = next(rule for rule in strategy.set_up() if rule.trigger == "few_visits")
    population.agree_all(rule.topic_id)
    found = []
    seconds = interleave(
        {
            "bare scan": lambda number: scan(WHOM),
            "bare count": lambda number: scan(COUNT),
            "people": lambda number: people_of(rule),
            "rehearsal": lambda number: found.append(rehearse(rule)),
        },
        rounds=3,
    )
    print(f"    planned and sent: {found}")
    assert all(sent for _planned, sent in found)
    size = f"{people:,} people, {count:,} touchpoints, {found[0][0]:,} messages"
    goal = Goal(3, binds=False)
    pairs = [
        ("rehearsal", "bare scan", goal),
        ("people", "bare scan", goal),
        ("rehearsal", "bare count", None),
    ]
    names = {"rehearsal": "One rule over 60 days", "people": "Whom it would have met"}
    for ours, theirs, wanted in pairs:
        name = f"{names[ours]} / {theirs.removeprefix('bare ')}"
        yield compare(name, size, seconds, ours=ours, theirs=theirs, goal=wanted)


def scan(what):
    """The visits of the window, which the rule asks for."""
    with connection.cursor() as cursor:
        cursor.execute(SCAN.format(what=what), ["visited", SINCE, UNTIL])
        cursor.fetchone()


def people_of(rule):
    """How many the rule would have met in those days: found and counted, nothing asked, nothing written."""
    from campaigns import planning

    return planning.rehearse(rule, SINCE, UNTIL)


def rehearse(rule):
    """(planned, sent) by itself."""
    from campaigns.rehearsing import rehearse_rule
    from campaigns.rehearsing.counting import counted

    days = rehearse_rule(rule, SINCE, UNTIL, lambda: counted(("rule_id", rule.pk), "UTC"), alone=True)["days"]
    return tuple(sum(day[name] for day in days) for name in ("planned", "sent"))
