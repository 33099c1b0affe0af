"""Liquid and MJML are checked, compiled and frozen: what is sent is a version that never changes."""

import re
from functools import cache
from pathlib import Path

import css_inline
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from mjml import mjml2html

from campaigns import liquid, merge_fields
from campaigns.models import Content, ContentVersion

FRAMES = Path(settings.BASE_DIR) / "templates" / "campaigns" / "mail"
LIQUID = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
TOKEN = re.compile(r"<!--LQ(\d+)Q-->|LQ(\d+)Q")
TABLE = re.compile(r"(<mj-table\b[^>]*(?<!/)>)(.*?)(</mj-table>)", re.DOTALL)
TITLE = re.compile(r"<mj-title>.*?</mj-title>", re.DOTALL)
OPENING = re.compile(r"<\s*([A-Za-z][\w:-]*)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
EVENT = re.compile(r"\son\w+\s*=", re.IGNORECASE)
WITHOUT_END = {"br", "img", "hr", "wbr"}
ALLOWED = {
    "mj-section", "mj-wrapper", "mj-group", "mj-column", "mj-text", "mj-button", "mj-image", "mj-table",
    "mj-divider", "mj-spacer", "mj-social", "mj-social-element", "mj-hero",
    "a", "abbr", "b", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "hr", "i", "img", "ins", "li",
    "ol", "p", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead",
    "tr", "u", "ul", "wbr", "blockquote",
}  # fmt: skip
# A message must be readable without its pictures: what Gmail clips at is the measure.
LARGEST_HTML = 102 * 1024


class CannotFreeze(ValueError):
    """The content has errors; `errors` lists them in words."""

    def __init__(self, errors):
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = errors


# Liquid is taken out before any parser of HTML sees the text, and put back afterwards: parsers move loops
# out of tables and turn the > of a condition into &gt;.


def tokenise(source):
    """(source with an inert token for each Liquid tag, the tags): a comment in text, a word in attributes."""
    tags, parts, end, inside = [], [], 0, False
    for found in LIQUID.finditer(source):
        before = source[end : found.start()]
        inside = _ends_inside_tag(before, inside)
        token = f"LQ{len(tags)}Q"
        parts += [before, token if inside else f"<!--{token}-->"]
        tags.append(found[0])
        end = found.end()
    return "".join([*parts, source[end:]]), tags


def _ends_inside_tag(text, inside):
    """Whether a text that begins inside a tag or not ends inside one."""
    opened, closed = text.rfind("<"), text.rfind(">")
    return inside if opened == closed == -1 else opened > closed


def restore(text, tags):
    """The text with its Liquid tags back in their places."""
    return TOKEN.sub(lambda found: tags[int(found[1] or found[2])], text)


# Compiling ------------------------------------------------------------------------------------------


@cache
def frame(name):
    return (FRAMES / name).read_text()


def compile_html(body, *, subject, preheader, language="en"):
    """The whole HTML of a message from its body: framed, MJML laid out, CSS inlined, Liquid still in it.

    Raises CannotFreeze when the MJML cannot be read.
    """
    filled = {"language": language, "subject": subject, "preheader": preheader, "body": body} | foot_words()
    source, tags = tokenise(fill(frame("frame.mjml"), filled))
    try:
        laid_out = mjml2html(TITLE.sub(_in_words, TABLE.sub(_with_body, source)))
    except ValueError as error:
        raise CannotFreeze([_("The layout cannot be read: %(error)s") % {"error": error}]) from error
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True)
    return restore(inliner.inline(laid_out), tags)


def _with_body(found):
    """Rows stand in a tbody of their own, else a parser puts it around some of a loop only."""
    rows = found[2] if "<tbody" in found[2] else f"<tbody>{found[2]}</tbody>"
    return f"{found[1]}{rows}{found[3]}"


def _in_words(found):
    """A title holds no comments."""
    return TOKEN.sub(lambda token: f"LQ{token[1] or token[2]}Q", found[0])


def compile_text(text):
    """The text part with its foot."""
    return fill(frame("frame.txt"), {"text": text.strip()} | foot_words())


def foot_words():
    return {"choose": _("Choose what you hear"), "stop": _("Stop these messages")}


def fill(text, values):
    for name, value in values.items():
        text = text.replace(f"[[{name}]]", value)
    return text


# Checking -------------------------------------------------------------------------------------------


def check(content):
    """What is wrong with this content, in words a marketer can act on; empty when it may be sent."""
    sample = merge_fields.samples()
    parts = [
        (_("Subject"), content.subject, False),
        (_("Preview line"), content.preheader, False),
        (_("Text part"), content.text, False),
        (_("Body"), content.body, True),
    ]
    errors = [
        f"{part}: {problem}"
        for part, source, html in parts
        for problem in liquid.problems(source, sample, html=html)
    ]
    errors += [f"{_('Body')}: {problem}" for problem in markup_problems(content.body)]
    errors += empty_problems(content)
    return errors or compiled_problems(content)


def empty_problems(content):
    """A message needs a subject in one line, and words for those who read without HTML."""
    if not content.subject.strip():
        yield _("Subject: write one.")
    if any(sign in content.subject for sign in "\r\n\0"):
        yield _("Subject: it must be one line.")
    if not content.body.strip():
        yield _("Body: write something.")
    if not content.text.strip():
        yield _("Text part: write one; some people read without pictures.")


def markup_problems(body):
    """Tags that mail programs drop or that are not laid out, and what could run."""
    source, _tags = tokenise(body)
    open_tags = []
    for found in OPENING.finditer(re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)):
        name = found[1].lower()
        if name not in ALLOWED:
            yield _("The tag <%(name)s> cannot be used in a message.") % {"name": name}
        if EVENT.search(found[2]):
            yield _("The tag <%(name)s> carries a script; mail programs refuse it.") % {"name": name}
        open_tags.append(name)
    if open_tags and not any(name in ("mj-section", "mj-wrapper", "mj-hero") for name in open_tags):
        yield _("Begin with <mj-section><mj-column>: the layout has no rows.")


def compiled_problems(content):
    """What shows only once it is laid out."""
    try:
        html = compile_html(content.body, subject=content.subject, preheader=content.preheader)
    except CannotFreeze as error:
        return error.errors
    try:
        shown = liquid.render(html, merge_fields.samples() | {merge_fields.ENVELOPE: {}}, html=True)
    except liquid.LiquidProblem as problem:
        return [str(problem)]
    if len(shown.encode()) > LARGEST_HTML:
        kilobytes = len(shown.encode()) // 1024
        return [_("The message has %(size)s KB; mail programs cut off after 102.") % {"size": kilobytes}]
    return []


# Freezing -------------------------------------------------------------------------------------------

WORDS = ("subject", "preheader", "body", "text")


def differs(content):
    """Whether what is being written is not what is sent."""
    live = content.live
    if live is None:
        return True
    draft = [content.subject, content.preheader, content.body, compile_text(content.text)]
    return draft != [live.subject, live.preheader, live.body, live.text]


@transaction.atomic
def freeze(content, *, at, by=None):
    """The version of these words, made and put live if they changed; raises CannotFreeze."""
    content = Content.objects.select_for_update(of=("self",)).select_related("live").get(pk=content.pk)
    if not differs(content):
        return content.live
    if errors := check(content):
        raise CannotFreeze(errors)
    newest = content.versions.aggregate(newest=Max("number"))["newest"] or 0
    version = ContentVersion.objects.create(
        content=content,
        number=newest + 1,
        subject=content.subject,
        preheader=content.preheader,
        body=content.body,
        html=compile_html(content.body, subject=content.subject, preheader=content.preheader),
        text=compile_text(content.text),
        created_at=at,
        created_by=by,
    )
    content.live = version
    content.save(update_fields=["live"])
    return version
