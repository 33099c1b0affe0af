"""A worker takes a batch of the mail that is due, with a lease. The lease is on the database's clock only."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

from django.conf import settings
from django.db import connection

from campaigns.crash_points import crash_point

LEASE = timedelta(seconds=settings.SENDING_LEASE)
BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), 0)
# Opening a line takes as long as making and sending this many messages.
WORTH_A_LINE = 50
# Fewer than this are not worth claiming by themselves.
LEAST = 20

# Walked by (due_at, id) from where the last batch ended: what was sent meanwhile is not read again. Whatever
# else is due to the same people is taken along, so that the most important goes first.
_CLAIM = """
WITH walked AS MATERIALIZED (
    SELECT id, contact_id FROM campaigns_delivery
    WHERE status = 'planned' AND channel = 'email' AND due_at <= %(at)s
      AND (due_at, id) > (%(due_at)s, %(id)s) {only}
    ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), beside AS MATERIALIZED (
    SELECT id FROM campaigns_delivery
    WHERE contact_id IN (SELECT contact_id FROM walked) AND status = 'planned' AND channel = 'email'
      AND due_at <= %(at)s
    FOR UPDATE SKIP LOCKED
), picked AS (
    SELECT id, true AS is_walked FROM walked
    UNION ALL
    SELECT id, false FROM beside WHERE id NOT IN (SELECT id FROM walked)
)
UPDATE campaigns_delivery d
SET status = 'claimed', owner = %(owner)s, lease_until = clock_timestamp() + %(lease)s
FROM picked WHERE d.id = picked.id
RETURNING d.id, d.contact_id, d.sender_id, d.rank, d.position, d.due_at, picked.is_walked
"""


@dataclass(frozen=True)
class Claimed:
    """A delivery in hand: as much of it as it takes to put it in line."""

    id: int
    contact_id: int
    sender_id: int
    rank: int
    position: int
    due_at: datetime
    is_walked: bool = True

    def turn(self):
        """Whose is lower goes first: by rank, then by its row's place on the strategy."""
        return self.rank, self.position, self.due_at, self.id


def claim(owner, at, limit, *, after=BEGINNING, contact_ids=None):
    """Take up to `limit` due deliveries after a place in the line, and what else is due to the same people.

    Two workers never get the same. The most important of a person's comes first.
    """
    crash_point("claim.before")
    place = {"due_at": after[0], "id": after[1], "contact_ids": contact_ids}
    only = "" if contact_ids is None else "AND contact_id = ANY(%(contact_ids)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM.format(only=only), place | {"at": at, "limit": limit, "owner": owner, "lease": LEASE}
        )
        claimed = [Claimed(*row) for row in cursor.fetchall()]
    if claimed:
        crash_point("claim.after")
    return sorted(claimed, key=Claimed.turn)


class Shares:
    """How many each line of a run claims at once: whole batches, and of the end equal parts.

    So all end together; two parts for each, since the smaller the first is, the sooner a line starts.
    """

    def __init__(self, at, limit, lines):
        self._at, self._limit, self._turn = at, limit, Lock()
        self._most = 4 * limit * lines
        self._count()
        # As many lines as there is work for.
        self.lines = max(1, min(lines, -(-self._left // min(limit, WORTH_A_LINE))))
        self._part = 0

    def _count(self):
        """As far as the end of a large campaign is not in sight, no further."""
        self._left = waiting(self._at, self._most)
        self._is_more = self._left == self._most

    def next(self):
        """How many to claim now."""
        with self._turn:
            if self._is_more and self._left <= self._most // 2:
                self._count()
            if not self._part and not self._is_more and self._left <= 2 * self._limit * self.lines:
                self._part = min(self._limit, max(LEAST, -(-self._left // (2 * self.lines))))
            share = self._part or self._limit
            self._left -= share
        return share


def batches(owner, at, limit, *, shares=None, contact_ids=None):
    """Claim batch after batch until nothing is due, `limit` or this line's share of what is left at a time.

    Every walk starts again from the oldest.
    """
    after = BEGINNING
    while batch := claim(owner, at, shares.next() if shares else limit, after=after, contact_ids=contact_ids):
        yield batch
        after = max((delivery.due_at, delivery.id) for delivery in batch if delivery.is_walked)


def take(ids, owner):
    """Take these planned deliveries, whatever their medium: what is shown or called has its own door.

    Returns the ids of those nobody else has in hand.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_delivery SET status = 'claimed', owner = %s,"
            " lease_until = clock_timestamp() + %s WHERE id = ANY(%s) AND status = 'planned' RETURNING id",
            [owner, LEASE, list(ids)],
        )
        return [pk for (pk,) in cursor.fetchall()]


def waiting(at, most):
    """How many deliveries are due, counted up to `most`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM campaigns_delivery"
            " WHERE status = 'planned' AND channel = 'email' AND due_at <= %s LIMIT %s) due",
            [at, most],
        )
        return cursor.fetchone()[0]


def release(ids, owner):
    """Put deliveries back that this worker has not done anything with."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_delivery SET status = 'planned', owner = '', lease_until = NULL"
            " WHERE id = ANY(%s) AND status = 'claimed' AND owner = %s",
            [list(ids), owner],
        )
        return cursor.rowcount
