"""The whole road of a delivery, beside what else could be done with the same message on the same machine.

A raw mail server on the loopback, a process of its own, takes everything; one worker sends.
"""

import gc
import re
import smtplib
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from functools import cache

from benchmarks import mailing, servers
from benchmarks.measuring import Goal, compare, interleave
from benchmarks.population import AT
from benchmarks.stopwatch import SHARES, Stopwatch

MESSAGES, ONE_BY_ONE = 1_500, 300
ROUNDS = 3
# Of the relay that takes its time: messages for each line, lines, seconds that it takes to say something.
EACH_LINE, LINES, DELAY = 100, (1, 4, 16), 0.01
TASKS = 100
# What is asked for beside Django.
AIM = Goal(3, at_least=True)


def run(*, full):
    """How fast the road is, where its time goes, what lines give, Celery's share; the same when `full`."""
    from chaos.starting import Sink

    servers.fresh_database("sending")
    rule = mailing.set_up(max(MESSAGES, EACH_LINE * max(LINES)), MESSAGES)
    messages = prepared(rule)
    yield from build(messages)
    with Sink() as sink:
        use(sink)
        yield from road(rule, messages)
        yield from celery(rule)
    with Sink(delay=DELAY) as relay:
        use(relay)
        yield from over_lines(rule, messages)


def use(sink):
    """Let our mail leave through this server."""
    from django.conf import settings

    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.smtp_port


def prepared(rule):
    """[(delivery, merge values, message)], with all that making them needs at hand."""
    from campaigns import rendering, sending
    from campaigns.models import Delivery

    mailing.plan("prepared", MESSAGES, rule=rule)
    deliveries, values = sending.load(list(Delivery.objects.values_list("pk", flat=True)))
    messages = [(d, values[d.pk], rendering.render(d, values[d.pk])) for d in deliveries.values()]
    # What is only held here shall be no burden to whoever is measured.
    gc.collect()
    gc.freeze()
    return messages


# Making a message ------------------------------------------------------------------------------------


def build(messages):
    """Render and assemble, beside the mere rendering of the same words; seconds of CPU."""
    some = messages[:500]
    size = f"{len(some)} messages of {len(some[0][2].as_bytes()) // 1000} kB"
    cpu = defaultdict(list)
    ways = {"build": build_message, "Liquid": render_bare}
    interleave({name: on_cpu(name, cpu, some, act) for name, act in ways.items()}, rounds=5)
    yield compare("Message build / bare Liquid", size, cpu, ours="build", theirs="Liquid", goal=Goal(2.5))


def on_cpu(name, cpu, items, act):
    """A variant that does something with each item and notes the CPU it took."""

    def variant(number):
        began = time.process_time()
        for item in items:
            act(*item)
        cpu[name].append(time.process_time() - began)

    return variant


def build_message(delivery, values, message):
    from campaigns import rendering

    return rendering.render(delivery, values).as_bytes()


def render_bare(delivery, values, message):
    """The HTML and the text, by the package alone."""
    html, text = laid_out(delivery.version.html), delivery.version.text
    return bare_template(html, True).render(**values), bare_template(text, False).render(**values)


@cache
def laid_out(html):
    """The HTML as it was laid out, without the line breaks that spare us an encoding."""
    return re.sub(r'\n(?=>|\s[a-z-]+=")', "", html)


@cache
def bare_template(source, html):
    from liquid import Environment

    return Environment(autoescape=html).from_string(source)


# The road --------------------------------------------------------------------------------------------


def road(rule, messages):
    """One worker, everything on, beside smtplib with messages that are ready, and Django's message class."""
    size, numbers = f"{MESSAGES:,} messages", iter(range(1_000))
    cpu, watch = defaultdict(list), Stopwatch()
    variants = {
        "bare": lambda: bare(messages),
        "W = 20": lambda: watch.run(lambda: ours(rule)),
        "W = 20, 4 lines": lambda: ours(rule, lines=4),
        "Django": lambda: django_loop(messages),
    }
    seconds = interleave(
        {name: on_cpu(name, cpu, [()], act) for name, act in variants.items()},
        rounds=ROUNDS,
        before=lambda: mailing.plan(f"road{next(numbers)}", MESSAGES, rule=rule),
    )
    yield from rates(size, seconds, cpu)
    yield from one_by_one(rule, messages[:ONE_BY_ONE])
    for part, goal in SHARES.items():
        yield compare(f"Share of {part}", size, watch.parts, ours=part, theirs="all", goal=goal)


def rates(size, seconds, cpu):
    """The goals are for a worker as it runs, over its four lines; what one of them gives is told beside."""
    for ours, theirs, goal in [
        ("W = 20", "bare", None),
        ("W = 20, 4 lines", "bare", at_least(0.4)),
        ("W = 20", "Django", None),
        ("W = 20, 4 lines", "Django", AIM),
    ]:
        against = "bare smtplib" if theirs == "bare" else "Django's mail"
        pair = {"ours": ours, "theirs": theirs, "rate": True, "goal": goal}
        yield compare(f"The road, {ours} / {against}", size, seconds, **pair)
    pair = {"ours": "W = 20", "theirs": "Django", "rate": True, "goal": AIM}
    yield compare("The road / Django's mail, CPU of the worker", size, cpu, **pair)


def one_by_one(rule, messages):
    """A window of one: a commit of its own for every message."""
    numbers = iter(range(1_000))
    seconds = interleave(
        {"W = 1": lambda _: ours(rule, window=1), "bare": lambda _: bare(messages)},
        rounds=ROUNDS,
        before=lambda: mailing.plan(f"one{next(numbers)}", len(messages), rule=rule),
    )
    size, pair = f"{len(messages)} messages", {"ours": "W = 1", "theirs": "bare", "rate": True}
    yield compare("The road, W = 1 / bare smtplib", size, seconds, **pair)


def at_least(ratio):
    return Goal(ratio, at_least=True)


def ours(rule, *, window=20, lines=1, limit=200, on_sent=None):
    """Send whatever is due, in as many runs as it takes."""
    from campaigns import claiming, sending
    from contacts.models import Sender

    Sender.objects.filter(pk=rule.sender_id).update(window=window)
    total = 0
    while claiming.waiting(AT, 1):
        counts = sending.send_due(AT, "bench", limit, lines=lines)
        assert set(counts) <= {"sent"}, counts
        total += counts["sent"]
        if on_sent:
            on_sent(total)
    assert total, "nothing was due"


def bare(messages):
    """Messages that are ready, over one connection."""
    from django.conf import settings

    connection = smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT)
    for _delivery, _values, message in messages:
        connection.sendmail(message.sender_address, [message.recipient], message.as_bytes())
    connection.quit()


def django_loop(messages):
    """The same words and headers, rendered and sent by Django over one connection."""
    from django.core.mail import EmailMultiAlternatives, get_connection

    with get_connection("django.core.mail.backends.smtp.EmailBackend") as connection:
        for delivery, values, message in messages:
            html, text = render_bare(delivery, values, message)
            subject = bare_template(delivery.version.subject, False).render(**values)
            headers = dict(line.rstrip().replace("\r\n", "").split(": ", 1) for line in message.headers[6:])
            mail = EmailMultiAlternatives(
                subject,
                text,
                message.sender_address,
                [message.recipient],
                headers=headers,
                connection=connection,
            )
            mail.attach_alternative(html, "text/html")
            mail.send()


# Several lines ---------------------------------------------------------------------------------------


def over_lines(rule, messages):
    """A relay that takes its time for every reply: what more lines give, and what bare loops would."""
    numbers = iter(range(1_000))
    seconds = {}
    for lines in LINES:
        count = EACH_LINE * lines
        seconds |= interleave(
            {
                f"ours, {lines}": lambda _, lines=lines: ours(rule, lines=lines, limit=EACH_LINE),
                f"bare, {lines}": lambda _, lines=lines: bare_loops(messages, lines),
            },
            rounds=ROUNDS,
            before=lambda count=count: mailing.plan(f"lines{next(numbers)}", count, rule=rule),
        )
    for lines in LINES:
        size = f"{EACH_LINE * lines} messages, {DELAY * 1000:.0f} ms a reply"
        pair = {"ours": f"ours, {lines}", "theirs": f"bare, {lines}"}
        yield compare(f"{lines} lines / bare loops", size, seconds, **pair, rate=True, goal=at_least(0.9))
    for lines in LINES[1:]:
        # As many times the messages: were lines free, the time would be the same.
        size = f"{EACH_LINE} messages a line"
        pair = {"ours": f"ours, {lines}", "theirs": "ours, 1"}
        yield compare(f"{lines} lines / {lines} x one", size, seconds, **pair, rate=True, goal=at_least(0.8))


def bare_loops(messages, lines):
    """A loop of smtplib in each of so many threads."""
    some = messages[:EACH_LINE]
    threads = [threading.Thread(target=bare, args=[some]) for _ in range(lines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# Celery ----------------------------------------------------------------------------------------------


def celery(rule):
    """A task through the broker that finds nothing to do, beside the sending of what one sweep finds."""
    from celery.contrib.testing.worker import start_worker

    from crm.celery import app

    numbers = iter(range(1_000))
    with clock_stopped(), start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        idle_sweeps(1)
        seconds = interleave(
            {"tasks": lambda _: idle_sweeps(TASKS), "sending": lambda _: ours(rule)},
            rounds=ROUNDS,
            before=lambda: mailing.plan(f"celery{next(numbers)}", MESSAGES, rule=rule),
        )
    seconds["a task"] = [took / TASKS for took in seconds["tasks"]]
    size = f"a task, {MESSAGES:,} messages"
    yield compare(
        "Celery's share of a sweep", size, seconds, ours="a task", theirs="sending", goal=Goal(0.02)
    )


@contextmanager
def clock_stopped():
    """A worker asks for no sweeps by itself."""
    from celery.signals import worker_ready

    from crm.celery import keep_the_clock

    worker_ready.disconnect(keep_the_clock)
    try:
        yield
    finally:
        worker_ready.connect(keep_the_clock)


def idle_sweeps(count):
    """Ask for so many sweeps and wait until a worker has run them, all sending being held."""
    from celery.signals import task_postrun

    from campaigns.models import SendingSwitch
    from campaigns.tasks import sweep

    ended = threading.Semaphore(0)

    def note(**options):
        ended.release()

    SendingSwitch.objects.update_or_create(id=1, defaults={"held": True})
    task_postrun.connect(note)
    for _ in range(count):
        sweep.apply_async()
    for _ in range(count):
        assert ended.acquire(timeout=60), "no worker has run the task"
    task_postrun.disconnect(note)
    SendingSwitch.objects.update(held=False)
