"""A provider's HTTP interface, shaped like Resend's, that breaks as it is told to and can be asked.

`python -m chaos.provider --taken FILE` prints {"http": port} once it listens on the loopback. `POST /emails`
takes a message; the same Idempotency-Key is taken once, and answered with the same id. `GET /taken?id=<uuid>`
says whether it took it. It writes down what it takes before it says so.
"""

import argparse
import asyncio
import hashlib
import json
import signal
import sys
import uuid
from dataclasses import dataclass, field

from chaos import faults
from chaos.answering import CUT, SILENCE, Answer, Exchange
from chaos.faults import ACCEPT
from chaos.taken import Taken

SLOW = "slow"
RETRY_AFTER_SECONDS = 2
# What is said instead of taking the message.
REFUSALS = {
    "too_many": Answer(
        429, {"name": "rate_limit_exceeded"}, headers=(("Retry-After", str(RETRY_AFTER_SECONDS)),)
    ),
    "forbidden": Answer(403, {"name": "validation_error", "message": "The domain is not verified."}),
    "wrong": Answer(422, {"name": "invalid_to_address", "message": "Invalid `to` field."}),
    "broken": Answer(500, {"name": "internal_server_error"}),
    "bad_gateway": Answer(502, {"name": "bad_gateway"}),
    "drop_before": CUT,
    "stall_before": SILENCE,
}
# What is said after it has been taken.
DENIALS = {
    "broken_after": Answer(500, {"name": "internal_server_error"}),
    "drop_after": CUT,
    "stall_after": SILENCE,
}
FAULTS = (*REFUSALS, *DENIALS)
KNOWN = (*FAULTS, SLOW)


@dataclass
class Provider:
    """What has been taken, and under which key."""

    taken: Taken
    faults: faults.Faults
    delay: float = 0
    # {key: (id, digest of what was asked)}
    keys: dict = field(default_factory=dict)

    def answer(self, request):
        if request.path == "/taken":
            return Answer(200, {"accepted": request.query.get("id", [""])[0] in self.taken})
        if (request.method, request.path) != ("POST", "/emails"):
            return Answer(404, {"name": "not_found"})
        if not request.headers.get("authorization"):
            return Answer(401, {"name": "missing_api_key"})
        return self._take(request)

    def _take(self, request):
        message = request.json
        delivery = _header(message, "X-CRM-Delivery") or request.headers.get("idempotency-key", "")
        fault = self.faults.next_of(delivery) if delivery else ACCEPT
        if fault in REFUSALS:
            return REFUSALS[fault]
        answer = self._keep(request, message, delivery)
        return DENIALS.get(fault, answer) if answer.status == 200 else answer

    def _keep(self, request, message, delivery):
        """Take it, unless its key says that it has been taken."""
        key = request.headers.get("idempotency-key")
        digest = hashlib.sha256(request.body).hexdigest()
        ref, known = self.keys.get(key) or (str(uuid.uuid4()), None)
        if known not in (None, digest):
            return Answer(409, {"name": "invalid_idempotent_request"})
        if known is None:
            self.taken.add(delivery, ", ".join(message["to"]), _header(message, "Message-ID"))
            if key:
                self.keys[key] = ref, digest
        slow = faults.SLOW_SECONDS if self.faults.of(delivery) == SLOW else 0
        return Answer(200, {"id": ref}, after=self.delay + slow)


def _header(message, name):
    headers = {key.lower(): value for key, value in (message.get("headers") or {}).items()}
    return headers.get(name.lower(), "")


async def serve(provider, port):
    """Listen on the loopback, say where, and go on until told to stop."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, told.set)
    server = await loop.create_server(lambda: Exchange(provider.answer), "127.0.0.1", port, backlog=500)
    print(json.dumps({"http": server.sockets[0].getsockname()[1]}), flush=True)
    await told.wait()


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m chaos.provider", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for any that is free")
    parser.add_argument("--taken", help="the file in which it writes down what it takes")
    parser.add_argument("--delay", type=float, default=0, help="seconds that taking a message lasts")
    faults.add_arguments(parser, KNOWN)
    options = parser.parse_args(arguments)
    provider = Provider(Taken(options.taken), faults.from_options(options, KNOWN), options.delay)
    asyncio.run(serve(provider, options.port))


if __name__ == "__main__":
    sys.exit(main())
