"""A mail server that takes everything, slowly, badly or not at all, and can be asked “did you take X?”.

`python -m chaos.sink --taken FILE` prints {"smtp": port, "http": port} once it listens on the loopback. It
writes down what it takes before it says so. A message is known by the uuid in its return path, or else by its
X-CRM-Delivery header; the faults of the envelope need the first.
"""

import argparse
import asyncio
import base64
import binascii
import contextlib
import json
import re
import signal
import sys
import uuid

from chaos import faults
from chaos.answering import Answer, Exchange
from chaos.faults import ACCEPT
from chaos.taken import Taken

SLOW = "slow"
# Refusals, by where they are spoken.
REFUSALS = {
    "mail_4xx": ("MAIL", b"451 4.3.0 Come again later\r\n"),
    "mail_5xx": ("MAIL", b"550 5.7.1 Not from you\r\n"),
    "rcpt_4xx": ("RCPT", b"450 4.2.0 Greylisted, come again later\r\n"),
    "rcpt_5xx": ("RCPT", b"550 5.1.1 No such person here\r\n"),
    "data_4xx": ("DATA", b"451 4.3.0 Not now\r\n"),
    "data_5xx": ("DATA", b"554 5.7.1 Not from you\r\n"),
    "dot_4xx": (".", b"451 4.3.0 Could not keep it\r\n"),
    "dot_5xx": (".", b"554 5.6.0 Not this message\r\n"),
}
CLOSING = "closing"
DROP_EARLY, DROP_BEFORE, DROP_AFTER = "drop_before_data", "drop_before_dot", "drop_after_dot"
STALL = "stall"
FAULTS = (*REFUSALS, CLOSING, DROP_EARLY, DROP_BEFORE, DROP_AFTER, STALL)
KNOWN = (*FAULTS, SLOW)

GREETING = b"220 sink.example.com ESMTP\r\n"
CAN = (
    b"250-sink.example.com\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
    b"250-ENHANCEDSTATUSCODES\r\n250 SIZE 52428800\r\n"
)
FINE, BEGIN, TAKEN = b"250 2.0.0 OK\r\n", b"354 Go ahead\r\n", b"250 2.0.0 Taken\r\n"
BYE, CLOSE, WRONG_ORDER = b"221 2.0.0 Bye\r\n", b"421 4.3.2 Closing\r\n", b"503 5.5.1 Not now\r\n"
UNKNOWN_COMMAND = b"502 5.5.2 What?\r\n"
RETURN_PATH = re.compile(rb"<b-([a-z2-7]{39})@", re.IGNORECASE)
HEADER = re.compile(rb"\r\n(X-CRM-Delivery|Message-ID):[ \t]*([^\r\n]*)", re.IGNORECASE)
END = b"\r\n.\r\n"


class Sink:
    """What all conversations share."""

    def __init__(self, taken, faults, delay=0):
        self.taken, self.faults, self.delay = taken, faults, delay

    def answer(self, request):
        """GET /taken?id=<uuid>: did you take it?"""
        if request.path != "/taken":
            return Answer(404, {})
        return Answer(200, {"accepted": request.query.get("id", [""])[0] in self.taken})


class Conversation(asyncio.Protocol):
    """One client's line. Commands that come together are answered together."""

    def __init__(self, sink):
        self.sink, self.transport = sink, None
        self.buffer, self.replies = bytearray(), []
        self.waiting, self.is_data = None, False
        self.forget_message()

    def connection_made(self, transport):
        self.transport = transport
        transport.write(GREETING)

    def connection_lost(self, error):
        if self.waiting:
            self.waiting.cancel()

    def data_received(self, data):
        self.buffer += data
        self.go_on()

    def go_on(self):
        """Answer all that has come; a slow sink answers one at a time."""
        while not self.waiting and self._answer_next():
            pass
        if self.replies and not self.waiting:
            self.transport.write(b"".join(self.replies))
            self.replies.clear()

    def say(self, reply, after=0):
        after += self.sink.delay
        if after:
            self.waiting = asyncio.get_running_loop().call_later(after, self._say_late, reply)
        else:
            self.replies.append(reply)

    def cut(self):
        """What was said before reaches the client still; then the line is dead."""
        self.transport.write(b"".join(self.replies))
        self.replies.clear()
        self._hush()
        self.transport.abort()

    def forget_message(self):
        self.key, self.fault, self.recipient, self.stage = None, ACCEPT, "", ""

    def _say_late(self, reply):
        self.waiting = None
        self.transport.write(reply)
        self.go_on()

    def _hush(self):
        self.waiting = asyncio.get_running_loop().create_future()

    def _answer_next(self):
        """Answer the next command, or the message, if it has come whole; whether it had."""
        if self.is_data:
            return self._answer_data()
        end = self.buffer.find(b"\n")
        if end < 0:
            return False
        line = bytes(self.buffer[: end + 1])
        del self.buffer[: end + 1]
        COMMANDS.get(line[:4].upper().rstrip(), Conversation.other)(self, line)
        return True

    def _answer_data(self):
        if self.fault == DROP_BEFORE and len(self.buffer) > len(END):
            self.cut()
            return False
        end = self.buffer.find(END)
        if end < 0:
            return False
        message = bytes(self.buffer[:end])
        del self.buffer[: end + len(END)]
        self.is_data = False
        self._end(message)
        return True

    # The commands, by their first four letters --------------------------------------------------------

    def hello(self, line):
        self.say(CAN)

    def helo(self, line):
        self.say(FINE)

    def mail(self, line):
        self.forget_message()
        if found := RETURN_PATH.search(line):
            self._meet(_uuid(found[1]))
        self._step("MAIL", FINE)

    def rcpt(self, line):
        if self.stage not in ("MAIL", "RCPT"):
            self.say(WRONG_ORDER)
        elif self.fault == CLOSING:
            self.replies.append(CLOSE)
            self.cut_after_reply()
        else:
            self.recipient = line[line.find(b"<") + 1 : line.find(b">")].decode("ascii", "replace")
            self._step("RCPT", FINE)

    def data(self, line):
        if self.stage != "RCPT":
            self.say(WRONG_ORDER)
        elif self.fault == DROP_EARLY:
            self.cut()
        elif self._step("DATA", BEGIN):
            # So that the end is found in an empty message too.
            self.buffer[:0] = b"\r\n"
            self.is_data = True

    def reset(self, line):
        self.forget_message()
        self.say(FINE)

    def noop(self, line):
        self.say(FINE)

    def quit(self, line):
        self.replies.append(BYE)
        self.cut_after_reply()

    def other(self, line):
        self.say(UNKNOWN_COMMAND)

    def cut_after_reply(self):
        self.transport.write(b"".join(self.replies))
        self.replies.clear()
        self._hush()
        self.transport.close()

    # What becomes of a message ------------------------------------------------------------------------

    def _meet(self, key):
        self.key, self.fault = key, self.sink.faults.next_of(key)

    def _step(self, stage, reply):
        """Say yes, or what this message meets with here; whether it was yes."""
        refused_at, refusal = REFUSALS.get(self.fault, ("", b""))
        self.stage = "" if refused_at == stage else stage
        self.say(refusal if refused_at == stage else reply)
        return refused_at != stage

    def _end(self, message):
        """The final dot has come."""
        headers = _headers(message)
        if self.key is None:
            self._meet(headers.get(b"x-crm-delivery", ""))
        delivery = headers.get(b"x-crm-delivery", self.key)
        if self.fault == STALL:
            self._hush()
            return
        if REFUSALS.get(self.fault, ("",))[0] != ".":
            self.sink.taken.add(delivery, self.recipient, headers.get(b"message-id", ""))
        if self.fault == DROP_AFTER:
            self.cut()
            return
        if self.fault == SLOW:
            self.say(TAKEN, faults.SLOW_SECONDS)
        else:
            self._step(".", TAKEN)
        self.forget_message()


COMMANDS = {
    b"EHLO": Conversation.hello,
    b"HELO": Conversation.helo,
    b"MAIL": Conversation.mail,
    b"RCPT": Conversation.rcpt,
    b"DATA": Conversation.data,
    b"RSET": Conversation.reset,
    b"NOOP": Conversation.noop,
    b"QUIT": Conversation.quit,
}


def _headers(message):
    """The two that matter, from the message's head."""
    head = message[: message.find(b"\r\n\r\n", 2)]
    return {name.lower(): value.decode("ascii", "replace").strip() for name, value in HEADER.findall(head)}


def _uuid(letters):
    with contextlib.suppress(binascii.Error, ValueError):
        return str(uuid.UUID(bytes=base64.b32decode(letters.upper() + b"=")[:16]))


async def serve(sink, port, http_port):
    """Listen on the loopback, say where, and go on until told to stop."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, told.set)
    smtp = await loop.create_server(lambda: Conversation(sink), "127.0.0.1", port, backlog=500)
    http = await loop.create_server(lambda: Exchange(sink.answer), "127.0.0.1", http_port, backlog=500)
    print(json.dumps({"smtp": _port(smtp), "http": _port(http)}), flush=True)
    await told.wait()


def _port(server):
    return server.sockets[0].getsockname()[1]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m chaos.sink", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for any that is free")
    parser.add_argument("--http-port", type=int, default=0)
    parser.add_argument("--taken", help="the file in which it writes down what it takes")
    parser.add_argument("--delay", type=float, default=0, help="seconds that every reply takes")
    faults.add_arguments(parser, KNOWN)
    options = parser.parse_args(arguments)
    sink = Sink(Taken(options.taken), faults.from_options(options, KNOWN), options.delay)
    asyncio.run(serve(sink, options.port, options.http_port))


if __name__ == "__main__":
    sys.exit(main())
