"""Liquid in a sandbox: data only, known fields, no includes, and limits on time and memory."""

import difflib
from contextvars import ContextVar
from functools import cache, lru_cache, wraps

from django.utils.translation import gettext as _
from liquid import Environment, RenderContext, StrictUndefined, Undefined
from liquid import builtin as _builtin
from liquid.builtin.expressions.primitive import IntegerLiteral, RangeLiteral, StringLiteral
from liquid.exceptions import LiquidError, UndefinedError

from campaigns import runs

TAGS = {
    "content", "output", "illegal", "if", "unless", "case", "for", "break", "continue",
    "assign", "capture", "comment", "cycle", "echo", "#",
}  # fmt: skip
FILTERS = {
    "abs", "append", "at_least", "at_most", "capitalize", "ceil", "compact", "default", "divided_by",
    "downcase", "escape", "first", "floor", "join", "last", "lstrip", "map", "minus", "modulo",
    "newline_to_br", "plus", "prepend", "remove", "replace", "replace_first", "reverse", "round",
    "rstrip", "size", "slice", "sort", "split", "squish", "strip", "sum", "times", "truncate",
    "truncatewords", "uniq", "upcase", "url_encode", "where",
}  # fmt: skip
LONGEST_VALUE = 20_000
LARGEST_NUMBER = 10**15
LONGEST_RANGE = 100
# How many characters and items the filters of one message may handle, all together; how many they have had.
MOST_WORK = 500_000
_work = ContextVar("work")
SIZED, NUMBERS = (str, list, tuple, range), (int, float)


class LiquidProblem(ValueError):
    """What is wrong with a Liquid text, in words."""


def size_of(value):
    """How much a filter would have to handle: characters, or items."""
    return len(value) if isinstance(value, SIZED) else 0


def guarded(function, name):
    """The filter, refusing what would take a machine's time or memory rather than a message's."""
    multiplies = name in ("join", "replace")

    @wraps(function)
    def guard(value, *arguments, **options):
        size = size_of(value)
        largest = max(map(size_of, arguments)) if arguments else 0
        if size + largest > LONGEST_VALUE or (multiplies and size * largest > 10 * LONGEST_VALUE):
            raise LiquidProblem(_("The filter “%(name)s” is given too much text.") % {"name": name})
        spend(size + largest)
        result = function(value, *arguments, **options)
        if isinstance(result, NUMBERS) and abs(result) > LARGEST_NUMBER:
            raise LiquidProblem(_("The filter “%(name)s” makes too large a number.") % {"name": name})
        return result

    return guard


def allow_work():
    """Let the filters handle as much as those of one message may."""
    _work.set([0])


def work_done():
    """How much the filters of this message have handled."""
    return _work.get()[0]


def spend(size):
    """Count what a filter handles against what all filters of this message may handle."""
    work = _work.get()
    work[0] += size
    if work[0] > MOST_WORK:
        raise LiquidProblem(_("The filters are given too much text, all together."))


class Sandbox(Environment):
    """Liquid with the listed tags and filters only, each held to a limit."""

    context_depth_limit = 10
    block_nesting_limit = 10
    loop_iteration_limit = 1_000
    local_namespace_limit = 100_000
    output_stream_limit = 300_000

    def setup_tags_and_filters(self, *, extra=False):
        _builtin.register(self)
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS}
        self.filters = {name: guarded(self.filters[name], name) for name in FILTERS}


class Press(Sandbox):
    """The same, for printing: quick, and not made to be looked into."""

    template_class = runs.Letter


@cache
def sandbox(*, html, strict=False):
    """The environment for HTML (escapes what is merged) or for subjects and text (does not)."""
    if strict:
        return Sandbox(autoescape=html, undefined=StrictUndefined)
    return Press(autoescape=html, undefined=Undefined)


@cache
def plain_sandbox(*, html):
    """The environment whose templates stay as the package parses them, to be made into programs."""
    return Sandbox(autoescape=html, undefined=Undefined)


@lru_cache(maxsize=500)
def parsed(source, *, html, strict=False):
    """The template of a source, parsed once in a process; a frozen source never changes."""
    return sandbox(html=html, strict=strict).from_string(source)


def render(source, values, *, html, strict=False):
    """The source with its merge values; raises LiquidProblem."""
    allow_work()
    try:
        return parsed(source, html=html, strict=strict).render(**values)
    except LiquidError as error:
        raise LiquidProblem(words_of(error, source)) from error
    except LiquidProblem:
        raise
    except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
        raise LiquidProblem(_("Liquid cannot work this out: %(error)s") % {"error": error}) from error


def problems(source, sample, *, html):
    """What is wrong with a source, in words: syntax, unknown fields, large ranges. Empty when all is well."""
    try:
        template = parsed(source, html=html, strict=True)
    except LiquidError as error:
        return [words_of(error, source)]
    except RecursionError:
        return [_("The Liquid tags are nested too deeply.")]
    found = [*unknown_fields(template, source, sample), *large_ranges(template)]
    found += markup_in_quotes(template) if html else []
    return found or trial_problems(source, sample, html=html)


def trial_problems(source, sample, *, html):
    """What shows only when the source meets values: the names inside loops, and the limits."""
    try:
        render(source, sample, html=html, strict=True)
    except LiquidProblem as problem:
        return [str(problem)]
    return []


def unknown_fields(template, source, sample):
    """A line for each name that is not a merge field, with the nearest that is."""
    known = sorted(field_names(sample))
    for uses in template.analyze(include_partials=False).globals.values():
        for use in uses:
            name = ".".join(str(part) for part in use.segments if not isinstance(part, list))
            if not is_known(use.segments, sample):
                yield at_line(unknown_words(name, known), source, use.span.index)


def uses(source, name, *, html):
    """Whether a source without faults uses this field, or anything of it."""
    template, path = parsed(source, html=html, strict=True), name.split(".")
    found = template.analyze(include_partials=False).globals.values()
    return any(list(use.segments[: len(path)]) == path for every in found for use in every)


def unknown_words(name, known):
    """There is no such field, and which one may be meant."""
    words = _("There is no merge field “%(name)s”.") % {"name": name}
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"{words} {_('Did you mean “%(name)s”?') % {'name': near[0]}}" if near else words


def is_known(segments, sample):
    """Whether a path leads to something in the sample values."""
    found = sample
    for part in segments:
        if isinstance(found, dict) and isinstance(part, str) and part in found:
            found = found[part]
        elif isinstance(found, list) and (part in ("size", "first", "last") or isinstance(part, int)):
            found = len(found) if part == "size" else next(iter(found), {})
        elif not (part == "size" and isinstance(found, str)):
            return False
    return len(segments) > 1 or not isinstance(found, dict)


def field_names(values, prefix=""):
    """The names of all fields, with dots: `order.number`."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from field_names(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def large_ranges(template):
    """A line for each range whose length is not plainly small."""
    for expression in expressions_of(template.nodes, RenderContext(template)):
        if isinstance(expression, RangeLiteral) and not is_small(expression):
            yield _("The range %(range)s is too long: write two numbers at most %(most)s apart.") % {
                "range": expression,
                "most": LONGEST_RANGE,
            }


def markup_in_quotes(template):
    """A line for each quoted text with a tag in it: it would go out past every check of the body."""
    for expression in expressions_of(template.nodes, RenderContext(template)):
        if isinstance(expression, StringLiteral) and ("<" in expression.value or ">" in expression.value):
            yield _("The quoted text %(text)s holds a tag: write tags outside of Liquid.") % {
                "text": expression
            }


def is_small(expression):
    ends = (expression.start, expression.stop)
    return (
        all(isinstance(end, IntegerLiteral) for end in ends) and ends[1].value - ends[0].value < LONGEST_RANGE
    )


def expressions_of(nodes, context):
    """Every expression in the tree, inner ones too."""
    for node in nodes:
        for expression in node.expressions():
            yield from with_children(expression)
        yield from expressions_of(node.children(context, include_partials=False), context)


def with_children(expression):
    yield expression
    for child in expression.children():
        yield from with_children(child)


def words_of(error, source):
    """An error of the Liquid package as one line a marketer can act on."""
    token = getattr(error, "token", None)
    words = str(error.message or error)
    if isinstance(error, UndefinedError):
        words = _("“%(name)s” is not known here.") % {"name": words.removesuffix(" is undefined")}
    elif words.startswith("expected tag "):
        words = _("A tag is not closed: %(words)s.") % {"words": words.partition(",")[0]}
    return at_line(words, source, token.start_index if token else -1)


def at_line(words, source, index):
    if index < 0:
        return words
    return _("Line %(line)s: %(words)s") % {"line": source.count("\n", 0, index) + 1, "words": words}
