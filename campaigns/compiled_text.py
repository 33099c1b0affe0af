"""The words of a frozen version without HTML as a program: its own addresses are found once.

An address ends where a space or a bracket stands. Between two of those that the template itself has, nothing
that stands beyond changes which addresses there are: such a stretch is a word here, values and all.
"""

from functools import lru_cache

from liquid.builtin.content import ContentNode
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode

from campaigns import tracking, writing
from campaigns.compiled_html import DEEPEST
from campaigns.writing import Doubt, Piece, in_a_row


class Text:
    """Reads the nodes of a template into a program; raises Doubt for what is better left to the whole way."""

    def __init__(self, env, around=None):
        self.env, self.around = env, around
        self.urls = set()

    def read(self, nodes):
        """What writes a whole template; its addresses led, unless they are to stay."""
        return in_a_row(self.pieces(nodes, 0) if self.around is None else self.words(nodes, 0))

    # Without regard to addresses ----------------------------------------------------------------------

    def pieces(self, nodes, depth):
        if depth > DEEPEST:
            raise Doubt
        return [self.piece(node, depth) for node in nodes if not isinstance(node, CommentNode)]

    def piece(self, node, depth):
        if isinstance(node, ContentNode):
            return node.text
        if isinstance(node, OutputNode):
            return writing.output(node.expression, self.env, writing.settle_in_text)
        return self.block(node, depth, self.pieces)

    def block(self, node, depth, read):
        if isinstance(node, IfNode | UnlessNode):
            branches = [(node.condition, isinstance(node, IfNode), node.consequence)]
            branches += [(each.expression, True, each.block) for each in node.alternatives]
            branches = [(c, wanted, self.body(block, depth, read)) for c, wanted, block in branches]
            write = writing.choice(branches, self.body(node.default, depth, read))
        elif isinstance(node, ForNode):
            body, otherwise = (self.body(block, depth, read) for block in (node.block, node.default))
            write = writing.loop(node.expression, body, otherwise)
        else:
            raise Doubt
        return Piece(write, object())

    def body(self, block, depth, read):
        """What writes a block; one that is all space says nothing, as in the package."""
        if block is None:
            return writing.nothing
        if not block.blank:
            return in_a_row(read(block.nodes, depth + 1))
        if all(isinstance(node, ContentNode | CommentNode) for node in block.nodes):
            return writing.nothing
        raise Doubt

    # Word by word -------------------------------------------------------------------------------------

    def words(self, nodes, depth):
        """The pieces of nodes before and after which no address goes on."""
        if depth > DEEPEST:
            raise Doubt
        nodes = [node for node in nodes if not isinstance(node, CommentNode)]
        pieces, word = [], []
        for number, node in enumerate(nodes):
            if isinstance(node, ContentNode):
                self.text(node.text, pieces, word)
            elif not word and stands_apart(node, nodes[number + 1 :]):
                pieces.append(self.block(node, depth, self.words))
            else:
                word.append(self.piece(node, depth))
        return pieces + self.word(word)

    def text(self, text, pieces, word):
        """Text that may end a word and begin another."""
        at = 0
        for between in tracking.BETWEEN_ADDRESSES.finditer(text):
            word.append(text[at : between.start()])
            pieces += [*self.word(word), between[0]]
            word.clear()
            at = between.end()
        if text[at:]:
            word.append(text[at:])

    def word(self, parts):
        if all(isinstance(part, str) for part in parts):
            return self.known_word("".join(parts))
        write = in_a_row(parts)

        def lead(page):
            word = write(page)
            return self.with_addresses(word, page) if "http" in word else word

        key = [part if isinstance(part, str) else part.key for part in parts]
        return [Piece(lead, ("word", *key))]

    def known_word(self, word):
        """A word that is the same in every message; it holds one address at most."""
        found = tracking.ADDRESS_IN_TEXT.search(word)
        if not found:
            return [word]
        url, (before, after) = found[0], self.around
        payload = url.encode()
        self.urls.add(url)
        click = Piece(lambda page: page.click(payload), ("click", url))
        return [word[: found.start()] + before, click, after + word[found.end() :]]

    def with_addresses(self, word, page):
        """A word that values made, with the addresses in it led."""
        pieces = list(parted(word))
        for number in range(1, len(pieces), 2):
            if pieces[number] not in page.personal:
                pieces[number] = self.around[0] + page.click(pieces[number].encode()) + self.around[1]
        return "".join(pieces)


@lru_cache(maxsize=2_000)
def parted(word):
    """What stands before, in and after the addresses in a text, in turns."""
    pieces, at = [], 0
    for found in tracking.ADDRESS_IN_TEXT.finditer(word):
        pieces += [word[at : found.start()], found[0]]
        at = found.end()
    return [*pieces, word[at:]]


def stands_apart(node, following):
    """Whether no address goes on from a block to what follows, nor from one turn of a loop to the next."""
    if not isinstance(node, IfNode | UnlessNode | ForNode) or following and not begins_apart(following):
        return False
    return not isinstance(node, ForNode) or begins_apart(node.block.nodes) or ends_apart(node.block.nodes)


def begins_apart(nodes):
    return bool(nodes) and is_apart(nodes[0], slice(1))


def ends_apart(nodes):
    return bool(nodes) and is_apart(nodes[-1], slice(-1, None))


def is_apart(node, place):
    """Whether a node is text that has, at this place, what stands in no address."""
    return isinstance(node, ContentNode) and bool(tracking.BETWEEN_ADDRESSES.match(node.text[place]))
