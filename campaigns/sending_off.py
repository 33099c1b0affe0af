"""A campaign is rehearsed before people send it off, with the audience it has by then."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from campaigns import audience, launching
from campaigns.models import Campaign, Rehearsal
from campaigns.rehearsing import keeping

# An audience that has grown by more than this since the rehearsal is another audience.
TIMES = 3


@dataclass(frozen=True)
class Beside:
    """The rehearsal that fits a campaign as it is, and for how many it is by now."""

    rehearsal: Rehearsal | None
    now: int

    @classmethod
    def of(cls, campaign):
        return cls(keeping.fitting(campaign), _size(campaign))

    @property
    def has_grown(self):
        """Whether it is for far more than were rehearsed."""
        return self.rehearsal is not None and self.now > TIMES * max(1, self.rehearsal.planned)

    @property
    def told(self):
        """Both numbers in words."""
        numbers = {"planned": self.rehearsal.planned, "now": self.now}
        return {name: launching.people_words(number) for name, number in numbers.items()}


def check(campaign, beside=None):
    """(tone, what was asked, what was found): was it rehearsed as it is now?"""
    asked, beside = _("It was rehearsed"), beside or Beside.of(campaign)
    if beside.rehearsal is None:
        is_changed = keeping.newest(campaign) is not None
        changed = _("What decides who gets it was changed since. Rehearse it again.")
        return "stop", asked, changed if is_changed else _("Rehearse it: see who would get it, and who not.")
    if beside.has_grown:
        words = _("It was rehearsed for %(planned)s and is for %(now)s now. That takes a second yes.")
        return "wait", asked, words % beside.told
    words = _("For %(planned)s, of whom %(sent)s would get it; it is for %(now)s now.")
    return "ok", asked, words % (beside.told | {"sent": beside.rehearsal.sent})


def send_off(campaign, *, at, by=None, yes=None):
    """Submit a rehearsed campaign; raises launching.CannotStart for one that was not.

    `yes` is the number of people that somebody has said a second yes to: it takes one where it is for far
    more than were rehearsed.
    """
    if campaign.status == Campaign.Status.DRAFT:
        beside = Beside.of(campaign)
        every = [*launching.checks(campaign), check(campaign, beside)]
        if missing := [str(found) for tone, _asked, found in every if tone == "stop"]:
            raise launching.CannotStart(" ".join(missing))
        if beside.has_grown and beside.now > 1.1 * (yes or 0):
            raise launching.CannotStart(_unsaid(beside))
    return launching.submit(campaign, at=at, by=by)


def _unsaid(beside):
    words = _(
        "It was rehearsed for %(planned)s and is for %(now)s now. Say yes to that, or rehearse it again."
    )
    return words % beside.told


def _size(campaign):
    try:
        return audience.size(campaign.audience)
    except audience.CannotRead:
        return 0
