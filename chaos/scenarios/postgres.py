"""The database stops as when the power fails, while messages leave; it recovers, and so do workers."""

import time

from chaos import population, servers
from chaos.stage import Crew, Stage

QUICK, FULL = (800, 1), (8_000, 6)
# How long nobody notices.
DOWN_SECONDS = 1


def run(seed, *, full=False):
    yield run_once(seed, *(FULL if full else QUICK))


def run_once(seed, sends, stops):
    with Stage("postgres", seed, population.EVIDENCE, sink={"delay": 0.004}) as stage:
        stage.report.window = 20
        population.make_campaign(population.EVIDENCE, population.make_people(sends))
        workers = Crew(stage.celery_workers(2))
        power = Power(stage, sends, stops)
        ended = stage.until_ended(90 + sends / 20, workers, meanwhile=power)
        stage.report.expect(ended, "it did not come to an end")
        stage.report.expect(power.failed == stops, f"only {power.failed} of {stops} stops")
        stage.report.found["stops"] = power.failed
        return stage.check()


class Power:
    """Fails at random counts of what was taken."""

    def __init__(self, stage, sends, times):
        self.stage, self.failed = stage, 0
        self.marks = sorted(stage.chance.randrange(sends // 10, int(sends * 0.9)) for _ in range(times))

    def __call__(self):
        if self.marks and self.stage.count_taken() >= self.marks[0]:
            self.marks.pop(0)
            servers.crash_postgres()
            time.sleep(DOWN_SECONDS)
            servers.start_postgres()
            self.failed += 1
