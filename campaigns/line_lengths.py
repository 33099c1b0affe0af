"""How long the lines of a text may become, known from its pieces before it is written."""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Lines:
    """At most: characters up to the first line end, in any one line, and after the last line end.

    `breaks` says that there is a line end for certain; without one, all of it may be a single line.
    """

    first: float = 0
    longest: float = 0
    last: float = 0
    breaks: bool = False

    @classmethod
    def of(cls, text):
        """The lines of a text that is known."""
        sizes = [len(line) for line in text.split("\n")]
        return cls(sizes[0], max(sizes), sizes[-1], len(sizes) > 1)

    @classmethod
    def whole(cls, length):
        """Something of that length at most, in a line or several."""
        return cls(length, length, length)

    def __add__(self, other):
        """Both, one after the other."""
        return Lines(
            self.first if self.breaks else self.first + other.first,
            max(self.longest, other.longest, self.last + other.first),
            other.last if other.breaks else self.last + other.last,
            self.breaks or other.breaks,
        )


def either(choices):
    """One of them, nobody knows which."""
    choices = list(choices)
    return Lines(
        max(lines.first for lines in choices),
        max(lines.longest for lines in choices),
        max(lines.last for lines in choices),
        all(lines.breaks for lines in choices),
    )


def repeated(lines):
    """The same any number of times, or not at all."""
    if not lines.longest:
        return Lines()
    if not lines.breaks:
        return Lines(inf, inf, inf)
    return Lines(lines.first, max(lines.longest, lines.last + lines.first), lines.last)
