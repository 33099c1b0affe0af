"""Visits to the shop: whose they are, recorded once; anonymous ones are only counted, by day and page."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import OperationalError, connection, transaction

from contacts.models import Consent, Contact
from contacts.signing import BadToken, sign, unsign
from contacts.sources import UTM, is_telling, source_from
from touchpoints import totals
from touchpoints.models import Touchpoint, Visitor
from touchpoints.recording import record

SOURCE = "web"
PURPOSE = "arrival"
ARRIVAL_HOLDS = timedelta(hours=1)
# Who arrives by no message, but is known all the same.
NO_MESSAGE = uuid.UUID(int=0)
IDENTIFY_BACK = timedelta(days=90)
# Who said yes to this topic is recognised again after following a link in a message.
TRACKING_TOPIC = "tracking"
# The count of a page under load may lose a visit, but never keeps one waiting.
COUNT_WAITS = "100ms"
_COUNT = """
INSERT INTO touchpoints_dailyvisits AS counted (day, path, visits) VALUES (%s, %s, 1)
ON CONFLICT (day, path) DO UPDATE SET visits = counted.visits + 1
"""


@dataclass(frozen=True)
class Page:
    """The page that was looked at, as the browser told it."""

    url: str
    path: str
    title: str = ""
    referrer: str = ""
    utm: dict = field(default_factory=dict)

    @property
    def data(self):
        told = {"url": self.url, "path": self.path, "title": self.title, "referrer": self.referrer}
        return {name: value for name, value in (told | self.utm).items() if value}


# Arrivals by a signed link --------------------------------------------------------------------------


def arrival_token(contact, delivery_uuid, at):
    """What a followed link carries to the shop, so that this visit is known to be this contact's."""
    seconds = int(at.timestamp()).to_bytes(4, "big")
    return sign(PURPOSE, contact.uuid.bytes + uuid.UUID(str(delivery_uuid)).bytes + seconds)


def read_arrival(token, at):
    """(contact, delivery uuid) of an arrival of the last hour; (None, None) for anything else."""
    try:
        payload = unsign(PURPOSE, token or "")
    except BadToken:
        return None, None
    if len(payload) != 36:
        return None, None
    made = datetime.fromtimestamp(int.from_bytes(payload[32:], "big"), UTC)
    if not made - timedelta(minutes=5) <= at <= made + ARRIVAL_HOLDS:
        return None, None
    contact = Contact.objects.filter(uuid=uuid.UUID(bytes=payload[:16]), erased_at=None).first()
    return (contact.survivor, uuid.UUID(bytes=payload[16:32])) if contact else (None, None)


# Who is it? -----------------------------------------------------------------------------------------


def may_remember(contact):
    """Whether this contact once agreed to be recognised in the shop."""
    newest = Consent.objects.filter(contact=contact, topic__key=TRACKING_TOPIC).current()
    return any(entry.action == Consent.Action.GIVEN for entry in newest)


def find_visitor(key):
    """The visitor with this key, or None; any text may be asked for."""
    try:
        return Visitor.objects.select_related("contact").filter(key=uuid.UUID(str(key))).first()
    except ValueError:
        return None


def owner_of(visitor):
    """Whose browser it is; None for nobody's, and for one whose owner was merged away or forgotten."""
    return visitor.contact if visitor and visitor.contact and visitor.contact.is_present else None


def whose_browser(key, arrival, at):
    """Who looks at a page: who came by a signed link, or left the key of their browser; None for nobody."""
    contact, _delivery = read_arrival(arrival, at)
    return contact or owner_of(find_visitor(key))


@transaction.atomic
def identify_visitor(visitor, contact, at):
    """Say whose browser this is: what it did in the last 90 days becomes theirs. It fires no trigger.

    A browser that is already someone's changes hands only for what it does from now on.
    """
    visitor = Visitor.objects.select_for_update().get(pk=visitor.pk)
    if visitor.contact_id == contact.pk:
        return visitor
    visitor.contact, visitor.identified_at = contact, at
    visitor.save(update_fields=["contact", "identified_at"])
    nobodys = Touchpoint.objects.filter(visitor=visitor, contact=None, at__gte=at - IDENTIFY_BACK)
    if nobodys.update(contact=contact, is_history=True):
        totals.recompute([contact.pk])
    return visitor


# What they did --------------------------------------------------------------------------------------


@transaction.atomic
def receive_visit(visit_id, page, *, at, key="", arrival="", agreed=False):
    """Record what the tracking script tells: (touchpoint or None, visitor or None).

    `agreed` is a yes given on the page itself. Nobody is recognised without it, a key it left earlier, or the
    signed link they came by; then the visit is only counted.
    """
    contact, delivery = read_arrival(arrival, at)
    visitor = find_visitor(key)
    if visitor is None and (agreed or (contact and may_remember(contact))):
        visitor = Visitor.objects.create(created_at=at, first_source=_source(page, at))
    if visitor and contact:
        visitor = identify_visitor(visitor, contact, at)
    contact = contact or owner_of(visitor)
    if contact is None and visitor is None:
        count_visit(page.path, at)
        return None, None
    visit, _ = record_visit(visit_id, page, at=at, contact=contact, visitor=visitor, delivery=delivery)
    return visit, visitor


@transaction.atomic
def record_visit(visit_id, page, *, at, contact=None, visitor=None, delivery=None, source=SOURCE):
    """Record one page seen: (touchpoint, created). The same `visit_id` counts once."""
    visit, created = record(
        Touchpoint.Kind.VISITED,
        contact=contact,
        visitor=visitor,
        at=at,
        source=source,
        external_id=str(visit_id),
        data=page.data | ({"delivery": str(delivery)} if delivery else {}),
    )
    if created and contact:
        _note_source(contact, page, at)
    return visit, created


def _source(page, at):
    return source_from(page.utm, page.referrer, page.url, at)


def _note_source(contact, page, at):
    """Keep the campaign or site that brought a known contact back."""
    source = _source(page, at)
    if is_telling(source):
        Contact.objects.filter(pk=contact.pk).update(last_source=source)
        Contact.objects.filter(pk=contact.pk, first_source={}).update(first_source=source)


def count_visit(path, at):
    """Add one to the day's count of a page; dropped, not waited for, when too many want to. Says whether."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [COUNT_WAITS])
            cursor.execute(_COUNT, [at.date(), path[:200]])
    except OperationalError:
        return False
    return True


def page_from(told):
    """The page in what a browser told: {"url", "path", "title", "referrer", "utm_source", …}."""
    utm = {name: told[name] for name in (*UTM, "utm_content", "utm_term") if told.get(name)}
    return Page(told["url"], told["path"], told.get("title", ""), told.get("referrer", ""), utm)
