"""A frozen version never changes: what making its messages can work out once is worked out once.

A program writes the words of one message as rendering.py would, or says that it cannot be sure to.
"""

from functools import lru_cache

from liquid.exceptions import LiquidError

from campaigns import links, liquid, mime
from campaigns.compiled_html import MOST_IN_VALUES, Html
from campaigns.compiled_text import Text
from campaigns.writing import Doubt, Page

# In text without HTML a character may take four bytes, and Liquid counts those.
LONGEST_TEXT = liquid.Sandbox.output_stream_limit // 4


def words(delivery, values):
    """(subject, text, HTML) of a message, addresses led, the HTML as it leaves; None where in doubt."""
    version = delivery.version
    program = compiled(version.subject, version.text, version.html, links.around_click())
    if program is None:
        return None
    try:
        return program.words(Page(delivery, values), f"=_{delivery.uuid.hex}")
    except Exception:
        # Whatever it is, the whole way meets it too, and tells of it in words.
        return None


@lru_cache(maxsize=50)
def compiled(subject, text, html, around):
    """The program of a version's words; None where one cannot be made."""
    try:
        return Program(subject, text, html, around)
    except (Doubt, LiquidError, ValueError, TypeError, RecursionError):
        return None


class Program:
    """What writes subject, text and HTML of every message of a version."""

    def __init__(self, subject, text, html, around):
        plain, rich = (liquid.plain_sandbox(html=is_html) for is_html in (False, True))
        subjects, texts, page = Text(plain), Text(plain, around), Html(rich, around)
        self.subject = subjects.read(plain.from_string(subject).nodes)
        self.text = texts.read(plain.from_string(text).nodes)
        self.html, self.length = page.read(rich.from_string(html).nodes)
        self.urls = frozenset(texts.urls | page.urls)
        self.envs = {"subject": plain, "text": plain, "html": rich}

    def words(self, page, boundary):
        if not self.urls.isdisjoint(page.personal):
            raise Doubt
        subject, text, html = (self.write(name, page) for name in ("subject", "text", "html"))
        for each in (subject, text):
            if len(each) > LONGEST_TEXT or "\0" in each:
                raise Doubt
            if not each.isascii():
                # Half a character can be no part of any message.
                each.encode()
        self.check(html, page, boundary)
        return subject, text, html

    def write(self, name, page):
        """One of the three; the work of filters that was only remembered counts, too."""
        page.turn_to(self.envs[name])
        written = getattr(self, name)(page)
        if liquid.work_done() + page.work > liquid.MOST_WORK:
            raise Doubt
        return written

    def check(self, html, page, boundary):
        """Raise Doubt for HTML that could not leave as it stands."""
        if len(html) > liquid.Sandbox.output_stream_limit or page.surplus > MOST_IN_VALUES * self.length:
            raise Doubt
        if not mime.leaves_as_it_stands(html, boundary):
            raise Doubt
