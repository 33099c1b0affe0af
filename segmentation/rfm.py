"""RFM over the whole base, in sets: cut points are taken and kept, and every buyer is scored against them.

After Arthur M. Hughes, "Strategic Database Marketing": rank the buyers by how recently, how often and for
how much they bought, and give each fifth a digit, 5 for the best. Three things are settled here:

- Each measure is cut by itself, over all buyers. A cut point is `percentile_disc` at 20, 40, 60 and 80 %, a
  value that really occurs, and a digit is one more than the number of cut points a value lies above:

      frequency = 1 + |{bound : orders  > bound}|      recency = 5 - |{bound : days > bound}|
      monetary  = 1 + |{bound : revenue > bound}|      days    = whole days from the last order to `at`

  so people with equal values always share a digit (ranking into equal fifths would part them by chance),
  and a band stays empty where one value is more common than a fifth.
- Cut points are saved with their date. They change only when a person takes new ones or a month begins;
  in between a person changes cell only by what they do, or by time.
- The cut points of recency are kept as days, not as dates. Time passes for everybody alike: a last order
  grows older by a day each day, and with it the digit falls as soon as it passes a bound.
"""

from datetime import timedelta
from math import floor

from django.db import connection, transaction
from django.utils import timezone

from segmentation.models import RfmCuts

# Scoring runs one at a time, so that no two runs wait for each other's rows.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('segmentation.rfm'))"

CUT_POINTS = """
SELECT count(*),
       percentile_disc(%(parts)s::float8[]) WITHIN GROUP (ORDER BY last_order_at DESC),
       percentile_disc(%(parts)s::float8[]) WITHIN GROUP (ORDER BY orders),
       percentile_disc(%(parts)s::float8[]) WITHIN GROUP (ORDER BY revenue)
FROM touchpoints_totals
WHERE orders > 0
"""

# `overdue` are the moments before which a last order lies more days back than a bound allows.
DIGITS = """
SELECT contact_id,
       5 - (last_order_at <= %(overdue_1)s)::int - (last_order_at <= %(overdue_2)s)::int
         - (last_order_at <= %(overdue_3)s)::int - (last_order_at <= %(overdue_4)s)::int AS recency,
       1 + (orders > %(orders_1)s)::int + (orders > %(orders_2)s)::int
         + (orders > %(orders_3)s)::int + (orders > %(orders_4)s)::int AS frequency,
       1 + (revenue > %(revenue_1)s)::int + (revenue > %(revenue_2)s)::int
         + (revenue > %(revenue_3)s)::int + (revenue > %(revenue_4)s)::int AS monetary
FROM touchpoints_totals
WHERE orders > 0 {only}
"""

CHANGED = """
SELECT digits.*, held.recency AS held_recency, held.frequency AS held_frequency,
       held.monetary AS held_monetary, held.since AS held_since
FROM ({digits}) AS digits
LEFT JOIN segmentation_rfmscore AS held USING (contact_id)
WHERE held.contact_id IS NULL OR (held.recency, held.frequency, held.monetary)
      <> (digits.recency, digits.frequency, digits.monetary)
"""

# A rise, as only an order brings it, is history unless an order of today came after the digits last changed;
# a day more, for orders that are told late.
TELL_CHANGED = """
INSERT INTO segmentation_rfmchange (contact_id, at, before, after, is_history)
SELECT contact_id, %(at)s, coalesce(held_recency::text || held_frequency || held_monetary, ''),
       recency::text || frequency || monetary,
       (held_since IS NULL OR recency > held_recency OR frequency > held_frequency
        OR monetary > held_monetary) AND NOT EXISTS (
           SELECT 1 FROM touchpoints_order o
           WHERE o.contact_id = changed.contact_id AND NOT o.is_history
             AND o.at > coalesce(held_since - interval '24 hours', '-infinity')
       )
FROM changed
ORDER BY contact_id
"""

WRITE_CHANGED = """
WITH changed AS MATERIALIZED ({changed}), told AS ({told})
INSERT INTO segmentation_rfmscore (contact_id, recency, frequency, monetary, cuts_id, since)
SELECT contact_id, recency, frequency, monetary, %(cuts)s, %(at)s FROM changed
ON CONFLICT (contact_id) DO UPDATE
SET recency = excluded.recency, frequency = excluded.frequency, monetary = excluded.monetary,
    cuts_id = excluded.cuts_id, since = excluded.since
"""

DROP_LOST = """
WITH lost AS (
    DELETE FROM segmentation_rfmscore AS held
    USING touchpoints_totals AS totals
    WHERE totals.contact_id = held.contact_id AND totals.orders = 0 {only}
    RETURNING held.contact_id, held.recency, held.frequency, held.monetary
)
INSERT INTO segmentation_rfmchange (contact_id, at, before, after, is_history)
SELECT contact_id, %(at)s, recency::text || frequency || monetary, '', false FROM lost ORDER BY contact_id
"""

COUNT_MOVES = """
SELECT count(*) FROM ({digits}) AS digits JOIN segmentation_rfmscore AS held USING (contact_id)
WHERE (held.recency, held.frequency) <> (digits.recency, digits.frequency)
"""


@transaction.atomic
def take_cuts(at, by=None):
    """Save new cut points from the buyers as they stand at `at`, and score everyone against them.

    None while nobody has bought.
    """
    _wait_for_my_turn()
    cuts = propose_cuts(at)
    if cuts is None:
        return None
    cuts.taken_by = by
    cuts.save()
    _score(cuts, at, told=False)
    return cuts


@transaction.atomic
def put_back(cuts, *, at, by=None):
    """Let earlier cut points hold again, as a new entry, and score everyone against them."""
    _wait_for_my_turn()
    bounds = {name: getattr(cuts, name) for name in ("buyers", "recency_days", "frequency", "monetary")}
    again = RfmCuts.objects.create(taken_at=at, taken_by=by, **bounds)
    _score(again, at, told=False)
    return again


@transaction.atomic
def rescore(at, contact_ids=None):
    """Bring the digits of these contacts, or of all, up to `at`; returns how many rows it wrote.

    Only rows whose digits differ are written, and only those get a new `since` and an entry in the history.
    Scoring everyone takes the first cut points when there are none; those begin the history and tell nothing.
    """
    _wait_for_my_turn()
    cuts = cuts_in_force(at)
    if contact_ids is not None:
        ids = sorted(set(contact_ids))
        return _score(cuts, at, ids) if cuts and ids else 0
    if cuts is None:
        cuts = propose_cuts(at)
        if cuts is None:
            return _run(DROP_LOST.format(only=""), {"at": at})
        cuts.save()
        return _score(cuts, at, told=False)
    return _score(cuts, at)


def keep_up(at):
    """The hourly round: rescore everyone; the first round of a month takes new cut points after that.

    After, so that what time and people did until now is told as such.
    """
    written = rescore(at)
    cuts = cuts_in_force(at)
    if cuts and _month(cuts.taken_at) < _month(at):
        return take_cuts(at)
    return written


def cuts_in_force(at):
    """The cut points that hold at `at`; None before the first."""
    return RfmCuts.objects.filter(taken_at__lte=at).order_by("-taken_at", "-id").first()


def propose_cuts(at):
    """The cut points that would be taken at `at`, not saved; None while nobody has bought."""
    with connection.cursor() as cursor:
        cursor.execute(CUT_POINTS, {"parts": [0.2, 0.4, 0.6, 0.8]})
        buyers, last_orders, orders, revenues = cursor.fetchone()
    if not buyers:
        return None
    days = [days_between(moment, at) for moment in last_orders]
    return RfmCuts(taken_at=at, buyers=buyers, recency_days=days, frequency=orders, monetary=revenues)


def count_moves(cuts, at):
    """How many people would stand in another cell of the map if `cuts` held at `at`."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_MOVES.format(digits=DIGITS.format(only="")), _bounds(cuts, at))
        return cursor.fetchone()[0]


def days_between(earlier, at):
    """Whole days from a moment to `at`; none for what is still to come."""
    return max(0, (at - earlier) // timedelta(days=1))


def _score(cuts, at, ids=None, *, told=True):
    """Write the digits that changed and drop the rows of people who no longer count as buyers.

    What moves by new cut points is not `told`: it goes into no history, and starts nothing.
    """
    only, only_held, values = "", "", _bounds(cuts, at) | {"cuts": cuts.pk, "at": at}
    if ids is not None:
        only, only_held = "AND contact_id = ANY(%(ids)s)", "AND totals.contact_id = ANY(%(ids)s)"
        values["ids"] = ids
    changed = CHANGED.format(digits=DIGITS.format(only=only))
    written = _run(WRITE_CHANGED.format(changed=changed, told=TELL_CHANGED if told else "SELECT 1"), values)
    return written + _run(DROP_LOST.format(only=only_held), values)


def _bounds(cuts, at):
    """The bounds as the query compares them: more than N whole days back is N + 1 days or longer."""
    bounds = {}
    for n in range(4):
        bounds[f"overdue_{n + 1}"] = at - timedelta(days=floor(cuts.recency_days[n]) + 1)
        bounds[f"orders_{n + 1}"] = floor(cuts.frequency[n])
        bounds[f"revenue_{n + 1}"] = cuts.monetary[n]
    return bounds


def _run(query, values=None):
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.rowcount


def _wait_for_my_turn():
    with connection.cursor() as cursor:
        cursor.execute(LOCK)


def _month(moment):
    local = timezone.localtime(moment)
    return local.year, local.month
