"""Workers stand still for five seconds in the middle of their work, and go on as if nothing had been."""

import signal
import time

from chaos import population
from chaos.scenarios.kills import Killer
from chaos.stage import Stage

QUICK, FULL = (600, 3), (6_000, 40)
STOPPED_SECONDS = 5
# Longer than the standstill; a shorter one would make two workers of one.
LEASE = "15"


def run(seed, *, full=False):
    yield run_once(seed, *(FULL if full else QUICK))


def run_once(seed, sends, times):
    with Stage("stopped", seed, population.EVIDENCE, sink={"delay": 0.005}, SENDING_LEASE=LEASE) as stage:
        stage.report.window = 20
        population.make_campaign(population.EVIDENCE, population.make_people(sends))
        workers = stage.nursery()
        stopper = Stopper(stage, workers, sends, times)
        ended = stage.until_ended(120 + times * STOPPED_SECONDS, workers, meanwhile=stopper)
        stage.report.expect(ended, "it did not come to an end")
        stage.report.expect(stopper.killed == times, f"only {stopper.killed} of {times} were stopped")
        stage.report.found["stopped"] = stopper.killed
        return stage.check()


class Stopper(Killer):
    """Stops a random worker that runs, at random counts of what was taken, and wakes it later."""

    def __init__(self, stage, workers, sends, times):
        super().__init__(stage, workers, sends, times, signal.SIGSTOP)
        self.wake_at = {}

    def __call__(self):
        for pid, at in list(self.wake_at.items()):
            if time.monotonic() > at:
                del self.wake_at[pid]
                self.workers.signal(pid, signal.SIGCONT)
        super().__call__()

    def choose(self):
        running = [pid for pid in self.workers.pids if pid not in self.wake_at]
        if not running:
            return None
        pid = self.stage.chance.choice(running)
        self.wake_at[pid] = time.monotonic() + STOPPED_SECONDS
        return pid
