"""Shapes what the shop shows."""

from django import template
from django.utils.html import format_html, format_html_join

from demo.sleeves import sleeve as drawn

register = template.Library()


@register.simple_tag
def sleeve(product):
    """A record's sleeve as inline SVG; decoration, since artist and title stand beside it."""
    ground, shapes = drawn(product.sku, product.category)
    marks = format_html_join("", "<{} {}/>", ((tag, _attributes(values)) for tag, values in shapes))
    return format_html(
        '<svg class="sleeve" viewBox="0 0 100 100" aria-hidden="true"><rect width="100" height="100" '
        'fill="{}"/>{}</svg>',
        ground,
        marks,
    )


@register.filter
def artist(product):
    """Who made it: what stands before the dash."""
    return product.name.partition(" – ")[0]


@register.filter
def title(product):
    """What it is called: what stands after the dash, or the whole name."""
    return product.name.rpartition(" – ")[2]


def _attributes(values):
    return format_html_join(" ", '{}="{}"', values.items())
