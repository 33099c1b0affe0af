"""What decides about sending is read where it is written, whatever a router says of reading elsewhere."""

from contextlib import contextmanager
from contextvars import ContextVar

from django.db import DEFAULT_DB_ALIAS

_is_asked_for = ContextVar("primary", default=False)


@contextmanager
def on_primary():
    """Inside, or in a function it decorates, every read goes to the primary; in this thread only."""
    token = _is_asked_for.set(True)
    try:
        yield
    finally:
        _is_asked_for.reset(token)


class PrimaryRouter:
    """Asked before any other router: it speaks only where the primary was asked for."""

    def db_for_read(self, model, **hints):
        return DEFAULT_DB_ALIAS if _is_asked_for.get() else None
