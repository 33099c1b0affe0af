"""Does again what the journal knows and a restored database has forgotten: opt-outs, suppressions, erasures.

Of several acts about the same the last counts. A later yes ends an earlier no, and gives nothing by itself:
the proof of it went with the database. Whom the database does not know is kept back by their digest, should
they come back. A chunk a transaction, and what was replayed is noted with it: after a kill the next goes on.
"""

from collections import Counter
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from contacts import journal, noting
from contacts.digests import digests_of
from contacts.erasing import erase
from contacts.locking import lock_contacts
from contacts.models import Channel, Contact, Identity, JournalEntry, Suppression, Topic
from contacts.suppressing import KINDS, RECOVERED, keep_back_erased

CHUNK = 1000
Scope, Reason = Suppression.Scope, Suppression.Reason

_WITHDRAW = """
INSERT INTO contacts_consent (contact_id, channel, topic_id, action, basis, at, recorded_at, source, evidence)
SELECT v.contact_id, v.channel, v.topic_id, 'withdrawn', 'consent', greatest(v.at, newest.at),
       clock_timestamp(), v.source, '{}'
FROM unnest(%(contacts)s::bigint[], %(channels)s::text[], %(topics)s::bigint[], %(ats)s::timestamptz[],
            %(sources)s::text[]) AS v (contact_id, channel, topic_id, at, source)
LEFT JOIN LATERAL (
    SELECT said.action, said.at FROM contacts_consent said
    WHERE said.contact_id = v.contact_id AND said.channel = v.channel AND said.topic_id = v.topic_id
    ORDER BY said.at DESC, said.id DESC LIMIT 1
) newest ON true
WHERE newest.action IS DISTINCT FROM 'withdrawn'
ORDER BY v.contact_id
"""


def forgotten():
    """The journal's acts that this database does not know, oldest first, each {"key", "at", "act", …}."""
    found = []
    for lines in _chunks(journal.read(journal.ACTS)):
        acts = {UUID(line["key"]): line for line in lines}
        known = set(JournalEntry.objects.filter(key__in=acts).values_list("key", flat=True))
        found += [act for key, act in acts.items() if key not in known]
    return sorted({act["key"]: act for act in found}.values(), key=_moment)


def replay(acts, *, at):
    """Do these acts again, as far as no later one of them says otherwise; how many of which."""
    counts, people = Counter(), _People(acts)
    counting = _last_words(acts)
    for chunk in _chunks(acts):
        with transaction.atomic():
            wanted = [act for act in chunk if act["act"] != noting.ERASED]
            counts[noting.WITHDREW] += _withdraw(wanted, counting, people)
            counts[noting.SUPPRESSED] += _suppress(wanted, counting, people)
            _remember(wanted)
    for act in (act for act in acts if act["act"] == noting.ERASED):
        with transaction.atomic():
            counts[noting.ERASED] += _erase(act, people, at)
            _remember([act])
    return +counts


class _People:
    """Who is meant by the uuids and digests of these acts, as far as the database knows them."""

    def __init__(self, acts):
        uuids = {uuid for act in acts for uuid in _uuids(act)}
        found = Contact.objects.filter(uuid__in=uuids).values_list("uuid", "pk", "merged_into")
        self.by_uuid = {str(uuid): merged_into or pk for uuid, pk, merged_into in found}
        self.by_digest = _holders({digest for act in acts for digest in _digests(act)})
        self.topics = dict(Topic.objects.values_list("key", "pk"))

    def of(self, act):
        """The contact who took something back; by their address where they were entered anew. Or None."""
        holder = self.by_digest.get(act["address"])
        return self.by_uuid.get(act["who"]) or (holder and holder[0])

    def topic(self, key, name):
        """The topic of this key; made again where the backup did not know it."""
        if key not in self.topics:
            self.topics[key] = Topic.objects.create(key=key, name=name).pk
        return self.topics[key]

    def address_of(self, digest):
        """The address that a digest stands for; the digest where nobody here has it."""
        holder = self.by_digest.get(digest)
        return holder[1] if holder else digest


def _chunks(items, size=CHUNK):
    items = iter(items)
    while chunk := list(islice(items, size)):
        yield chunk


def _holders(wanted):
    """{digest: (contact id, address)} of whoever has such an address now."""
    if not wanted:
        return {}
    held = Identity.objects.filter(kind__in=KINDS.values()).values_list("contact_id", "value")
    return {
        digest: (contact, address)
        for contact, address in held.iterator(chunk_size=10_000)
        for digest in digests_of(address)
        if digest in wanted
    }


def _last_words(acts):
    """{what an act is about: the key of the last that speaks of it}."""
    return {about: act["key"] for act in acts for about in _abouts(act)}


def _abouts(act):
    if act["act"] in (noting.WITHDREW, noting.AGREED):
        return [(act["who"], channel, topic) for channel, topic, _name in act["of"]]
    if act["act"] in (noting.SUPPRESSED, noting.LIFTED):
        return [(act["channel"], act["address"], act["scope"])]
    return []


def _withdraw(acts, counting, people):
    """Write the no of everyone who is known, in one statement; the others are kept back. How many."""
    acts = [act for act in acts if act["act"] == noting.WITHDREW]
    acts = [act for act in acts if any(counting[about] == act["key"] for about in _abouts(act))]
    kept_back = _keep_back_strangers([act for act in acts if not people.of(act) and act["address"]])
    rows = [
        (people.of(act), channel, people.topic(topic, name), _moment(act), act["source"])
        for act in acts
        for channel, topic, name in act["of"]
        if people.of(act) and counting[act["who"], channel, topic] == act["key"]
    ]
    return kept_back + (_write_withdrawals(rows) if rows else 0)


def _write_withdrawals(rows):
    lock_contacts(row[0] for row in rows)
    names = ("contacts", "channels", "topics", "ats", "sources")
    with connection.cursor() as cursor:
        cursor.execute(_WITHDRAW, {name: [row[place] for row in rows] for place, name in enumerate(names)})
        return cursor.rowcount


def _keep_back_strangers(acts):
    """Their contact was made after the backup: should they be entered again, they get no marketing."""
    about = {"scope": Scope.MARKETING, "reason": Reason.ASKED, "source": RECOVERED, "channel": Channel.EMAIL}
    rows = [Suppression(address=act["address"], at=_moment(act), **about) for act in acts]
    return len(Suppression.objects.bulk_create(rows, ignore_conflicts=True))


def _suppress(acts, counting, people):
    """Keep back every address that is known, and by its digest every one that is not."""
    wanted = [act for act in acts if act["act"] == noting.SUPPRESSED]
    wanted = [act for act in wanted if counting[_abouts(act)[0]] == act["key"]]
    holders = (people.by_digest.get(act["address"]) for act in wanted)
    lock_contacts(holder[0] for holder in holders if holder)
    rows = [
        Suppression(address=people.address_of(act["address"]), at=_moment(act), **_details(act))
        for act in wanted
    ]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _erase(act, people, at):
    """Forget these people again, and keep back every address that they had; how many acts: one."""
    for contact in Contact.objects.filter(uuid__in=act["who"]).order_by("pk"):
        erase(contact, at=at)
    about = {"scope": Scope.ALL, "reason": Reason.ERASED, "at": _moment(act), "source": "erasure"}
    rows = [Suppression(channel=channel, address=digest, **about) for channel, digest in act["addresses"]]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    # By name only where somebody has the address now: they were entered anew after the backup was restored.
    for channel, digest in act["addresses"]:
        if Identity.objects.filter(kind=KINDS[channel], value=people.address_of(digest)).exists():
            keep_back_erased([people.address_of(digest)], at=at, channel=channel)
    return 1


def _remember(acts):
    """The database knows of them from now on."""
    entries = [
        JournalEntry(
            key=act["key"],
            at=_moment(act),
            act={name: value for name, value in act.items() if name not in ("key", "at")},
            written_at=timezone.now(),
        )
        for act in acts
    ]
    JournalEntry.objects.bulk_create(entries, ignore_conflicts=True)


def _details(act):
    return {name: act[name] for name in ("channel", "scope", "reason", "source")}


def _uuids(act):
    who = act.get("who", [])
    return [who] if isinstance(who, str) else who


def _digests(act):
    if act["act"] == noting.ERASED:
        return [digest for _channel, digest in act["addresses"]]
    return [act["address"]] if act["address"] else []


def _moment(act):
    return datetime.fromisoformat(act["at"])
