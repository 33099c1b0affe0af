"""Reads the local mailbox: the Maildir into which the loopback SMTP server puts every message."""

import email.policy
import mailbox
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from functools import cached_property, lru_cache
from pathlib import Path
from urllib.parse import urlsplit

SHOWN = 50
_headers_only = BytesHeaderParser(policy=email.policy.default)


class NotThere(KeyError):
    """No such message in the mailbox."""


@dataclass(frozen=True)
class Listed:
    """One line of the list."""

    key: str
    to: str
    sender: str
    subject: str
    at: object


class Opened:
    """One message as its recipient sees it."""

    def __init__(self, key, raw):
        self.key = key
        self.message = message_from_bytes(raw, policy=email.policy.default)

    @property
    def line(self):
        return _listed(self.key, self.message)

    @cached_property
    def text(self):
        return self._part("plain")

    @cached_property
    def html(self):
        return self._part("html")

    @property
    def headers(self):
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def one_click_url(self):
        """Where a mail program posts to when its reader asks to hear no more; empty without RFC 8058."""
        if "one-click" not in str(self.message.get("List-Unsubscribe-Post", "")).lower():
            return ""
        found = re.search(r"<(https?://[^>]+)>", str(self.message.get("List-Unsubscribe", "")))
        return found[1] if found else ""

    def _part(self, kind):
        body = self.message.get_body((kind,))
        return body.get_content() if body is not None else ""


def newest(folder, limit=SHOWN):
    """The newest messages of the mailbox, newest first."""
    found = sorted(_files(folder), key=lambda item: (item[1].stat().st_mtime_ns, item[0]), reverse=True)
    return [_header_line(key, path) for key, path in found[:limit]]


def open_message(folder, key):
    """The message of this key; raises NotThere."""
    try:
        return Opened(key, dict(_files(folder))[key].read_bytes())
    except (KeyError, FileNotFoundError) as error:
        raise NotThere(key) from error


def _files(folder):
    """(key, file) of every message; a message is moved into `new` or `cur` only when it is whole."""
    for place in ("new", "cur"):
        try:
            for path in (Path(folder) / place).iterdir():
                yield path.name.partition(mailbox.Maildir.colon)[0], path
        except FileNotFoundError:
            continue


@lru_cache(maxsize=500)
def _header_line(key, path):
    with path.open("rb") as file:
        return _listed(key, _headers_only.parse(file))


def _listed(key, message):
    return Listed(
        key=key,
        to=str(message.get("To", "")),
        sender=str(message.get("From", "")),
        subject=str(message.get("Subject", "")),
        at=_moment(message),
    )


def _moment(message):
    try:
        return parsedate_to_datetime(str(message["Date"]))
    except (TypeError, ValueError):
        return None


def local_path(url, public_url):
    """An address of ours without its host, so that it is opened where the reader already is."""
    if not url.startswith(f"{public_url}/"):
        return url
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def framed(html):
    """The HTML part with its links opening a tab of their own, as they do in a mail program."""
    target = '<base target="_blank">'
    changed, found = re.subn(r"(<head[^>]*>)", rf"\1{target}", html, count=1, flags=re.IGNORECASE)
    return changed if found else target + html
