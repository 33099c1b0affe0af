"""Numbers and names turned into what a component draws: initials, warmth, the coordinates of small SVGs."""

import re
from functools import lru_cache

from django.conf import settings
from django.utils.formats import number_format
from django.utils.safestring import mark_safe
from django.utils.text import slugify
from django.utils.translation import gettext as _
from lucide.templatetags.lucide import lucide

CURRENCY_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
TONE_ICONS = {"": "info", "good": "circle-check", "info": "info", "warn": "triangle-alert", "bad": "circle-x"}
CHECK_ICONS = {"ok": "check", "wait": "clock", "stop": "x"}
TOAST_TONES = {"success": "good", "error": "bad", "warning": "warn", "info": "info", "debug": "info"}
BALANCE_TONES = {
    "sent": "sent",
    "skipped": "skip",
    "held_out": "skip",
    "cancelled": "skip",
    "expired": "skip",
    "merged": "skip",
    "erased": "skip",
    "failed": "fail",
    "parked": "park",
    "unknown": "park",
}


@lru_cache(maxsize=1024)
def icon(name, classes, label):
    """The icon as markup, without what `base.css` says for all icons. A page shows hundreds: kept."""
    spoken = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    drawn = lucide(name, size=None, **{"class": classes}, **spoken)
    head, rest = drawn.split(">", 1)
    lean = re.sub(r' (width|height|fill|stroke|stroke-[a-z]+)="[^"]*"', "", head) + ">" + rest
    return mark_safe(re.sub(r">\s+<", "><", lean).replace(" />", "/>"))


def initials(name):
    """`Mara Lindqvist` -> `ML`; an empty name -> a dash."""
    words = [word for word in str(name).replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "–"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def warmth(band):
    """The step of the warm ramp for a band of 1 to 5; 0 for none."""
    return {1: 1, 2: 2, 3: 3, 4: 4, 5: 6}.get(band or 0, 0)


def slug(title):
    return slugify(str(title))[:40]


def channels(**allowed):
    """Each channel with its icon and words: yes, no, or not asked."""
    icons = {
        "email": ("mail-check", "mail-x"),
        "phone": ("phone", "phone-off"),
        "letter": ("file-check", "file-x"),
    }
    names = {"email": _("E-mail"), "phone": _("Phone"), "letter": _("Letter")}
    for channel, yes in allowed.items():
        answer = {True: _("yes"), False: _("no")}.get(yes, _("not asked"))
        icon = icons[channel][0 if yes else 1]
        yield {"icon": icon, "label": f"{names[channel]}: {answer}", "tone": "y" if yes else "n"}


def bars_of(parts, width=1000, gap=2):
    """A bar for each (state, count), wide as its share; the smallest is still seen."""
    total = sum(count for _state, count in parts) or 1
    x = 0
    for state, count in parts:
        if not count:
            continue
        wide = max(4, round(count / total * width) - gap)
        yield {"x": x, "width": wide, "tone": BALANCE_TONES.get(state, "plan")}
        x += wide + gap


def rhythm(them, us, width, height):
    """Bars above and below one line. Ours get the lower third."""
    them, us = [*them], [*us]
    pairs = max(len(them), len(us), 1)
    base = round(height * 0.64, 1)
    step = width / pairs
    rooms = ((them, "them", base - 1), (us, "us", height - base - 1))
    marks = [
        mark
        for values, voice, room in rooms
        for mark in bars_from(values, voice, step, base, room / max([*values, 2]))
    ]
    return {"marks": marks, "base": base, "width": width, "height": height}


def bars_from(values, voice, step, base, unit):
    for position, value in enumerate(values):
        if value:
            tall = round(max(2, value * unit), 1)
            top = round(base - 0.5 - tall, 1) if voice == "them" else round(base + 0.5, 1)
            x, wide = round(step * (position + 0.2), 1), round(step * 0.6, 1)
            yield {"voice": voice, "x": x, "y": top, "width": wide, "height": tall}


def spark(points, width=96, height=28, edge=4):
    """A line through the points, and its last point."""
    values = [float(value) for value in points]
    low, high = min(values), max(values)
    spread = (high - low) or 1
    step = (width - 2 * edge) / max(len(values) - 1, 1)
    places = [
        (round(edge + step * n, 1), round(height - edge - (value - low) / spread * (height - 2 * edge), 1))
        for n, value in enumerate(values)
    ]
    return {"line": " ".join(f"{x},{y}" for x, y in places), "last": places[-1]}


def interval(low, seen, high, width=320, edge=6):
    """Where an interval and what was seen lie beside nought, which stands in the middle."""
    half = width / 2 - edge
    unit = half / (max(abs(low), abs(high)) or 1)
    place = {name: round(width / 2 + value * unit, 1) for name, value in (("low", low), ("high", high))}
    place["seen"] = round(width / 2 + min(max(seen, low), high) * unit, 1)
    place["wide"] = round(max(place["high"] - place["low"], 2), 1)
    return place | {"width": width, "middle": width / 2, "is_apart": low > 0 or high < 0}


def check(tone, text, note="", href="", by=""):
    return {"tone": tone, "icon": CHECK_ICONS[tone], "text": text, "note": note, "href": href, "by": by}


def toast(message):
    """A message of the messages framework as a toast. `undo:/address/` among its tags adds an Undo."""
    tone = TOAST_TONES.get(message.level_tag, "info")
    undo = next((tag[5:] for tag in (message.extra_tags or "").split() if tag.startswith("undo:")), "")
    return {"text": message.message, "tone": tone, "icon": TONE_ICONS[tone], "undo": undo}


def money(amount, currency="", places=2):
    """`1234.5` -> `$1,234.50`; a currency without a sign follows the number. Nothing gives a dash."""
    if amount is None:
        return "–"
    currency = currency or settings.CURRENCY
    # Rounded first: number_format cuts off.
    number = number_format(round(abs(amount), places), places, force_grouping=True)
    sign = CURRENCY_SIGNS.get(currency)
    minus = "−" if amount < 0 else ""
    return f"{minus}{sign}{number}" if sign else f"{minus}{number} {currency}"
