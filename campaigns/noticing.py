"""What providers and mail servers say of our messages is kept, matched to its delivery, and folded.

Raw first: what came is stored before anything is made of it, and read again after a crash. A notice is kept
once, by the id it is known by at its door. Folding looks at all notices of a delivery, never at the newest
alone, so that they may come in any order, twice, or before the delivery is known.
"""

import hashlib
import json
import logging
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from campaigns import folding, statements
from campaigns.halving import piece_by_piece
from campaigns.models import Notice, RawNotice
from contacts.models import normalise_email

logger = logging.getLogger(__name__)

# So many in a transaction, and in a sweep: whoever has something to send is not kept waiting for long.
AT_ONCE, IN_A_SWEEP = 500, 5_000
# Writes the same thing in the same words.
_ALIKE = DjangoJSONEncoder(sort_keys=True)
# A notice of an unknown message is looked for at every sweep while it is young, after that once an hour.
YOUNG, KEPT_LOOKING = timedelta(minutes=10), timedelta(days=7)
# Then what came is only known by what was made of it.
KEPT_WHOLE, AT_ONCE_FORGOTTEN = timedelta(days=90), 1000
# What neither JSON nor text in the database can hold.
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")

_STORE_RAW = """
INSERT INTO campaigns_rawnotice (source, digest, headers, body, received_at, problem)
VALUES (%(source)s, %(digest)s, %(headers)s, %(body)s, %(at)s, '') ON CONFLICT (source, digest) DO NOTHING
"""
RAW_TYPES = {"source": "text", "digest": "text", "headers": "jsonb", "body": "bytea", "at": "timestamptz"}
# A message is known by the key that went with it, or by what the provider called it. Whoever asked to be
# forgotten is not written down again.
_STORE = """
INSERT INTO campaigns_notice
    (raw_id, source, external_id, kind, delivery_id, delivery_key, provider_ref, address, at, received_at,
     status_code, detail, is_trusted, data)
SELECT t.raw, t.source, t.external_id, t.kind, d.id, t.delivery_key, t.provider_ref,
       CASE WHEN c.erased_at IS NULL THEN coalesce(nullif(t.address, ''), d.address, '') ELSE '' END,
       least(t.at, t.received_at), t.received_at, t.status_code,
       CASE WHEN c.erased_at IS NULL THEN t.detail ELSE '' END, t.is_trusted,
       CASE WHEN c.erased_at IS NULL THEN t.data ELSE '{}' END
FROM jsonb_to_recordset(%(told)s::jsonb) AS t (
    raw bigint, source text, received_at timestamptz, external_id text, kind text, at timestamptz,
    delivery_key uuid, provider_ref text, address text, status_code text, detail text, is_trusted boolean,
    data jsonb
)
LEFT JOIN campaigns_delivery d ON d.id = coalesce(
    (SELECT k.id FROM campaigns_delivery k WHERE k.uuid = t.delivery_key),
    (SELECT r.id FROM campaigns_delivery r
     WHERE r.provider_ref = t.provider_ref AND r.provider_ref <> '' ORDER BY r.id DESC LIMIT 1)
)
LEFT JOIN contacts_contact c ON c.id = d.contact_id
ORDER BY t.source, t.external_id
ON CONFLICT (source, external_id) DO NOTHING
RETURNING id, kind, is_trusted, delivery_id
"""
_REJOIN = """
UPDATE campaigns_notice n SET delivery_id = d.id,
    address = CASE WHEN c.erased_at IS NULL THEN coalesce(nullif(n.address, ''), d.address) ELSE '' END,
    detail = CASE WHEN c.erased_at IS NULL THEN n.detail ELSE '' END,
    data = CASE WHEN c.erased_at IS NULL THEN n.data ELSE '{}' END
FROM (
    SELECT id, delivery_key, provider_ref FROM campaigns_notice
    WHERE delivery_id IS NULL AND received_at > %(oldest)s
      AND (delivery_key IS NOT NULL OR provider_ref <> '')
      AND (received_at > %(young)s OR id %% 60 = %(minute)s)
    ORDER BY id FOR UPDATE SKIP LOCKED
) waiting
JOIN campaigns_delivery d ON d.id = coalesce(
    (SELECT k.id FROM campaigns_delivery k WHERE k.uuid = waiting.delivery_key),
    (SELECT r.id FROM campaigns_delivery r
     WHERE r.provider_ref = waiting.provider_ref AND r.provider_ref <> '' ORDER BY r.id DESC LIMIT 1)
)
JOIN contacts_contact c ON c.id = d.contact_id
WHERE n.id = waiting.id
RETURNING n.id, n.kind, n.is_trusted, n.delivery_id
"""


@dataclass(frozen=True)
class Told:
    """One thing that was said of one message or address, whoever said it."""

    # A Notice.Kind.
    kind: str
    at: datetime
    address: str = ""
    # Which message is meant: our own key, or what the provider calls it.
    delivery_key: UUID | None = None
    provider_ref: str = ""
    # What makes it the same when it is said twice; empty for a digest of all of it.
    external_id: str = ""
    # The code of a mail server: "5.1.1".
    status_code: str = ""
    detail: str = ""
    # Whether it came by a way that cannot be forged.
    is_trusted: bool = False
    data: dict = field(default_factory=dict)


class New(NamedTuple):
    """A notice that was just stored or matched, as far as it takes to see what it may change."""

    pk: int
    kind: str
    is_trusted: bool
    delivery_id: int | None


class CannotRead(ValueError):
    """What came makes no sense; says why in words."""


# source -> read(raw) -> [Told]; raises CannotRead.
_readers = {}


def register_reader(source, read):
    """Say how what comes by this door is read; the same source replaces."""
    _readers[source] = read


def store_raw(source, body, headers, at):
    """Store what came, before anything is made of it, in one statement; the same twice is stored once."""
    digest = hashlib.sha256(body).hexdigest()
    values = {"source": source, "digest": digest, "headers": json.dumps(headers), "body": body, "at": at}
    with connection.cursor() as cursor:
        statements.run(cursor, "store_raw", RAW_TYPES, _STORE_RAW, values)


def keep_raw(source, body, headers, at):
    """The same, for whoever reads it at once: (raw notice, True), or the one there is already."""
    return RawNotice.objects.get_or_create(
        source=source,
        digest=hashlib.sha256(body).hexdigest(),
        defaults={"body": body, "headers": headers, "received_at": at},
    )


def read_raw(raw, at):
    """Read one stored raw notice by its door's reader and take what it tells; returns the new notices.

    What makes no sense stays, with the problem in words.
    """
    with transaction.atomic():
        return _read([raw], at)


def read_unread(at):
    """Read what was stored and not read yet; returns how many. Doing it twice changes nothing."""
    unread = RawNotice.objects.filter(read_at=None, source__in=list(_readers))

    def read_some(ids):
        raws = list(unread.filter(pk__in=ids).order_by("pk").select_for_update(skip_locked=True))
        _read(raws, at)
        return len(raws)

    return piece_by_piece(unread, read_some, at_once=AT_ONCE, most=IN_A_SWEEP, what="Raw notice")


def take(source, told, *, at, raw=None):
    """Store what was told, match it to deliveries and fold it; returns the notices that are new.

    All of it or nothing: a crash in between leaves the raw notice unread.
    """
    with transaction.atomic():
        return _take([_row(each, source, at, raw) for each in told], at)


def _read(raws, at):
    """Read these by their doors' readers, take what they tell, and note that they were read."""
    rows, problems = [], {}
    for raw in raws:
        try:
            rows += [_row(told, raw.source, raw.received_at, raw) for told in _readers[raw.source](raw)]
        except CannotRead as problem:
            problems[raw.pk] = str(problem)[:300]
        except DatabaseError:
            raise
        except Exception as problem:
            logger.warning("Raw notice %s could not be read.", raw.pk, exc_info=True)
            problems[raw.pk] = _("It could not be read: %s") % type(problem).__name__
    notices = _take(rows, at)
    forgotten = Notice.objects.filter(pk__in=[notice.pk for notice in notices]).exclude(
        delivery__contact__erased_at=None
    )
    _mark_read(raws, at, problems, set(forgotten.values_list("raw_id", flat=True)))
    return notices


def _take(rows, at):
    told = json.dumps(rows, cls=DjangoJSONEncoder)
    return _fold_new(_STORE, {"told": told}, at) if rows else []


def rejoin(at):
    """Match notices whose delivery was not known when they came, and fold them; returns how many."""
    values = {"oldest": at - KEPT_LOOKING, "young": at - YOUNG, "minute": at.minute}
    with transaction.atomic():
        return len(_fold_new(_REJOIN, values, at))


def forget_old(at):
    """Empty what came long ago, read or not: it may name people who have gone since; returns how many."""
    old = RawNotice.objects.filter(received_at__lt=at - KEPT_WHOLE).exclude(body=b"").order_by("received_at")
    ids = [*old.values_list("pk", flat=True)[:AT_ONCE_FORGOTTEN]]
    return RawNotice.objects.filter(pk__in=ids).update(body=b"", headers={}) if ids else 0


def _fold_new(sql, values, at):
    """What the statement stored or matched takes effect; returns all of it."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        new = sorted(New(*row) for row in cursor.fetchall())
    if new:
        folding.fold_new(new, at)
    return new


def _mark_read(raws, at, problems, emptied):
    """Of what spoke of somebody erased, what it said of the others stands in their notices."""
    for raw in raws:
        raw.read_at, raw.problem = at, problems.get(raw.pk, "")
        if raw.pk in emptied:
            raw.body, raw.headers = b"", {}
    for raw in raws:
        if raw.problem or raw.pk in emptied:
            raw.save(update_fields=["read_at", "problem", "body", "headers"])
    plain = [raw.pk for raw in raws if not (raw.problem or raw.pk in emptied)]
    RawNotice.objects.filter(pk__in=plain).update(read_at=at, problem="")


def _row(told, source, received_at, raw):
    """What is stored of it, cut to what the columns hold."""
    row = {
        "kind": str(told.kind),
        "at": told.at,
        "delivery_key": told.delivery_key,
        "provider_ref": _text(told.provider_ref, 200),
        "address": _text(normalise_email(told.address), 254),
        "status_code": _text(told.status_code, 20),
        "detail": _text(told.detail, 300),
        "is_trusted": told.is_trusted,
        "data": _storable(told.data),
    }
    row["external_id"] = _text(told.external_id, 200) or digest_of(row)
    return row | {"source": source, "received_at": received_at, "raw": raw and raw.pk}


def digest_of(thing):
    """The same for the same thing, always."""
    written = _ALIKE.encode(thing)
    return hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()


def _text(value, length):
    return UNSTORABLE.sub("", value or "")[:length]


def _storable(value):
    """The value without what the database cannot hold."""
    if isinstance(value, str):
        return UNSTORABLE.sub("", value)
    if isinstance(value, dict):
        return {_storable(str(key)): _storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(each) for each in value]
    return value
