"""What the tests of the road need beside the cast: a mail server that answers by script."""

import socket
import threading

import pytest

from tests.campaigns.calls import make_call, may_be_called
from tests.make import NOON


class ScriptedServer:
    """An SMTP server that says, at one stage, what it is told to; None hangs up there."""

    GOOD = {"mail": "250 OK", "rcpt": "250 OK", "data": "354 Go on", "end": "250 OK"}
    STAGES = {b"MAIL": "mail", b"RCPT": "rcpt", b"DATA": "data"}

    def __init__(self):
        self.answers = dict(self.GOOD)
        self.close_after_each = False
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def say(self, stage, answer):
        self.answers[stage] = answer

    def stop(self):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection, connection.makefile("rwb") as stream:
                self._talk(stream)

    def _talk(self, stream):
        self._tell(stream, "220 scripted")
        for line in iter(stream.readline, b""):
            stage = self.STAGES.get(line[:4].upper())
            if line[:4].upper() == b"QUIT" or not self._tell(stream, self.answers.get(stage, "250 OK")):
                return
            if stage == "data" and self.answers["data"].startswith("354") and not self._take(stream):
                return

    def _take(self, stream):
        """Read a message to its dot; False when the line is to be closed."""
        for line in iter(stream.readline, b""):
            if line == b".\r\n":
                break
        return self._tell(stream, self.answers["end"]) and not self.close_after_each

    def _tell(self, stream, answer):
        if answer is None:
            return False
        stream.write(answer.encode() + b"\r\n")
        stream.flush()
        return True


@pytest.fixture
def scripted_server(settings):
    """A server to send to, that takes everything until it is told what else to say."""
    server = ScriptedServer()
    settings.EMAIL_PORT = server.port
    yield server
    server.stop()


@pytest.fixture
def at_noon(monkeypatch):
    """The pages ask the time; here it is noon."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


@pytest.fixture
def callee(ada, topic):
    """Somebody who may be called."""
    return may_be_called(ada, topic)


@pytest.fixture
def call(callee, rule):
    """A call that waits for them, of whatever row the tests are about."""
    return make_call(callee, rule)
