"""Shapes what the RFM map shows for the eye."""

from django import template
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.ui.shapes import money

register = template.Library()


@register.filter
def measure_name(key):
    """The name of one of the three digits."""
    return {"recency": _("Recency"), "frequency": _("Frequency"), "monetary": _("Monetary")}[key]


@register.filter
def share(percent):
    """`30.71` -> `30.7 %`."""
    return _("%(percent)s %%") % {"percent": tenths(percent)}


def tenths(number):
    """Rounded first: number_format cuts off."""
    return number_format(round(number, 1), 1)


@register.filter
def people(count):
    """`1234` -> `1,234 people`."""
    return ngettext("%(count)s person", "%(count)s people", count) % {
        "count": number_format(count, force_grouping=True)
    }


@register.simple_tag
def people_url(value):
    """The list of the people in a cell (`54`) or a group (`champions`)."""
    return f"{reverse('contacts:contact-list')}?rfm={value}"


@register.inclusion_tag("components/heat_cell.html")
def map_cell(cell, measure):
    """A cell of the map with the figure of its measure; on a phone the units are left out."""
    parts = revenue_parts(cell) if measure == "revenue" else people_parts(cell)
    values = {"figure": parts[0], "people": parts[1], "name": cell.group.name, "label": cell_label(cell)}
    return {"warmth": cell.warmth, "href": people_url(cell.value), "selected": False, **values}


def revenue_parts(cell):
    return wide_only(tenths(cell.revenue_share), "%"), wide_only(
        cell.people, ngettext("person", "people", cell.people)
    )


def people_parts(cell):
    return number_format(cell.people, force_grouping=True), wide_only(tenths(cell.people_share), "%")


def wide_only(figure, unit):
    return format_html('{}<span class="hide-sm"> {}</span>', figure, unit)


def cell_label(cell):
    """What a screen reader says of a cell."""
    words = {
        "r": cell.recency,
        "f": cell.frequency,
        "name": cell.group.name,
        "people": people(cell.people),
        "share": share(cell.revenue_share),
        "revenue": money(cell.revenue, places=0),
    }
    return (
        _("Recency %(r)s, frequency %(f)s, %(name)s: %(people)s, %(share)s of revenue (%(revenue)s)") % words
    )
