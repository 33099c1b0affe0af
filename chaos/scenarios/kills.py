"""Workers are killed at random while they send: nothing is lost, nothing doubled, under each policy."""

import signal

from chaos import population
from chaos.stage import Stage

QUICK, FULL = (2_000, 20), (20_000, 200)
# So long takes every reply, so that a kill most often finds a message on its way.
DELAY = 0.002


def run(seed, *, full=False):
    for policy in population.POLICIES:
        yield run_policy(policy, seed, *(FULL if full else QUICK))


def run_policy(policy, seed, sends, kills):
    with Stage("kills", seed, policy, sink={"delay": DELAY}, provider={"delay": DELAY}) as stage:
        stage.report.window = population.SENDERS[policy]["window"]
        population.make_campaign(policy, population.make_people(sends))
        workers = stage.nursery()
        killer = Killer(stage, workers, sends, kills)
        ended = stage.until_ended(60 + sends / 50, workers, meanwhile=killer)
        stage.report.expect(ended, "it did not come to an end")
        stage.report.expect(killer.killed == kills, f"only {killer.killed} of {kills} kills")
        stage.report.kills = killer.killed
        return stage.check()


class Killer:
    """Signals a random worker each time the copies taken pass another of so many random counts."""

    def __init__(self, stage, workers, sends, times, number=signal.SIGKILL):
        self.stage, self.workers, self.number, self.killed = stage, workers, number, 0
        # Not among the last, which may wait for somebody to settle them.
        self.marks = sorted(stage.chance.randrange(int(sends * 0.9)) for _ in range(times))

    def __call__(self):
        if self.marks and self.stage.count_taken() >= self.marks[0] and (pid := self.choose()):
            self.marks.pop(0)
            self.workers.signal(pid, self.number)
            self.killed += 1

    def choose(self):
        return self.stage.chance.choice(self.workers.pids) if self.workers.pids else None
