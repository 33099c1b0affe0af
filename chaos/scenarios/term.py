"""Workers are asked to stop while they send, as for a new version: nothing is left in doubt."""

import time

from chaos import population
from chaos.stage import Crew, Stage
from chaos.starting import wait_until

QUICK, FULL = (800, 3), (4_000, 20)
# So long takes every reply: the messages last longer than it takes workers to end and start.
DELAY = 0.012
# A worker ends the message it has in hand, and is gone.
ENDS_WITHIN = 30


def run(seed, *, full=False):
    yield run_once(seed, *(FULL if full else QUICK))


def run_once(seed, sends, times):
    with Stage("term", seed, population.EVIDENCE, sink={"delay": DELAY}) as stage:
        stage.report.window = 20
        population.make_campaign(population.EVIDENCE, population.make_people(sends))
        workers = Installing(stage, stage.celery_workers(3), sends, times)
        ended = stage.until_ended(90 + sends / 20, workers, meanwhile=workers.ask)
        report = stage.report
        report.expect(ended, "it did not come to an end")
        report.expect(wait_until(workers.all_ended, ENDS_WITHIN), "one does not stop")
        # A worker that is still ending cannot be asked again.
        report.expect(workers.asked >= times * 0.75, f"only {workers.asked} of {times} were asked to stop")
        report.expect(workers.slowest <= ENDS_WITHIN, f"one took {workers.slowest:.0f} s to stop")
        report.found |= {"asked": workers.asked, "slowest_end": round(workers.slowest, 1)}
        stage.check()
        report.expect(report.unknown == 0, f"{report.unknown} were left in doubt")
        return report


class Installing(Crew):
    """Asks a worker to stop at random counts of what was taken, and starts the next when it has."""

    def __init__(self, stage, programs, sends, times):
        super().__init__(programs)
        self.stage, self.asked, self.slowest, self.ending = stage, 0, 0, {}
        self.marks = sorted(stage.chance.randrange(sends // 20, int(sends * 0.7)) for _ in range(times))

    def ask(self):
        if self.marks and self.stage.count_taken() >= self.marks[0]:
            working = [program for program in self.programs if program not in self.ending]
            if working:
                self.marks.pop(0)
                program = self.stage.chance.choice(working)
                program.process.terminate()
                self.ending[program] = time.monotonic()
                self.asked += 1

    def all_ended(self):
        """Whether nobody is left of those who were asked; notes how long each took."""
        for program, since in list(self.ending.items()):
            if not program.is_alive:
                self.slowest = max(self.slowest, time.monotonic() - since)
                del self.ending[program]
        return not self.ending

    def tend(self):
        self.all_ended()
        super().tend()
