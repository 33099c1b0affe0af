"""Shapes what results say for the eye."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def of_a_thousand(share):
    """`0.031` -> `+31`, of 1,000 people."""
    count = round(1000 * share)
    return f"+{count}" if count > 0 else f"−{-count}" if count else "0"


@register.filter
def more_per_thousand(interval):
    """From least to most in words: `30 to 140 more per 1,000 people`, `12 fewer to 30 more …`."""
    low, high = round(1000 * interval.low), round(1000 * interval.high)
    values = {"least": min(abs(low), abs(high)), "most": max(abs(low), abs(high))}
    if low >= 0:
        return _("%(least)s to %(most)s more per 1,000 people") % values
    if high <= 0:
        return _("%(least)s to %(most)s fewer per 1,000 people") % values
    return _("%(low)s fewer to %(high)s more per 1,000 people") % {"low": -low, "high": high}


@register.filter
def sides(comparison):
    """(name, side) of both sides."""
    names = (_("A"), _("B")) if comparison.is_variants else (_("Got it"), _("Held out"))
    return zip(names, (comparison.one, comparison.other), strict=True)


@register.filter
def heads(curve, first):
    """The heads of a curve's table."""
    return [first, _("Sent"), _("Answered"), _("Per cent")]
