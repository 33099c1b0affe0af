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
    now = _size(campaign)
    told = {"planned": launching.people_words(rehearsal.planned), "now": launching.people_words(now)}
    if now > TIMES * max(1, rehearsal.planned):
        words = _("It was rehearsed for %(planned)s and is for %(now)s now. Rehearse it again.")
        return "stop", asked, words % told
    words = _("For %(planned)s, of whom %(sent)s would get it; it is for %(now)s now.")
    return "ok", asked, words % (told | {"sent": rehearsal.sent})


def send_off(campaign, *, at, by=None):
    """Submit a rehearsed campaign; raises launching.CannotStart for one that was not."""
    if campaign.status == Campaign.Status.DRAFT:
        every = [*launching.checks(campaign), check(campaign)]
        if missing := [str(found) for tone, _asked, found in every if tone == "stop"]:
            raise launching.CannotStart(" ".join(missing))
    return launching.submit(campaign, at=at, by=by)


def _size(campaign):
    try:
        return audience.size(campaign.audience)
    except audience.CannotRead:
        return 0
