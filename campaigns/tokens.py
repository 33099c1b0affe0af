"""Takes Liquid tags out before any parser of HTML sees a text, and puts them back afterwards.

Parsers move loops out of tables and turn the > of a condition into &gt;. An inert token survives them: a
comment where text stands, a word within an attribute.
"""

import re

LIQUID = r"\{\{.*?\}\}|\{%.*?%\}"
PIECES = re.compile(
    rf"(?P<liquid>{LIQUID})|(?P<comment><!--.*?-->)|(?P<open></?[a-zA-Z])|(?P<quote>[\"'])|(?P<close>>)",
    re.DOTALL,
)


class MisplacedTag(ValueError):
    """A Liquid tag stands within a tag of HTML but in no attribute's quotes."""


class Tokens:
    """The Liquid tags of one message, by number."""

    def __init__(self, *sources):
        self.tags = []
        self.word = "LQ"
        while any(self.word in source for source in sources):
            self.word += "Q"
        self._found = re.compile(rf"<!--{self.word}(\d+)x-->|{self.word}(\d+)x")

    def take(self, source):
        """The source with a token for every Liquid tag; what its author commented out is left away."""
        parts, end, state = [], 0, Place()
        for piece in PIECES.finditer(source):
            parts.append(source[end : piece.start()])
            parts.append(self._piece(piece, state))
            end = piece.end()
        return "".join([*parts, source[end:]])

    def put_back(self, text):
        """The text with its Liquid tags in their places again."""
        return self._found.sub(lambda found: self.tags[int(found[1] or found[2])], text)

    def _piece(self, piece, place):
        if piece.lastgroup == "liquid":
            return self._token(piece[0], place)
        if piece.lastgroup == "comment" and not place.in_tag:
            return ""
        place.pass_by(piece)
        return piece[0]

    def _token(self, tag, place):
        if place.in_tag and not place.quote:
            raise MisplacedTag(tag)
        self.tags.append(tag)
        token = f"{self.word}{len(self.tags) - 1}x"
        return token if place.in_tag else f"<!--{token}-->"


class Place:
    """Where in the HTML a reader stands: in text, within a tag, within its quotes."""

    in_tag = False
    quote = ""

    def pass_by(self, piece):
        if not self.in_tag:
            self.in_tag = piece.lastgroup == "open"
        elif piece.lastgroup == "quote":
            self.quote = "" if self.quote == piece[0] else self.quote or piece[0]
        elif piece.lastgroup == "close" and not self.quote:
            self.in_tag = False
