"""Charts: a Vega-Lite dict becomes an inline SVG in the tokens’ colours: one drawing for both themes."""

import copy
import hashlib
import json
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

from django.core.cache import cache as store
from django.utils.safestring import mark_safe

CONFIG = Path(__file__).with_name("vega.json")
KEPT_FOR = 24 * 60 * 60
# In pixels.
HEIGHT, ROOM_FOR_NAMES = 180, 60
# How wide a narrow drawing is, and a letter in it.
NARROW, LETTER = 326, 6


def svg(spec, *, width=740):
    """The drawing of this spec at this width; the same spec is drawn once a day."""
    sized = {"width": width, "height": HEIGHT, "autosize": {"type": "fit", "contains": "padding"}, **spec}
    sized["width"] = width
    text = json.dumps(sized, sort_keys=True, default=plain)
    key = "chart:" + hashlib.sha256((text + json.dumps(config())).encode()).hexdigest()
    return mark_safe(store.get_or_set(key, lambda: draw(json.loads(text)), KEPT_FOR))


def narrowed(spec):
    """The same for a narrow screen: names below that would run into each other stand on their side.

    Their room is added to the height, so that the drawing itself is as high as before.
    """
    values = spec.get("data", {}).get("values", ())
    named = [x for x in _x_of(spec) if x.get("type") in ("ordinal", "nominal")]
    if not any(_collide({str(value[x["field"]]) for value in values}) for x in named):
        return spec
    spec = copy.deepcopy(spec)
    for x in _x_of(spec):
        x["axis"] = (x.get("axis") or {}) | {"labelAngle": -50, "labelAlign": "right"}
    spec["height"] = spec.get("height", HEIGHT) + ROOM_FOR_NAMES
    return spec


def _x_of(spec):
    """What lies along the bottom, of the drawing and of each of its layers."""
    return [
        part["encoding"]["x"] for part in (spec, *spec.get("layer", ())) if "x" in part.get("encoding", {})
    ]


def _collide(names):
    return sum(len(name) * LETTER + 4 for name in names) > NARROW


def plain(value):
    """What JSON lacks: amounts are numbers, all else (dates, translated words) is text."""
    return float(value) if isinstance(value, Decimal) else str(value)


def draw(spec):
    """Draw now. Never call this in a process that will fork: the child would hang (hence the late import)."""
    import vl_convert

    spec = copy.deepcopy(spec)
    spec["config"] = config() | spec.get("config", {})
    return rounded(vl_convert.vegalite_to_svg(spec, vl_version="6.4"))


@cache
def config():
    return json.loads(CONFIG.read_text())


def rounded(text):
    """Two decimals are enough for any screen, and a third less to send."""
    return re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), text)
