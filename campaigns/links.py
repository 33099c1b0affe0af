"""The signed addresses in a message: click, open, stop. They never go out of date."""

import uuid
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from contacts.signing import BadToken, sign, unsign

CLICK, OPEN, STOP, TRAP = "click", "open", "stop", "trap"
FEEDBACK, PANEL = "feedback", "panel"
SCHEMES = {"http", "https"}


def click_url(delivery, url):
    """The address that counts a click of this delivery and leads on to `url`."""
    return _whole("click", sign(CLICK, delivery.uuid.bytes + url.encode()))


def around_click():
    """What stands before and after the token of a click."""
    before, after = _around("click")
    return f"{settings.PUBLIC_URL}{before}", after


def trap_url(delivery):
    """An address that leads nowhere, for a link that people cannot see: who follows it is a machine."""
    return _whole("click", sign(TRAP, delivery.uuid.bytes))


def open_url(delivery):
    """The address of the picture that tells of an opening."""
    return _whole("open", sign(OPEN, delivery.uuid.bytes))


def stop_url(delivery):
    """The address at which the reader stops these messages: a page, or one click of the mail program."""
    return _whole("stop", sign(STOP, delivery.uuid.bytes))


def feedback_url(delivery):
    """The page that asks the question of a message."""
    return _whole("feedback", sign(FEEDBACK, delivery.uuid.bytes))


def panel_token(delivery):
    """By which a page says that its visitor clicked this panel away."""
    return sign(PANEL, delivery.uuid.bytes)


def read_click(token):
    """(delivery uuid, url) of a click's token; raises BadToken."""
    payload = unsign(CLICK, token)
    try:
        found, url = uuid.UUID(bytes=payload[:16]), payload[16:].decode()
        known = urlsplit(url).scheme in SCHEMES
    except ValueError as error:
        raise BadToken("not a click") from error
    if not known:
        raise BadToken("leads nowhere")
    return found, url


def read_trap(token):
    """The delivery uuid of a trap's token; raises BadToken."""
    return _read(TRAP, token)


def read_open(token):
    """The delivery uuid of an open's token; raises BadToken."""
    return _read(OPEN, token)


def read_stop(token):
    """The delivery uuid of a stop's token; raises BadToken."""
    return _read(STOP, token)


def read_feedback(token):
    """The delivery uuid of a question's token; raises BadToken."""
    return _read(FEEDBACK, token)


def read_panel(token):
    """The delivery uuid of a panel's token; raises BadToken."""
    return _read(PANEL, token)


def _whole(name, token):
    before, after = _around(name)
    return f"{settings.PUBLIC_URL}{before}{token}{after}"


@cache
def _around(name):
    """What stands before and after the token; a message has many links, their path is looked up once."""
    before, _token, after = reverse(f"campaigns:{name}", args=["TOKEN"]).partition("TOKEN")
    return before, after


def _read(purpose, token):
    payload = unsign(purpose, token)
    if len(payload) != 16:
        raise BadToken("wrong length")
    return uuid.UUID(bytes=payload)
