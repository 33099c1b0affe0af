"""The bands between cut points, in words."""

from math import floor

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.ui.shapes import money


def in_words(cuts):
    """What each digit of each measure stands for: {"recency": {5: "0–152 days", …}, …}."""
    return {
        "recency": recency_bands(cuts.recency_days),
        "frequency": frequency_bands(cuts.frequency),
        "monetary": monetary_bands(cuts.monetary),
    }


def recency_bands(bounds):
    """Days since the last order, from the best digit down."""
    return {5 - n: _days(*ends) for n, ends in enumerate(whole_ranges(bounds, start=0))}


def frequency_bands(bounds):
    """Orders, from the best digit down."""
    words = {1 + n: _orders(*ends) for n, ends in enumerate(whole_ranges(bounds, start=1))}
    return dict(reversed(words.items()))


def monetary_bands(bounds):
    """Revenue, from the best digit down; a band ends at its bound."""
    words = {5: _("over %(from)s") % {"from": money(bounds[3])}}
    for digit in (4, 3, 2):
        low, high = bounds[digit - 2], bounds[digit - 1]
        words[digit] = f"{money(low)}–{money(high)}" if low < high else nobody()
    return words | {1: _("up to %(to)s") % {"to": money(bounds[0])}}


def whole_ranges(bounds, *, start):
    """The five (low, high) ranges of whole numbers that four bounds make; an empty one is (None, None)."""
    low = start
    for bound in map(floor, bounds):
        yield (low, bound) if bound >= low else (None, None)
        low = max(low, bound + 1)
    yield low, None


def nobody():
    """The words for a band in which no value can fall."""
    return _("no one")


def _days(low, high):
    if low is None:
        return nobody()
    if high is None:
        return _("%(days)s days and over") % {"days": number_format(low, force_grouping=True)}
    if low == high:
        return ngettext("%(days)s day", "%(days)s days", low) % {
            "days": number_format(low, force_grouping=True)
        }
    return _("%(low)s–%(high)s days") % {
        "low": number_format(low, force_grouping=True),
        "high": number_format(high, force_grouping=True),
    }


def _orders(low, high):
    if low is None:
        return nobody()
    if high is None:
        return _("%(orders)s orders or more") % {"orders": number_format(low, force_grouping=True)}
    if low == high:
        return ngettext("%(orders)s order", "%(orders)s orders", low) % {
            "orders": number_format(low, force_grouping=True)
        }
    return _("%(low)s–%(high)s orders") % {
        "low": number_format(low, force_grouping=True),
        "high": number_format(high, force_grouping=True),
    }
