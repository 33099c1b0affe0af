"""Sending over a provider's HTTP interface, beside bare posts of the same bodies over a kept connection.

The provider is `chaos.provider`, shaped like Resend's, in a process of its own that takes everything at once.
"""

import http.client
import time
from functools import partial
from types import SimpleNamespace
from urllib.parse import urlsplit
from uuid import uuid4

from benchmarks import mailing, sending, servers
from benchmarks.measuring import Goal, compare, interleave

MESSAGES, ROUNDS = 500, 5
KEY = "a-key-of-the-benchmark"


def run(*, full):
    """One line of ours beside `http.client`, both with messages that are ready."""
    from chaos.starting import Provider

    servers.fresh_database("providing")
    rule = mailing.set_up(sending.MESSAGES, sending.MESSAGES)
    messages = [message for _delivery, _values, message in sending.prepared(rule)[:MESSAGES]]
    with Provider() as provider:
        yield from beside(provider, messages)


def beside(provider, messages):
    """Both keep one connection; the provider asks for a key with every message, and remembers it."""
    from campaigns.channels import esp

    set_up(provider)
    bodies = [body_of(message) for message in messages]
    cpu = {"ours": [], "bare": []}
    line = esp.open_line(esp.SERVICES["resend"], None)
    bare = http.client.HTTPConnection(urlsplit(provider.url).netloc)
    ways = {"ours": partial(ours, line, messages), "bare": partial(posts, bare, bodies)}
    variants = {name: partial(on_cpu, cpu[name], way) for name, way in ways.items()}
    seconds = interleave(variants, rounds=ROUNDS)
    size = f"{len(messages)} messages of {len(bodies[0]) // 1000} kB"
    pair = {"ours": "ours", "theirs": "bare", "rate": True}
    goal = Goal(0.5, at_least=True, binds=False)
    yield compare("Over a provider / http.client", size, seconds, goal=goal, **pair)
    yield compare("Over a provider / http.client, CPU", size, cpu, **pair)


def set_up(provider):
    from django.conf import settings

    settings.ANYMAIL = {
        "IGNORE_UNSUPPORTED_FEATURES": True,
        "RESEND_API_KEY": KEY,
        "RESEND_API_URL": provider.url,
    }


def on_cpu(taken, way, _number):
    began = time.process_time()
    way()
    taken.append(time.process_time() - began)


def ours(line, messages):
    for message in messages:
        line.send(message, SimpleNamespace(uuid=uuid4()), deadline=float("inf"))


def posts(connection, bodies):
    """The same bodies, made before."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    for body in bodies:
        connection.request("POST", "/emails", body, headers | {"Idempotency-Key": str(uuid4())})
        answer = connection.getresponse()
        assert (answer.status, len(answer.read()) > 0) == (200, True)


def body_of(message):
    """What goes over the wire for a message."""
    from campaigns.channels import esp

    service = esp.SERVICES["resend"]
    backend = esp.open_line(service, None)._backend
    mail = esp.made(message, SimpleNamespace(uuid=uuid4()), service)
    return backend.build_message_payload(mail, {}).serialize_data().encode()
