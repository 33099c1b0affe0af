"""Three clocks tick at once, then none: nothing is doubled, and workers keep the clock by themselves."""

import time

from django.db import connection

from chaos import population
from chaos.stage import Crew, Stage

# (people, seconds that three beats tick)
QUICK, FULL = (600, 20), (12_000, 600)
LATE_PEOPLE = 50
# Without a beat what is due leaves within this many seconds.
ALONE_SECONDS = 30
# Spread over the time of three clocks, so that each of their ticks finds something to do.
SPREAD = "UPDATE campaigns_delivery SET due_at = now() + random() * %s * interval '1 second'"


def run(seed, *, full=False):
    yield run_once(seed, *(FULL if full else QUICK))


def run_once(seed, people, seconds):
    with Stage("beats", seed, population.EVIDENCE) as stage:
        stage.report.window = 20
        workers, beats = Crew(stage.celery_workers(2)), Crew(stage.beats(3))
        population.make_campaign(population.EVIDENCE, population.make_people(people))
        with connection.cursor() as cursor:
            cursor.execute(SPREAD, [seconds])
        ended = stage.until_ended(seconds + 60, workers, beats)
        stage.report.expect(ended, "it did not come to an end with three beats")
        for beat in beats.programs:
            beat.stop()
        without_a_beat(stage, workers)
        return stage.check()


def without_a_beat(stage, workers):
    """What is planned from now on still leaves."""
    people, began = population.make_people(LATE_PEOPLE, "late#@example.com"), time.monotonic()
    population.make_campaign(population.EVIDENCE, people, name="Late arrivals")
    ended = stage.until_ended(ALONE_SECONDS, workers)
    stage.report.expect(ended, f"nothing left within {ALONE_SECONDS} s without a beat")
    stage.report.found["seconds_alone"] = round(time.monotonic() - began, 1)
