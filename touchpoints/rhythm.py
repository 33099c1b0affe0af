"""The rhythm of a dialogue: how often they came to us, and we to them, week by week or month by month.

What we sent is known to rooms above; they register it here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from touchpoints.models import Touchpoint

# What counts as their voice: not our notes, nor what mail servers say.
THEIRS = [
    *("signed_up", "confirmed", "visited", "ordered", "clicked", "complained", "unsubscribed"),
    *("changed_preferences", "basket", "feedback", "joined", "posted", "called", "replied", "other"),
]
WEEK, MONTH = timedelta(days=7), timedelta(days=30.4375)

_ours: dict[str, Callable[..., Iterable]] = {}


@dataclass
class Rhythm:
    """So many touchpoints in each span, oldest first."""

    them: list[int] = field(default_factory=list)
    us: list[int] = field(default_factory=list)

    @property
    def two_way(self):
        """How often they came to us for each message of ours; None where there was none."""
        return sum(self.them) / sum(self.us) if sum(self.us) else None

    @property
    def is_silent(self):
        return not (any(self.them) or any(self.us))


def register(name, sent):
    """Add `sent(contact_ids, *, since, until)`: (contact id, moment) of everything sent to these contacts."""
    _ours[name] = sent


def year_of(contact, at):
    """The last 52 weeks with one contact."""
    return rhythms([contact.pk], at, span=WEEK, spans=52)[contact.pk]


def rhythms(contact_ids, at, *, span=MONTH, spans=12):
    """{contact id: Rhythm} of the last spans, in one query for each voice."""
    since = at - span * spans
    found = {pk: Rhythm([0] * spans, [0] * spans) for pk in contact_ids}
    theirs = Touchpoint.objects.filter(
        contact__in=contact_ids, kind__in=THEIRS, at__gt=since, at__lte=at
    ).values_list("contact_id", "at")
    for pk, moment in theirs.iterator():
        found[pk].them[_place(moment, at, span, spans)] += 1
    for sent in _ours.values():
        for pk, moment in sent(contact_ids, since=since, until=at):
            found[pk].us[_place(moment, at, span, spans)] += 1
    return found


def _place(moment: datetime, at: datetime, span: timedelta, spans: int) -> int:
    return min(spans - 1, max(0, spans - 1 - int((at - moment) / span)))
