"""For hours: messages leave, people sign up, and every minute something else breaks. By hand only."""

import signal
import statistics
import time
from collections import Counter

import psutil
from redis import Redis

from chaos import population, servers
from chaos.scenarios.disk_full import check_visitors
from chaos.scenarios.flush import look_on, newcomers, until_answered
from chaos.stage import Crew, Stage
from contacts.models import Sender, SettlesBy

MINUTE = 60
PEOPLE_A_MINUTE = 600
# Something breaks somewhere in the first part of a minute.
BREAKS_WITHIN = 30
DELAY = 0.004
# A standstill is shorter than the lease.
STOPPED_SECONDS, LEASE = 5, "15"
AWAY_SECONDS = 5
MOST_GROWTH = 1.1
MEGABYTE = 1024 * 1024


def run(seed, *, hours):
    yield run_for(seed, max(1, round(hours * 60)))


def run_for(seed, minutes):
    options = {"sink": {"delay": DELAY}, "TRUST_PROXY": "1", "SENDING_LEASE": LEASE}
    with Stage("soak", seed, population.EVIDENCE, **options) as stage:
        stage.report.window = population.SENDERS[population.EVIDENCE]["window"]
        port = stage.web()
        visitors = newcomers(port, every=1)
        population.sender(population.EVIDENCE)
        # Service mail too: nobody is sent a second copy.
        Sender.objects.update(settles_by=SettlesBy.EVIDENCE)
        trouble = Trouble(stage)
        sizes = [live_through(stage, trouble, minute) for minute in range(minutes)]
        until_answered(stage, visitors, *trouble.crews)
        stage.report.expect(stage.until_ended(MINUTE * 3, *trouble.crews), "it did not come to an end")
        stage.report.kills = trouble.counts.total()
        stage.report.found["faults"] = dict(trouble.counts)
        check_visitors(stage.report, visitors, must_notice=False)
        check_memory(stage.report, sizes)
        return stage.check()


def live_through(stage, trouble, minute):
    """A campaign to a few more, and something that breaks; the megabytes the workers take at its end."""
    ends = time.monotonic() + MINUTE
    people = population.make_people(PEOPLE_A_MINUTE, f"minute{minute}-#@example.com")
    population.make_campaign(population.EVIDENCE, people, name=f"Minute {minute}")
    look_on(stage, stage.chance.uniform(1, BREAKS_WITHIN), *trouble.crews)
    trouble.strike()
    look_on(stage, ends - time.monotonic(), *trouble.crews)
    return trouble.megabytes()


class Trouble:
    """Breaks one thing at a time, and sees that what has died is started again."""

    def __init__(self, stage):
        self.stage, self.counts = stage, Counter()
        self.workers, self.beats = Crew(stage.celery_workers(2)), Crew(stage.beats())
        self.crews = self.workers, self.beats
        self.acts = (
            self.kill_worker,
            self.stop_worker,
            self.ask_worker_to_end,
            self.kill_beat,
            self.empty_valkey,
            self.kill_valkey,
            self.crash_postgres,
        )

    def strike(self):
        act = self.stage.chance.choice(self.acts)
        self.counts[act.__name__] += 1
        act()

    def kill_worker(self):
        self.a_worker().kill()

    def stop_worker(self):
        worker = self.a_worker()
        worker.signal(signal.SIGSTOP)
        look_on(self.stage, STOPPED_SECONDS, self.beats)
        worker.signal(signal.SIGCONT)

    def ask_worker_to_end(self):
        self.a_worker().process.terminate()

    def kill_beat(self):
        self.beats.programs[0].kill()

    def empty_valkey(self):
        with Redis.from_url(servers.start_valkey()) as valkey:
            valkey.flushall()

    def kill_valkey(self):
        servers.kill_valkey()
        look_on(self.stage, AWAY_SECONDS, *self.crews)
        servers.start_valkey()

    def crash_postgres(self):
        servers.crash_postgres()
        look_on(self.stage, 1, *self.crews)
        servers.start_postgres()

    def a_worker(self):
        return self.stage.chance.choice(self.workers.programs)

    def megabytes(self):
        """What the largest worker takes: its own memory, and that of its children."""
        return max(_megabytes(program.process.pid) for program in self.workers.programs)


def _megabytes(pid):
    try:
        process = psutil.Process(pid)
        members = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in members) / MEGABYTE
    except psutil.Error:
        return 0


def check_memory(report, sizes):
    """The last third of the time takes about as much as the third before it."""
    third = len(sizes) // 3
    if third < 3:
        return
    before, after = (statistics.median(part) for part in (sizes[third:-third], sizes[-third:]))
    report.found["megabytes"] = [round(before), round(after)]
    report.expect(after <= before * MOST_GROWTH, f"workers grew from {before:.0f} to {after:.0f} MB")
