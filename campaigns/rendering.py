"""A frozen content version and one contact's merge values become a message, ready to leave."""

import html
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.db.models import prefetch_related_objects
from django.utils.text import slugify
from django.utils.translation import gettext as _

from campaigns import links, liquid, merge_fields, mime

LINK_SCHEMES = ("http:", "https:", "mailto:", "tel:")
IMAGE_SCHEMES = ("http:", "https:")
LONGEST_SUBJECT = 200
PICTURES = ("src", "background")
ADDRESS_IN_TEXT = re.compile(r"https?://[^\s<>()\[\]\"“”]*[^\s<>()\[\]\"“”.,;:!?]")


class RenderError(ValueError):
    """The message could not be made; says why in words."""


@dataclass(frozen=True)
class Message:
    """The rendered words, about to leave."""

    sender_address: str
    recipient: str
    subject: str
    html: str
    text: str
    headers: tuple[str, ...]
    boundary: str

    @cached_property
    def content(self):
        return mime.assemble(self.headers, text=self.text, html=self.html, boundary=self.boundary)

    def as_bytes(self):
        """The message as it goes over the wire; the same for the same delivery and values, always."""
        return self.content


def gather(deliveries):
    """The merge values of many deliveries, {delivery id: values}, set-based; they fit a JSON column."""
    deliveries = list(deliveries)
    prefetch_related_objects(deliveries, "version", "rule", "campaign")
    return merge_fields.gather(deliveries)


def render(delivery, values, *, at=None):
    """The message of one delivery from its frozen version and merge values; raises RenderError.

    Its date is `at`, or the moment the delivery passed the gate: rendering again gives the same bytes.
    """
    version = delivery.version
    try:
        message_html = mime.in_ascii(liquid.render(version.html, values, html=True))
        text = liquid.render(version.text, values, html=False)
        subject = cut(liquid.render(version.subject, values, html=False).strip())
        tracker, outside = Tracker(delivery, values), values[merge_fields.ENVELOPE]
        return checked(
            Message(
                sender_address=outside["from_address"],
                recipient=outside["to"],
                subject=subject,
                html=with_pixel(tracker.in_html(message_html), delivery),
                text=tracker.in_text(text),
                headers=tuple(headers(delivery, values, subject, at)),
                boundary=f"=_{delivery.uuid.hex}",
            )
        )
    except (liquid.LiquidProblem, mime.MimeError) as problem:
        raise RenderError(str(problem)) from problem


def show(version, values):
    """(subject, preheader, HTML, text) for the eye: clicks and opens are not counted, links only checked."""
    try:
        shown_html = check_addresses(liquid.render(version.html, values, html=True))
        texts = [
            liquid.render(source, values, html=False)
            for source in (version.subject, version.preheader, version.text)
        ]
    except liquid.LiquidProblem as problem:
        raise RenderError(str(problem)) from problem
    subject, preheader, text = texts
    return subject, preheader, shown_html, text


def checked(message):
    """The message, if it says something and can be written down."""
    if not message.subject:
        raise RenderError(_("The subject is empty for this person."))
    if "\x00" in message.html or "\x00" in message.text:
        raise RenderError(_("The message contains a character that cannot be sent."))
    return message


def cut(subject):
    """The subject, no longer than anyone reads: a merge value may be long."""
    return subject if len(subject) <= LONGEST_SUBJECT else f"{subject[: LONGEST_SUBJECT - 1].rstrip()}…"


class Tracker:
    """Leads the links of one message over our own address, so that a click is heard; personal links stay."""

    def __init__(self, delivery, values):
        self.delivery = delivery
        # Where each address leads, as it is and as HTML spells it: many stand in a message more than once.
        self.led = {url: url for url in map(values.get, merge_fields.PERSONAL_LINKS) if url}
        self.led_in_html = {html.escape(url): html.escape(url) for url in self.led}

    def lead(self, url):
        if url not in self.led:
            is_web = url.startswith(("http:", "https:"))
            self.led[url] = links.click_url(self.delivery, url) if is_web else url
        return self.led[url]

    def lead_in_html(self, written):
        if written not in self.led_in_html:
            self.led_in_html[written] = html.escape(self.lead(address("href", written)))
        return self.led_in_html[written]

    def in_html(self, text):
        return with_addresses(text, self.lead_in_html)

    def in_text(self, text):
        return ADDRESS_IN_TEXT.sub(lambda found: self.lead(found[0]), text)


def check_addresses(text):
    """The HTML as it is, once every link and picture in it is of a kind that may be sent."""
    return with_addresses(text, lambda written: html.escape(address("href", written)))


def with_addresses(text, lead):
    """The HTML with every link led where `lead` says, every picture in it checked."""
    for name in PICTURES:
        if f' {name}="' in text:
            for piece in text.split(f' {name}="')[1:]:
                address(name, piece.partition('"')[0])
    first, *pieces = text.split(' href="')
    led = [first]
    for piece in pieces:
        written, quote, rest = piece.partition('"')
        led.append(f"{lead(written)}{quote}{rest}")
    return ' href="'.join(led)


@lru_cache(maxsize=10_000)
def address(name, written):
    """Where a link or picture leads; raises RenderError when a message may not lead there.

    Its scheme is checked after rendering, since a merge value may have made it.
    """
    url = html.unescape(written).strip()
    if not url.lower().startswith(LINK_SCHEMES if name == "href" else IMAGE_SCHEMES):
        raise RenderError(_("A link leads nowhere a message may lead: “%(url)s”.") % {"url": url[:100]})
    return url


def with_pixel(text, delivery):
    """The HTML with a picture that tells it was opened; a service message has none.

    Beside it stands a link that people cannot see: who follows it is a machine.
    """
    if delivery.is_service:
        return text
    address = html.escape(links.open_url(delivery))
    pixel = f'<img src="{address}" width="1" height="1" alt="" style="display:block;border:0">'
    unseen = 'style="display:none" tabindex="-1" aria-hidden="true"'
    trap = f'<a href="{html.escape(links.trap_url(delivery))}" {unseen}></a>'
    head, body, tail = text.rpartition("</body>")
    return f"{head}{pixel}{trap}{body}{tail}"


def headers(delivery, values, subject, at):
    """The header lines of one message."""
    outside = values[merge_fields.ENVELOPE]
    domain = outside["from_address"].rpartition("@")[2]
    yield mime.date_header(at or delivery.sending_at or delivery.due_at)
    yield mime.raw_header("Message-ID", f"<{delivery.uuid}@{domain}>")
    yield mime.address_header("From", outside["from_address"], outside["from_name"])
    yield mime.address_header("To", outside["to"], outside["to_name"])
    if outside["reply_to"]:
        yield mime.address_header("Reply-To", outside["reply_to"])
    yield mime.text_header("Subject", subject)
    yield mime.raw_header("X-CRM-Delivery", str(delivery.uuid))
    if delivery.is_service:
        yield mime.raw_header("Auto-Submitted", "auto-generated")
    else:
        yield from list_headers(delivery, values, domain)


def list_headers(delivery, values, domain):
    """What mail clients and providers read: how to stop this in one click, and which stream it belongs to."""
    stop_to = values[merge_fields.ENVELOPE]["stop_to"]
    yield mime.raw_header(
        "List-Unsubscribe",
        f"<{values['unsubscribe_url']}>,",
        f"<mailto:{stop_to}?subject=stop%20{delivery.uuid}>",
    )
    yield mime.raw_header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    yield mime.list_header("List-Id", values["topic"], f"{delivery.topic.key}.{domain}")
    stream = stream_of(values["sender_name"])
    program = f"r{delivery.rule_id}" if delivery.rule_id else f"c{delivery.campaign_id}"
    yield mime.raw_header("Feedback-ID", f"v{delivery.version_id}:{program}:{delivery.topic.key}:{stream}")


@lru_cache(maxsize=100)
def stream_of(sender_name):
    return slugify(sender_name) or "sender"
