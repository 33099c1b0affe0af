"""What a provider's answer over HTTP means: taken, refused now, refused for good, or nobody can say.

Only what is known counts. Without a connection nothing was handed over; 4xx is a refusal; what broke after
the request had left, and 5xx, leave the outcome unknown.
"""

import re
import ssl
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime

import requests
from anymail.exceptions import AnymailRecipientsRefused
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext as _
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NewConnectionError, ProxyError

from campaigns.channels import Accepted, NoAnswer, RefusedForGood, RefusedForNow, Unreachable
from campaigns.channels.wire import NotConnected

# When to come again where the provider does not say; and where an operator must act first.
AGAIN, OPERATOR = timedelta(minutes=1), timedelta(minutes=5)
LONGEST = timedelta(days=1)
# Nothing had been handed over.
NEVER_LEFT = (
    NotConnected,
    requests.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    NewConnectionError,
    ConnectTimeoutError,
    LocationParseError,
    ProxyError,
    ssl.SSLCertVerificationError,
)
# The key, the account, the sender's domain or the address of the interface is wrong: no message will do.
DOOR_IS_SHUT = {401, 402, 403, 404, 405, 407, 410, 451}
COME_AGAIN = {408, 420, 421, 423, 425, 429}
CONFLICT = 409
SHUT_BY_NAME = re.compile(
    r"Invalid_Key|PaymentRequired|Unknown_Subaccount|InvalidServerAPIKey|ServerSuspended|AccessDenied"
    r"|UnauthenticatedFromAddress|Magnificent API"
)
# Said of the recipient, by one provider each; never of the sender's address.
BAD_RECIPIENT = re.compile(
    r"'to' (parameter|address)[^.]*(invalid|not a valid)|personalizations\.0\.to|\bvalid in to\b"
    r"|\bto\.0\.email"
    r"|invalid `to` field|`to` field[^.]*(invalid|must)|invalid 'to' address|(invalid|illegal) recipient"
    r"|\"argument_name\": ?\"to\"|\bTo\[0\]\.Email|invalid_to_address",
    re.IGNORECASE,
)


def accepted(mail, label):
    """Accepted, by the status the provider gave the one recipient; raises a ChannelError."""
    status = mail.anymail_status
    one = next(iter(status.recipients.values()), None)
    ref = str(one.message_id or "") if one else ""
    response = status.esp_response
    if one and (one.status in ("sent", "queued") or (one.status == "unknown" and ref)):
        return Accepted(f"{label} {response.status_code}: {one.status} {ref}".strip()[:300], ref)
    if one and one.status in ("failed", "invalid", "rejected"):
        raise refused_recipient(one.status, response, label)
    raise NoAnswer(words(response, label))


def meaning_of(error, mail, label, has_left):
    """The ChannelError that says what is known after `error`."""
    if isinstance(error, AnymailRecipientsRefused):
        one = next(iter(mail.anymail_status.recipients.values()))
        return refused_recipient(one.status, error.response, label)
    response = getattr(error, "response", None)
    if response is not None:
        return meaning_of_answer(response, label)
    told = f"{label}: {type(error).__name__}: {error}"[:300]
    if isinstance(error, requests.TooManyRedirects):
        return Unreachable(told, retry_after=OPERATOR)
    if any(isinstance(each, NEVER_LEFT) for each in causes(error)):
        return Unreachable(told)
    if has_left:
        return NoAnswer(told)
    if isinstance(error, ImproperlyConfigured):
        return Unreachable(told, retry_after=OPERATOR)
    return RefusedForGood(told)


def meaning_of_answer(response, label):
    """What an answer that is no success means."""
    told, status = words(response, label), response.status_code
    if SHUT_BY_NAME.search(response.text) or 300 <= status < 400:
        return Unreachable(told, retry_after=OPERATOR)
    if status in COME_AGAIN:
        return RefusedForNow(told, retry_after=retry_after(response))
    if status == CONFLICT:
        # Under this key it is being taken this moment, or something else was taken before.
        is_busy = "concurrent" in response.text
        return RefusedForNow(told, retry_after=retry_after(response)) if is_busy else NoAnswer(told)
    if status in DOOR_IS_SHUT:
        told = _("The provider refuses us, not this message: %s") % told
        return Unreachable(told, retry_after=retry_after(response, OPERATOR))
    if 400 <= status < 500 or is_refusal(response):
        return RefusedForGood(told, address_is_bad=bool(BAD_RECIPIENT.search(response.text)))
    return NoAnswer(told)


def refused_recipient(status, response, label):
    """What it means that the provider took the request and not its recipient."""
    told = words(response, label)
    if "temporary_unavailable" in response.text:
        return RefusedForNow(told)
    return RefusedForGood(
        told, address_is_bad=status == "invalid" or bool(BAD_RECIPIENT.search(response.text))
    )


def is_refusal(response):
    """Whether a well-formed answer says no though its status code does not, as some providers do."""
    said = spoken(response)
    if response.status_code >= 300:
        return said.get("name") == "ValidationError"
    return said.get("status") in ("error", "parameter-error") or said.get("success") is False


def retry_after(response, otherwise=AGAIN):
    """When the other side wants to be asked again, as seconds or as a date."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return min(max(timedelta(seconds=int(value[:9])), timedelta(seconds=1)), LONGEST)
    with suppress(ValueError, TypeError):
        wait = parsedate_to_datetime(value) - timezone.now()
        return min(max(wait, timedelta(seconds=1)), LONGEST)
    return otherwise


def words(response, label):
    """What it said, for an operator to read."""
    return f"{label} {response.status_code}: {' '.join(response.text.split())}"[:300]


def spoken(response):
    """The answer as an object, empty when it is none."""
    try:
        said = response.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def causes(error):
    """The error and all that led to it, as far as it is told."""
    found, waiting = [], [error]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, BaseException) or any(each is known for known in found):
            continue
        found.append(each)
        waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
    return found
