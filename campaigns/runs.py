"""Writes a parsed Liquid template quickly: text and plain fields that follow each other go out in one piece.

What they say is what the package would have written; the tests hold the two against each other.
"""

import re
from functools import partial
from itertools import groupby

from liquid import BoundTemplate, RenderContext
from liquid.ast import BlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode
from liquid.stringify import to_liquid_string
from liquid.undefined import UNDEFINED
from markupsafe import escape

# What autoescaping changes.
ESCAPED = re.compile("[&<>\"']")


class Reader(RenderContext):
    """Finds values in plain dicts, which is nearly all there are; everything else as the package does."""

    __slots__ = ()

    def get(self, path, *, token, default=UNDEFINED):
        try:
            found = self.value(path[0])
            for part in path[1:]:
                found = found[part] if type(found) is dict else self.get_item(found, part)
        except (KeyError, TypeError, IndexError):
            return super().get(path, token=token, default=default)
        return found

    def value(self, name):
        """What a name stands for; asking costs less than the exception of every namespace that lacks it."""
        for names in self.scope._maps:
            if name in names:
                return names[name]
        raise KeyError(name)


class Run(Node):
    """Text and outputs in a row."""

    __slots__ = ("pieces",)

    def __init__(self, nodes, env):
        super().__init__(nodes[0].token)
        self.blank = all(node.blank for node in nodes)
        self.pieces = [
            node.text if isinstance(node, ContentNode) else Output(node.expression, env) for node in nodes
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
            elif autoescape and ESCAPED.search(value):
                value = escape(value)
            written.append(value)
        return buffer.write("".join(written))


class Output:
    """One output of a run: a field with filters that take nothing else, or whatever it is."""

    __slots__ = ("expression", "filters", "path")

    def __init__(self, expression, env):
        self.expression, self.path, self.filters = expression, (), ()
        if isinstance(expression, FilteredExpression) and isinstance(expression.left, Path):
            wanted = [bound(each, env) for each in expression.filters or ()]
            path = expression.left.path
            if all(wanted) and all(isinstance(part, str | int) for part in path):
                self.path, self.filters = path, wanted

    def value(self, context):
        if not self.path:
            return self.expression.evaluate(context)
        value = context.get(self.path, token=self.expression.token)
        for apply in self.filters:
            value = apply(value)
        return value


def bound(filter_, env):
    """A filter as a function of a value and nothing else; None for one that takes more."""
    function = env.filters.get(filter_.name)
    if filter_.args or getattr(function, "with_context", False):
        return None
    return partial(function, environment=env) if getattr(function, "with_environment", False) else function


class Letter(BoundTemplate):
    """A template whose runs are written in one piece."""

    context_class = Reader

    def __init__(self, env, nodes, *arguments, **options):
        super().__init__(env, joined(nodes, env), *arguments, **options)

    def make_globals(self, values):
        """Templates have no values of their own here."""
        return values


def joined(nodes, env):
    """The nodes, each run of text and outputs being one, in the blocks within too."""
    together = []
    for is_run, some in groupby(nodes, lambda node: isinstance(node, ContentNode | OutputNode)):
        some = [*some]
        together += [Run(some, env)] if is_run else some
    for node in together:
        for block in blocks_of(node):
            block.nodes = joined(block.nodes, env)
    return together


def blocks_of(node):
    for name in getattr(type(node), "__slots__", ()):
        found = getattr(node, name, None)
        for inner in found if isinstance(found, list) else [found]:
            if isinstance(inner, BlockNode):
                yield inner
            elif isinstance(inner, Node):
                yield from blocks_of(inner)
