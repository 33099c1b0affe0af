"""Does something for many rows at once; where it fails, for halves of them, until what fails stands alone."""

import logging

from django.db import connection, transaction

logger = logging.getLogger(__name__)


def in_halves(ids, act, *, what):
    """Let `act(ids)` run in one transaction, or in as many as it takes; the sum of what it returns.

    One bad row holds up none of the others: it is logged as `what` and stays as it is. Without a database
    nothing is tried again.
    """
    try:
        with transaction.atomic():
            return act(ids)
    except Exception:
        if not connection.is_usable():
            raise
        if len(ids) == 1:
            logger.warning("%s %s stays for the next time.", what, ids[0], exc_info=True)
            return 0
    half = len(ids) // 2
    return in_halves(ids[:half], act, what=what) + in_halves(ids[half:], act, what=what)


def piece_by_piece(waiting, act, *, at_once, most, what):
    """The same for a queryset, in the order of its ids, each row once; at most about so many."""
    count, last = 0, 0
    while count < most:
        ids = list(waiting.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:at_once])
        if not ids:
            break
        count, last = count + in_halves(ids, act, what=what), ids[-1]
    return count
