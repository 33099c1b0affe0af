"""People stop messages and ask to be forgotten while they are written to: nothing passes the gate after."""

import queue
import threading
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db import connection, connections
from django.utils import timezone

from campaigns import links
from campaigns.models import Delivery
from chaos import population
from chaos.stage import Stage
from chaos.visitor import Web, path_of, wait_for_web
from contacts.erasing import erase
from contacts.models import Contact

# (people, who stop, who are forgotten)
QUICK, FULL = (1_600, 400, 80), (20_000, 5_000, 1_000)
# So long takes every reply: as many can act as there are messages leaving.
DELAY = 0.005
LATEST_SECONDS = 10
# Most act when their message is about to leave, among those whose turn is so near; workers take batches.
AHEAD = 1_000
ACTORS = 6
# Each passing of the gate in a row of its own, which keeps the moment of its commit, the transaction, which
# is the window, and the line it leaves by.
PASSES = """
CREATE TABLE chaos_pass (delivery uuid, line text);
CREATE FUNCTION chaos_note_pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO chaos_pass VALUES (new.uuid, new.owner); RETURN new;
END $$;
CREATE TRIGGER chaos_pass AFTER UPDATE ON campaigns_delivery FOR EACH ROW
WHEN (old.status IS DISTINCT FROM new.status AND new.status = 'sending') EXECUTE FUNCTION chaos_note_pass();
CREATE INDEX ON chaos_pass (delivery);
"""
# When each no was committed, and when its delivery last passed the gate, by one clock.
WITHDRAWN = """
SELECT d.uuid::text, w.at,
       (SELECT max(pg_xact_commit_timestamp(p.xmin)) FROM chaos_pass p WHERE p.delivery = d.uuid)
FROM campaigns_delivery d JOIN (
    SELECT contact_id, min(pg_xact_commit_timestamp(xmin)) AS at FROM contacts_consent
    WHERE action = 'withdrawn' GROUP BY contact_id
    UNION ALL
    SELECT id, pg_xact_commit_timestamp(xmin) FROM contacts_contact WHERE erased_at IS NOT NULL
) w ON w.contact_id = d.contact_id
"""
PASSED = "SELECT delivery::text, pg_xact_commit_timestamp(xmin), xmin::text, line FROM chaos_pass ORDER BY 2"
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def run(seed, *, full=False):
    yield run_once(seed, *(FULL if full else QUICK))


def run_once(seed, people, stops, erasures):
    with Stage("withdrawals", seed, population.EVIDENCE, sink={"delay": DELAY}) as stage:
        stage.report.window = population.SENDERS[population.EVIDENCE]["window"]
        port = stage.web()
        with connection.cursor() as cursor:
            cursor.execute(PASSES)
        wait_for_web(port)
        first, last = population.make_people(people)
        population.make_campaign(population.EVIDENCE, (first, last))
        crowd = Crowd(stage, port, first, people, stops, erasures)
        workers = stage.nursery()
        ended = stage.until_ended(120 + people / 50, workers, meanwhile=crowd)
        stage.report.expect(crowd.wait(), "not everyone could act")
        stage.report.expect(ended, "it did not come to an end")
        stage.report.expect(not crowd.failures, f"refused: {crowd.failures[:3]}")
        stage.check()
        check(stage, crowd)
        return stage.report


class Crowd:
    """Those who stop and those who are forgotten, at random, most of them just as their message leaves."""

    def __init__(self, stage, port, first, people, stops, erasures):
        self.stage, self.first, self.people, self.failures = stage, first, people, []
        self.web, self.turns, self.lock = Web(port), queue.Queue(), threading.Lock()
        self.acts = ["stop"] * stops + ["erase"] * erasures
        stage.chance.shuffle(self.acts)
        self.total, self.chosen, self.done, self.taken = len(self.acts), set(), 0, 0
        for _ in range(ACTORS):
            threading.Thread(target=self._act_until_told, daemon=True).start()

    def __call__(self):
        """As many may act by now, of those who will, as messages have left."""
        self.taken = self.stage.count_taken()
        self._let_act(self.total * min(1, 1.3 * self.taken / self.people))

    def wait(self, seconds=120):
        """Until everyone has acted; whether they have."""
        self._let_act(self.total)
        deadline = time.monotonic() + seconds
        while self.done < self.total and time.monotonic() < deadline:
            time.sleep(0.05)
        for _ in range(ACTORS):
            self.turns.put(None)
        return self.done == self.total

    def _let_act(self, count):
        while self.acts and self.total - len(self.acts) < count:
            self.turns.put(self.acts.pop())

    def _act_until_told(self):
        try:
            while act := self.turns.get():
                with self.lock:
                    contact_id = self._choose()
                self._act(act, contact_id)
                self.done += 1
        finally:
            connections.close_all()

    def _choose(self):
        """Somebody whose turn is near; anybody, when those have all acted."""
        near = range(self.taken, min(self.taken + AHEAD, self.people))
        left = set(near) - self.chosen or set(range(self.people)) - self.chosen
        self.chosen.add(place := self.stage.chance.choice(sorted(left)))
        return self.first + place

    def _act(self, act, contact_id):
        if act == "erase":
            erase(Contact.objects.get(pk=contact_id), at=timezone.now())
            return
        delivery = Delivery.objects.get(contact_id=contact_id)
        status = self.web.post(path_of(links.stop_url(delivery)), **{"List-Unsubscribe": "One-Click"})
        if status != 200:
            self.failures.append(status)


@dataclass(frozen=True)
class Leaving:
    """One message on its way: from when it had passed the gate until it was taken, and in whose hands."""

    delivery: str
    passed_at: float
    left_at: float
    window: str
    line: str


def check(stage, crowd):
    """Nothing passed after a no; what had passed before left soon, and was at most a window."""
    withdrawn, passes, deadlocks = (ask(query) for query in (WITHDRAWN, PASSED, DEADLOCKS))
    moments = {uuid: at.timestamp() for uuid, at, _passed_at in withdrawn}
    leaving = list(leaving_of(passes, stage.taken()))
    after = [uuid for uuid, at, passed_at in withdrawn if passed_at and passed_at > at]
    late = [each for each in leaving if each.left_at > moments.get(each.delivery, each.left_at)]
    spared = sum(passed_at is None for _uuid, _at, passed_at in withdrawn)
    latest = max((each.left_at - moments[each.delivery] for each in late), default=0)
    report = stage.report
    report.found |= {"withdrawn": len(withdrawn), "spared": spared, "left_after": len(late)}
    report.found |= {"latest_seconds": round(latest, 3), "deadlocks": deadlocks[0][0]}
    report.expect(len(withdrawn) == crowd.total, f"{len(withdrawn)} of {crowd.total} are in the books")
    report.expect(not after, f"passed the gate after a no: {after[:5]}")
    report.expect(latest <= LATEST_SECONDS, f"one left {latest:.1f} s after the no")
    report.expect(deadlocks[0][0] == 0, f"{deadlocks[0][0]} deadlocks")
    report.expect(0 < spared < len(withdrawn), f"no race: {spared} of {len(withdrawn)} were spared")
    check_windows(report, leaving, late, sorted(moments.values()))


def check_windows(report, leaving, late, moments):
    """Of no window, and over no line, did more leave after a no than a window holds."""
    in_a_window = max(Counter(each.window for each in late).values(), default=0)
    over_a_line = most_on_the_way(leaving, moments)
    report.found |= {"most_left_after_of_a_window": in_a_window, "most_on_the_way_over_a_line": over_a_line}
    for most, words in ((in_a_window, "of one window"), (over_a_line, "over one line")):
        report.expect(most <= report.window, f"{most} left after a no {words}, which holds {report.window}")


def leaving_of(passes, copies):
    """A Leaving for each copy: a message that went back to the gate left by its last passing."""
    passed = defaultdict(list)
    for uuid, at, window, line in passes:
        passed[uuid].append((at.timestamp(), window, line))
    for copy in copies:
        before = [each for each in passed[copy.delivery] if each[0] <= copy.at]
        if before:
            at, window, line = before[-1]
            yield Leaving(copy.delivery, at, copy.at, window, line)


def most_on_the_way(leaving, moments):
    """The most messages that one line had on the way at any of these moments: passed by then, left after."""
    lines, most = defaultdict(list), 0
    for each in leaving:
        lines[each.line].append(each)
    for line in lines.values():
        passed, left = sorted(each.passed_at for each in line), sorted(each.left_at for each in line)
        first, last = bisect_right(moments, passed[0]), bisect_right(moments, left[-1])
        ways = (bisect_right(passed, at) - bisect_right(left, at) for at in moments[first:last])
        most = max(most, max(ways, default=0))
    return most


def ask(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
