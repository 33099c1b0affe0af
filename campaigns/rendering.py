"""A frozen content version and one contact's merge values become a message, ready to leave."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.db.models import prefetch_related_objects
from django.utils.text import slugify
from django.utils.translation import gettext as _

from campaigns import compiled, liquid, merge_fields, mime
from campaigns.tracking import RenderError, Tracker, check_addresses, with_pixel

LONGEST_SUBJECT = 200


@dataclass(eq=False)
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


class ReadyMessage(Message):
    """The same, made by the program of its version, and given its HTML as it leaves: lines end in CRLF."""

    @property
    def html(self):
        return self.leaving.replace("\r\n", "\n")

    @html.setter
    def html(self, leaving):
        self.leaving = leaving

    @cached_property
    def content(self):
        return mime.assemble_ready(self.headers, text=self.text, html=self.leaving, boundary=self.boundary)


def gather(deliveries):
    """The merge values of many deliveries, {delivery id: values}, set-based; they fit a JSON column."""
    deliveries = list(deliveries)
    prefetch_related_objects(deliveries, "version", "rule", "campaign")
    return merge_fields.gather(deliveries)


def render(delivery, values, *, at=None):
    """The message of one delivery from its frozen version and merge values; raises RenderError.

    Its date is `at`, or the moment the delivery passed the gate: rendering again gives the same bytes.
    """
    try:
        return quickly(delivery, values, at) or the_whole_way(delivery, values, at)
    except (liquid.LiquidProblem, mime.MimeError) as problem:
        raise RenderError(str(problem)) from problem


def quickly(delivery, values, at=None):
    """The message by the program of its version; None where that cannot be sure."""
    words = compiled.words(delivery, values)
    if words is None:
        return None
    subject, text, leaving = words
    subject = cut(subject.strip())
    return composed(ReadyMessage, delivery, values, at, (subject, leaving, text)) if subject else None


def the_whole_way(delivery, values, at=None):
    """The message by Liquid itself, every address looked for in what came out."""
    version, tracker = delivery.version, Tracker(delivery, values)
    rendered = mime.in_ascii(liquid.render(version.html, values, html=True))
    text = liquid.render(version.text, values, html=False)
    subject = cut(liquid.render(version.subject, values, html=False).strip())
    tracked = with_pixel(tracker.in_html(rendered), delivery)
    return checked(composed(Message, delivery, values, at, (subject, tracked, tracker.in_text(text))))


def composed(kind, delivery, values, at, words):
    """The words (subject, HTML, text) with what stands around them."""
    outside = values[merge_fields.ENVELOPE]
    return kind(
        outside["from_address"],
        outside["to"],
        *words,
        headers=tuple(headers(delivery, values, words[0], at)),
        boundary=f"=_{delivery.uuid.hex}",
    )


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


def headers(delivery, values, subject, at):
    """The header lines of one message."""
    outside, key = values[merge_fields.ENVELOPE], str(delivery.uuid)
    domain = outside["from_address"].rpartition("@")[2]
    yield mime.date_header(at or delivery.sending_at or delivery.due_at)
    yield mime.raw_header("Message-ID", f"<{key}@{domain}>")
    yield mime.address_header("From", outside["from_address"], outside["from_name"])
    yield mime.address_header("To", outside["to"], outside["to_name"])
    if outside["reply_to"]:
        yield mime.address_header("Reply-To", outside["reply_to"])
    yield mime.text_header("Subject", subject)
    yield f"X-CRM-Delivery: {key}\r\n"
    if delivery.is_service:
        yield "Auto-Submitted: auto-generated\r\n"
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
    yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    topic = delivery.topic.key
    yield mime.list_header("List-Id", values["topic"], f"{topic}.{domain}")
    program = f"r{delivery.rule_id}" if delivery.rule_id else f"c{delivery.campaign_id}"
    yield feedback_header(delivery.version_id, program, topic, values["sender_name"])


@lru_cache(maxsize=1_000)
def feedback_header(version, program, topic, sender_name):
    """By which a provider tells what its complaints are about."""
    return mime.raw_header("Feedback-ID", f"v{version}:{program}:{topic}:{stream_of(sender_name)}")


@lru_cache(maxsize=100)
def stream_of(sender_name):
    return slugify(sender_name) or "sender"
