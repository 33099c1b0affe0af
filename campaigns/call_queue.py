"""Who is to be called: what is due on the phone and would pass the gate now, the best first. Read-only.

What the gate would not let through is sorted out by the clock: it says in its row why it waits or ended.
"""

from collections import defaultdict
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from campaigns import claiming, gate, hours
from campaigns.deciding import PASS, decide, zone_of
from campaigns.models import Delivery
from contacts.models import Channel, Contact
from contacts.primary import on_primary

Status = Delivery.Status
SHOWN, ASKED, MOST_COUNTED = 50, 200, 99
# How many are asked for each time the clock sorts out, in so many sets.
SETS, SET = 10, 500

_DUE = """
FROM campaigns_delivery d
WHERE d.status = 'planned' AND d.channel = 'phone' AND d.expires_at > %(at)s AND d.due_at <= %(at)s
"""
_FIRST = """
SELECT d.id FROM (SELECT d.* {due}) d
LEFT JOIN segmentation_rfmscore worth ON worth.contact_id = d.contact_id
LEFT JOIN touchpoints_totals totals ON totals.contact_id = d.contact_id
ORDER BY d.rank, worth.monetary DESC NULLS LAST, totals.revenue DESC NULLS LAST, d.due_at, d.id
LIMIT %(limit)s
"""
# By the moments at which they came by themselves.
_WAS_THERE = """
SELECT asked.id, t.at FROM unnest(%(contacts)s::bigint[]) AS asked (id)
CROSS JOIN LATERAL (
    SELECT at FROM touchpoints_touchpoint t
    WHERE t.contact_id = asked.id AND t.kind = ANY(%(kinds)s)
      AND t.at > %(at)s - interval '180 days' AND t.at <= %(at)s
    ORDER BY t.at DESC, t.id DESC LIMIT 100
) t
"""
# Whoever spoke with us on the phone was there, too.
COMING = ["visited", "clicked", "ordered", "replied", "called"]


@dataclass(frozen=True)
class Call:
    """One call that may be made now."""

    delivery: Delivery
    # 1 to 5, of those who bought; 0 for the others.
    worth: int
    # Their usual hour where they live, None while it is not known; and whether it is now.
    hour: int | None
    is_their_hour: bool

    @property
    def place(self):
        """Where it stands: what matters most, who is worth most, whose hour it is, what waits longest."""
        delivery = self.delivery
        return delivery.rank, -self.worth, not self.is_their_hour, delivery.due_at, delivery.pk


def waiting(at):
    """The calls that may be made now, the best first; at most so many."""
    facts = {fact.id: fact for fact in _ask(_first_due(at), at) if decide(fact, at) == PASS}
    deliveries = Delivery.objects.filter(pk__in=facts, status=Status.PLANNED)
    deliveries = deliveries.select_related("contact__totals", "contact__rfm", "rule", "campaign", "step")
    hours_of = usual_hours(facts.values(), at)
    calls = [_call(delivery, facts[delivery.pk], hours_of, at) for delivery in deliveries]
    return sorted(calls, key=lambda call: call.place)[:SHOWN]


def count_waiting(at=None):
    """How many calls are due, counted up to MOST_COUNTED."""
    with connection.cursor() as cursor:
        # In the order of the index of what is awaited, so that nothing else is read.
        counted = f"SELECT count(*) FROM (SELECT 1 {_DUE} ORDER BY d.expires_at LIMIT %(limit)s) due"
        cursor.execute(counted, {"at": at or timezone.now(), "limit": MOST_COUNTED})
        return cursor.fetchone()[0]


def later(at, limit=10):
    """The next calls that wait for their moment."""
    planned = Delivery.objects.filter(channel=Channel.PHONE, status=Status.PLANNED, due_at__gt=at)
    return planned.select_related("contact", "rule", "campaign").order_by("due_at", "id")[:limit]


def in_hand():
    """The calls somebody has taken and not said anything of yet."""
    taken = Delivery.objects.filter(channel=Channel.PHONE, status=Status.SENDING)
    return taken.select_related("contact", "rule", "campaign").order_by("sending_at", "id")


@on_primary()
def sort_out(at):
    """Let the gate write down what it would say of the calls that are due and may not be made; how many."""
    sorted_out, after = 0, 0
    for _set in range(SETS):
        ids = _due_after(after, at)
        if not ids:
            break
        after = ids[-1]
        sorted_out += _write_down([fact for fact in _ask(ids, at) if decide(fact, at) != PASS], at)
    return sorted_out


def usual_hours(facts, at):
    """{contact id: the hour at which they are usually there} of those of whom it is known."""
    facts, moments = list(facts), defaultdict(list)
    asked = {"contacts": [fact.contact_id for fact in facts], "kinds": COMING, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(_WAS_THERE, asked)
        for contact_id, moment in cursor.fetchall():
            moments[contact_id].append(moment)
    return {
        fact.contact_id: hours.usual_hour(
            moments[fact.contact_id], zone_of(fact), fact.quiet_from, fact.quiet_until
        )
        for fact in facts
    }


def usual_hour(delivery, at):
    """The hour at which the person is usually there; None while too little is known."""
    facts = _ask([delivery.pk], at)
    return usual_hours(facts, at).get(delivery.contact_id)


def _call(delivery, fact, hours_of, at):
    hour = hours_of.get(fact.contact_id)
    is_now = hour is not None and at.astimezone(zone_of(fact)).hour == hour
    return Call(delivery, _worth(delivery.contact), hour, is_now)


def _worth(contact):
    try:
        return contact.rfm.monetary
    except Contact.rfm.RelatedObjectDoesNotExist:
        return 0


def _first_due(at):
    with connection.cursor() as cursor:
        cursor.execute(_FIRST.format(due=_DUE), {"at": at, "limit": ASKED})
        return [pk for (pk,) in cursor.fetchall()]


def _due_after(after, at):
    with connection.cursor() as cursor:
        due = f"WITH due AS MATERIALIZED (SELECT d.id {_DUE} AND d.id > %(after)s)"
        sql = f"{due} SELECT id FROM due ORDER BY id LIMIT %(limit)s"
        cursor.execute(sql, {"at": at, "after": after, "limit": SET})
        return [pk for (pk,) in cursor.fetchall()]


def _ask(ids, at):
    """The facts of these deliveries, without locking anybody."""
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(gate.facts_as_of("d.id = ANY(%(ids)s)"), {"ids": list(ids), "at": at})
        facts = gate.facts_of(cursor)
    gate.ask_audiences(facts)
    return facts


def _write_down(facts, at):
    """The gate asks each once more, in earnest; what passes after all is put back."""
    owner, done, one_each = f"calls:{at.timestamp()}", 0, {}
    for fact in facts:
        one_each.setdefault(fact.contact_id, fact.id)
    taken = claiming.take(one_each.values(), owner)
    if taken:
        passed = gate.pass_gate(taken, at, owner=owner)
        done = len(taken) - len(passed)
        claiming.release(gate.return_to_gate(passed, owner), owner)
    return done
