"""What segmentation shows of a contact: on the contact's page, and in the list."""

from django.template.loader import render_to_string

from crm.ui.templatetags.ui import component
from crm.ui.templatetags.ui import rfm as digits
from segmentation import bands, cells, rfm
from segmentation.models import RfmScore


def tile(contact, request, at):
    """The three digits and since when they hold."""
    score = RfmScore.objects.filter(contact=contact).first()
    group = cells.group_at(score.recency, score.frequency) if score else None
    return render_to_string("segmentation/_contact_tile.html", {"score": score, "group": group})


def behind_the_digits(contact, request, at):
    """The numbers behind each digit, and the band it stands for; empty without an order that counts."""
    score = RfmScore.objects.filter(contact=contact).select_related("contact__totals").first()
    cuts = rfm.cuts_in_force(at)
    if score is None or cuts is None:
        return ""
    totals, words = score.contact.totals, bands.in_words(cuts)
    values = {
        "score": score,
        "group": cells.group_at(score.recency, score.frequency),
        "totals": totals,
        "days": rfm.days_between(totals.last_order_at, at),
        "recency_band": words["recency"][score.recency],
        "frequency_band": words["frequency"][score.frequency],
        "monetary_band": words["monetary"][score.monetary],
    }
    return render_to_string("segmentation/_contact_aside.html", values, request)


def column(contact_ids):
    """The digits of a page of contacts, drawn."""
    scores = RfmScore.objects.filter(contact__in=contact_ids)
    return {s.contact_id: component("rfm", **digits(s.recency, s.frequency, s.monetary)) for s in scores}


def warmth(contact_ids):
    """How warm each contact's avatar is."""
    scores = RfmScore.objects.filter(contact__in=contact_ids)
    return {s.contact_id: cells.warmth(s.recency, s.frequency) for s in scores}
