"""The contrast of every pair of colours that may meet, computed from `tokens.css` itself."""

import re
from pathlib import Path

import pytest

TOKENS = Path("static/ui/tokens.css").read_text()
COLOURS = dict(re.findall(r"--([\w-]+): light-dark\((#\w+, #\w+)\)", TOKENS))
SURFACES = ["canvas", "sheet", "panel", "sunken", "hover", "raised"]
TINTS = ["good-soft", "info-soft", "warn-soft", "bad-soft", "accent-soft", "apricot-soft"]

PAIRS = [
    *[("ink", surface, 4.5) for surface in [*SURFACES, *TINTS]],
    *[("ink-2", surface, 4.5) for surface in [*SURFACES, *TINTS]],
    *[("ink-3", surface, 4.5) for surface in SURFACES],
    *[("accent-ink", surface, 4.5) for surface in [*SURFACES, "accent-soft"]],
    *[("on-accent", surface, 4.5) for surface in ["accent", "accent-hover"]],
    *[(tone, f"{tone}-soft", 4.5) for tone in ["good", "info", "warn", "bad"]],
    *[(tone, surface, 4.5) for tone in ["good", "info", "warn", "bad"] for surface in SURFACES],
    *[(f"on-warm-{step}", f"warm-{step}", 4.5) for step in range(1, 7)],
    *[("control", surface, 3) for surface in ["sheet", "panel", "raised"]],
    *[("focus", surface, 3) for surface in SURFACES],
    *[(f"series-{number}", "panel", 3) for number in range(1, 7)],
    *[(mark, "panel", 3) for mark in ["voice-them", "voice-us", "quiet"]],
]


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_pair_is_readable(theme):
    colours = {name: pair.split(", ")[theme] for name, pair in COLOURS.items()}

    too_low = {
        f"{front} on {back}": round(contrast(colours[front], colours[back]), 2)
        for front, back, need in PAIRS
        if contrast(colours[front], colours[back]) < need
    }

    assert too_low == {}


def test_contrast_is_computed_as_wcag_says():
    assert round(contrast("#ffffff", "#000000"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


def test_every_token_that_a_stylesheet_names_exists():
    named = {
        name
        for sheet in Path("static/ui").glob("*.css")
        for name in re.findall(r"var\(--([\w-]+)\)", sheet.read_text())
        if not name.startswith("bs-")
    }

    assert named - set(re.findall(r"--([\w-]+):", TOKENS)) == set()
