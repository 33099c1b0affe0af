"""What must hold at the end of every run: the ledger keeps its promises and agrees with what was taken."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field

from django.db import connection
from django.utils import timezone

from campaigns import campaigning, verifying
from campaigns.models import Campaign
from chaos.servers import STATE_DIR
from chaos.taken import by_delivery

HISTORY = STATE_DIR / "history.jsonl"
MOST, LONGEST = 10, 300
MOVING = ("planned", "claimed", "sending", "unknown")
_ROWS = """
SELECT uuid::text, status, reason, reply, doubts, first_sending_at IS NOT NULL
FROM campaigns_delivery
"""


@dataclass
class Report:
    """What one run did and what came of it; a line of the history."""

    scenario: str
    seed: int
    policy: str = ""
    window: int = 0
    sends: int = 0
    kills: int = 0
    lost: int = 0
    duplicates: int = 0
    # Duplicates of which the ledger says that nobody could know.
    explained: int = 0
    # Deliveries of which nobody knew for a while whether they had left.
    unknown: int = 0
    parked: int = 0
    seconds: float = 0
    breaches: list = field(default_factory=list)
    # Why it could not be run on this machine.
    skipped: str = ""
    # What this scenario measures besides.
    found: dict = field(default_factory=dict)

    def expect(self, holds, words):
        """Note a breach unless it holds; a few of them tell enough."""
        if not holds and len(self.breaches) < MOST:
            self.breaches.append(words[:LONGEST])

    def as_json(self):
        return json.dumps(asdict(self), default=str)

    def keep(self):
        """Print it, and add it to the history, so that a drift shows."""
        print(self.as_json(), flush=True)
        with open(HISTORY, "a") as history:
            history.write(self.as_json() + "\n")


@dataclass(frozen=True)
class Row:
    """One delivery, as far as it matters here."""

    uuid: str
    status: str
    reason: str
    reply: str
    doubts: int
    has_passed: bool


def rows():
    with connection.cursor() as cursor:
        cursor.execute(_ROWS)
        return {row[0]: Row(*row) for row in cursor.fetchall()}


def check(report, copies, *, duplicates_allowed=0):
    """Hold the ledger against what was taken, and itself; what is wrong is noted in the report."""
    campaigning.finish_campaigns(timezone.now())
    ledger, taken = rows(), by_delivery(copies)
    report.sends = report.sends or len(ledger)
    report.unknown = sum(row.doubts > 0 for row in ledger.values())
    report.parked = sum(row.status == "parked" for row in ledger.values())
    report.found["ended"] = dict(Counter(row.status for row in ledger.values()))
    check_lost(report, ledger, taken)
    check_copies(report, ledger, taken, duplicates_allowed)
    check_reasons(report, ledger, taken)
    check_promises(report)


def check_lost(report, ledger, taken):
    """Nothing is said to be sent that was not, and nothing waits for ever."""
    never_left = [row.uuid for row in ledger.values() if row.status == "sent" and row.uuid not in taken]
    waiting = [row.uuid for row in ledger.values() if row.status in MOVING]
    report.lost = len(never_left) + len(waiting)
    report.expect(not never_left, f"said to be sent and never taken: {never_left[:5]}")
    report.expect(not waiting, f"still waiting at the end: {waiting[:5]}")


def check_copies(report, ledger, taken, allowed):
    """One copy of each, or two where the ledger says that nobody could know; nothing that had not passed."""
    several = {uuid: len(copies) for uuid, copies in taken.items() if len(copies) > 1}
    explained = [
        uuid for uuid, count in several.items() if uuid in ledger and count <= 1 + ledger[uuid].doubts
    ]
    strangers = [uuid for uuid in taken if uuid not in ledger or not ledger[uuid].has_passed]
    report.duplicates, report.explained = len(several), len(explained)
    report.expect(len(explained) == len(several), f"copies that nobody can explain: {list(several)[:5]}")
    report.expect(len(several) <= allowed, f"{len(several)} duplicates, {allowed} allowed")
    report.expect(not strangers, f"taken without having passed the gate: {strangers[:5]}")


def check_reasons(report, ledger, taken):
    """Whatever was not sent says why. Also: how many say what, and how many of the parked had been taken."""
    unsent = [row for row in ledger.values() if row.status not in ("sent", *MOVING)]
    silent = [row.uuid for row in unsent if not row.reason]
    report.expect(not silent, f"not sent, without a reason: {silent[:5]}")
    reasons = Counter(f"{row.status}, {row.reason}: {row.reply[:60]}" for row in unsent)
    report.found["unsent"] = dict(reasons.most_common(5))
    report.found["parked_and_taken"] = sum(row.status == "parked" and row.uuid in taken for row in unsent)


def check_promises(report):
    """`manage.py verify` finds nothing, and campaigns of which nothing moves are finished."""
    for promise, broken in verifying.verify():
        report.expect(not broken, f"{promise}: {broken[:5]}")
    if not report.lost:
        open_ones = Campaign.objects.exclude(status=Campaign.Status.FINISHED).values_list("name", "status")
        report.expect(not open_ones, f"campaigns that do not read finished: {list(open_ones)}")
