"""The words of a panel: a heading, and a little HTML with Liquid in it, kept to what any page can show.

It is shown among the words of somebody else's page, so it brings no look and no behaviour of its own.
"""

from html.parser import HTMLParser

import nh3
from django.utils.translation import gettext as _

from campaigns.tokens import MisplacedTag, Tokens

TAGS = {"a", "b", "br", "em", "i", "img", "li", "ol", "p", "small", "span", "strong", "ul"}
ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
}
# A link that looks like a button.
CLASSES = {"a": {"button"}}
HOLDS_NOTHING = {"br", "img"}
LONGEST = 4_000
FIRST_BODY = """<p>{% if first_name != "" %}{{ first_name }}, {% endif %}…</p>
<p><a class="button" href="{{ shop_url }}">…</a></p>
"""


def compiled(body):
    """The HTML of a panel with its Liquid still in it, sanitised; raises ValueError with what is wrong."""
    tokens = Tokens(body)
    try:
        source = tokens.take(body)
    except MisplacedTag as tag:
        words = _("%(tag)s stands within a tag; it may stand in the text or in an attribute's quotes.")
        raise ValueError(words % {"tag": tag}) from tag
    return tokens.put_back(cleaned(source))


def cleaned(source):
    """The source, which has tokens for its Liquid, without anything that may not stand in a panel."""
    return nh3.clean(
        source,
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto", "tel"},
        strip_comments=False,
        link_rel=None,
    ).strip()


def problems(body):
    """What is wrong with the words of a panel, a line each."""
    if len(body) > LONGEST:
        values = {"size": len(body), "most": LONGEST}
        yield _("A panel is short: this has %(size)s characters, at most %(most)s may be.") % values
    tokens = Tokens(body)
    try:
        reader = Reader()
        reader.feed(tokens.take(body))
        reader.close()
    except MisplacedTag:
        yield from _misplaced(body)
        return
    yield from reader.problems
    if reader.open:
        yield _("<%(tag)s> is not closed.") % {"tag": reader.open[-1]}


def _misplaced(body):
    try:
        compiled(body)
    except ValueError as error:
        yield str(error)


class Reader(HTMLParser):
    """Walks the tags of a panel, and says which cannot stay."""

    def __init__(self):
        super().__init__(convert_charrefs=False)
        self.open, self.problems = [], []

    def say(self, problem, **values):
        line = _("Line %(line)s: %(words)s") % {"line": self.getpos()[0], "words": problem % values}
        self.problems.append(line)

    def handle_starttag(self, tag, attributes):
        self.check(tag, dict(attributes))
        if tag not in HOLDS_NOTHING:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.check(tag, dict(attributes))

    def handle_endtag(self, tag):
        if tag in HOLDS_NOTHING:
            return
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.say(_("</%(tag)s> closes what is not open here."), tag=tag)

    def check(self, tag, attributes):
        if tag not in TAGS:
            self.say(_("<%(tag)s> cannot stand in a panel."), tag=tag)
            return
        if any(name.startswith("on") for name in attributes):
            self.say(_("<%(tag)s> carries a script; a panel has none."), tag=tag)
        elif "style" in attributes:
            self.say(_("<%(tag)s> has a look of its own; a panel looks the same everywhere."), tag=tag)
        if tag == "img" and "alt" not in attributes:
            self.say(_("The picture has no alt text for those who do not see it."))
