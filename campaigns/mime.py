"""Assembles a message's bytes: two alternatives, encoded where they must be; headers nobody breaks into.

The packages at hand take ten times as long as making the words does; the tests hold this against the
parser of the standard library.
"""

import base64
import binascii
import re
from datetime import UTC
from email.utils import format_datetime
from functools import lru_cache

# What may never stand in a header: it would end it and begin another, or say something to the terminal.
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
ADDRESS = re.compile(r"[!-;=?A-~]+@[0-9A-Za-z.-]+")
LINE_LENGTH = 76
# What every mail server takes in one line.
LONGEST_LINE = 998
# Where a line of HTML may end without showing: within a tag, before its next attribute or its last sign.
BREAK = re.compile(r'[^\n]{200,}?(?:</?[a-z]\w*(?=>)|(?=\s[a-z-]+="))')
# Bytes of text in one encoded word: 39 make 52 letters of base64, 64 with its frame, 74 behind `Reply-To: `.
WORD_BYTES = 39


class MimeError(ValueError):
    """Something that cannot stand in a message, in words."""


def clean(name, value):
    """The value, if a header may hold it."""
    # Of letters in ASCII, what cannot be printed is what is forbidden.
    if not (value.isascii() and value.isprintable()) and FORBIDDEN.search(value):
        raise MimeError(f"{name}: a line break or control character cannot stand here.")
    return value


def one_line(text):
    """A name as a header may hold it, however it was typed or imported."""
    return " ".join(FORBIDDEN.sub(" ", text).split())


def encoded_words(text):
    """The text as words of RFC 2047, none longer than 75 characters, no character cut in two."""
    chunk, size = [], 0
    for character in text:
        width = len(character.encode())
        if size + width > WORD_BYTES:
            yield encoded_word("".join(chunk))
            chunk, size = [], 0
        chunk.append(character)
        size += width
    if chunk:
        yield encoded_word("".join(chunk))


def encoded_word(text):
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="


def is_plain(text):
    """Whether the text may stand as it is: ASCII, and nothing a reader would take for encoded or trim."""
    return text.isascii() and "=?" not in text and text == text.strip() and "  " not in text


def text_header(name, value):
    """A header of free words: `Subject`."""
    value = clean(name, value)
    words = value.split(" ")
    if is_plain(value) and all(len(word) < LINE_LENGTH - 1 for word in words):
        return folded(name, words)
    return folded(name, encoded_words(value))


def folded(name, words):
    """`Name: word word`, broken before a word that would make the line too long."""
    words = [*words]
    in_one = f"{name}: {' '.join(words)}"
    if len(in_one) <= LINE_LENGTH or len(words) == 1:
        return f"{in_one}\r\n"
    lines, line = [], f"{name}:"
    for word in words:
        if len(line) + 1 + len(word) > LINE_LENGTH and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]) + "\r\n"


@lru_cache(maxsize=1_000)
def address_header(name, address, display=""):
    """A header with one mailbox: `From`, `To`, `Reply-To`."""
    display = " ".join(clean(name, display).split())
    if not ADDRESS.fullmatch(address) or len(address) > 254:
        raise MimeError(f"{name}: “{address}” is not an address a message can be sent to.")
    if not display:
        return folded(name, [address])
    return folded(name, [*phrase(display), f"<{address}>"])


@lru_cache(maxsize=100)
def list_header(name, display, identifier):
    """`List-Id`: words for people, and an identifier that never changes."""
    return folded(name, [*phrase(clean(name, display)), f"<{clean(name, identifier)}>"])


def phrase(display):
    """A display name: quoted when it is short and plain, encoded otherwise."""
    if is_plain(display) and len(display) < LINE_LENGTH - 20:
        escaped = display.replace("\\", r"\\").replace('"', r"\"")
        return [f'"{escaped}"']
    return list(encoded_words(display))


def raw_header(name, *values):
    """A header made by us, of ASCII parts that must stay whole; folded between them."""
    for value in values:
        if not (value.isascii() and value.isprintable()) or len(value) > 900:
            clean(name, value)
            raise MimeError(f"{name}: cannot hold “{value[:60]}”.")
    return folded(name, values)


def in_lines(html):
    """HTML as it was, in lines that no mail server cuts: it may then leave without being encoded."""
    return BREAK.sub(lambda piece: f"{piece[0]}\n", html)


def in_ascii(html):
    """HTML with letters beyond ASCII as references, where they are few: many would make it much longer."""
    if html.isascii():
        return html
    written = html.encode("ascii", "xmlcharrefreplace").decode()
    return written if len(written) < 1.2 * len(html) else html


def has_short_lines(text, longest=LONGEST_LINE):
    """Whether any mail server takes its lines; goes in leaps to the last line end that may come next."""
    start = 0
    while len(text) - start > longest:
        start = text.rfind("\n", start, start + longest + 1) + 1
        if not start:
            return False
    return True


def part(kind, text, boundary):
    """One alternative: as it stands where any mail server takes it so, in quoted-printable otherwise."""
    unix = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    if unix.isascii() and boundary not in unix and has_short_lines(unix):
        encoding, encoded = "7bit", unix.encode()
    else:
        encoding, encoded = "quoted-printable", binascii.b2a_qp(unix.encode(), istext=True)
    head = f"Content-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n"
    return b"".join((head.encode(), encoded, b"\n")).replace(b"\n", b"\r\n")


def assemble(headers, *, text, html, boundary):
    """The whole message. `headers` are lines made by the functions above; text first, HTML last."""
    if "\x00" in text or "\x00" in html:
        raise MimeError("A NUL character cannot stand in a message.")
    return whole(headers, text, part("html", html, boundary), boundary)


def leaves_as_it_stands(text, boundary):
    """Whether text in ASCII, its lines ended by CRLF, may leave without being encoded."""
    return boundary not in text and has_short_lines(text, LONGEST_LINE + 1)


def assemble_ready(headers, *, text, html, boundary):
    """The same with HTML that may leave as it stands: in ASCII, in lines of CRLF that no server cuts."""
    head = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    return whole(headers, text, f"{head}{html}\r\n".encode("ascii"), boundary)


def whole(headers, text, html_part, boundary):
    kind = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    edge, end = f"--{boundary}\r\n".encode(), f"--{boundary}--\r\n".encode()
    parts = edge, part("plain", text, boundary), edge, html_part, end
    return "".join((*headers, kind)).encode("ascii") + b"".join(parts)


@lru_cache(maxsize=10)
def date_header(at):
    return f"Date: {format_datetime(at.astimezone(UTC))}\r\n"
