"""A loopback SMTP server that keeps what it accepts, and refuses whom a test tells it to."""

import email
import email.policy
import socket
import threading

from aiosmtpd.controller import Controller


class Mailbox:
    """The messages accepted so far, oldest first; each knows its `raw` bytes and its envelope."""

    def __init__(self, port):
        self.port = port
        self.messages = []
        self._replies = {}
        self._silent = set()
        self._arrived = threading.Condition()
        self._controller = Controller(self, hostname="127.0.0.1", port=port)
        self._controller.start()

    def __len__(self):
        return len(self.messages)

    def __iter__(self):
        return iter(self.messages)

    def __getitem__(self, index):
        return self.messages[index]

    def to(self, address):
        """The messages accepted for one address."""
        return [message for message in self.messages if address in message.envelope_to]

    def wait_for(self, address, count=1, seconds=10):
        """The messages accepted for one address, once there are `count` of them."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self.to(address)) >= count, seconds)
        return self.to(address)

    def refuse(self, address, code=550, text="5.1.1 No such person here"):
        """Answer this recipient with a code (5xx for good, 4xx for now) instead of accepting it."""
        self._replies[address] = f"{code} {text}"

    def accept(self, address):
        """Stop refusing this recipient."""
        self._replies.pop(address, None)
        self._silent.discard(address)

    def hang_up_after(self, address):
        """Accept this recipient's message, then close the line without an answer: its outcome is unknown."""
        self._silent.add(address)

    def clear(self):
        """Forget every message and every refusal."""
        self.messages.clear()
        self._replies.clear()
        self._silent.clear()

    def stop(self):
        self._controller.stop()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self._replies:
            return self._replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        message.raw = envelope.content
        message.envelope_from = envelope.mail_from
        message.envelope_to = list(envelope.rcpt_tos)
        with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()
        if self._silent.intersection(envelope.rcpt_tos):
            server.transport.abort()
        return "250 Accepted"


def start_mailbox(tries=20):
    """Start a mailbox on a free port of the loopback."""
    for _ in range(tries):
        try:
            return Mailbox(_free_port())
        except OSError:
            continue
    raise RuntimeError("No free port for the tests' SMTP server.")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
