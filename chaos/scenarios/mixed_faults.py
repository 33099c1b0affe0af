"""A fifth of all messages meets with one of 23 faults: what the ledger says of each is what is known."""

import time
from collections import defaultdict

from django.db import connection

from campaigns.models import Pace
from chaos import population, provider, sink
from chaos.faults import ACCEPT, Faults
from chaos.stage import Stage
from chaos.taken import by_delivery

QUICK, FULL = 240, 2_000
SHARE = 0.2
# One who is asked to come again later does not keep the others waiting.
OWN_DOMAIN = "person#@d#.example.com"
# A slow answer is still an answer.
WAITS = {"EMAIL_TIMEOUT": "1", "SENDING_LEASE": "7", "SENDING_UNKNOWN_FOR": "2"}

ANY = "any"
LATER, UNKNOWN, SENT = "planned, retry", "unknown, no_answer", "sent, "
REFUSED, BOUNCED = "failed, refused", "failed, bounced"
# What the ledger must say of a message that meets with it: what became of the try, and of the message.
REFUSED_NOW, IN_DOUBT = (LATER, SENT), (UNKNOWN, SENT)
# A line that breaks before the message has taken nothing: another serves at once, or later.
BROKEN = (None, SENT)
# Whether the last dot got there is seen or not, as it happens.
EITHER = (ANY, SENT)
SMTP = {
    "mail_4xx": REFUSED_NOW,
    "mail_5xx": (None, REFUSED),
    "rcpt_4xx": REFUSED_NOW,
    "rcpt_5xx": (None, BOUNCED),
    "data_4xx": REFUSED_NOW,
    "data_5xx": (None, REFUSED),
    "dot_4xx": REFUSED_NOW,
    "dot_5xx": (None, REFUSED),
    "closing": BROKEN,
    "drop_before_data": BROKEN,
    "drop_before_dot": EITHER,
    "drop_after_dot": IN_DOUBT,
    "stall": IN_DOUBT,
}
HTTP = {
    "too_many": REFUSED_NOW,
    # It refuses us, not this message.
    "forbidden": REFUSED_NOW,
    "wrong": (None, BOUNCED),
    "broken": IN_DOUBT,
    "bad_gateway": IN_DOUBT,
    "drop_before": IN_DOUBT,
    "stall_before": IN_DOUBT,
    "broken_after": IN_DOUBT,
    "drop_after": IN_DOUBT,
    "stall_after": IN_DOUBT,
}
NO_FAULT = (None, SENT)

# Every step of every delivery, as it is written.
STEPS = """
CREATE TABLE chaos_step (id bigserial PRIMARY KEY, delivery uuid, said text);
CREATE FUNCTION chaos_note_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO chaos_step (delivery, said) VALUES (new.uuid, new.status || ', ' || new.reason); RETURN new;
END $$;
CREATE TRIGGER chaos_step AFTER UPDATE ON campaigns_delivery FOR EACH ROW
WHEN (old.status IS DISTINCT FROM new.status AND new.status NOT IN ('claimed', 'sending')
      AND new.reason <> 'pace')
EXECUTE FUNCTION chaos_note_step();
"""
# Time is not waited for: what was told to come again later comes again now.
HURRY = "UPDATE campaigns_delivery SET due_at = now() WHERE status = 'planned' AND due_at > now()"


def run(seed, *, full=False):
    for policy, names, known in (
        (population.EVIDENCE, sink.FAULTS, SMTP),
        (population.KEY, provider.FAULTS, HTTP),
    ):
        yield run_policy(policy, seed, FULL if full else QUICK, names, known)


def run_policy(policy, seed, sends, names, known):
    met = {"faults": ",".join(names), "share": SHARE}
    options = {"sink": met} if policy == population.EVIDENCE else {"provider": met}
    with Stage("mixed_faults", seed, policy, **options, **WAITS) as stage:
        stage.report.window = 20
        with connection.cursor() as cursor:
            cursor.execute(STEPS)
        population.make_campaign(policy, population.make_people(sends, OWN_DOMAIN))
        ended = stage.until_ended(90 + sends / 10, stage.nursery(), meanwhile=Hurry())
        stage.report.expect(ended, "it did not come to an end")
        stage.check()
        compare(stage, Faults(names, SHARE, seed), known)
        return stage.report


class Hurry:
    """Once a second, the waits that were asked for are over."""

    def __init__(self):
        self.next = time.monotonic() + 3

    def __call__(self):
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + 1
        Pace.objects.update(hold_until=None, hold_step=0)
        with connection.cursor() as cursor:
            cursor.execute(HURRY)


def compare(stage, chosen, known):
    """Every message went the way that its fault prescribes, and no other."""
    copies, table = by_delivery(stage.taken()), defaultdict(lambda: [0, 0])
    for uuid, steps in steps_of_all().items():
        fault = chosen.of(uuid)
        first, last = known.get(fault, NO_FAULT)
        exact = is_exact(steps, first, last) and len(copies[uuid]) == (last == SENT)
        table[fault][not exact] += 1
        stage.report.expect(exact, f"{fault}: {steps}, {len(copies[uuid])} copies")
    stage.report.found["faults"] = {fault: count for fault, (count, _wrong) in sorted(table.items())}
    met = set(table) - {ACCEPT}
    stage.report.expect(met <= set(known), f"faults nobody knows: {met - set(known)}")


def is_exact(steps, first, last):
    """Whether it passed through what it must, ended as it must, and was in doubt only where it must be."""
    if steps[-1] != last:
        return False
    if first == ANY:
        return steps.count(UNKNOWN) <= 1
    return (first is None or first in steps) and steps.count(UNKNOWN) == (first == UNKNOWN)


def steps_of_all():
    """{delivery: what became of it, in order}, of every one that moved."""
    found = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute("SELECT delivery::text, said FROM chaos_step ORDER BY id")
        for delivery, said in cursor.fetchall():
            found[delivery].append(said)
    return found
