"""What people and machines did with messages becomes responses and touchpoints, for many messages at once.

The doors (doors.py) write down what was asked for; the next sweep tells it here. What was written down goes
in the same transaction that tells it: killed in between, nothing is lost, and nothing is told twice.
"""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from campaigns import machines, retelling
from campaigns.halving import piece_by_piece
from campaigns.models import RawResponse, Response
from contacts.locking import lock_contacts
from contacts.models import Contact
from touchpoints.models import Touchpoint
from touchpoints.recording import record_many

SOURCE = "campaigns"
Kind, MadeBy = Response.Kind, Response.MadeBy
TOUCHPOINTS = {Kind.CLICKED: Touchpoint.Kind.CLICKED, Kind.OPENED: Touchpoint.Kind.OPENED}
# Of one delivery no more is kept of the links machines follow, and of the pictures they fetch.
MOST_BY_MACHINES = 100
# So many in a transaction, and in a sweep: whoever has something to send is not kept waiting for long.
AT_ONCE, IN_A_SWEEP = 500, 20_000

_SENT = """
SELECT d.id, d.uuid, d.contact_id, c.merged_into_id, coalesce(r.name, p.name),
       CASE d.channel WHEN 'email' THEN d.sending_at END,
       (SELECT max(a.at) FROM campaigns_response a WHERE a.delivery_id = d.id AND a.kind = 'delivered')
FROM campaigns_delivery d
JOIN contacts_contact c ON c.id = d.contact_id
LEFT JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
LEFT JOIN campaigns_campaign p ON p.id = d.campaign_id
WHERE d.id = ANY(%s)
"""
_KNOWN = """
SELECT delivery_id, kind, made_by, why, at, data ->> 'link' FROM campaigns_response
WHERE delivery_id = ANY(%s) AND kind IN ('clicked', 'opened') ORDER BY at
"""
_STORE = """
INSERT INTO campaigns_response (delivery_id, kind, at, made_by, why, touchpoint_id, data)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::bigint[],
                     %s::jsonb[])
"""
_TAKE = """
DELETE FROM campaigns_rawresponse WHERE id IN (
    SELECT id FROM campaigns_rawresponse WHERE id = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED
) RETURNING id, delivery_id, kind, at, url, asked
"""


@dataclass
class Done:
    """One thing done with a message: a link followed, or its picture fetched."""

    delivery_id: int
    kind: str
    at: datetime
    url: str = ""
    # Who did it; None where `asked`, what is known of the request, is still to be judged.
    by: machines.Verdict | None = None
    asked: dict = field(default_factory=dict)
    evidence: dict = field(default_factory=dict)

    @property
    def is_open(self):
        return self.kind == RawResponse.Kind.OPENED

    @property
    def said(self):
        """Which kind of response it makes."""
        return said(self.kind)

    @cached_property
    def link(self):
        if self.kind == RawResponse.Kind.TRAP:
            return retelling.TRAP
        return None if self.is_open else link_of(self.url)

    @property
    def data(self):
        """What is kept of it beside its moment."""
        link = {"link": self.link} if self.link else {}
        return ({"url": self.url} if self.url else {}) | link | self.evidence


@dataclass(frozen=True)
class Sent:
    """What must be known of a message to hear what was done with it."""

    pk: int
    uuid: UUID
    # Who it was for, by now.
    contact_id: int
    program: str
    sending_at: datetime | None
    arrived_at: datetime | None

    def since(self, at):
        """How long ago it arrived, or was sent where nobody tells of arrivals; None before that."""
        return since_sent(self.sending_at, self.arrived_at, at)


def said(kind):
    """Which kind of response a kind of request makes."""
    return Kind.OPENED if kind == RawResponse.Kind.OPENED else Kind.CLICKED


def since_sent(sending_at, arrived_at, at):
    """How long before `at` that was. In the demonstration no gateway is there whose haste could tell."""
    moments = [sending_at] if sending_at else []
    moments += [arrived_at] if arrived_at and arrived_at <= at else []
    return at - max(moments) if moments and not settings.DEMO else None


def link_of(url):
    """What a link is known by among the responses to a delivery."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


# From the doors --------------------------------------------------------------------------------------


def hear_waiting():
    """Tell what was written down at the doors; how much. What cannot be told stays, and holds up nothing."""
    waiting = RawResponse.objects.all()
    return piece_by_piece(waiting, _hear_some, at_once=AT_ONCE, most=IN_A_SWEEP, what="Raw response")


def _hear_some(ids):
    """Those of them that nobody else is telling."""
    done = _taken(ids)
    hear(done)
    return len(done)


def _taken(ids):
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [ids])
        rows = sorted(cursor.fetchall())
    return [_done(*row) for row in rows]


def _done(_pk, delivery_id, kind, at, url, asked):
    asked = RawResponse._meta.get_field("asked").from_db_value(asked, None, connection)
    return Done(delivery_id, kind, at, url, asked=asked, evidence={"user_agent": asked["agent"]})


# Telling ---------------------------------------------------------------------------------------------


@transaction.atomic
def hear(done):
    """Let all of this take effect, in the order it happened; the touchpoint of each that a person did.

    Who follows several links at once is a machine, and so was whoever followed the first of them.
    """
    done = list(done)
    hearing = Hearing(_present(_load({each.delivery_id for each in done}), done)) if done else None
    for number in sorted(range(len(done)), key=lambda number: done[number].at):
        hearing.hear(number, done[number])
    if hearing:
        hearing.write()
    return [hearing.touchpoints.get(number) for number in range(len(done))]


def _present(sent, done):
    """The messages to people who are there, and locked where they followed a link; who was erased is not."""
    following = {each.delivery_id for each in done if not each.is_open}
    lock_contacts(each.contact_id for pk, each in sent.items() if pk in following)
    people = Contact.objects.filter(pk__in={each.contact_id for each in sent.values()}, erased_at=None)
    present = set(people.values_list("pk", flat=True))
    return {pk: each for pk, each in sent.items() if each.contact_id in present}


class Hearing:
    """What is known of some messages, and what is to be written down of them."""

    def __init__(self, sent):
        self.sent, self.known = sent, _known(list(sent))
        # [(number, what its touchpoint is known by, Response or None)]
        self.waiting, self.touchpoints = [], {}

    def hear(self, number, done):
        """One thing that was done; those before it have been heard."""
        sent = self.sent.get(done.delivery_id)
        if sent is None:  # who asked to be forgotten
            return
        by = done.by or machines.judge(done.said, **done.asked, since_sent=sent.since(done.at))
        if done.kind == RawResponse.Kind.TRAP:
            around = retelling.AROUND_TRAP
            self._tell_again(sent, done.at - around, done.at + around, machines.TRAP)
            by = machines.Verdict(MadeBy.SCANNER, machines.TRAP)
        elif by.is_person and not done.is_open:
            by = self._judge_again(sent, done)
        if by.is_person:
            self._answer(number, sent, done)
        else:
            self._keep(sent, done, by)

    def write(self):
        """Write down what was heard by now; the touchpoint of each person's answer."""
        waiting, self.waiting = self.waiting, []
        made = {key: response.touchpoint for _, key, response in waiting if key and response}
        new = {touchpoint.external_id for touchpoint in record_many(made.values())}
        keys = {key for _, key, _ in waiting if key}
        made |= {each.external_id: each for each in _stored(keys - new)}
        self.touchpoints |= {number: made[key] for number, key, _ in waiting if key}
        store([response for _, key, response in waiting if response and (key is None or key in new)])

    def _judge_again(self, sent, done):
        """In view of the other links that were followed around it."""
        by, bursts = retelling.judge_again(self.known[sent.pk], done.link, done.at)
        for since, until in bursts:
            self._tell_again(sent, since, until, machines.BURST)
        return by

    def _tell_again(self, sent, since, until, why):
        """Of what was written down, and of what is about to be."""
        self.write()
        retelling.tell_again(sent, since, until, why)
        for each in self.known[sent.pk]:
            if each.kind == Kind.CLICKED and each.is_person and since <= each.at <= until:
                each.made_by, each.why = MadeBy.SCANNER, why

    def _answer(self, number, sent, done):
        """A person did it: a touchpoint, of the same link once a minute, of the picture once."""
        key = f"opened:{sent.uuid}" if done.is_open else f"clicked:{sent.uuid}:{done.link}:{_minute(done.at)}"
        known = [each for each in self.known[sent.pk] if each.kind == done.said and each.is_person]
        if any(
            done.is_open or (each.link, _minute(each.at)) == (done.link, _minute(done.at)) for each in known
        ):
            self.waiting.append((number, key, None))
            return
        touchpoint = Touchpoint(
            kind=TOUCHPOINTS[done.said],
            contact_id=sent.contact_id,
            at=done.at,
            source=SOURCE,
            external_id=key,
            data={"delivery": str(sent.uuid), "rule": sent.program} | done.data,
        )
        self._note(number, key, sent, done, touchpoint=touchpoint)

    def _keep(self, sent, done, by):
        """What a machine did, at most once a link and minute; no touchpoint comes of it."""
        known = [each for each in self.known[sent.pk] if each.kind == done.said and not each.is_person]
        same = any((each.link, _minute(each.at)) == (done.link, _minute(done.at)) for each in known)
        if not same and len(known) < MOST_BY_MACHINES:
            self._note(None, None, sent, done, made_by=by.made_by, why=by.why)

    def _note(self, number, key, sent, done, **fields):
        response = Response(delivery_id=sent.pk, kind=done.said, at=done.at, data=done.data, **fields)
        self.waiting.append((number, key, response))
        known = retelling.Known(done.said, response.made_by, response.why, done.at, done.link)
        self.known[sent.pk].append(known)


def _load(ids):
    """{id: what must be known of that message}."""
    with connection.cursor() as cursor:
        cursor.execute(_SENT, [list(ids)])
        rows = cursor.fetchall()
    merged = {contact for _pk, _uuid, contact, into, *_rest in rows if into}
    now = {each.pk: each.survivor.pk for each in Contact.objects.filter(pk__in=merged)} if merged else {}
    return {pk: Sent(pk, uuid, now.get(contact, contact), *rest) for pk, uuid, contact, _into, *rest in rows}


def _known(ids):
    """{delivery id: what is known to have been done with it, the earliest first}."""
    found = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [ids])
        for pk, *about in cursor.fetchall():
            found[pk].append(retelling.Known(*about))
    return found


def _stored(keys):
    return Touchpoint.objects.filter(source=SOURCE, external_id__in=keys) if keys else []


def store(responses):
    """Write these responses in one statement."""
    rows = [_row(response) for response in responses]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_STORE, [list(column) for column in zip(*rows, strict=True)])


def _row(said):
    words = [str(said.kind), said.at, str(said.made_by), str(said.why)]
    return [said.delivery_id, *words, said.touchpoint and said.touchpoint.pk, json.dumps(said.data)]


def _minute(at):
    return int(at.timestamp()) // 60
