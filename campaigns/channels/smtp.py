"""Mail by SMTP, over a connection that is kept open; every failure is told by the stage it happened at."""

import json
import re
import smtplib
import socket
import ssl
from time import monotonic
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from campaigns import bouncing, channels, dkim, return_paths
from campaigns.channels import (
    Accepted,
    LineLost,
    NoAnswer,
    RefusedForGood,
    RefusedForNow,
    TooLate,
    Unreachable,
)
from campaigns.crash_points import crash_point
from contacts.models import SettlesBy

# What would end a command, or the address in it.
CANNOT_STAND = re.compile(r"[\r\n<>]")
# A dot at the start of a line; looked for this way it is found five times as fast as by any other.
DOT = re.compile(rb"\n\.")
# What a socket takes without waiting leaves together with the final dot.
AT_ONCE = 64 * 1024
# "I am closing the connection", at any moment.
CLOSING = 421
# What stands for the code of an answer that is none.
GIBBERISH = -1
# More than any server has to say in one answer.
LONGEST_ANSWER = 64 * 1024


class SmtpLine(channels.Line):
    """One connection to the mail server of the settings, signed in where told to."""

    def __init__(self, connection):
        self._connection = connection
        self._ear = Ear(connection)
        self._takes_many = connection.has_extn("pipelining")

    def send(self, message, delivery, *, deadline):
        content = stuffed(dkim.signed(message.as_bytes(), delivery.sender))
        try:
            self._envelope(return_paths.return_path(delivery), message.recipient)
            if len(content) > AT_ONCE:
                self._say(content)
                content = b""
        except OSError as error:
            raise LineLost(_words(error)) from error
        except ValueError as error:
            # An address that cannot stand in a command: it holds a line break, or letters beyond ASCII.
            raise RefusedForGood(_words(error)) from error
        if monotonic() > deadline:
            self._connection.close()
            raise TooLate
        crash_point("wire.data")
        return self._end(content)

    def close(self):
        try:
            self._connection.quit()
        except (OSError, smtplib.SMTPException):
            self._connection.close()

    def _envelope(self, sender, recipient):
        """MAIL, RCPT and DATA, in one go where the server takes that; the recipient's answer counts first."""
        if CANNOT_STAND.search(sender + recipient):
            raise ValueError("a line break or bracket in an address")
        commands = [f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"]
        if not self._takes_many:
            for command, expected in zip(commands, EXPECTED, strict=True):
                self._accept(self._ask(command), expected, command)
            return
        self._say("\r\n".join([*commands, ""]).encode("ascii"))
        answers = [self._ear.answer() for _command in commands]
        if answers[2][0] == 354 and not (answers[0][0] in EXPECTED[0] and answers[1][0] in EXPECTED[1]):
            # It waits for a message to nobody: an empty one ends that.
            self._ask(".")
        for answer, expected, command in zip(answers, EXPECTED, commands, strict=True):
            self._accept(answer, expected, command)

    def _end(self, rest):
        """The rest and the final dot, and what the server says to that.

        Until the dot is on its way nothing can have been accepted, and it is the last that goes. Silence from
        then on leaves the outcome unknown.
        """
        try:
            self._say(rest + b".\r\n")
        except OSError as error:
            raise LineLost(_words(error)) from error
        try:
            code, reply = self._ear.answer()
        except OSError as error:
            raise NoAnswer(_words(error)) from error
        if code == GIBBERISH:
            raise NoAnswer(_text(code, reply))
        self._accept((code, reply), (250,), "")
        return Accepted(_text(code, reply))

    def _accept(self, answer, expected, command):
        """Nothing when the server agrees; otherwise what it refuses, and the line ready for the next."""
        code, reply = answer
        if code in expected:
            return
        if code in (CLOSING, GIBBERISH):
            raise LineLost(_text(code, reply))
        self._reset()
        text = _text(code, reply)
        if 500 <= code < 600:
            bad = command.startswith("RCPT") and bouncing.classify_reply(code, text) == "hard"
            raise RefusedForGood(text, address_is_bad=bad)
        raise RefusedForNow(text)

    def _reset(self):
        try:
            self._ask("RSET")
        except OSError:
            self._connection.close()

    def _ask(self, command):
        self._say(f"{command}\r\n".encode("ascii"))
        return self._ear.answer()

    def _say(self, content):
        if self._connection.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        self._connection.sock.sendall(content)


class Ear:
    """Hears what a server answers: several answers may come in one piece."""

    def __init__(self, connection):
        self._connection = connection
        self._heard = b""

    def answer(self):
        """(code, words) of the next answer; raises OSError, the connection being closed, when none comes."""
        words, length = [], 0
        while length < LONGEST_ANSWER:
            line = self._line()
            words.append(line[4:].strip())
            length += len(line)
            if line[3:4] != b"-" or not line[:3].isdigit():
                return int(line[:3]) if line[:3].isdigit() else GIBBERISH, b"\n".join(words)
        raise self._deaf("The answer does not end")

    def _line(self):
        while (end := self._heard.find(b"\n") + 1) == 0:
            if len(self._heard) > LONGEST_ANSWER:
                raise self._deaf("The answer does not end")
            self._heard += self._more()
        line, self._heard = self._heard[:end], self._heard[end:]
        return line

    def _more(self):
        try:
            heard = self._connection.sock.recv(8192)
        except OSError as error:
            raise self._deaf(f"Connection unexpectedly closed: {error}") from error
        if not heard:
            raise self._deaf("Connection unexpectedly closed")
        return heard

    def _deaf(self, words):
        """Whatever comes now is not waited for; the error that says so."""
        self._connection.close()
        return smtplib.SMTPServerDisconnected(words)


def stuffed(content):
    """The message as it may stand before the final dot: no line is a dot alone, the last is ended."""
    if content.startswith(b"."):
        content = b"." + content
    content = DOT.sub(b"\n..", content)
    return content if content.endswith(b"\r\n") else content + b"\r\n"


# What a server says when it agrees to MAIL, RCPT and DATA.
EXPECTED = ((250,), (250, 251), (354,))


def open_line(sender):
    """A line to the mail server of the settings; raises Unreachable."""
    options = {"timeout": settings.EMAIL_TIMEOUT}
    try:
        if settings.EMAIL_USE_SSL:
            options["context"] = ssl.create_default_context()
            connection = smtplib.SMTP_SSL(settings.EMAIL_HOST, settings.EMAIL_PORT, **options)
        else:
            connection = smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT, **options)
        # The last dot goes by itself; it must not wait for the message before it to be acknowledged.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _introduce(connection)
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(_words(error)) from error
    return SmtpLine(connection)


def look_up(delivery):
    """Whether the mail server took it, as its operator's look-up says; None when it cannot say now."""
    if not settings.MAIL_LOOKUP_URL:
        return None
    address = f"{settings.MAIL_LOOKUP_URL}?{urlencode({'id': delivery.uuid})}"
    try:
        with urlopen(address, timeout=settings.EMAIL_TIMEOUT) as answer:
            found = json.load(answer).get("accepted")
    except (URLError, OSError, ValueError, AttributeError):
        return None
    return found if isinstance(found, bool) else None


def _introduce(connection):
    connection.ehlo_or_helo_if_needed()
    if settings.EMAIL_USE_TLS:
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo()
    if settings.EMAIL_HOST_USER:
        connection.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)


def _text(code, reply):
    return f"{code} {reply.decode('utf-8', 'replace')}"[:300]


def _words(error):
    return f"{type(error).__name__}: {error}"[:300]


PROVIDER = channels.Provider(
    key="smtp",
    label=_("Mail server (SMTP)"),
    open=open_line,
    # A relay's own notices, or the look-up.
    settles_by=SettlesBy.EVIDENCE,
    look_up=look_up if settings.MAIL_LOOKUP_URL else None,
)
