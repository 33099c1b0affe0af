"""A worker crashes at each of the named places, under each policy; others finish what it left."""

from campaigns.crash_points import KILLED, NAMES
from chaos import population
from chaos.stage import Stage

PEOPLE = 30
# Passed once a message, and once a window.
EACH_MESSAGE = ("render", "wire.before", "wire.data", "wire.after")
EACH_WINDOW = ("gate.before", "gate.after", "record.before", "record.after")
# Passed only once something has been left behind.
LAST = "settle"


def run(seed, *, full=False):
    for policy in population.POLICIES:
        yield run_policy(policy, seed, rounds=2 if full else 1)


def run_policy(policy, seed, rounds):
    with Stage("crash_points", seed, policy) as stage:
        stage.report.window = window = population.SENDERS[policy]["window"]
        workers = stage.nursery(0, "tick")
        for name in sorted(NAMES * rounds, key=LAST.__eq__):
            crash(stage, workers, policy, f"{name}:{count(stage, name, window)}")
        workers.count = 2
        ended = stage.until_ended(60, workers)
        stage.report.expect(ended, "it did not come to an end")
        return stage.check()


def crash(stage, workers, policy, order):
    """A campaign to a few more, and a worker that crashes at that place on the way."""
    name = order.replace(".", " ").replace(":", " ")
    people = population.make_people(PEOPLE, f"crash{stage.report.kills}-#@example.com")
    population.make_campaign(policy, people, planned=False, name=name)
    code = workers.code_of(workers.fork(order))
    stage.report.expect(code == KILLED, f"{order} ended with {code}")
    stage.report.kills += 1


def count(stage, name, window):
    """At which of the times it comes by it crashes."""
    if name in EACH_MESSAGE:
        return stage.chance.randint(1, PEOPLE - 5)
    if name in EACH_WINDOW:
        return stage.chance.randint(1, -(-PEOPLE // window))
    return 2 if name == "claim.before" and stage.chance.random() < 0.5 else 1
