import base64
import json
import smtplib
import socket
import time
import urllib.request
import uuid

import pytest

from chaos.sink import FAULTS
from chaos.starting import Sink
from chaos.taken import read

KEY = uuid.UUID(int=42)
LETTERS = base64.b32encode(KEY.bytes + bytes(8)).decode().rstrip("=").lower()
RETURN_PATH = f"b-{LETTERS}@bounces.example.com"
MESSAGE = (
    f"Subject: Hello\r\nMessage-ID: <{KEY}@example.com>\r\nX-CRM-Delivery: {KEY}\r\n\r\nHello\r\n".encode()
)

# What the client sees of each, and where.
NOT_TAKEN = {
    "mail_4xx": ("MAIL", 451),
    "mail_5xx": ("MAIL", 550),
    "rcpt_4xx": ("RCPT", 450),
    "rcpt_5xx": ("RCPT", 550),
    "data_4xx": ("DATA", 451),
    "data_5xx": ("DATA", 554),
    "dot_4xx": (".", 451),
    "dot_5xx": (".", 554),
    "closing": ("RCPT", 421),
    "drop_before_data": ("DATA", "SMTPServerDisconnected"),
    "stall": (".", "SMTPServerDisconnected"),
}


@pytest.fixture
def start(tmp_path):
    """Starts a sink; what it takes can be read afterwards."""
    started = []

    def start(**options):
        started.append(Sink(taken=tmp_path / "taken", **options))
        return started[-1]

    yield start
    for sink in started:
        sink.stop()


@pytest.fixture
def taken(tmp_path):
    return lambda: [copy.delivery for copy in read(tmp_path / "taken")]


def send(sink, sender=RETURN_PATH):
    """Hand it one message, a step at a time; returns (where it ended, the code said there)."""
    with smtplib.SMTP("127.0.0.1", sink.smtp_port, timeout=1) as line:
        line.ehlo()
        steps = {
            "MAIL": lambda: line.mail(sender),
            "RCPT": lambda: line.rcpt("ada@example.com"),
            "DATA": lambda: line.docmd("DATA"),
            "body": lambda: line.send(MESSAGE) or (250, b""),
            ".": lambda: line.docmd("."),
        }
        return walk(steps, line)


def walk(steps, line):
    for name, step in steps.items():
        try:
            code, _words = step()
        except (OSError, smtplib.SMTPException) as error:
            line.close()
            return name, type(error).__name__
        if code >= 400:
            break
    return name, code


def was_taken(sink):
    with urllib.request.urlopen(f"{sink.lookup_url}?id={KEY}") as answer:
        return json.load(answer)["accepted"]


def test_it_takes_a_message_and_says_so_when_asked(start, taken):
    sink = start()
    assert not was_taken(sink)

    assert send(sink) == (".", 250)

    assert was_taken(sink)
    assert taken() == [str(KEY)]


@pytest.mark.parametrize("fault", NOT_TAKEN)
def test_a_message_that_is_refused_or_ignored_is_not_taken_until_it_comes_again(start, taken, fault):
    sink = start(faults=fault, share=1)

    first, not_taken, second = send(sink), taken(), send(sink)

    assert (first, not_taken, second, taken()) == (NOT_TAKEN[fault], [], (".", 250), [str(KEY)])


def test_it_hangs_up_before_the_dot_without_taking_the_message(start, taken):
    sink = start(faults="drop_before_dot", share=1)

    assert send(sink)[0] in ("body", ".")
    assert taken() == []


def test_it_takes_a_message_and_hangs_up_without_a_word(start, taken):
    sink = start(faults="drop_after_dot", share=1)

    assert send(sink)[0] == "."
    assert taken() == [str(KEY)]
    assert was_taken(sink)


def test_it_takes_its_time(start):
    slow, began = start(faults="slow", share=1), time.monotonic()

    assert send(slow) == (".", 250)
    assert time.monotonic() - began > 0.3


def test_every_reply_takes_as_long_as_told(start):
    patient, began = start(delay=0.05), time.monotonic()

    assert send(patient) == (".", 250)
    assert time.monotonic() - began > 5 * 0.05


def test_a_message_is_known_by_its_header_when_its_return_path_does_not_tell(start, taken):
    sink = start(faults="dot_5xx", share=1)

    assert send(sink, "ines@example.com") == (".", 554)
    assert taken() == []


def test_commands_that_come_together_are_answered_together(start, taken):
    sink = start()
    with socket.create_connection(("127.0.0.1", sink.smtp_port), timeout=2) as line:
        lines = line.makefile("rb")
        lines.readline()
        line.sendall(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
        replies = [lines.readline()[:3] for _ in range(3)]
        line.sendall(MESSAGE + b".\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<c@example.com>\r\n")
        replies += [lines.readline()[:3] for _ in range(3)]

    assert replies == [b"250", b"250", b"354", b"250", b"250", b"250"]
    assert taken() == [str(KEY)]


def test_what_follows_a_refusal_in_one_breath_is_refused_too(start):
    sink = start(faults="rcpt_5xx", share=1)
    with socket.create_connection(("127.0.0.1", sink.smtp_port), timeout=2) as line:
        lines = line.makefile("rb")
        lines.readline()
        line.sendall(f"MAIL FROM:<{RETURN_PATH}>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n".encode())

        assert [lines.readline()[:3] for _ in range(3)] == [b"250", b"550", b"503"]


def test_each_fault_has_been_seen_here():
    assert {*NOT_TAKEN, "drop_before_dot", "drop_after_dot"} == set(FAULTS)
