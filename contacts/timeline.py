"""One timeline of everything with a contact: rooms register what they know, the page merges it by time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

PAGE = 20
# Room for what is planned, and for what happened in the same moment as the last entry of the page before.
MARGIN = 30
FAR = timedelta(days=3650)


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

    @property
    def place(self):
        """Where it stands: by time, and always in the same order within a moment."""
        return self.at, self.key

    @property
    def reasons(self):
        """The checks as the component takes them: (tone, words, note, href)."""
        return [({"no": "stop"}.get(tone, tone), words, "", href) for tone, words, href in self.checks]

    @property
    def cursor(self):
        return f"{self.at.isoformat()}~{self.key}"


@dataclass(frozen=True)
class Page:
    """A piece of the timeline, newest first, and where the next one starts (empty at the end)."""

    upcoming: list
    past: list
    older: str


_sources: dict[str, Callable] = {}


def register(name, source):
    """Add `source(contact, *, before, limit)`: its newest entries at or before the moment, newest first.

    A source that gives fewer than `limit` has no more; within a moment the largest key comes first.
    """
    _sources[name] = source


def entries(contact, *, before, limit):
    """The newest `limit` entries of all sources at or before `before`, newest first."""
    found = [entry for source in _sources.values() for entry in source(contact, before=before, limit=limit)]
    return sorted(found, key=lambda entry: entry.place, reverse=True)[:limit]


def page_of(contact, *, at, cursor=""):
    """The piece of the timeline after `cursor`; without one the newest, with what is yet to come."""
    start = read_cursor(cursor)
    limit = PAGE + MARGIN
    found = entries(contact, before=start[0] if start else at + FAR, limit=limit)
    to_come = [entry for entry in found if entry.voice == "next" or entry.at > at]
    past = [entry for entry in found if entry not in to_come and (start is None or entry.place < start)]
    more = past and (len(past) > PAGE or len(found) == limit)
    shown = past[:PAGE]
    return Page([] if start else to_come, shown, shown[-1].cursor if more else "")


def read_cursor(text):
    """(moment, key) of a cursor, or None when someone has typed over it."""
    moment, mark, key = text.partition("~")
    try:
        start = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (start, key) if mark and start.tzinfo else None


def with_days(past, *, at, cursor=""):
    """The entries with their time of day, under headings for days other than today: ("day" or "entry", …)."""
    start, this_year = read_cursor(cursor), timezone.localtime(at).year
    last = timezone.localdate(start[0] if start else at)
    for entry in past:
        day = timezone.localdate(entry.at)
        if day != last:
            yield "day", date_format(day, "l j F" if day.year == this_year else "l j F Y"), ""
            last = day
        yield "entry", entry, date_format(timezone.localtime(entry.at), "H:i")


def when_to_come(upcoming, *, at):
    """What is yet to come with its day and time, as `with_days` gives entries."""
    for entry in upcoming:
        near = timedelta(0) <= entry.at - at < timedelta(days=6)
        yield "entry", entry, date_format(timezone.localtime(entry.at), "D H:i" if near else "j M H:i")
