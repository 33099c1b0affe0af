"""How many to hold out, and why so many: enough to tell what a message is worth, and no more."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import audience, sequential
from campaigns.models import Delivery
from campaigns.sequential import Arm

# Per cent, of so many people at least. The fewer they are, the more evenly they must be split.
SHARES = ((20_000, 5), (5_000, 10), (1_000, 15), (0, 20))
DEFAULT = 10
MONTH = timedelta(days=30)
# What the advice reckons with: ten in a hundred would do it anyway, and five more for the message.
ANYWAY, FOR_IT = 0.10, 0.05


@dataclass(frozen=True)
class Advice:
    """So many per cent, and the reason in words."""

    share: int
    words: str


def suggested_share(people):
    """Of a row, by how many people it is for in a month; as unknown as it may be."""
    if not people:
        words = _("%(share)s per cent to begin with: nobody knows yet how many it is for.")
        return Advice(DEFAULT, words % {"share": DEFAULT})
    share = share_of(people)
    months = ceil(people_needed(share) / people)
    values = {"share": share, "people": people_words(people), "months": months}
    if months > 24:
        told = _("Even so it takes more than two years to tell five in a hundred.")
    else:
        told = ngettext(
            "Five more in a hundred can be told within a month.",
            "Five more in a hundred can be told within about %(months)s months.",
            months,
        )
    return Advice(share, f"{_reason(share) % values} {told % values}")


def suggested_for_campaign(people):
    """Of a campaign, by how many people it is for; it has an end, and so tells more."""
    if not people:
        return suggested_share(0)
    share = share_of(people)
    values = {"share": share, "people": people_words(people)}
    needed = people_needed(share, ends=True)
    if needed > people:
        told = _("To tell five in a hundred takes about %(needed)s people.") % {"needed": shown(needed)}
    else:
        told = _("That tells five in a hundred.")
    return Advice(share, f"{_reason(share) % values} {told}")


def for_rule(rule, at):
    """What is suggested for a row, by those it was for in the last 30 days.

    Whoever has just asked for something is answered: of such a row nobody.
    """
    if rule.answers_at_once:
        words = _(
            "Nobody: it answers at once what the person has just asked for, and whoever asks is answered."
        )
        return Advice(0, words)
    lately = Delivery.objects.filter(rule=rule.pk, planned_at__gt=at - MONTH, planned_at__lte=at)
    return suggested_share(lately.values("contact").distinct().count() if rule.pk else 0)


def why(rule, at):
    """How many of a row are held out, and why so many, in words."""
    if rule.is_service:
        return _("Nobody: service messages are never held back from anybody.")
    advice = for_rule(rule, at)
    if rule.control_share == advice.share:
        return advice.words
    values = {"share": rule.control_share, "advice": advice.words}
    if rule.control_share:
        return _("%(share)s per cent, as was chosen. Advised: %(advice)s") % values
    told = _("Nobody, as was chosen. Without somebody who gets nothing, nobody can say what it is worth.")
    return f"{told} {_('Advised: %(advice)s') % values}"


def for_campaign(campaign):
    """What is suggested for a campaign, by its audience as it is now."""
    try:
        return suggested_for_campaign(audience.size(campaign.audience))
    except audience.CannotRead:
        return suggested_share(0)


def share_of(people):
    """Per cent to hold out of so many."""
    return next(share for least, share in SHARES if people >= least)


def people_needed(share, ends=False):
    """How many people tell `FOR_IT` above `ANYWAY` four times in five, `share` per cent being held out."""
    held = round(1000 * share / 100)
    sent = 1000 - held
    one = Arm.of_shares(sent, round(sent * (ANYWAY + FOR_IT)))
    other = Arm.of_shares(held, round(held * ANYWAY))
    return 1000 + sequential.more_needed(one, other, FOR_IT, 1 if ends else None)


def _reason(share):
    if share == SHARES[0][1]:
        return _("%(share)s per cent: of about %(people)s a small part is enough.")
    if share == SHARES[-1][1]:
        return _("%(share)s per cent: about %(people)s is not many, so a larger part must be held out.")
    return _("%(share)s per cent, for about %(people)s.")


def people_words(count):
    return ngettext("%(count)s person", "%(count)s people", count) % {"count": shown(count)}


def shown(count):
    """As exactly as it is known: two figures."""
    step = 10 ** max(len(str(count)) - 2, 0)
    return number_format(round(count / step) * step, force_grouping=True)
