"""The HTML of a frozen version as a program: all that can be known beforehand has been worked out.

Everything hangs on one fact: a value in place (writing.settle_in_address) holds no quote and no bracket, and
does not end with `=`. So it begins and ends no attribute, and every address stands where it stands here.
"""

import html
import re
from collections import Counter
from functools import lru_cache
from itertools import takewhile

from liquid.builtin.content import ContentNode
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode

from campaigns import mime, tracking, writing
from campaigns.writing import Doubt, Piece, in_a_row
from contacts import signing

ATTRIBUTE = re.compile(r' (href|src|background)="')
# What makes a quote the beginning of an address.
STEMS = (" href=", " src=", " background=")
BODY = "</body>"
# What cannot be moved away from a line's end, nor stand in a message.
UNSURE = re.compile(r"\x00|\r\Z")
WEB = re.compile(r"https?://", re.IGNORECASE)
# How deeply blocks may stand within each other; the package allows some more.
DEEPEST = 3
# Characters written as references may make HTML a fifth longer; this is how much texts and values may each.
MOST_IN_TEXT, MOST_IN_VALUES = 0.1, 0.05


class Part:
    """What a row of nodes comes to: pieces, and how much longer references make its text."""

    def __init__(self):
        self.pieces, self.length, self.surplus = [], 0, 0

    def text(self, text):
        """Text that is the same in every message: in ASCII, its lines ended as they leave."""
        self.count(text)
        written = in_ascii(text).replace("\r\n", "\n").replace("\r", "\n")
        self.pieces.append(written.replace("\n", "\r\n"))

    def count(self, text):
        self.length += len(text)
        self.surplus += len(in_ascii(text)) - len(text)

    def within(self, part):
        """Count in what may be written in between, or not."""
        self.surplus += part.surplus

    @property
    def write(self):
        return in_a_row(self.pieces)

    @property
    def is_mostly_ascii(self):
        return self.surplus <= MOST_IN_TEXT * self.length


class Html:
    """Reads the nodes of a template into a program; raises Doubt for what is better left to the whole way."""

    def __init__(self, env, around):
        self.env = env
        self.before, self.after = map(html.escape, around)
        # Where its links lead that are the same in every message; how often a value found once is written.
        self.urls, self.most_alike = set(), 1

    def read(self, nodes):
        """(the program of a whole template, its length as far as references in values are concerned).

        The program has a place for the picture that tells of an opening.
        """
        part = self.part(nodes, depth=0)
        if not part.is_mostly_ascii:
            raise Doubt
        places = [n for n, piece in enumerate(part.pieces) if isinstance(piece, str) and BODY in piece]
        if not places:
            raise Doubt
        before, body, after = part.pieces[places[-1]].rpartition(BODY)
        end = Piece(lambda page: page.end, key="end")
        part.pieces[places[-1] : places[-1] + 1] = [before, end, body + after]
        return part.write, part.length / self.most_alike

    def part(self, nodes, depth):
        """A row of nodes; no address may begin in one and end in another."""
        part, opened = Part(), None
        for node in nodes:
            if isinstance(node, ContentNode):
                opened = self.text(node.text, part, opened, depth)
            elif opened:
                opened.pieces.append(self.piece_within(node, depth))
            elif not isinstance(node, CommentNode):
                self.node(node, part, depth)
        if opened:
            raise Doubt
        self.note_alike(part.pieces)
        return part

    def note_alike(self, pieces):
        keys = Counter(piece.key for piece in pieces if isinstance(piece, Piece))
        self.most_alike = max(self.most_alike, *keys.values(), 1)

    def node(self, node, part, depth):
        if isinstance(node, OutputNode):
            part.pieces.append(self.output(node, writing.settle_in_html))
        elif isinstance(node, IfNode | UnlessNode):
            part.pieces.append(self.choice(node, part, depth))
        elif isinstance(node, ForNode):
            part.pieces.append(self.loop(node, part, depth))
        else:
            raise Doubt

    def output(self, node, settle):
        return writing.output(node.expression, self.env, settle)

    # Blocks -------------------------------------------------------------------------------------------

    def block(self, block, depth):
        """A block's part; one that is all space says nothing, as in the package."""
        if block is None:
            return Part()
        if depth > DEEPEST:
            raise Doubt
        if not block.blank:
            return self.part(block.nodes, depth)
        if all(isinstance(node, ContentNode | CommentNode) for node in block.nodes):
            return Part()
        raise Doubt

    def choice(self, node, part, depth):
        depth += 1
        branches = [(node.condition, isinstance(node, IfNode), self.block(node.consequence, depth))]
        branches += [(each.expression, True, self.block(each.block, depth)) for each in node.alternatives]
        otherwise = self.block(node.default, depth)
        bodies = [body for _condition, _wanted, body in branches] + [otherwise]
        for body in bodies:
            part.within(body)
        write = writing.choice([(c, w, body.write) for c, w, body in branches], otherwise.write)
        return Piece(write, object())

    def loop(self, node, part, depth):
        body, otherwise = self.block(node.block, depth + 1), self.block(node.default, depth + 1)
        if not body.is_mostly_ascii:
            raise Doubt
        part.within(otherwise)
        return Piece(writing.loop(node.expression, body.write, otherwise.write), object())

    # Text and the addresses in it ---------------------------------------------------------------------

    def text(self, text, part, opened, depth):
        """Text that may begin and end addresses; returns the one that is still open at its end."""
        refuse_unsure(text, is_inner=depth > 0)
        at = 0
        while at < len(text):
            if opened:
                end = text.find('"', at)
                opened.add(text[at : end if end >= 0 else None])
                if end < 0:
                    break
                self.close(opened, part)
                opened, at = None, end
            found = ATTRIBUTE.search(text, at)
            part.text(text[at : found.end() if found else None])
            if not found:
                break
            opened, at = Address(found[1]), found.end()
        return opened

    def close(self, opened, part):
        """Write an address that is read to its end."""
        self.note_alike(opened.pieces)
        part.count(opened.original)
        if opened.name != "href":
            self.picture(opened, part)
        elif opened.is_text:
            self.link(opened.text, part)
        else:
            part.pieces.append(self.link_of_values(opened))

    def picture(self, opened, part):
        """A picture's address stays as it is; what it begins with tells that it may, or the values do."""
        if opened.is_text:
            checked(opened.name, opened.text)
        if opened.is_text or WEB.match(opened.text):
            part.pieces += opened.pieces
        else:
            name, write = opened.name, in_a_row(opened.pieces)
            part.pieces.append(Piece(lambda page: seen(name, write(page)), object()))

    def link(self, written, part):
        """A link that is the same in every message, but for the token of a click."""
        url = checked("href", written)
        payload, kept = url.encode(), html.escape(url)
        if url.startswith(tracking.COUNTED):
            self.urls.add(url)
            pieces = [self.before, Piece(lambda page: page.click(payload), ("click", url)), self.after]
            length = len(self.before) + len(signing.sign("", bytes(16) + payload)) + len(self.after)
        else:
            pieces, length = [kept], len(kept)
        if length < len(written) or not kept.isascii() and len(pieces) == 1:
            raise Doubt
        part.pieces += pieces

    def link_of_values(self, opened):
        """A link that merge values make."""
        write, before, after = in_a_row(opened.pieces), self.before, self.after

        def lead(page):
            written = write(page)
            if written in page.personal and writing.plain_link(written):
                return written
            url, payload, kept = target(written)
            if url in page.personal:
                raise Doubt
            led = f"{before}{page.click(payload)}{after}" if payload else kept
            if len(led) < len(written):
                raise Doubt
            return led

        return Piece(lead, object())

    def piece_within(self, node, depth):
        """A piece within an address: outputs, and choices between texts without quotes."""
        if isinstance(node, OutputNode):
            return self.output(node, writing.settle_in_address)
        if isinstance(node, IfNode | UnlessNode):
            return self.choice_within(node, depth)
        raise Doubt

    def choice_within(self, node, depth):
        inner = Within(self.env, ("", ""))
        piece = inner.choice(node, Part(), depth + 1)
        self.most_alike = max(self.most_alike, inner.most_alike)
        return piece


class Within(Html):
    """The same within an address: nothing ends it there, and it stays in one line."""

    def text(self, text, part, opened, depth):
        refuse_unsure(text, is_inner=True)
        if '"' in text or "\n" in text or "\r" in text or not text.isascii():
            raise Doubt
        part.text(text)

    def output(self, node, settle):
        return super().output(node, writing.settle_in_address)


class Address:
    """The address of a link or picture while it is read; `original` is what of it is not a value."""

    def __init__(self, name):
        self.name, self.pieces, self.original = name, [], ""

    def add(self, text):
        if text.endswith(STEMS) or "\n" in text or "\r" in text or BODY in text:
            raise Doubt
        self.original += text
        self.pieces.append(in_ascii(text))

    @property
    def is_text(self):
        return all(isinstance(piece, str) for piece in self.pieces)

    @property
    def text(self):
        """What it begins with; all of it where no values are."""
        return "".join(takewhile(lambda piece: isinstance(piece, str), self.pieces))


def in_ascii(text):
    return text.encode("ascii", "xmlcharrefreplace").decode()


def refuse_unsure(text, *, is_inner):
    """Refuse text after or before which a value might be half of something."""
    quote = text.find('"')
    start = text[: max(quote, 0)]
    if UNSURE.search(text) or text.endswith(STEMS) or any(stem.endswith(text) for stem in STEMS if text):
        raise Doubt
    if start and not start.endswith(STEMS) and any(stem.endswith(start) for stem in STEMS):
        raise Doubt
    if any(text.endswith(BODY[:size]) for size in range(1, len(BODY))):
        raise Doubt
    if is_inner and BODY in text:
        raise Doubt


def checked(name, written):
    """Where an address of the template leads, if a message may lead there."""
    try:
        return tracking.address(name, written)
    except tracking.RenderError as error:
        raise Doubt from error


def seen(name, written):
    """An address of a picture that values make, once it is of a kind that may be sent."""
    tracking.address(name, written)
    return written


@lru_cache(maxsize=10_000)
def target(written):
    """(where it leads, its bytes for a token, what stands there otherwise) for a link that values made."""
    url = tracking.address("href", written)
    if url.startswith(tracking.COUNTED):
        return url, url.encode(), None
    kept = html.escape(url)
    if not kept.isascii() or mime.FORBIDDEN.search(kept):
        raise Doubt
    return url, None, kept
