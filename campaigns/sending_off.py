"""A campaign is rehearsed before people send it off, with the audience it has by then."""

from django.utils.translation import gettext as _

from campaigns import audience, launching
from campaigns.models import Campaign
from campaigns.rehearsing import keeping

# An audience that has grown by more than this since the rehearsal is another audience.
TIMES = 3


def check(campaign):
    """(tone, what was asked, what was found): was it rehearsed as it is now?"""
    asked = _("It was rehearsed")
    rehearsal = keeping.fitting(campaign)
    if rehearsal is None:
        is_changed = keeping.newest(campaign) is not None
        changed = _("What decides who gets it was changed since. Rehearse it again.")
        return "stop", asked, changed if is_changed else _("Rehearse it: see who would get it, and who not.")
    told = _told(campaign, rehearsal)
    if grown_to(campaign):
        words = _("It was rehearsed for %(planned)s and is for %(now)s now. That takes a second yes.")
        return "wait", asked, words % told
    words = _("For %(planned)s, of whom %(sent)s would get it; it is for %(now)s now.")
    return "ok", asked, words % (told | {"sent": rehearsal.sent})


def grown_to(campaign):
    """How many it is for by now, where that is far more than were rehearsed; else None."""
    rehearsal, now = keeping.fitting(campaign), _size(campaign)
    return now if rehearsal and now > TIMES * max(1, rehearsal.planned) else None


def send_off(campaign, *, at, by=None, yes=None):
    """Submit a rehearsed campaign; raises launching.CannotStart for one that was not.

    `yes` is the number of people that somebody has said a second yes to: it takes one where it is for far
    more than were rehearsed.
    """
    if campaign.status == Campaign.Status.DRAFT:
        every = [*launching.checks(campaign), check(campaign)]
        if missing := [str(found) for tone, _asked, found in every if tone == "stop"]:
            raise launching.CannotStart(" ".join(missing))
        if (grown_to(campaign) or 0) > 1.1 * (yes or 0):
            raise launching.CannotStart(_unsaid(campaign))
    return launching.submit(campaign, at=at, by=by)


def _unsaid(campaign):
    words = _(
        "It was rehearsed for %(planned)s and is for %(now)s now. Say yes to that, or rehearse it again."
    )
    return words % _told(campaign, keeping.fitting(campaign))


def _told(campaign, rehearsal):
    numbers = {"planned": rehearsal.planned, "now": _size(campaign)}
    return {name: launching.people_words(number) for name, number in numbers.items()}


def _size(campaign):
    try:
        return audience.size(campaign.audience)
    except audience.CannotRead:
        return 0
