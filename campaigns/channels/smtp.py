"""Mail by SMTP, over a connection that is kept open; every failure is told by the stage it happened at."""

import re
import smtplib
import socket
import ssl

from django.conf import settings

from campaigns.channels import LineLost, NoAnswer, RefusedForGood, RefusedForNow, Unreachable

# The mailbox itself is at fault: no such person, moved, disabled, a domain without mail.
BAD_ADDRESS = re.compile(
    rb"\b5\.(1\.(1|2|3|6|10)|2\.1)\b|unknown user|user unknown|no such|does not exist|not exist|no mailbox"
    rb"|invalid (recipient|mailbox|address)",
    re.IGNORECASE,
)
POLICY = re.compile(rb"\b5\.7\.\d+\b")
# "I am closing the connection", at any moment.
CLOSING = 421
# What smtplib makes of an answer that is none.
GIBBERISH = -1


def open_connection():
    """A connection to the mail server of the settings, signed in where told to; raises Unreachable."""
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
    return connection


def close(connection):
    """Say goodbye; whatever goes wrong then does not matter."""
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException):
        connection.close()


def send(connection, message, sender, recipient):
    """Hand over one message (bytes); returns the answer. Raises a ChannelError that says what is known."""
    try:
        _envelope(connection, sender, recipient)
        _begin_data(connection)
        _body(connection, message)
    except OSError as error:
        raise LineLost(_words(error)) from error
    except ValueError as error:
        # An address that cannot stand in a command: it holds a line break, or letters beyond ASCII.
        raise RefusedForGood(_words(error)) from error
    return _answer(connection)


def _introduce(connection):
    connection.ehlo_or_helo_if_needed()
    if settings.EMAIL_USE_TLS:
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo()
    if settings.EMAIL_HOST_USER:
        connection.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)


def _envelope(connection, sender, recipient):
    f"{sender}{recipient}".encode("ascii")
    _accepted(connection, connection.mail(sender), (250,))
    _accepted(connection, connection.rcpt(recipient), (250, 251), is_recipient=True)


def _begin_data(connection):
    _accepted(connection, connection.docmd("DATA"), (354,))


def _body(connection, message):
    """All but the final dot. Until that is on its way nothing can have been accepted."""
    stuffed = re.sub(rb"(?m)^\.", b"..", message)
    connection.send(stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n")


def _answer(connection):
    """The dot, and what the server says to it. Silence from here on leaves the outcome unknown."""
    try:
        connection.send(b".\r\n")
        code, reply = connection.getreply()
    except OSError as error:
        raise NoAnswer(_words(error)) from error
    if code == GIBBERISH:
        raise NoAnswer(_text(code, reply))
    _accepted(connection, (code, reply), (250,))
    return _text(code, reply)


def _accepted(connection, answer, expected, *, is_recipient=False):
    """Nothing when the server agrees; otherwise what it refuses, and the connection ready for the next."""
    code, reply = answer
    if code in expected:
        return
    if code in (CLOSING, GIBBERISH):
        raise LineLost(_text(code, reply))
    _reset(connection)
    if 500 <= code < 600:
        bad = is_recipient and bool(BAD_ADDRESS.search(reply)) and not POLICY.search(reply)
        raise RefusedForGood(_text(code, reply), address_is_bad=bad)
    raise RefusedForNow(_text(code, reply))


def _reset(connection):
    try:
        connection.rset()
    except (OSError, smtplib.SMTPException):
        connection.close()


def _text(code, reply):
    return f"{code} {reply.decode('utf-8', 'replace')}"[:300]


def _words(error):
    return f"{type(error).__name__}: {error}"[:300]
