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
def sides(comparison):
    """(name, side) of both sides."""
    names = (_("A"), _("B")) if comparison.is_variants else (_("Got it"), _("Held out"))
    return zip(names, (comparison.one, comparison.other), strict=True)


@register.filter
def heads(curve, first):
    """The heads of a curve's table."""
    return [first, _("Sent"), _("Answered"), _("Per cent")]
