"""Signs messages so that a mailbox can prove whose they are (DKIM: RFC 6376, rsa-sha256, relaxed/relaxed).

The private keys lie in a folder (DKIM_DIR), one file for each domain and selector; never in the database.
"""

import base64
import hashlib
import logging
import os
import re
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.conf import settings

logger = logging.getLogger(__name__)

KEY_BITS = 2048
SIGNED = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"),
    *("list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id"),
)
# Named once more than they occur: a second one, added on the way, breaks the signature.
OVERSIGNED = ("from", "to", "subject", "reply-to")
HEADER = re.compile(rb"^([!-9;-~]+)[ \t]*:((?:.*\r\n[ \t])*.*)\r\n", re.MULTILINE)
SPACE = re.compile(rb"[ \t\r\n]+")
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
SELECTOR = re.compile(r"[a-z0-9_-]{1,50}")
LINE = 72


class NoSuchName(ValueError):
    """A domain or selector that cannot stand in DNS, and names no file."""


def signed(content, sender):
    """The message (bytes, CRLF lines) with its signature in front; as it is when the sender has no key."""
    key = private_key(sender.domain, sender.dkim_selector)
    return content if key is None else sign(content, key, sender.domain.lower(), sender.dkim_selector.lower())


def sign(content, key, domain, selector):
    """The message with the signature of that key in front. The same message gives the same bytes."""
    head, _, body = content.partition(b"\r\n\r\n")
    names, lines = chosen(head + b"\r\n")
    body_hash = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
    start = (
        f"v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d={domain}; s={selector};\r\n"
        f" h={folded(names)};\r\n bh={body_hash};\r\n b="
    )
    lines.append(f"dkim-signature:{SPACE.sub(b' ', start.encode()).decode()}".encode())
    proof = base64.b64encode(key.sign(b"\r\n".join(lines), padding.PKCS1v15(), hashes.SHA256())).decode()
    wrapped = "\r\n ".join(proof[i : i + LINE] for i in range(0, len(proof), LINE))
    return f"DKIM-Signature: {start}{wrapped}\r\n".encode() + content


def chosen(head):
    """The names for `h=`, and the header lines they stand for, relaxed."""
    found = {}
    for name, value in HEADER.findall(head):
        found.setdefault(name.lower().decode("ascii"), []).append(value)
    names = [name for name in SIGNED for _ in found.get(name, ())]
    # A name that occurs twice is read from the bottom up.
    lines = [
        name.encode() + b":" + SPACE.sub(b" ", value).strip()
        for name in SIGNED
        for value in reversed(found.get(name, ()))
    ]
    return [*names, *OVERSIGNED], lines


def folded(names):
    """`from:to:…`, over as many lines as it takes."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) >= LINE:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n  ".join(lines).removesuffix(":")


def relaxed_body(body):
    """Runs of space are one, none stands before the end of a line, and one line end ends it all."""
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    body = (body + b"\r\n").replace(b" \r\n", b"\r\n")
    while body.endswith(b"\r\n\r\n"):
        body = body[:-2]
    return b"" if body == b"\r\n" else body


# Keys ------------------------------------------------------------------------------------------------


def path_of(domain, selector):
    """Where that key lies; raises NoSuchName."""
    domain, selector = domain.lower(), selector.lower()
    if not DOMAIN.fullmatch(domain) or not SELECTOR.fullmatch(selector):
        raise NoSuchName(f"{selector}._domainkey.{domain}")
    return Path(settings.DKIM_DIR) / f"{domain}.{selector}.pem"


def private_key(domain, selector):
    """The key of that domain and selector; None when there is none on this machine."""
    if not selector:
        return None
    try:
        path = path_of(domain, selector)
        return loaded(path, path.stat().st_mtime_ns)
    except (NoSuchName, FileNotFoundError):
        return None
    except (OSError, ValueError, TypeError) as error:
        # A key that cannot be read stops no mail; the checks of the sender say it.
        logger.error("The key of %s for %s cannot be read: %s", selector, domain, error)
        return None


@lru_cache(maxsize=256)
def loaded(path, _changed):
    """The key in that file; read again only when the file has changed."""
    return serialization.load_pem_private_key(path.read_bytes(), password=None)


def make_key(domain, selector):
    """Make a key, unless there is one already, and return it. The file is for this account's eyes alone."""
    path = path_of(domain, selector)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # Written beside it and linked into place: nobody reads half a key, and none is ever written over.
    beside = path.with_suffix(f".{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
    return private_key(domain, selector)


def selectors(domain):
    """The selectors this machine holds a key for, oldest first."""
    try:
        found = sorted(path_of(domain, "x").parent.glob(f"{domain.lower()}.*.pem"), key=os.path.getmtime)
    except NoSuchName:
        return []
    names = (path.name.removeprefix(f"{domain.lower()}.").removesuffix(".pem") for path in found)
    return [name for name in names if SELECTOR.fullmatch(name)]


def public_text(key):
    """The public half as a DKIM record writes it."""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(public).decode()


def record_name(domain, selector):
    return f"{selector.lower()}._domainkey.{domain.lower()}"


def record(key):
    """What the DNS record of that key must say."""
    return f"v=DKIM1; k=rsa; p={public_text(key)}"
