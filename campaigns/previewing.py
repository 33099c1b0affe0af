"""A message before it is sent: as one chosen person would get it, and as a test to a colleague.

Nothing here touches the ledger, consent or suppression: a test goes to the colleague who asks for it and to
nobody else, and the links of a person's own lead to samples, never to that person's pages.
"""

from dataclasses import dataclass
from time import monotonic

from django.db import connection
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from campaigns import content, liquid, merge_fields, mime, rendering, triggers
from campaigns.lines import Lines
from campaigns.models import Campaign, ContentVersion, Delivery
from campaigns.triggers.trigger import BEGINNING_OF_TIME
from contacts.models import Channel
from touchpoints.models import Touchpoint

# Somebody waits for it, in seconds.
LONGEST_TEST = 30


@dataclass(frozen=True)
class Preview:
    """What one person would read."""

    subject: str
    preheader: str
    html: str
    text: str
    # Whether there was no order or sign-up of theirs to speak of, so that samples stand for it.
    is_sample: bool = False


def preview(rule, written, contact, *, at):
    """The message as this contact would get it, from words that may still be a draft.

    Raises content.CannotFreeze or rendering.RenderError.
    """
    touchpoint = latest_touchpoint(rule, contact, at)
    delivery = imagined(rule, contact, touchpoint, at)
    values = rendering.gather([delivery])[delivery.pk]
    shown = rendering.show(content.compiled(written), with_samples(values, is_sample=touchpoint is None))
    if content.is_panel(written):
        shown = on_a_page(shown, rule.sender)
    return Preview(*shown, is_sample=touchpoint is None)


def campaign_preview(campaign, contact, *, at):
    """A campaign's message as this contact would get it; while nobody is known, with sample values.

    Raises content.CannotFreeze or rendering.RenderError.
    """
    version = campaign.version or content.compiled(campaign.content)
    if contact is None:
        return Preview(*rendering.show(version, sample_values(campaign)), is_sample=True)
    delivery = imagined(campaign, contact, None, at)
    values = rendering.gather([delivery])[delivery.pk]
    return Preview(*rendering.show(version, without_personal_links(values)))


def sample_values(campaign):
    """Sample values of a person, with the topic and the sender that the campaign really has."""
    sender, topic = campaign.sender, campaign.topic.name
    return merge_fields.campaign_samples() | {
        "topic": topic,
        "why": _("You get this because you asked for “%(topic)s”.") % {"topic": topic},
        "sender_name": sender.name,
        "signed_by": sender.from_name,
        "postal_address": sender.postal_line,
    }


def as_sent(delivery):
    """A delivery's message as it was sent; of one that has not left yet, as it would be now."""
    values = delivery.merge_values or rendering.gather([delivery])[delivery.pk]
    shown = rendering.show(delivery.version, without_personal_links(values))
    return Preview(*(on_a_page(shown, delivery.sender) if delivery.channel == Channel.PANEL else shown))


def on_a_page(shown, sender):
    """A panel with what the tracking script puts around it."""
    heading, preheader, words, text = shown
    page = {"heading": heading.strip(), "words": words, "colour": sender.colour, "language": sender.language}
    return heading, preheader, render_to_string("campaigns/panel_frame.html", page), text


def sample_subject(written, values=None):
    """The subject with sample values; as it is written when it has faults."""
    try:
        return liquid.render(written.subject, values or merge_fields.samples(), html=False)
    except liquid.LiquidProblem:
        return written.subject


def campaign_subject(campaign):
    """A campaign's subject with sample values, empty where it knows none."""
    return sample_subject(campaign.version or campaign.content, sample_values(campaign))


def in_light(html, *, dark=False):
    """The HTML as a mail program in one theme shows it, whatever the reader's own theme is."""
    return html.replace("(prefers-color-scheme: dark)", "all" if dark else "not all")


def sent_from(delivery):
    """Who a delivery says it is from."""
    outside = delivery.merge_values.get(merge_fields.ENVELOPE) or merge_fields.envelope(delivery)
    return f"{outside['from_name']} <{outside['from_address']}>"


def imagined(program, contact, touchpoint, at):
    """A delivery of a row or a campaign that is in no ledger."""
    return Delivery(
        **{"campaign" if isinstance(program, Campaign) else "rule": program},
        contact=contact,
        touchpoint=touchpoint,
        topic=program.topic,
        sender=program.sender,
        version=ContentVersion(),
        rank=program.rank,
        occurred_at=touchpoint.at if touchpoint else at,
        due_at=at,
    )


def latest_touchpoint(rule, contact, at):
    """What happened last with them that the rule answers; None if it never did."""
    sql, params = triggers.occurrences_of(rule, at, BEGINNING_OF_TIME, [contact.pk])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT o.touchpoint_id FROM ({sql}) o ORDER BY o.occurred_at DESC LIMIT 1", params)
        found = cursor.fetchone()
    return Touchpoint.objects.get(pk=found[0]) if found and found[0] else None


def with_samples(values, *, is_sample):
    """Values that are safe to show; where nothing has happened yet, samples stand for it."""
    samples = merge_fields.samples()
    shown = without_personal_links(values)
    if is_sample:
        shown |= {name: samples[name] for name, value in samples.items() if isinstance(value, dict)}
        shown["confirm_url"] = samples["confirm_url"]
    return shown


def without_personal_links(values):
    """The same values with samples for the links that would open a person's own pages."""
    samples = merge_fields.samples()
    return values | {name: samples[name] for name in merge_fields.PERSONAL_LINKS if values.get(name)}


def send_test(rule, written, contact, *, to, at):
    """Send the message to a colleague, plainly marked as a test; raises ChannelError if it cannot go."""
    shown = preview(rule, written, contact, at=at)
    # It has a key of its own and stands in no ledger: what comes back of it is nobody's.
    delivery = Delivery(rule=rule, sender=rule.sender, address=to)
    with Lines() as lines:
        return lines.send(test_message(shown, delivery, at), delivery, deadline=monotonic() + LONGEST_TEST)


def send_campaign_test(campaign, contact, *, to, at):
    """Send what this contact would get to a colleague; raises ChannelError if it cannot go."""
    delivery = Delivery(campaign=campaign, sender=campaign.sender, address=to)
    with Lines() as lines:
        message = test_message(campaign_preview(campaign, contact, at=at), delivery, at)
        return lines.send(message, delivery, deadline=monotonic() + LONGEST_TEST)


def test_message(shown, delivery, at):
    """What is shown as a message to a colleague: no tracking, no way to stop anything."""
    sender, to = delivery.sender, delivery.address
    subject = _("Test: %(subject)s") % {"subject": shown.subject}
    headers = (
        mime.date_header(at),
        mime.raw_header("Message-ID", f"<{delivery.uuid}@{sender.domain}>"),
        mime.address_header("From", sender.address, sender.from_name),
        mime.address_header("To", to),
        mime.text_header("Subject", subject),
        mime.raw_header("X-CRM-Test", "yes"),
    )
    boundary = f"=_{delivery.uuid.hex}"
    return rendering.Message(sender.address, to, subject, shown.html, shown.text, headers, boundary)
