"""Writes one message by a program: functions that each write a piece of it, made of a parsed Liquid template.

Whatever is not surely what the whole way (rendering.py) would write raises Doubt, and that way decides.
"""

import re
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from types import SimpleNamespace

from liquid import RenderContext, Undefined
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.primitive import Literal, Nil
from liquid.builtin.tags.for_tag import ForLoop
from liquid.stringify import to_liquid_string
from liquid.undefined import UNDEFINED

from campaigns import links, liquid, merge_fields, tracking
from contacts.signing import signer

# What a value is at most for the bounds of lines and of work to hold that were found beforehand.
SMALL = 100
# Values that stand in HTML as they are, and cannot be half of an attribute's beginning: no = at the end.
plain = re.compile(rf"(?:[ !#-%(-;=?-~]{{0,{SMALL - 1}}}[ !#-%(-;?-~])?").fullmatch
# An address that HTML spells as it is.
plain_link = re.compile(r"[!#-%(-;=?-~]+").fullmatch
# Names that Liquid finds a value for where none is given.
CLOCKS = ("now", "today")


class Doubt(Exception):
    """This cannot surely be written the quick way."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a program that differs from message to message; pieces of one key write the same."""

    write: object
    key: object
    lines: object = None


class Page:
    """One message while it is written; Liquid's expressions take it for their context."""

    __slots__ = (
        *("autoescape", "click", "end", "env", "is_long", "loops", "names", "personal", "stops", "surplus"),
        "turns",
    )
    get_item, filter = RenderContext.get_item, RenderContext.filter

    def __init__(self, delivery, values):
        self.names = dict(values)
        self.personal = tuple(filter(None, map(values.get, merge_fields.PERSONAL_LINKS)))
        self.click = signer(links.CLICK, delivery.uuid.bytes)
        self.end = "" if delivery.is_service else tracking.pixel(delivery)
        # What came in beside what could be foreseen: characters written as references, long values.
        self.surplus, self.is_long = 0, False

    def turn_to(self, env):
        """Begin with another template."""
        self.env, self.autoescape, self.loops, self.stops, self.turns = env, env.autoescape, [], {}, 0
        liquid.allow_work()

    def get(self, path, *, token=None, default=UNDEFINED):
        """What a path leads to, as the package finds it."""
        try:
            found = self.names[path[0]]
            for part in path[1:]:
                found = found[part] if type(found) is dict else self.get_item(found, part)
        except (KeyError, TypeError, IndexError):
            return self._get_slowly(path)
        return found

    def _get_slowly(self, path):
        root = path[0]
        if root in CLOCKS and root not in self.names:
            raise Doubt
        try:
            found = self.names[root]
            for part in path[1:]:
                found = self.get_item(found, part)
        except (KeyError, TypeError, IndexError):
            return Undefined(str(root))
        return found

    def stopindex(self, key, index=None):
        """Where a loop of that name stopped, for one that goes on there."""
        if index is not None:
            self.stops[key] = index
        return self.stops.get(key, 0)

    def repeat(self, name, title, items, length, write):
        """What `write` writes for each item in turn."""
        names, covered = self.names, {}
        for key in (name, "forloop"):
            if key in names:
                covered[key] = names[key]
        loop = ForLoop(title, items, length, self.loops[-1] if self.loops else Undefined("parentloop"))
        self._enter(loop)
        names["forloop"], said = loop, []
        for item in loop:
            names[name] = item
            said.append(write(self))
        self.loops.pop()
        names.pop(name, None)
        names.pop("forloop", None)
        names.update(covered)
        return "".join(said)

    def _enter(self, loop):
        self.turns += loop.length
        self.loops.append(loop)
        together = 1
        for each in self.loops:
            together *= each.length
        if together > liquid.Sandbox.loop_iteration_limit:
            raise Doubt


# Values -----------------------------------------------------------------------------------------------


def finder(expression, env):
    """A function that finds an expression's value on a page."""
    path = simple_path(expression)
    if path is None:
        return expression.evaluate
    find = partial(Page.get, path=path) if len(path) > 1 else named(path)
    filters = [remembered(each, env) for each in expression.filters or ()]
    if not all(filters):
        return expression.evaluate
    return filtered(find, filters) if filters else find


def named(path):
    """The value of a name that is no path."""
    name = path[0]

    def find(page):
        return page.names[name] if name in page.names else page.get(path)

    return find


def simple_path(expression):
    """The path of a field and nothing else, filters apart; None for what has to be worked out."""
    if isinstance(expression, FilteredExpression) and isinstance(expression.left, Path):
        path = expression.left.path
        if all(isinstance(part, str | int) for part in path):
            return path
    return None


def key_of(expression, env):
    """What outputs of the same words have in common; None for one that has to be worked out."""
    path = simple_path(expression)
    if path is None or not all(remembered(each, env) for each in expression.filters or ()):
        return None
    return (*path, *map(str, expression.filters or ()), len(path))


def filtered(find, filters):
    def value(page):
        found = find(page)
        for apply in filters:
            found = apply(found)
        return found

    return value


def remembered(filter_, env):
    """A filter whose arguments are written out, as a function that remembers what it made of small texts."""
    function = env.filters.get(filter_.name)
    if function is None or getattr(function, "with_context", False):
        return None
    if not all(isinstance(argument.value, Literal | Nil) for argument in filter_.args):
        return None
    positional, named = filter_.evaluate_args(SimpleNamespace(autoescape=env.autoescape))
    if any(liquid.size_of(each) > SMALL for each in (*positional, *named.values())):
        return None
    if getattr(function, "with_environment", False):
        named["environment"] = env

    def apply(value):
        return function(value, *positional, **named)

    known = lru_cache(maxsize=500, typed=True)(apply)
    return lambda value: known(value) if type(value) is str and len(value) <= SMALL else apply(value)


# Writing ----------------------------------------------------------------------------------------------


def output(expression, env, settle):
    """A piece that writes a value; `settle(page, value)` writes what is not plain."""
    find = finder(expression, env)

    def write(page):
        found = find(page)
        return found if type(found) is str and plain(found) else settle(page, found)

    return write


def settle_in_html(page, value):
    """A value as it stands in the text of HTML."""
    return settle_in_address(page, value, lines=True).replace("\n", "\r\n")


def settle_in_address(page, value, *, lines=False):
    """A value as it stands within an attribute: escaped, in ASCII, and surely ending nothing."""
    written = str(to_liquid_string(value, autoescape=True))
    if '"' in written or "<" in written or "\0" in written or "\r" in written or written[-1:] == "=":
        raise Doubt
    if "\n" in written and not lines:
        raise Doubt
    if not written.isascii():
        # Half a character can be no part of any message.
        written.encode()
        in_ascii = written.encode("ascii", "xmlcharrefreplace").decode()
        page.surplus += len(in_ascii) - len(written)
        written = in_ascii
    if len(written) > SMALL:
        page.is_long = True
    return written


def settle_in_text(page, value):
    """A value as it stands in words without HTML."""
    return value if type(value) is str else to_liquid_string(value, autoescape=False)


def choice(branches, otherwise):
    """The first branch whose condition holds: [(condition, whether it must hold, what it writes)]."""

    def write(page):
        for condition, wanted, said in branches:
            if condition.evaluate(page) is wanted:
                return said(page)
        return otherwise(page)

    return write


def loop(expression, body, otherwise):
    """A loop's body for each item, or what it says when there is none."""
    name, title = expression.identifier, f"{expression.identifier}-{expression.iterable}"

    def write(page):
        items, length = expression.evaluate(page)
        return page.repeat(name, title, items, length, body) if length else otherwise(page)

    return write


def nothing(page):
    return ""


def in_a_row(parts):
    """A function that writes texts and pieces one after the other, those of one key once."""
    texts, pieces = [""], []
    for part in parts:
        if isinstance(part, str):
            texts[-1] += part
        else:
            pieces.append(part)
            texts.append("")
    if len(pieces) < 2:
        return alone(texts, pieces)
    template = [text for pair in zip(texts, texts, strict=True) for text in pair][:-1]
    keys = list(dict.fromkeys(piece.key for piece in pieces))
    writers = [next(piece.write for piece in pieces if piece.key == key) for key in keys]
    arrange = itemgetter(*(keys.index(piece.key) for piece in pieces))

    def write(page):
        said = [writer(page) for writer in writers]
        written = template.copy()
        written[1::2] = arrange(said)
        return "".join(written)

    return write


def alone(texts, pieces):
    """The same for a single piece, or none."""
    if not pieces:
        return lambda page: texts[0]
    before, after = texts
    writer = pieces[0].write
    return lambda page: f"{before}{writer(page)}{after}"
