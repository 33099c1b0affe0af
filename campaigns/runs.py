"""Writes a parsed Liquid template quickly: text and plain fields that follow each other go out in one piece.

What they say is what the package would have written; the tests hold the two against each other.
"""

from itertools import groupby

from liquid import BoundTemplate, RenderContext
from liquid.ast import BlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode
from liquid.stringify import to_liquid_string
from liquid.undefined import UNDEFINED
from markupsafe import escape


class Reader(RenderContext):
    """Finds values in plain dicts, which is nearly all there are; everything else as the package does."""

    __slots__ = ()

    def get(self, path, *, token, default=UNDEFINED):
        try:
            found = self.scope[path[0]]
            for part in path[1:]:
                found = found[part] if type(found) is dict else self.get_item(found, part)
        except (KeyError, TypeError, IndexError):
            return super().get(path, token=token, default=default)
        return found


class Run(Node):
    """Text and outputs in a row."""

    __slots__ = ("pieces",)

    def __init__(self, nodes, filters):
        super().__init__(nodes[0].token)
        self.blank = all(node.blank for node in nodes)
        self.pieces = [
            node.text if isinstance(node, ContentNode) else Output(node.expression, filters) for node in nodes
        ]

    def render_to_output(self, context, buffer):
        autoescape, written = context.autoescape, []
        for piece in self.pieces:
            if type(piece) is str:
                written.append(piece)
                continue
            value = piece.value(context)
            if type(value) is not str:
                value = to_liquid_string(value, autoescape)
            elif autoescape:
                value = escape(value)
            written.append(value)
        return buffer.write("".join(written))


class Output:
    """One output of a run: a field with filters that take nothing else, or whatever it is."""

    __slots__ = ("expression", "filters", "path")

    def __init__(self, expression, filters):
        self.expression, self.path, self.filters = expression, (), ()
        if isinstance(expression, FilteredExpression) and isinstance(expression.left, Path):
            wanted = [None if each.args else filters.get(each.name) for each in expression.filters or ()]
            path = expression.left.path
            if all(map(is_plain, wanted)) and all(isinstance(part, str | int) for part in path):
                self.path, self.filters = path, wanted

    def value(self, context):
        if not self.path:
            return self.expression.evaluate(context)
        value = context.get(self.path, token=self.expression.token)
        for apply in self.filters:
            value = apply(value)
        return value


def is_plain(function):
    """Whether it is a filter that needs to know nothing but what it is given."""
    return function and not (
        getattr(function, "with_context", False) or getattr(function, "with_environment", False)
    )


class Letter(BoundTemplate):
    """A template whose runs are written in one piece."""

    context_class = Reader

    def __init__(self, env, nodes, *arguments, **options):
        super().__init__(env, joined(nodes, env.filters), *arguments, **options)

    def make_globals(self, values):
        """Templates have no values of their own here."""
        return values


def joined(nodes, filters):
    """The nodes, each run of text and outputs being one, in the blocks within too."""
    together = []
    for is_run, some in groupby(nodes, lambda node: isinstance(node, ContentNode | OutputNode)):
        some = [*some]
        together += [Run(some, filters)] if is_run else some
    for node in together:
        for block in blocks_of(node):
            block.nodes = joined(block.nodes, filters)
    return together


def blocks_of(node):
    for name in getattr(type(node), "__slots__", ()):
        found = getattr(node, name, None)
        for inner in found if isinstance(found, list) else [found]:
            if isinstance(inner, BlockNode):
                yield inner
            elif isinstance(inner, Node):
                yield from blocks_of(inner)
