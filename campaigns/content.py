"""Liquid and MJML are checked, compiled and frozen: what is sent is a version that never changes."""

import html
import re
from collections import namedtuple

from css_inline import CSSInliner
from django.db import transaction
from django.db.models import Max, Q
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from mjml import mjml2html

from campaigns import layout, liquid, merge_fields, mime, panel_words, rendering
from campaigns.models import Content, ContentVersion, LifecycleRule, Step
from campaigns.tokens import LIQUID, MisplacedTag, Tokens
from contacts.models import Channel

# Stand for the message's own words while the frame around them is compiled; no parser changes them.
BODY, PREHEADER, TITLE = "BODYwords", "PREHEADERwords", "TITLEwords"
# What Gmail shows before it cuts off.
LARGEST_HTML = 102 * 1024
# What MJML says of a tag's place: "… at position 120", which counts our frame too.
POSITION = re.compile(r" (at|in) (position )?\d+(\.\.\d+)?$")
INLINER = CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)

Problem = namedtuple("Problem", "field words")

# What the words of a medium consist of; of any other they are all of WRITTEN.
WRITTEN = ("subject", "preheader", "body", "text", "question")
PARTS = {Channel.PANEL: ("subject", "body", "question"), Channel.PHONE: ("subject", "text")}
# A place left open for words: alone in its element, or after the end of a Liquid tag; alone in its line.
OPEN_PLACE = re.compile(r"(?:\A|>|%\})\s*\[?…\]?\s*(?:<|\Z)")
OPEN_LINE = re.compile(r"^\s*\[?…\]?\s*$", re.MULTILINE)


class CannotFreeze(ValueError):
    """The content has errors; `errors` lists them in words."""

    def __init__(self, errors):
        super().__init__(" ".join(str(error) for error in errors))
        self.errors = list(errors)


# Compiling ------------------------------------------------------------------------------------------


def compile_html(body, *, subject, preheader, sender=None):
    """The whole HTML of a message: framed, MJML laid out, CSS inlined, Liquid still in it.

    Raises CannotFreeze when the layout cannot be read.
    """
    with translation.override(sender.language if sender else "en"):
        frame = render_to_string(
            "campaigns/mail/frame.mjml", {"colour": sender.colour if sender else "#892862"}
        )
    tokens = Tokens(frame, body)
    source = tokens.take(frame).replace(BODY, taken(tokens, body))
    try:
        # MJML would fetch the fonts it knows from elsewhere, and so tell others who reads.
        laid_out = mjml2html(source, fonts={})
    except ValueError as error:
        words = POSITION.sub("", str(error))
        raise CannotFreeze([_("The layout cannot be read: %(words)s.") % {"words": words}]) from error
    compiled = tokens.put_back(mime.in_lines(INLINER.inline(laid_out)))
    return compiled.replace(TITLE, escaped(subject)).replace(PREHEADER, escaped(preheader))


def taken(tokens, body):
    """The body with tokens for its Liquid, its HTML sanitised; raises CannotFreeze."""
    try:
        source = tokens.take(body)
    except MisplacedTag as tag:
        words = _("%(tag)s stands within a tag; it may stand in the text or in an attribute's quotes.")
        raise CannotFreeze([words % {"tag": tag}]) from tag
    if found := [*layout.problems(source)]:
        raise CannotFreeze(found)
    return layout.cleaned(source)


def escaped(source):
    """A text with Liquid in it as HTML: its words are escaped, its tags stay."""
    pieces = re.split(f"({LIQUID})", source, flags=re.DOTALL)
    return "".join(piece if number % 2 else html.escape(piece) for number, piece in enumerate(pieces))


def compile_text(text, sender=None):
    """The text part with its foot."""
    with translation.override(sender.language if sender else "en"):
        foot = render_to_string("campaigns/mail/foot.txt")
    return f"{text.strip()}\n\n-- \n{foot.strip()}\n"


def compile_panel(body):
    """The HTML of a panel; raises CannotFreeze."""
    try:
        return panel_words.compiled(body)
    except ValueError as error:
        raise CannotFreeze([str(error)]) from error


def compiled(content):
    """The words as they are now, as a version that is not kept."""
    words = {"subject": content.subject.strip(), "preheader": content.preheader.strip()}
    version = ContentVersion(content=content, number=0, body=content.body, text="", **words)
    version.question = content.question.strip()
    channel = channel_of(content)
    if channel == Channel.PANEL:
        version.html = compile_panel(content.body)
    elif channel == Channel.PHONE:
        version.body, version.text = "", content.text.strip()
    else:
        sender = sender_of(content)
        version.html = compile_html(content.body, **words, sender=sender)
        version.text = compile_text(content.text, sender)
    return version


def is_panel(content):
    """Whether the words are shown as a panel: then they are a heading and a little HTML."""
    return channel_of(content) == Channel.PANEL


def channel_of(content):
    """The medium the words are written for: that of the step that uses them."""
    if not content.pk:
        return Channel.EMAIL
    uses = Step.everything.filter(Q(content=content.pk) | Q(content_b=content.pk))
    return uses.values_list("channel", flat=True).first() or Channel.EMAIL


def sender_of(content):
    """Whose frame the words stand in: the sender of the first row that uses them, or the first campaign."""
    if not content.pk:
        return None
    uses = Q(steps__content=content.pk) | Q(steps__content_b=content.pk)
    rule = LifecycleRule.objects.filter(uses).select_related("sender").in_order().first()
    first = rule or content.campaigns.select_related("sender").order_by("pk").first()
    return first.sender if first else None


# Checking -------------------------------------------------------------------------------------------


def check(content):
    """What is wrong with this content, in words a marketer can act on; empty when it may be sent."""
    labels = {name: str(Content._meta.get_field(name).verbose_name).capitalize() for name in WRITTEN}
    found = [f"{labels[problem.field]}: {problem.words}" for problem in problems(content)]
    return list(dict.fromkeys([*found, *(problem.words for problem in unwritten(content))]))


def unwritten(content):
    """The places that were left open for words and are open still, as (field, words)."""
    channel = channel_of(content)
    parts = PARTS.get(channel, WRITTEN)
    if channel != Channel.PHONE and is_a_name(content.subject, content):
        words = _("That is the name your colleagues use for it; write what the person is to read.")
        yield Problem("subject", words)
    for field in ("subject", "body", "text"):
        place = OPEN_PLACE if field == "body" else OPEN_LINE
        if field in parts and place.search(getattr(content, field)):
            yield Problem(field, _("Write its words: where “…” stands alone, there are none yet."))


def is_a_name(subject, content):
    """Whether a subject is the name of a row or a campaign that uses these words."""
    if not content.pk:
        return False
    uses = Q(steps__content=content.pk) | Q(steps__content_b=content.pk)
    rules = LifecycleRule.objects.filter(uses, name__iexact=subject.strip())
    return rules.exists() or content.campaigns.filter(name__iexact=subject.strip()).exists()


def problems(content):
    """What is wrong with what its medium uses of it, as (field, words)."""
    channel = channel_of(content)
    parts = PARTS.get(channel, WRITTEN)
    content = Content(pk=content.pk, **{name: getattr(content, name) for name in parts})
    found = [*empty_problems(content, channel), *liquid_problems(content)]
    if channel == Channel.PANEL and not found:
        found = [Problem("body", words) for words in panel_words.problems(content.body)]
    return found or [*question_problems(content), *layout_problems(content)]


def empty_problems(content, channel):
    """A message needs a subject in one line, and words for those who read without HTML; a call, a script."""
    if not content.subject.strip():
        yield Problem("subject", _("Write one."))
    for field in ("subject", "preheader", "question"):
        if any(sign in getattr(content, field) for sign in "\r\n\0"):
            yield Problem(field, _("It must be one line."))
    if not content.body.strip() and channel != Channel.PHONE:
        yield Problem("body", _("Write something."))
    if not content.text.strip() and channel == Channel.PHONE:
        yield Problem("text", _("Write what is to be said."))
    elif not content.text.strip() and channel != Channel.PANEL:
        yield Problem("text", _("Write one: some people read without pictures."))


def question_problems(content):
    """A question is asked on the page that the words lead to, and there is no page without one."""
    leads = any(
        liquid.uses(source, "feedback_url", html=is_html)
        for source, is_html in ((content.body, True), (content.text, False))
    )
    if leads and not content.question.strip():
        yield Problem("question", _("The words lead to a question; write it."))
    elif content.question.strip() and not leads:
        yield Problem("question", _("Nothing leads to it: put {{ feedback_url }} into a link or a button."))


def liquid_problems(content):
    sample = merge_fields.samples()
    for field in ("subject", "preheader", "body", "text"):
        for words in liquid.problems(getattr(content, field), sample, html=field == "body"):
            yield Problem(field, words)


def layout_problems(content):
    """What shows only once it is laid out and filled with values."""
    try:
        version = compiled(content)
        _subject, _preheader, shown, _text = rendering.show(version, merge_fields.samples())
    except CannotFreeze as error:
        return [Problem("body", words) for words in error.errors]
    except rendering.RenderError as error:
        return [Problem("body", str(error))]
    if len(shown.encode()) > LARGEST_HTML:
        words = _("The message has %(size)s KB; mail programs cut off after 102.")
        return [Problem("body", words % {"size": len(shown.encode()) // 1024})]
    return []


def beyond_a_campaign(words):
    """The merge fields these words use that a campaign cannot fill; they have no faults otherwise."""
    sources = [(getattr(words, field), field == "body") for field in ("subject", "preheader", "body", "text")]
    return [
        known
        for known in merge_fields.all_fields()
        if known.needs_touchpoint and any(liquid.uses(text, known.name, html=html) for text, html in sources)
    ]


# Freezing -------------------------------------------------------------------------------------------

FROZEN = ("subject", "preheader", "body", "html", "text", "question")


def differs(content):
    """Whether what is being written is not what is sent."""
    if content.live is None:
        return True
    try:
        draft = compiled(content)
    except CannotFreeze:
        return True
    return any(getattr(draft, name) != getattr(content.live, name) for name in FROZEN)


@transaction.atomic
def freeze(content, *, at, by=None):
    """The version of these words, made and put live if they changed; raises CannotFreeze."""
    content = Content.objects.select_for_update(of=("self",)).select_related("live").get(pk=content.pk)
    if not differs(content):
        return content.live
    if errors := check(content):
        raise CannotFreeze(errors)
    version = compiled(content)
    version.number = (content.versions.aggregate(newest=Max("number"))["newest"] or 0) + 1
    version.created_at, version.created_by = at, by
    version.save()
    content.live = version
    content.save(update_fields=["live"])
    return version
