"""A large campaign: whether its last tenth is as fast as its first, and what its worker holds in memory."""

import resource
import time
from pathlib import Path

from benchmarks import mailing, servers
from benchmarks.measuring import Goal, Result
from benchmarks.sending import at_least, ours, use

MESSAGES, FEW = 1_000_000, 20_000
LINES = 4


def run(*, full):
    """To a million people when `full`; to a few otherwise, which says little."""
    from chaos.starting import Sink

    servers.fresh_database("campaign")
    count = MESSAGES if full else FEW
    rule = mailing.set_up(count, 0)
    print(f"    planning {count:,} deliveries", flush=True)
    mailing.plan("campaign", count, rule=rule, campaign=mailing.campaign_of(rule))
    with Sink() as sink:
        use(sink)
        marks = sent_in_time(rule, count)
    yield from figures(marks, count, binds=full)


def sent_in_time(rule, count):
    """[(how many were sent, when, memory)] as one worker sends them all over its lines."""
    marks = [(0, time.perf_counter(), memory())]

    def note(total):
        marks.append((total, time.perf_counter(), memory()))
        print(f"    {total:,} of {count:,}: {rate(marks[-2:]):,.0f} a second", flush=True)

    ours(rule, lines=LINES, on_sent=note)
    return marks


def figures(marks, count, *, binds):
    """Its last tenth beside its first, and the memory of the worker at its end beside that early on."""
    size, tenth = f"{count:,} messages", count // 10
    first, last = pace(marks, 0, tenth), pace(marks, count - tenth, count)
    goal = at_least(0.9) if binds else None
    yield Result("Last tenth / first, messages a second", size, last, first, round(last / first, 3), goal)
    early, late = next(mark[2] for mark in marks if mark[0] >= tenth), marks[-1][2]
    goal = Goal(1.2) if binds else None
    yield Result("Memory at the end / early, MB", size, late, early, round(late / early, 3), goal)


def pace(marks, start, end):
    """Messages a second between two places of the campaign, by the runs that lie there."""
    within = [mark for mark in marks if start <= mark[0] <= end]
    return rate(within if len(within) > 1 else marks[-2:] if end == marks[-1][0] else marks[:2])


def rate(marks):
    (sent, began, _), (sent_then, ended, _) = marks[0], marks[-1]
    return (sent_then - sent) / (ended - began)


def memory():
    """What this process holds, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6
