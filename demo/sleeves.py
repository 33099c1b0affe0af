"""Draws a record's sleeve from its number: the same record always looks the same."""

import hashlib

# Ground, first ink, second ink.
PALETTES = {
    "Jazz": ("#1f3a4d", "#f2b544", "#e9e2d0"),
    "Folk": ("#4b5d3a", "#e9dcb8", "#c9793f"),
    "Electronic": ("#221f35", "#7fd6c2", "#e0567a"),
    "Soul & Funk": ("#8c3a1f", "#f4c95d", "#f6e7d0"),
    "Classical": ("#e8e1d3", "#34474a", "#a4503b"),
    "Indie": ("#f0c9b8", "#31506b", "#c2453d"),
    "Blues": ("#1c2b45", "#6f9bd1", "#e6dcc5"),
    "World": ("#d9a441", "#7a2e3a", "#1f5a52"),
    "Membership": ("#12403a", "#f4e9d2", "#e0913a"),
}
PLAIN = ("#3a3a3a", "#e8e1d3", "#c9793f")


def sleeve(sku, genre):
    """The sleeve as (ground colour, shapes); a shape is (tag, attributes), on a square of 100."""
    ground, first, second = PALETTES.get(genre, PLAIN)
    numbers = hashlib.sha256(sku.encode()).digest()
    # Neighbours on a shelf take patterns in turn.
    draw = PATTERNS[(numbers_in(sku) + len(genre)) % len(PATTERNS)]
    return ground, draw(numbers, first, second)


def numbers_in(sku):
    """The digits of a number such as NS-JAZ-04, as one figure."""
    return int("".join(filter(str.isdigit, sku)) or 0)


def rings(numbers, first, second):
    """A record seen from above, off the middle."""
    x, y = 30 + numbers[0] % 41, 30 + numbers[1] % 41
    circles = [_circle(x, y, 44 - step * 7, "none", first, 2.2) for step in range(5)]
    return [*circles, _circle(x, y, 5, second)]


def bars(numbers, first, second):
    """A row of bars, as loud as the numbers say."""
    heights = [14 + number % 62 for number in numbers[:9]]
    return [
        _rect(9 + place * 9.4, 88 - height, 6, height, second if place % 4 == 3 else first)
        for place, height in enumerate(heights)
    ]


def sun(numbers, first, second):
    """A disc over a horizon of lines."""
    height = 34 + numbers[0] % 16
    lines = [_rect(0, 66 + step * 8, 100, 2 + step, first) for step in range(4)]
    return [_circle(26 + numbers[1] % 48, height, 21, second), *lines]


def tiles(numbers, first, second):
    """Quarter discs in a grid."""
    inks = (first, second, first)
    places = [(column * 30 + 20, row * 30 + 20) for row in range(3) for column in range(3)]
    return [
        _circle(x, y, 7 + number % 8, inks[number % 3])
        if number % 4
        else _rect(x - 10, y - 10, 20, 20, first)
        for (x, y), number in zip(places, numbers, strict=False)
    ]


def slopes(numbers, first, second):
    """Hills, one behind the other."""
    far, near = 30 + numbers[0] % 25, 45 + numbers[1] % 25
    return [
        _circle(70 - numbers[2] % 40, 24, 9, second),
        ("path", {"d": f"M0 {far + 20} Q30 {far - 14} 60 {far + 12} T100 {far} V100 H0Z", "fill": first}),
        ("path", {"d": f"M0 {near} Q40 {near + 34} 100 {near + 4} V100 H0Z", "fill": second}),
    ]


def crossing(numbers, first, second):
    """Broad strips that cross."""
    x, y = 12 + numbers[0] % 55, 12 + numbers[1] % 55
    return [_rect(x, 0, 20, 100, first), _rect(0, y, 100, 13, second), _circle(x + 10, y + 6, 15, second)]


PATTERNS = (rings, bars, sun, tiles, slopes, crossing)


def _circle(x, y, radius, fill, stroke="none", width=0):
    return "circle", {"cx": x, "cy": y, "r": radius, "fill": fill, "stroke": stroke, "stroke-width": width}


def _rect(x, y, width, height, fill):
    return "rect", {"x": f"{x:.1f}", "y": y, "width": width, "height": height, "fill": fill}
