"""One timeline of everything with a contact: rooms register what they know, the page merges it by time."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Entry:
    """One line of the timeline.

    `voice` is who speaks: them, us, outcome, next (planned), not (called off, not sent).
    `checks` are the lines of "why": (tone, words, href) with tone ok, wait or no.
    """

    at: datetime
    key: str
    voice: str
    icon: str
    title: str
    detail: str = ""
    quote: str = ""
    href: str = ""
    why: str = ""
    checks: tuple = field(default=())


_sources: dict[str, Callable] = {}


def register(name, source):
    """Add `source(contact, *, before, limit)`: its newest entries at or before the moment, newest first."""
    _sources[name] = source


def entries(contact, *, before, limit):
    """The newest `limit` entries of all sources at or before `before`, newest first."""
    lists = [source(contact, before=before, limit=limit) for source in _sources.values()]
    merged = heapq.merge(*lists, key=lambda entry: (entry.at, entry.key), reverse=True)
    return [entry for entry, _ in zip(merged, range(limit), strict=False)]
