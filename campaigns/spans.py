"""A span of time as a person types it: a number and a unit."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

UNITS = {"minutes": _("minutes"), "hours": _("hours"), "days": _("days")}


class SpanWidget(forms.MultiWidget):
    """A number and its unit, side by side."""

    template_name = "campaigns/_span_widget.html"
    use_fieldset = True

    def __init__(self, attrs=None):
        number = forms.NumberInput(
            attrs={"min": 0, "max": 9999, "class": "form-control", "aria-label": _("How many")}
        )
        unit = forms.Select(choices=UNITS.items(), attrs={"class": "form-select", "aria-label": _("Unit")})
        super().__init__([number, unit], attrs)

    def decompress(self, value):
        if value is None:
            return [None, "days"]
        minutes = round(value.total_seconds() / 60)
        for unit, size in (("days", 24 * 60), ("hours", 60)):
            if minutes and minutes % size == 0:
                return [minutes // size, unit]
        return [minutes, "minutes"]


class SpanField(forms.MultiValueField):
    """A span of time, typed as a number and a unit."""

    widget = SpanWidget

    def __init__(self, **options):
        parts = (
            forms.IntegerField(min_value=0, max_value=9999, required=False),
            forms.ChoiceField(choices=list(UNITS.items()), required=False),
        )
        super().__init__(parts, require_all_fields=False, **options)

    def compress(self, parts):
        if not parts or parts[0] is None:
            return None
        return timedelta(**{parts[1] or "days": parts[0]})
