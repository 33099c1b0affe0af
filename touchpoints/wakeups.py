"""Hints to the rooms above that something happened; losing one costs a few seconds, never a message."""

import logging

from django.db import transaction

logger = logging.getLogger(__name__)
_listeners = []


def register(listener):
    """Add `listener(contact_ids)`, called after the transaction that recorded something has committed."""
    if listener not in _listeners:
        _listeners.append(listener)


def hint(contact_ids):
    """Tell the listeners, once this transaction is durable. A broken broker is logged and swallowed."""
    ids = list(contact_ids)
    transaction.on_commit(lambda: _tell(ids))


def _tell(ids):
    for listener in _listeners:
        try:
            listener(ids)
        except Exception:  # a lost hint costs one sweep, a failed request costs a customer
            logger.warning("A hint was lost; the next sweep does the work.", exc_info=True)
