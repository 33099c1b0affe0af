"""The layout of a message: which MJML tags may stand where, and which HTML within them."""

import difflib
import re
from html.parser import HTMLParser

import nh3
from django.utils.translation import gettext as _

ROOT = "mj-body"
LEAVES = {"mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table"}
CHILDREN = {
    ROOT: {"mj-section"},
    "mj-section": {"mj-column", "mj-group"},
    "mj-group": {"mj-column"},
    "mj-column": LEAVES,
}
KNOWN = set().union(*CHILDREN.values())
# What holds HTML rather than more MJML, and what holds nothing.
HOLDS_HTML = {"mj-text", "mj-button", "mj-table"}
HOLDS_NOTHING = {"mj-image", "mj-divider", "mj-spacer", "br", "hr", "img", "wbr"}
HTML_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "hr", "i",
    "img", "ins", "li", "ol", "p", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul", "wbr",
}  # fmt: skip
ATTRIBUTES = {
    "*": {"style", "class", "align", "valign", "width", "height", "bgcolor", "dir", "lang", "role", "title"},
    "a": {"href", "target"},
    "img": {"src", "alt"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
HOLDER = re.compile(
    r"(?P<open><(?P<name>mj-text|mj-button|mj-table)\b(?:\"[^\"]*\"|'[^']*'|[^>\"'])*(?<!/)>)"
    r"(?P<inner>.*?)(?P<close></(?P=name)\s*>)",
    re.DOTALL | re.IGNORECASE,
)
# A table's first row, before which a parser would begin a tbody of its own: after the loop, or before it.
BARE_ROWS = re.compile(r"(<table\b[^>]*>)((?:\s|<!--\w+-->)*)(?=<tr\b)", re.IGNORECASE)


def problems(source):
    """What cannot stand where it stands, a line each. The source has tokens for Liquid."""
    reader = LayoutReader()
    reader.feed(source)
    reader.close()
    yield from reader.problems
    if reader.open:
        yield _("<%(tag)s> is not closed.") % {"tag": reader.open[-1]}
    elif not (reader.has_section or reader.problems):
        yield _("Begin with <mj-section><mj-column>: the message has no layout yet.")


class LayoutReader(HTMLParser):
    """Walks the tags, remembering which are open."""

    def __init__(self):
        super().__init__(convert_charrefs=False)
        self.open, self.problems, self.has_section = [], [], False

    @property
    def parent(self):
        return self.open[-1] if self.open else ROOT

    @property
    def in_html(self):
        return next((tag for tag in self.open if tag in HOLDS_HTML), None)

    def say(self, problem, **values):
        line = _("Line %(line)s: %(words)s") % {"line": self.getpos()[0], "words": problem % values}
        self.problems.append(line)

    def handle_starttag(self, tag, attributes):
        self.has_section = self.has_section or tag == "mj-section"
        self.check(tag, attributes)
        if tag not in HOLDS_NOTHING:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.check(tag, attributes)

    def handle_endtag(self, tag):
        if tag in HOLDS_NOTHING:
            return
        if tag == self.parent:
            self.open.pop()
        elif tag in self.open and tag not in CHILDREN and tag not in LEAVES:
            # Paragraphs and cells may be left open in HTML.
            while self.open.pop() != tag:
                pass
        else:
            self.say(_("</%(tag)s> closes what is not open here; <%(open)s> is."), tag=tag, open=self.parent)

    def handle_data(self, data):
        if data.strip() and not self.in_html:
            self.say(_("“%(words)s” stands outside of <mj-text>."), words=data.strip()[:40])

    def check(self, tag, attributes):
        if any(name.startswith("on") for name, _value in attributes):
            self.say(_("<%(tag)s> carries a script; mail programs refuse it."), tag=tag)
        if self.in_html:
            if tag not in HTML_TAGS:
                self.say(_("<%(tag)s> cannot stand in the text of a message."), tag=tag)
        elif tag not in CHILDREN.get(self.parent, ()):
            self.say_misplaced(tag)

    def say_misplaced(self, tag):
        if tag in KNOWN:
            self.say(_("<%(tag)s> cannot stand in <%(parent)s>."), tag=tag, parent=self.parent)
        elif near := difflib.get_close_matches(tag, KNOWN, n=1):
            self.say(_("There is no tag <%(tag)s>. Did you mean <%(near)s>?"), tag=tag, near=near[0])
        elif tag.startswith("mj"):
            self.say(_("There is no tag <%(tag)s> for messages."), tag=tag)
        else:
            self.say(_("<%(tag)s> cannot stand outside of <mj-text>."), tag=tag)


def cleaned(source):
    """The source with the HTML of its texts, buttons and tables sanitised. It has tokens for Liquid."""
    return HOLDER.sub(_clean_holder, source)


def _clean_holder(found):
    inner, is_table = found["inner"], found["name"].lower() == "mj-table"
    if is_table:
        inner = f"<table>{inner}</table>"
    inner = nh3.clean(
        BARE_ROWS.sub(r"\1<tbody>\2", inner),
        tags=HTML_TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        strip_comments=False,
        link_rel=None,
    )
    if is_table:
        inner = inner.removeprefix("<table>").removesuffix("</table>")
    return f"{found['open']}{inner}{found['close']}"
