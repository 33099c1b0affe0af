"""What is due leaves: claimed, asked at the gate, rendered, handed over, and recorded, in sets.

`sending` is durable before a byte leaves. What is refused is known; what gets no answer is `unknown`, and
marketing mail of unknown outcome is never simply repeated.
"""

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from django.db import connections
from django.utils.translation import gettext as _

from campaigns import breaking, gate, pacing, remembering, rendering, restoring
from campaigns.channels import ChannelError, TooLate, Unreachable
from campaigns.claiming import LEASE, Shares, batches, release
from campaigns.crash_points import crash_point
from campaigns.lines import Lines
from campaigns.loading import load
from campaigns.models import Delivery, SendingSwitch
from campaigns.recording import Result, record_results, refused
from contacts.primary import on_primary

logger = logging.getLogger(__name__)
Status, Reason = Delivery.Status, Delivery.Reason

BATCH = 200
# What passed the gate longer ago than this asks again before it leaves.
LATE = 10
# Where handing a message over takes this long, the next is made only then: lines wait for each other's
# making. Where it does not, a window is made in one go, which takes a fifth less than going to and fro.
SLOW = 0.02
# A run ends after this long; the next one reads the clock anew.
LONGEST_RUN = 15
# How often what passed may go back to the gate within a run before it waits for a later one.
ROUNDS = 3


@dataclass
class Run:
    """One worker's pass over what is due: its moment, its name, its lines, and when to stop."""

    at: datetime
    owner: str
    lines: Lines
    ends: float
    # How many messages of each campaign could not be made, one after the other: by now, and at most.
    in_a_row: Counter = field(default_factory=Counter)
    longest: Counter = field(default_factory=Counter)
    # How many messages are made before the next leaves.
    ahead: int = 1
    # The frozen contents it has read.
    versions: dict = field(default_factory=dict)
    began: float = field(default_factory=monotonic)

    @property
    def now(self):
        """Its moment and what has passed since: from when on the other side counts."""
        return self.at + timedelta(seconds=monotonic() - self.began)

    @property
    def is_over(self):
        return monotonic() > self.ends


@on_primary()
def send_due(at, owner, limit=BATCH, *, contact_ids=None, lines=1):
    """Send everything that is due and may be sent; returns how many ended in which state.

    Over up to `lines` lines at once, where enough is due for them.
    """
    if restoring.is_restored(at) or SendingSwitch.objects.filter(held=True).exists():
        return Counter()
    shares = Shares(at, limit, lines) if lines > 1 and contact_ids is None else None
    if shares is None or shares.lines == 1:
        return send_over_one_line(at, owner, limit, contact_ids=contact_ids)
    with ThreadPoolExecutor(shares.lines) as pool:
        names = (f"{owner}/{number}" for number in range(shares.lines))
        done = [pool.submit(_in_a_thread, at, name, limit, shares) for name in names]
        return sum((each.result() for each in done), Counter())


@on_primary()
def send_over_one_line(at, owner, limit=BATCH, *, shares=None, contact_ids=None):
    """Claim and send batch after batch until nothing is due or the run is over."""
    counts = Counter()
    with Lines() as lines:
        run = Run(at, owner, lines, monotonic() + LONGEST_RUN)
        for batch in batches(owner, at, limit, shares=shares, contact_ids=contact_ids):
            done = send_batch(batch, run)
            counts += done
            if run.is_over or set(done) == {"unreachable"}:
                break
        for key, words in lines.unreachable.items():
            logger.warning("“%s” cannot be reached: %s", key, words)
    return counts


def send_batch(batch, run):
    """Send a claimed batch, window by window. What there is no time or no line for is put back."""
    counts, ids, admitted = Counter(), [delivery.id for delivery in batch], pacing.Admitted()
    try:
        admitted = pacing.admit(batch, run.at, run.owner)
        deliveries, values = load([delivery.id for delivery in admitted], run.versions)
        for window in gate.windows(admitted):
            if run.is_over:
                break
            if window := pacing.without_paused(window, deliveries, admitted):
                counts += send_window(window, deliveries, values, run)
                check_breakers(run, breaking.IN_A_ROW)
    finally:
        release(ids, run.owner)
        pacing.give_back(admitted, run.at)
    check_breakers(run)
    return counts


def send_window(window, deliveries, values, run):
    """Take one window through the gate and send what passes; what gets late on the way asks again."""
    counts, contacts = Counter(), {delivery.id: delivery.contact_id for delivery in window}
    for _round in range(ROUNDS):
        try:
            run.lines.open(deliveries[next(iter(contacts))].sender)
        except Unreachable:
            return counts + Counter(unreachable=1)
        results, late = send_passed(contacts, deliveries, values, run)
        counts.update(str(result.status) for result in results)
        again = set(gate.return_to_gate(late, run.owner))
        if not again:
            break
        contacts = {pk: contact for pk, contact in contacts.items() if pk in again}
        deliveries, values = load(again, run.versions)
    return counts


def send_passed(contacts, deliveries, values, run):
    """Ask the gate and send what passes: (results, ids of what got too late to leave)."""
    ids = [pk for pk in contacts if pk in deliveries]
    passed = gate.pass_gate(
        ids, run.at, owner=run.owner, values=values, contact_ids=[contacts[pk] for pk in ids]
    )
    passed_at, results, late, line, made = monotonic(), [], [], [*passed], {}
    for pk, address in passed.items():
        deliveries[pk].address, deliveries[pk].sending_at = address, run.at
    try:
        remembering.note_passed([deliveries[pk] for pk in passed], run.at)
        while line:
            if line[0] not in made:
                made = {pk: make(deliveries[pk], values.get(pk)) for pk in line[: run.ahead]}
            pk, began = line.pop(0), monotonic()
            result = send_one(deliveries[pk], made[pk], run, passed_at)
            results.append(result) if result else late.append(pk)
            run.ahead = 1 if monotonic() - began > SLOW else len(passed)
    finally:
        # Should this end by surprise, only the one that was at the wire is in doubt.
        record_results(results, run)
        gate.return_to_gate(line, run.owner)
    return results, late


def send_one(delivery, message, run, passed_at):
    """Send one message whose delivery passed the gate; returns its Result, or None when it must ask again."""
    count_in_a_row(run, delivery, message)
    if isinstance(message, Result):
        return message
    if monotonic() - passed_at > LATE or message.recipient != delivery.address:
        return None
    crash_point("wire.before")
    try:
        accepted = run.lines.send(message, delivery, deadline=passed_at + LEASE.total_seconds() / 2)
    except TooLate:
        return None
    except ChannelError as error:
        return refused(delivery, error, run.at)
    crash_point("wire.after")
    return accepted and Result(delivery, Status.SENT, reply=accepted.reply, ref=accepted.ref)


def make(delivery, values):
    """The message, or the Result that says why it could not be made."""
    crash_point("render")
    if values is None:
        return Result(delivery, Status.FAILED, Reason.RENDER, _("A merge value could not be found."))
    try:
        message = rendering.render(delivery, values)
        message.as_bytes()
    except rendering.RenderError as error:
        # Its words may name the person; they stand with the delivery and not in the log.
        logger.warning("Delivery %s could not be rendered.", delivery.pk)
        return Result(delivery, Status.FAILED, Reason.RENDER, str(error)[:300])
    except Exception as error:
        # Whatever is wrong with one message must not hold up the others, nor be told to the log.
        logger.warning("Delivery %s could not be rendered: %s", delivery.pk, type(error).__name__)
        return Result(delivery, Status.FAILED, Reason.RENDER, f"{type(error).__name__}: {error}"[:300])
    return message


def count_in_a_row(run, delivery, message):
    """Count a campaign's failures one after the other; a message that could be made ends the row."""
    campaign = delivery.campaign_id
    if isinstance(message, Result) and campaign:
        run.in_a_row[campaign] += 1
        run.longest[campaign] = max(run.longest[campaign], run.in_a_row[campaign])
    elif campaign in run.in_a_row:
        run.in_a_row[campaign] = 0


def check_breakers(run, at_least=1):
    """Look at the campaigns some of whose messages could not be made, from so many in a row on."""
    if any(count >= at_least for count in run.longest.values()):
        breaking.check(set(run.longest), run.at, in_a_row=dict(run.longest))
        run.longest.clear()


def _in_a_thread(at, owner, limit, shares):
    try:
        return send_over_one_line(at, owner, limit, shares=shares)
    finally:
        connections.close_all()
