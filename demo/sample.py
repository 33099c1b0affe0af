"""The stages of the sample, in order; each may be run again and adds only what is missing."""

from django.db import connection
from django.utils.translation import gettext as _

from campaigns import crediting, holding_out
from campaigns.models import LifecycleRule
from campaigns.rules import activate
from campaigns.starter import set_up_workspace
from demo import buyers, calls, lives, months, sales, thanks
from demo.catalogue import load_catalogue
from demo.newcomers import DAY, YEAR
from segmentation import rfm
from touchpoints.models import Touchpoint

# About so many people are in a row of the sample in a month: how many are held out follows from that.
IN_A_MONTH = 60


def load(at, progress):
    """Load the whole sample; yields (words, count) after each stage."""
    yield _("Rules switched on"), switch_on(at)
    yield _("Costs of a message, invented"), calls.price()
    yield _("Records on sale"), load_catalogue()
    yield _("CDNOW buyers, names invented"), buyers.import_buyers(at, progress)
    yield _("Their real purchases"), buyers.import_purchases(at, progress)
    yield _("Orders given invented records"), buyers.fill_orders()
    yield _("Entries of consent, invented"), buyers.agree(at)
    yield _("Suppressed addresses, invented"), buyers.suppress_some(at)
    yield _("Sign-ups of the last year, invented"), lives.write_newcomers(at, progress)
    yield _("Messages after a month and after browsing, invented"), months.write_months(at)
    yield _("Orders of newcomers, invented"), sales.write_orders(at)
    yield _("Thank-yous of the last 60 days, invented"), thanks.write_thanks(at)
    yield _("Orders credited to messages"), crediting.credit_orders(at, look_back=YEAR, history=True)
    yield _("Buyers scored"), rfm.rescore(at)
    with connection.cursor() as cursor:
        # So that the first pages are planned for what is there now.
        cursor.execute("ANALYZE")


def switch_on(at):
    """Set the workspace up and activate the rules that are still drafts; returns how many.

    On a base where nothing has happened yet they count from before the invented past, as if they had been on.
    What happened for real is never answered late.
    """
    is_untouched = not Touchpoint.objects.filter(is_history=False).exists()
    since = at - YEAR - DAY if is_untouched else at
    set_up_workspace(since, control_share=holding_out.share_of(IN_A_MONTH))
    drafts = LifecycleRule.objects.filter(status=LifecycleRule.Status.DRAFT)
    for rule in drafts:
        activate(rule, at=since)
    return len(drafts)
