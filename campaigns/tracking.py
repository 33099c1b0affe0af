"""The addresses in a message: where they may lead, and how they lead over ours so that a click is heard."""

import html
import re
from functools import lru_cache

from django.utils.translation import gettext as _

from campaigns import links, merge_fields

LINK_SCHEMES = ("http:", "https:", "mailto:", "tel:")
IMAGE_SCHEMES = ("http:", "https:")
# What a click can be counted of.
COUNTED = ("http:", "https:")
PICTURES = ("src", "background")
ADDRESS_IN_TEXT = re.compile(r"https?://[^\s<>()\[\]\"“”]*[^\s<>()\[\]\"“”.,;:!?]")
# What such an address never holds: between two of these nothing beyond them changes what is found.
BETWEEN_ADDRESSES = re.compile(r"[\s<>()\[\]\"“”]+")


class RenderError(ValueError):
    """The message could not be made; says why in words."""


class Tracker:
    """Leads the links of one message over our own address, so that a click is heard; personal links stay."""

    def __init__(self, delivery, values):
        self.delivery = delivery
        # Where each address leads, as it is and as HTML spells it: many stand in a message more than once.
        self.led = {url: url for url in map(values.get, merge_fields.PERSONAL_LINKS) if url}
        self.led_in_html = {html.escape(url): html.escape(url) for url in self.led}

    def lead(self, url):
        if url not in self.led:
            self.led[url] = links.click_url(self.delivery, url) if url.startswith(COUNTED) else url
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
    """The HTML with a picture that tells it was opened; a service message has none."""
    if delivery.is_service:
        return text
    head, body, tail = text.rpartition("</body>")
    return f"{head}{pixel(delivery)}{body}{tail}"


def pixel(delivery):
    """A picture that tells of an opening, and a link that people cannot see: who follows it is a machine."""
    opening, trap = html.escape(links.open_url(delivery)), html.escape(links.trap_url(delivery))
    return (
        f'<img src="{opening}" width="1" height="1" alt="" style="display:block;border:0">'
        f'<a href="{trap}" style="display:none" tabindex="-1" aria-hidden="true"></a>'
    )
