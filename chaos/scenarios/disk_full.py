"""The database's disk fills up while messages leave: nothing leaves unrecorded, and with room all goes on."""

import time

from django.db import DatabaseError, connection

from campaigns.models import Delivery
from chaos import population, servers
from chaos.checking import Report
from chaos.scenarios.flush import look_on, newcomers, until_answered
from chaos.small_disk import Unavailable
from chaos.stage import Crew, Stage
from chaos.visitor import AWAY
from contacts.models import Sender, SettlesBy
from contacts.staging import Refusals

# (people, seconds without any room)
QUICK, FULL = (400, 2), (2_000, 10)
MEGABYTES = 400
# So long takes every reply: there is something to disturb.
DELAY = 0.004
WORKERS = 2
# Something else that writes takes what room is left in the log, so much at a time.
SWALLOW = "SELECT pg_logical_emit_message(false, 'chaos', repeat('x', 1000000))"
SWALLOW_EVERY = 0.2
FULL_WITHIN, AGAIN_WITHIN = 60, 60


def run(seed, *, full=False):
    try:
        with servers.on_small_disk(MEGABYTES) as disk:
            yield run_once(seed, disk, *(FULL if full else QUICK))
    except Unavailable as why:
        yield Report("disk_full", seed, skipped=f"no small disk can be mounted here: {why}")


def run_once(seed, disk, people, seconds):
    with Stage("disk_full", seed, population.EVIDENCE, sink={"delay": DELAY}, TRUST_PROXY="1") as stage:
        stage.report.window = population.SENDERS[population.EVIDENCE]["window"]
        port = stage.web()
        workers, visitors = Crew(stage.celery_workers(WORKERS)), newcomers(port)
        # Service mail too: nobody is sent a second copy.
        Sender.objects.update(settles_by=SettlesBy.EVIDENCE)
        population.make_campaign(population.EVIDENCE, population.make_people(people))
        look_on_until(stage, people // 4, workers)
        fill(stage, disk, workers, seconds)
        check_files(stage.report, disk)
        make_room(stage, disk)
        look_on(stage, 2, workers)
        until_answered(stage, visitors, workers)
        ended = stage.until_ended(AGAIN_WITHIN + people / 15, workers)
        stage.report.expect(ended, "it did not come to an end")
        check_visitors(stage.report, visitors)
        stage.check()
        # A window of each when a table finds no room, and one when the log does.
        most = 2 * WORKERS * stage.report.window
        stage.report.expect(stage.report.unknown <= most, f"{stage.report.unknown} in doubt, {most} may be")
        return stage.report


def look_on_until(stage, taken, workers, seconds=60):
    """Until so many messages have left."""
    ends = time.monotonic() + seconds
    while stage.count_taken() < taken and time.monotonic() < ends:
        look_on(stage, 0.1, workers)


def fill(stage, disk, workers, seconds):
    """No room is left, first for tables, then for the log; from then on nothing leaves any more."""
    began = time.monotonic()
    disk.fill()
    look_on(stage, seconds / 2, workers)
    while swallow() and time.monotonic() < began + FULL_WITHIN:
        pass
    stage.report.found["full_after"] = round(time.monotonic() - began, 1)
    keep_full(stage, disk, workers, 2)
    left = stage.count_taken()
    keep_full(stage, disk, workers, seconds)
    left = stage.count_taken() - left
    stage.report.found["left_while_full"] = left
    stage.report.expect(left == 0, f"{left} left while nothing could be written down")


def keep_full(stage, disk, workers, seconds):
    """For a while, whatever room a crash gives back is taken again."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        disk.fill()
        swallow()
        look_on(stage, SWALLOW_EVERY, workers)


def swallow():
    """Whether there was room in the log, which is taken now."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(SWALLOW)
        return True
    except DatabaseError:
        connection.close()
        return False


def make_room(stage, disk):
    """Somebody tidies up, and starts the database if it has given up."""
    began = time.monotonic()
    disk.make_room()
    servers.start_postgres()
    stage.report.found["started_after"] = round(time.monotonic() - began, 1)


def check_files(report, disk):
    """A list that finds no room is not left behind half."""
    path = disk.folder / "refused.csv"
    try:
        with Refusals(path, ["E-mail"]) as refusals:
            refusals.refuse(2, "There is no e-mail.", ["x" * 100_000])
        report.expect(False, "the disk was not full")
    except OSError:
        left = [found.name for found in disk.folder.glob("refused.csv*")]
        report.expect(not left, f"a part of a list was left behind: {left}")


def check_visitors(report, visitors, *, must_notice=True):
    """Pages said to come again, and what to do; whoever was told that they signed up has their message."""
    web, answered = visitors.web, Delivery.objects.filter(campaign=None, status="sent").count()
    away = web.statuses[AWAY]
    report.found |= {
        "statuses": {str(status): count for status, count in web.statuses.items()},
        "signed_up": visitors.signed_up,
        "answered": answered,
    }
    broken = {status: count for status, count in web.failures.items() if status != AWAY}
    report.expect(not broken, f"pages broke: {broken}")
    if must_notice:
        report.expect(away > 0, "no page noticed")
        report.expect("its disk is full" in web.said, f"they did not say what to do: {web.said[:100]}")
    known = visitors.signed_up <= answered <= visitors.signed_up + away
    report.expect(known, f"{visitors.signed_up} signed up, {answered} answered")
