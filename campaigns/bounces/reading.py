"""A message in bytes becomes headers and parts, whatever it is: nothing is refused, nothing raises.

The parser of the standard library follows a message as deep as it goes; this one stops at limits that no
honest report reaches, and so its time is bounded by the length of what is read.
"""

import base64
import binascii
import codecs
import html
import quopri
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header

# What is longer is read as far as its head.
LONGEST = 10 * 1024 * 1024
LONGEST_HEAD = 64 * 1024
LONGEST_PART = 256 * 1024
MOST_LINES = 1000
MOST_PARTS = 40
DEEPEST = 6

HEADER = re.compile(rb"([!-9;-~]{1,76})[ \t]*:")
PARAMETER = r"""%s\s*=\s*(?:"([^"]*)"|([^\s;"]+))"""
BOUNDARY = re.compile(PARAMETER % "boundary", re.IGNORECASE)
CHARSET = re.compile(PARAMETER % "charset", re.IGNORECASE)
END_OF_HEAD = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")
UNSEEN = re.compile(r"<(?=(?:script|style|head)\b)", re.IGNORECASE)
SEEN_AGAIN = re.compile(r"</(?:script|style|head)\s*>", re.IGNORECASE)
TAG = re.compile(r"<(?:(br|p|div|tr|li|h\d|/(?:p|div|tr|li|h\d))\b)?[^<>]{0,500}>", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """A piece of a message: its headers, and its text when it has one. `depth` counts the forwarded messages
    it lies in."""

    headers: tuple
    kind: str
    text: str
    depth: int = 0

    def all(self, name):
        """Every value of that header, in order."""
        name = name.lower()
        return [value for key, value in self.headers if key == name]

    def get(self, name):
        """The first value of that header, or nothing."""
        return next(iter(self.all(name)), "")


def read(raw):
    """The parts of a message, itself first and each in order; at least one."""
    raw = raw[:LONGEST_HEAD] if len(raw) > LONGEST else raw
    parts = []
    _walk(raw.lstrip(b"\r\n"), 0, 0, parts, "text/plain")
    return parts


def _walk(raw, level, depth, parts, default):
    """Add the part and what lies in it."""
    if len(parts) >= MOST_PARTS:
        return
    headers, body = split_head(raw)
    part = Part(headers, "", "", depth)
    content_type = part.get("content-type")
    kind = content_type.partition(";")[0].strip().lower() or default
    pieces = _pieces(body, _found(BOUNDARY, content_type)) if kind.startswith("multipart/") else []
    if level >= DEEPEST or not (pieces or kind == "message/rfc822"):
        parts.append(Part(headers, kind, _text(part, kind, body), depth))
        return
    parts.append(Part(headers, kind, "", depth))
    if kind == "message/rfc822":
        body = _decoded(body, part.get("content-transfer-encoding").lower())
        _walk(body.lstrip(b"\r\n"), level + 1, depth + 1, parts, "text/plain")
    inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
    for piece in pieces:
        _walk(piece, level + 1, depth, parts, inner)


def split_head(raw):
    """(headers, body). What does not look like a header ends the head."""
    if raw[:1] in (b"\r", b"\n"):
        return (), raw.lstrip(b"\r\n")
    found = END_OF_HEAD.search(raw, 0, LONGEST_HEAD)
    head, body = (raw[: found.start()], raw[found.end() :]) if found else (raw[:LONGEST_HEAD], b"")
    if not HEADER.match(head) and not head.startswith(b"From "):
        return (), raw
    return parse_headers(head), body


def parse_headers(head):
    """Each header as (name in small letters, value in one line), in order."""
    unfolded = []
    for line in head.splitlines()[:MOST_LINES]:
        if line[:1] in (b" ", b"\t") and unfolded:
            unfolded[-1].append(line)
        else:
            unfolded.append([line])
    lines = (b" ".join(piece.strip() for piece in pieces) for pieces in unfolded)
    named = ((HEADER.match(line), line) for line in lines)
    return tuple((name[1].decode().lower(), _words(line[name.end() :])) for name, line in named if name)


def _words(value):
    return value.decode("utf-8", "replace").strip()


def _found(pattern, text):
    found = pattern.search(text)
    return (found[1] or found[2] or "") if found else ""


def _pieces(body, boundary):
    """What stands between the boundaries; nothing when there are none."""
    if not boundary:
        return []
    edge = re.compile(rb"(?m)^--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(?:--)?[ \t]*\r?$\n?")
    _preamble, *pieces = edge.split(body, MOST_PARTS)
    return [piece for piece in pieces if piece.strip()]


def _text(part, kind, body):
    """The part's words; nothing for pictures and the like."""
    if not kind.startswith(("text/", "message/", "multipart/")):
        return ""
    body = _decoded(body[:LONGEST_PART], part.get("content-transfer-encoding").lower())
    text = _in_letters(body, _found(CHARSET, part.get("content-type")))
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    # Some charsets can spell what no text may hold.
    text = text.encode("utf-8", "replace").decode()
    return without_markup(text) if kind == "text/html" else text


def _decoded(body, encoding):
    try:
        if "base64" in encoding:
            letters = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
            return base64.b64decode(letters + b"=" * (-len(letters) % 4))
        return quopri.decodestring(body) if "quoted" in encoding else body
    except (ValueError, binascii.Error):
        return body


def _in_letters(body, charset):
    try:
        codecs.lookup(charset)
        return body.decode(charset, "replace")
    except (LookupError, ValueError, AttributeError, TypeError):
        return body.decode("utf-8", "replace")


def without_markup(text):
    """HTML as text, line by line. Each of the steps reads the text once."""
    first, *others = UNSEEN.split(text)
    seen = first + "".join(SEEN_AGAIN.split(piece, maxsplit=1)[-1] for piece in others)
    return html.unescape(TAG.sub(lambda tag: "\n" if tag[1] else " ", seen))


def plain(value):
    """A header with its encoded words made readable."""
    try:
        pieces = decode_header(value[:2000])
    except (HeaderParseError, ValueError, LookupError, binascii.Error):
        return value
    words = (
        piece if isinstance(piece, str) else _in_letters(piece, charset or "") for piece, charset in pieces
    )
    return "".join(words).encode("utf-8", "replace").decode()
