"""The few lines of HTTP that a stub needs: a request is read whole, answered, and the line kept open."""

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What it is told: a status and JSON, after a while; no status means that the line is cut."""

    status: int | None
    content: object = None
    headers: tuple = ()
    after: float = 0

    def as_bytes(self):
        body = json.dumps(self.content).encode()
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\r\n".join(lines).encode() + END_OF_HEAD + body


CUT = Answer(None)
# Nothing is ever said; it is for the client to lose patience.
SILENCE = Answer(None, after=float("inf"))


class Exchange(asyncio.Protocol):
    """One client's line; `answer(request)` says what it is told."""

    def __init__(self, answer):
        self.answer = answer
        self.buffer, self.waiting, self.transport = bytearray(), None, None

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, error):
        if self.waiting:
            self.waiting.cancel()

    def data_received(self, data):
        self.buffer += data
        self.go_on()

    def go_on(self):
        while not self.waiting and (request := self._next_request()):
            self._tell(self.answer(request))

    def _next_request(self):
        """The next request that has come whole, taken off the buffer; or None."""
        head, end, rest = bytes(self.buffer).partition(END_OF_HEAD)
        if not end:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        del self.buffer[: len(head) + len(end) + length]
        method, target, _version = first.split(" ")
        parts = urlsplit(target)
        return Request(method, parts.path, parse_qs(parts.query), headers, rest[:length])

    def _tell(self, answer):
        loop = asyncio.get_running_loop()
        if answer.after == float("inf"):
            self.waiting = loop.create_future()
        elif answer.after:
            self.waiting = loop.call_later(answer.after, self._tell_late, answer)
        else:
            self._say(answer)

    def _tell_late(self, answer):
        self.waiting = None
        self._say(answer)
        self.go_on()

    def _say(self, answer):
        if answer.status is None:
            self.transport.abort()
        else:
            self.transport.write(answer.as_bytes())
