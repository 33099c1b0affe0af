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
from liquid.builtin.expressions.logical import EqExpression, NeExpression
from liquid.builtin.expressions.primitive import Literal, Nil, StringLiteral
from liquid.builtin.tags.for_tag import ForLoop
from liquid.stringify import to_liquid_string
from liquid.undefined import UNDEFINED

from campaigns import links, liquid, merge_fields, tracking
from contacts.signing import signer

# What filters make of a longer text is not kept.
SMALL = 100
# Values that stand in HTML as they are, and cannot be half of an attribute's beginning: no = at the end.
plain = re.compile(r"(?:[ !#-%(-;=?-~]*[ !#-%(-;?-~])?").fullmatch
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


class Page:
    """One message while it is written; Liquid's expressions take it for their context."""

    __slots__ = (
        *("autoescape", "click", "end", "env", "loops", "names", "personal", "stops", "surplus", "work"),
    )
    get_item, filter = RenderContext.get_item, RenderContext.filter

    def __init__(self, delivery, values):
        self.names = dict(values)
        self.personal = tuple(filter(None, map(values.get, merge_fields.PERSONAL_LINKS)))
        self.click = signer(links.CLICK, delivery.uuid.bytes)
        self.end = "" if delivery.is_service else tracking.pixel(delivery)
        # How many characters were added by writing those of values as references.
        self.surplus = 0

    def turn_to(self, env):
        """Begin with another template."""
        self.env, self.autoescape, self.loops, self.stops = env, env.autoescape, [], {}
        # What filters would have had to handle whose results were known.
        self.work = 0
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
        self.loops.append(loop)
        together = 1
        for each in self.loops:
            together *= each.length
        if together > liquid.Sandbox.loop_iteration_limit:
            raise Doubt


# Values -----------------------------------------------------------------------------------------------


def finder(expression):
    """A function that finds what an expression stands for on a page; of a field without its filters."""
    path = simple_path(expression)
    if path is None:
        return expression.evaluate
    finders = {1: named, 2: part_of_named}
    return finders[len(path)](path, *path) if len(path) in finders else partial(Page.get, path=path)


def named(path, name):
    """The value of a name that is no path."""

    def find(page):
        return page.names[name] if name in page.names else page.get(path)

    return find


def part_of_named(path, name, part):
    """The value of a path of two."""

    def find(page):
        whole = page.names.get(name)
        return whole[part] if type(whole) is dict and part in whole else page.get(path)

    return find


def simple_path(expression):
    """The path of a field and nothing else, filters apart; None for what has to be worked out."""
    field = expression.left if isinstance(expression, FilteredExpression) else expression
    if isinstance(field, Path) and all(isinstance(part, str | int) for part in field.path):
        # The package's own texts are slow to compare.
        return [str(part) if isinstance(part, str) else part for part in field.path]
    return None


def applied(filters, env):
    """Filters whose arguments are written out, as one function of a value; None for what takes more."""
    functions = [bound(each, env) for each in filters]
    if not all(functions):
        return None

    def apply(value):
        for function in functions:
            value = function(value)
        return value

    return apply


def bound(filter_, env):
    function = env.filters.get(filter_.name)
    if function is None or getattr(function, "with_context", False):
        return None
    if not all(isinstance(argument.value, Literal | Nil) for argument in filter_.args):
        return None
    positional, named = filter_.evaluate_args(SimpleNamespace(autoescape=env.autoescape))
    if getattr(function, "with_environment", False):
        named["environment"] = env
    return lambda value: function(value, *positional, **named)


# Writing ----------------------------------------------------------------------------------------------


def output(expression, env, settle):
    """A piece that writes a value; `settle(page, value)` writes what cannot stand as it is."""
    path, filters = simple_path(expression), getattr(expression, "filters", None) or ()
    key = (settle, len(path), *path, *map(str, filters)) if path else object()
    apply = applied(filters, env) if path else None
    if filters and apply:
        return Piece(remembering(finder(expression), apply, settle), key)
    find = expression.evaluate if filters else finder(expression)
    write = as_words(find) if settle is settle_in_text else in_place(find, settle)
    return Piece(write, object() if filters else key)


def in_place(find, settle):
    """Writes a value in HTML."""

    def write(page):
        found = find(page)
        return found if type(found) is str and plain(found) else settle(page, found)

    return write


def as_words(find):
    """Writes a value in words without HTML."""

    def write(page):
        found = find(page)
        return found if type(found) is str else settle_in_text(page, found)

    return write


def remembering(find, apply, settle):
    """Writes a value with its filters applied; what they made of a small text is kept for the next one."""

    @lru_cache(maxsize=1_000)
    def known(text):
        page, before = SimpleNamespace(surplus=0), liquid.work_done()
        written = settle(page, apply(text))
        return written, liquid.work_done() - before, page.surplus

    def write(page):
        found = find(page)
        if type(found) is not str or len(found) > SMALL:
            return settle(page, apply(found))
        written, work, surplus = known(found)
        page.work += work
        page.surplus += surplus
        return written

    return write


def settle_in_html(page, value):
    """A value as it stands in the text of HTML."""
    return settle_in_address(page, value, lines=True).replace("\n", "\r\n")


def settle_in_address(page, value, *, lines=False):
    """A value as it stands within an attribute: escaped, in ASCII, and surely ending nothing."""
    if type(value) is int:
        return str(value)
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
    return written


def settle_in_text(page, value):
    """A value as it stands in words without HTML."""
    return value if type(value) is str else to_liquid_string(value, autoescape=False)


def condition(expression):
    """A function that tells whether a condition holds; a field beside a text is compared at once."""
    inner = getattr(expression, "expression", None)
    if not isinstance(inner, EqExpression | NeExpression) or not isinstance(inner.right, StringLiteral):
        return expression.evaluate
    find, text, wanted = finder(inner.left), str(inner.right.value), isinstance(inner, EqExpression)

    def holds(page):
        found = find(page)
        return (found == text) is wanted if type(found) is str else expression.evaluate(page)

    return holds


def choice(branches, otherwise):
    """The first branch whose condition holds: [(condition, whether it must hold, what it writes)]."""

    branches = [(condition(expression), wanted, said) for expression, wanted, said in branches]

    def write(page):
        for holds, wanted, said in branches:
            if holds(page) is wanted:
                return said(page)
        return otherwise(page)

    return write


def loop(expression, body, otherwise):
    """A loop's body for each item, or what it says when there is none."""
    name, title = str(expression.identifier), f"{expression.identifier}-{expression.iterable}"

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
    (before, after), writer = texts, pieces[0].write
    if not before and not after:
        return writer
    return lambda page: f"{before}{writer(page)}{after}"
