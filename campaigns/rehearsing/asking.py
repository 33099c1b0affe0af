"""Round after round each person's next row is asked at the gate, at its own moment, until nothing is due.

What one person hears depends on what they heard before, and on nobody else: so all people go through their
rows at once, each in the order in which the live windows would have taken theirs.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import available_timezones

from django.db import connection

from campaigns import deciding, gate, outcomes, planning
from campaigns.models import Delivery, Step
from contacts.models import Channel

Status, Reason = Delivery.Status, Delivery.Reason
# More than this in a row to one person is no strategy.
MOST_ROUNDS = 5_000

_NEXT = """
SELECT DISTINCT ON (next.contact_id) next.id, next.contact_id FROM campaigns_delivery next
WHERE next.status = 'planned' AND next.channel IN ('email', 'phone') AND NOT next.is_ready
  AND {moment} <= %(until)s {only}
ORDER BY next.contact_id, {moment}, next.rank, next.position, next.due_at, next.id
"""
# Most pass without more ado: the database sees that by itself, and says for which rows it is not so simple.
_PASS = """
WITH picked AS MATERIALIZED ({next}), plain AS (
    SELECT facts.id FROM ({facts} OFFSET 0) AS facts WHERE {passes}
), passed AS (
    UPDATE campaigns_delivery d
    SET status = CASE WHEN d.channel = 'phone' THEN 'planned' ELSE 'sent' END, is_ready = d.channel = 'phone',
        reason = '', detail = '', round = %(round)s, first_due_at = coalesce(d.first_due_at, d.due_at),
        sending_at = CASE WHEN d.channel <> 'phone' THEN {moment} END,
        finished_at = CASE WHEN d.channel <> 'phone' THEN {moment} END
    FROM plain WHERE d.id = plain.id
    RETURNING d.id, d.status
)
SELECT picked.id, picked.contact_id, passed.status FROM picked LEFT JOIN passed USING (id)
"""
_WRITE = """
UPDATE campaigns_delivery d
SET status = CASE v.status WHEN 'ready' THEN 'planned' ELSE v.status END, is_ready = v.status = 'ready',
    reason = v.reason, detail = v.detail, round = %(round)s,
    first_due_at = coalesce(d.first_due_at, d.due_at), due_at = coalesce(v.due_at, d.due_at),
    waits = d.waits + (v.status = 'planned')::int,
    waited_for = CASE WHEN v.status = 'planned' AND d.waited_for = '' THEN v.reason ELSE d.waited_for END,
    sending_at = CASE WHEN v.status = 'sent' THEN v.at END,
    finished_at = CASE WHEN v.status NOT IN ('planned', 'ready') THEN v.at END
FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(details)s::text[],
            %(dues)s::timestamptz[], %(moments)s::timestamptz[]) AS v (id, status, reason, detail, due_at, at)
WHERE d.id = v.id
"""
# The first thing they did that the message had asked for.
_REACHED = """
UPDATE campaigns_delivery d SET reached_at = (
    SELECT min(t.at) FROM touchpoints_touchpoint t
    WHERE t.contact_id = d.contact_id AND t.kind = ANY(%(kinds)s) AND {reached} AND NOT t.is_history
      AND t.at > d.sending_at AND t.at <= least(d.sending_at + r.outcome_within, %(until)s)
)
FROM campaigns_lifecyclerule r
WHERE r.id = d.rule_id AND d.rule_id = ANY(%(rules)s) AND d.status = 'sent' AND d.round = %(round)s
  AND r.outcome <> '' {only}
"""
# A sequence is at its end from the first clock on that can know of the outcome.
_OVER = """
    SELECT told.episode, min({noted}) AS at FROM campaigns_delivery told
    WHERE told.reached_at IS NOT NULL AND told.episode <> '' {only} GROUP BY told.episode
"""
# What would follow by then is never planned.
_NEVER = """
DELETE FROM campaigns_delivery d USING ({over}) over
WHERE d.episode = over.episode AND d.status = 'planned' AND d.parent_id IS NOT NULL AND d.waits = 0
  AND over.at <= %(until)s AND over.at <= {due}
"""
_STOP = """
UPDATE campaigns_delivery d
SET status = 'cancelled', reason = 'outcome_reached', detail = '', finished_at = over.at
FROM ({over}) over
WHERE d.episode = over.episode AND d.status = 'planned' AND over.at <= %(until)s
  AND over.at <= CASE WHEN d.channel = 'email' OR d.channel = 'phone' AND NOT d.is_ready THEN {due}
                 ELSE {end} END
"""
# Nobody came for it in time.
_EXPIRE = """
UPDATE campaigns_delivery d SET status = 'expired', reason = 'too_late', detail = '', finished_at = {end}
WHERE d.status = 'planned' AND d.channel <> 'email' AND {end} <= %(until)s
"""


@dataclass(frozen=True)
class Clock:
    """When a due row is asked about: at its very moment, or at the next tick where ticks are told."""

    every: timedelta | None = None
    origin: datetime | None = None

    def sql(self, moment):
        """The same, of an expression."""
        if self.every is None:
            return f"({moment})"
        ticks = f"ceil(extract(epoch FROM ({moment}) - %(origin)s::timestamptz) / %(every)s::numeric)"
        return f"(%(origin)s::timestamptz + ({ticks} * %(every)s::numeric) * interval '1 second')"

    def of(self, moment):
        if self.every is None:
            return moment
        return self.origin - (self.origin - moment) // self.every * self.every

    @property
    def values(self):
        return {"every": self.every and int(self.every.total_seconds()), "origin": self.origin}


@dataclass
class Asking:
    """One rehearsal on its way through the gate."""

    since: datetime
    until: datetime
    clock: Clock
    # Told the share of the rows that are through, now and then.
    tell: callable = lambda share: None
    round: int = 0
    # Who was asked about last: nobody else can have anything left. All at first.
    people: list | None = None

    def run(self):
        """Ask until nothing is due any more."""
        self.sequences, self.zones = _rules_of_several_steps(), _zones()
        self.follow("p.round < 0")
        self.expected = _count()
        while self.round < MOST_ROUNDS:
            self.stop_reached()
            self.round += 1
            asked = self.pass_plain()
            if not asked:
                break
            self.people = [contact for _id, contact, _status in asked]
            statuses = {status for _id, _contact, status in asked}
            statuses |= self.decide([pk for pk, _contact, status in asked if status is None])
            if Status.SENT in statuses:
                self.go_on()
            self.tell_progress()
        self.people = None
        self.stop_reached()
        self.execute(_EXPIRE.format(end=self.clock.sql("d.expires_at")))

    def pass_plain(self):
        """Let each person's next row pass where nothing speaks against it.

        Returns (id, contact, what became of it, None for what is left to `decide`) of all next rows.
        """
        due, moment = self.clock.sql("next.due_at"), self.clock.sql("d.due_at")
        facts = _facts_sql("d.id IN (SELECT id FROM picked)", moment)
        sql = _PASS.format(
            next=_NEXT.format(moment=due, only=self.only("next")),
            facts=facts,
            moment=moment,
            passes=deciding.passes_sql(self.clock.sql("due_at")),
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, self.values() | {"zones": self.zones})
            return cursor.fetchall()

    def decide(self, ids):
        """The live gate's verdict on each of these, as of its moment, written down; which there were."""
        if not ids:
            return set()
        facts = self.facts(ids)
        moments = [self.clock.of(fact.due_at) for fact in facts]
        verdicts = [gate.decide(fact, at) for fact, at in zip(facts, moments, strict=True)]
        statuses = [_state(fact, verdict) for fact, verdict in zip(facts, verdicts, strict=True)]
        row = {
            "ids": [fact.id for fact in facts],
            "statuses": statuses,
            "reasons": [str(each.reason) for each in verdicts],
            "details": [each.detail[:300] for each in verdicts],
            "dues": [each.due_at for each in verdicts],
            "moments": moments,
        }
        self.execute(_WRITE, row)
        return {*statuses}

    def facts(self, ids):
        """What holds for these rows, each at its own moment."""
        sql = _facts_sql("d.id = ANY(%(picked)s)", self.clock.sql("d.due_at"))
        with connection.cursor() as cursor:
            cursor.execute(sql, self.values() | {"picked": ids})
            facts = gate.facts_of(cursor)
        gate.ask_audiences(facts)
        return facts

    def go_on(self):
        """After something was sent: note which outcomes it reached, and plan what follows it."""
        if self.sequences:
            reached = _REACHED.format(reached=outcomes.reached_sql(), only=self.only("d"))
            self.execute(reached, {"kinds": outcomes.kinds(), "rules": self.sequences})
            self.follow("p.round = %(round)s")

    def follow(self, which):
        """Plan what follows the messages just sent, where its moment comes within the window."""
        if not self.sequences:
            return
        moment = self.clock.sql("p.sending_at + s.delay")
        within = f"{moment} <= %(until)s AND p.sending_at + s.delay > %(since)s {self.only('p')}"
        planning.plan_following_each(f"{which} AND {within}", moment, self.values())

    def stop_reached(self):
        """End the sequences whose outcome was reached, as far as that was known in time."""
        if not self.sequences:
            return
        over = _OVER.format(noted=self.clock.sql("told.reached_at"), only=self.only("told"))
        due, end = self.clock.sql("d.due_at"), self.clock.sql("d.expires_at")
        self.execute(_NEVER.format(over=over, due=due))
        self.execute(_STOP.format(over=over, due=due, end=end))

    def only(self, name):
        return "" if self.people is None else f"AND {name}.contact_id = ANY(%(people)s)"

    def values(self):
        told = {"since": self.since, "until": self.until, "round": self.round, "people": self.people}
        return told | self.clock.values

    def execute(self, sql, values=None):
        with connection.cursor() as cursor:
            cursor.execute(sql, self.values() | (values or {}))
            return cursor.rowcount

    def tell_progress(self):
        if self.round % 10 == 1 or len(self.people) > 10_000:
            self.tell(1 - _count("status = 'planned' AND channel = 'email'") / max(1, self.expected))


def _state(fact, verdict):
    """What passes is sent, in a rehearsal; a call that may be made waits for somebody to make it."""
    if verdict.status != Status.SENDING:
        return str(verdict.status)
    return "ready" if fact.channel == Channel.PHONE else str(Status.SENT)


def _rules_of_several_steps():
    """The rules of which one message may stop or start another."""
    steps = Counter(Step.objects.filter(rule__status="active").values_list("rule_id", flat=True))
    return sorted(pk for pk, count in steps.items() if count > 1)


def _facts_sql(which, moment):
    """The gate's facts of these rows, each at its own moment."""
    return gate.facts_as_of(which).replace("%(at)s", moment)


@cache
def _zones():
    """The time zones that are known both here and to the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        return sorted({row[0] for row in cursor.fetchall()} & available_timezones())


def _count(which="true"):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM campaigns_delivery WHERE {which}")
        return cursor.fetchone()[0]
