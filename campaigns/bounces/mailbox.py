"""The mailbox in which bounces lie, read over IMAP. A message counts as read only once it is kept.

Stopped at any moment, the next run finds what was not marked, and taking a message twice changes nothing.
"""

import imaplib
import logging
import re
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.conf import settings

from campaigns import intake
from campaigns.bounces import reading

logger = logging.getLogger(__name__)

TIMEOUT = 20
AT_ONCE = 500
PORTS = {"imaps": 993, "imap": 143}
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class MailboxError(Exception):
    """The mailbox cannot be read now; says why, without the password."""


@dataclass(frozen=True)
class Place:
    """Where the mailbox is."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str


def read_mailbox(at):
    """Take what is new in the mailbox of the settings; returns how many. Nothing without one."""
    if not settings.BOUNCE_IMAP_URL:
        return 0
    try:
        with opened(place_of(settings.BOUNCE_IMAP_URL)) as connection:
            return sum(1 for uid in _new(connection)[:AT_ONCE] if _take(connection, uid, at))
    except MailboxError as error:
        logger.warning("The mailbox of bounces could not be read: %s", error)
        return 0


def place_of(url):
    """The parts of imaps://user:password@host:port/folder; raises MailboxError."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError) as error:
        raise MailboxError("its address is not imaps://user:password@host/folder") from error
    folder = unquote(parts.path.strip("/")) or "INBOX"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Place(parts.scheme, parts.hostname or "", port, user, password, folder)


@contextmanager
def opened(place):
    """A connection with the folder chosen; raises MailboxError for whatever goes wrong on it."""
    connection = None
    try:
        connection = _connect(place)
        connection.login(place.user, place.password)
        _ok(connection.select('"{}"'.format(place.folder.replace("\\", "\\\\").replace('"', '\\"'))))
        yield connection
    except (OSError, imaplib.IMAP4.error, UnicodeError) as error:
        raise MailboxError(type(error).__name__) from error
    finally:
        if connection:
            _close(connection)


def _connect(place):
    if place.scheme == "imaps":
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(place.host, place.port, ssl_context=context, timeout=TIMEOUT)
    connection = imaplib.IMAP4(place.host, place.port, timeout=TIMEOUT)
    if "STARTTLS" in connection.capabilities:
        connection.starttls(ssl.create_default_context())
    return connection


def _new(connection):
    """The ids of what nobody has read, the oldest first."""
    (found,) = _ok(connection.uid("SEARCH", "UNSEEN", "UNDELETED"))
    return (found or b"").decode("ascii", "replace").split()


def _take(connection, uid, at):
    """Keep one message and mark it as read; False when it is gone."""
    raw = _fetch(connection, uid)
    if raw is None:
        return False
    intake.take_message(raw, at=at)
    _ok(connection.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"))
    return True


def _fetch(connection, uid):
    """The message, or the head of a huge one; reading it so does not mark it."""
    answer = _ok(connection.uid("FETCH", uid, "(RFC822.SIZE)"))
    size = SIZE.search(b" ".join(piece for piece in answer if isinstance(piece, bytes)))
    if size is None:
        return None
    what = "BODY.PEEK[]" if int(size[1]) <= reading.LONGEST else f"BODY.PEEK[]<0.{reading.LONGEST_HEAD}>"
    answer = _ok(connection.uid("FETCH", uid, f"({what})"))
    return next((bytes(piece[1]) for piece in answer if isinstance(piece, tuple)), None)


def _ok(answer):
    status, data = answer
    if status != "OK":
        raise MailboxError("the server refused a command")
    return data


def _close(connection):
    try:
        connection.logout()
    except (OSError, imaplib.IMAP4.error):
        connection.shutdown()
