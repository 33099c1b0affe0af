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
    """Text and outputs in a row. Nothing changes in between, so what is said twice is found once."""

    __slots__ = ("outputs", "pieces")

    def __init__(self, nodes, env):
        super().__init__(nodes[0].token)
        self.blank = all(node.blank for node in nodes)
        self.outputs, self.pieces, places = [], [], {}
        for node in nodes:
            if isinstance(node, ContentNode):
                self.pieces.append(node.text)
                continue
            output = Output(node.expression, env)
            if output.key not in places:
                places[output.key] = len(self.outputs)
                self.outputs.append(output)
            self.pieces.append(places[output.key])

    def render_to_output(self, context, buffer):
        said = [output.text(context) for output in self.outputs]
        return buffer.write("".join([each if type(each) is str else said[each] for each in self.pieces]))


class Output:
    """One output of a run: a field with filters that take nothing else, or whatever it is."""

    __slots__ = ("expression", "filters", "key", "path", "token")

    def __init__(self, expression, env):
        self.expression, self.token, self.path, self.filters = expression, expression.token, (), ()
        self.key = self
        if isinstance(expression, FilteredExpression) and isinstance(expression.left, Path):
            wanted = [bound(each, env) for each in expression.filters or ()]
            path = expression.left.path
            if all(wanted) and all(isinstance(part, str | int) for part in path):
                self.path, self.filters = path, wanted
                self.key = (*path, *(each.name for each in expression.filters or ()), len(path))

    def text(self, context):
        """What it says, as the package would write it."""
        if self.path:
            value = context.get(self.path, token=self.token)
            for apply in self.filters:
                value = apply(value)
        else:
            value = self.expression.evaluate(context)
        if type(value) is not str:
            return to_liquid_string(value, context.autoescape)
        return escape(value) if context.autoescape and ESCAPED.search(value) else value


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
