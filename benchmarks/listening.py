"""What comes back: followed links, fetched pictures and providers' notices, on the web server as it runs.

Gunicorn as in production, over eight connections that are kept; the database durable. Beside it, on the same
server, a view that does nothing, one that writes a row and commits, and one that lets Django do so.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from statistics import median

import psutil

from benchmarks import mailing, servers
from benchmarks.measuring import Goal, Result, compare
from benchmarks.population import AT

REQUESTS, ROUNDS, CONNECTIONS = 600, 3, 8
SERVE = ["--worker-class=gthread", "--workers=2", "--threads=4", "--no-control-socket", "--log-level=error"]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
SECRET = "a-secret-of-the-benchmark"
LINK = "https://shop.example.com/new"


def run(*, full):
    """The doors beside a view that does nothing and one that writes a row; then what they kept is read."""
    servers.fresh_database("listening")
    tokens = sent(REQUESTS * ROUNDS)
    with web() as server:
        heard = {name: [] for name in DOORS}
        for number in range(ROUNDS):
            some = tokens[number * REQUESTS : (number + 1) * REQUESTS]
            for name, made in DOORS.items():
                heard[name].append(server.ask([made(*each) for each in some]))
                told = heard[name][-1]
                print(
                    f"    round {number + 1}, {name}: {told.rate:,.0f}/s, 99 % within {told.slow:.1f} ms, "
                    f"{told.cpu:.2f} ms of CPU each",
                    flush=True,
                )
    yield from beside(heard)
    yield from drain(heard)


def drain(heard):
    """What the doors kept is told, beside the rate at which they took it in."""
    rates = told()
    nothing_is_lost()
    size = f"{REQUESTS * ROUNDS * 2:,} kept"
    for name, door in (("responses", "click"), ("notices", "notice")):
        intake = median(each.rate for each in heard[door])
        goal = Goal(5, at_least=True)
        what = f"Telling {name} / taking them in, a second"
        yield Result(what, size, rates[name], intake, round(rates[name] / intake, 3), goal)


def told():
    """{what: how many a second}, all that waits."""
    from django.utils import timezone

    from campaigns import hearing, noticing

    acts = {"responses": hearing.hear_waiting, "notices": lambda: noticing.read_unread(timezone.now())}
    rates = {}
    for name, act in acts.items():
        began, total = time.perf_counter(), 0
        while done := act():
            total += done
        rates[name] = total / (time.perf_counter() - began)
        print(f"    {name}: {rates[name]:,.0f} told a second", flush=True)
    return rates


def nothing_is_lost():
    """Everything was told, and once."""
    from campaigns.models import Notice, RawNotice, RawResponse, Response

    everything = REQUESTS * ROUNDS
    assert (RawResponse.objects.count(), RawNotice.objects.filter(read_at=None).count()) == (0, 0)
    assert Response.objects.by_people().filter(kind="clicked").count() == everything
    assert (Response.objects.count(), Notice.objects.count()) == (everything * 3, everything)


def sent(count):
    """[(delivery key, click path, picture path)] of messages that were sent."""
    from django.db import connection

    from campaigns import links
    from campaigns.models import Delivery

    rule = mailing.set_up(count, 0)
    mailing.plan("listening", count, rule=rule)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_delivery SET status = 'sent', sending_at = %s, finished_at = %s", [AT, AT]
        )
        cursor.execute("CREATE TABLE bench_heard (id bigserial PRIMARY KEY, at timestamptz, words text)")
    found = Delivery.objects.only("uuid").order_by("id")
    return [(str(d.uuid), path(links.click_url(d, LINK)), path(links.open_url(d))) for d in found]


def path(url):
    return url.removeprefix("http://testserver")


# What is asked for -----------------------------------------------------------------------------------


def get(path):
    return (
        f"GET {path} HTTP/1.1\r\nHost: testserver\r\nUser-Agent: {BROWSER}\r\n"
        "Accept: text/html\r\nAccept-Language: en\r\n\r\n"
    )


def notice(key, _click, _picture):
    """A provider's word of one message that arrived."""
    body = json.dumps({
        "RecordType": "Delivery", "MessageID": key, "Recipient": "ada@example.com", "Details": "250 OK",
        "DeliveredAt": "2026-06-10T00:01:00Z", "Metadata": {"delivery": key},
    })  # fmt: skip
    return (
        f"POST /hooks/postmark/{SECRET}/ HTTP/1.1\r\nHost: testserver\r\nUser-Agent: Postmark\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


DOORS = {
    "nothing": lambda *_: get("/bench/nothing"),
    "a row": lambda *_: get("/bench/row"),
    "Django's row": lambda *_: get("/bench/plain"),
    "click": lambda _key, click, _picture: get(click),
    "picture": lambda _key, _click, picture: get(picture),
    "notice": notice,
}


# The server ------------------------------------------------------------------------------------------


class Heard:
    """How a server answered."""

    def __init__(self, told, cpu):
        took, answered = sorted(told["milliseconds"]), sum(told["statuses"].values())
        self.statuses, self.seconds = told["statuses"], told["seconds"]
        self.rate, self.slow, self.cpu = (
            answered / told["seconds"],
            took[int(len(took) * 0.99)],
            cpu / answered * 1000,
        )
        self.late = took[int(len(took) * 0.95)]


class Web:
    """The web server, running."""

    def __init__(self, port, process):
        self.port, self.process = port, process

    def ask(self, requests, connections=CONNECTIONS):
        """Ask for all of these; every one must be answered well."""
        before = self.cpu()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.loading", str(self.port), str(connections)],
            input=json.dumps(requests), capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        heard = Heard(json.loads(done.stdout), self.cpu() - before)
        assert set(heard.statuses) <= {"200", "204", "302"}, heard.statuses
        return heard

    def cpu(self):
        """The seconds of CPU that its workers have taken."""
        return sum(sum(child.cpu_times()[:2]) for child in psutil.Process(self.process.pid).children())


@contextmanager
def web():
    """The product's web server, as it runs, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", *SERVE, f"--bind=127.0.0.1:{port}", "benchmarks.web"]
    process = subprocess.Popen(command, env=environment(), start_new_session=True)
    try:
        wait_for(port)
        server = Web(port, process)
        server.ask([get("/bench/nothing")] * 200)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def environment():
    """As in production, with this benchmark's database."""
    from django.conf import settings

    name = settings.DATABASES["default"]["NAME"]
    address = os.environ["DATABASE_URL"].replace("/rapport", f"/{name}")
    return os.environ | {
        "DATABASE_URL": address, "DEMO": "0", "MAIL_HOOK_SECRET": SECRET,
        "SECRET_KEY": settings.SECRET_KEY, "SIGNING_KEY": settings.SIGNING_KEY,
    }  # fmt: skip


def wait_for(port, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("The web server does not answer.")


# What is said of it ----------------------------------------------------------------------------------


def beside(heard):
    size = f"{REQUESTS:,} requests, {CONNECTIONS} connections"
    seconds = {name: [each.seconds for each in rounds] for name, rounds in heard.items()}
    slow = {name: [each.slow for each in rounds] for name, rounds in heard.items()}
    for door in ("click", "picture", "notice"):
        yield compare(
            f"A {door} / a view that does nothing",
            size,
            seconds,
            ours=door,
            theirs="nothing",
            rate=True,
            goal=Goal(0.3, at_least=True),
        )
        yield compare(f"A {door} / a row and its commit", size, seconds, ours=door, theirs="a row", rate=True)
        yield compare(
            f"A {door} / a row of Django's, its commit",
            size,
            seconds,
            ours=door,
            theirs="Django's row",
            rate=True,
            goal=Goal(1.5, at_least=True, binds=False),
        )
        yield compare(
            f"The slowest hundredth, {door} / nothing", size, slow, ours=door, theirs="nothing", goal=Goal(2)
        )
