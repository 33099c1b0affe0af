"""The door that providers post their notices to: verified, stored raw, answered; the next sweep reads it."""

import base64
import binascii
import hashlib
import hmac
import logging

from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from campaigns import noticing, sns
from campaigns.receivers import NEEDED_HEADERS, VIEWS, view_of

logger = logging.getLogger(__name__)

LARGEST = 2_500_000
# Asked for by a provider before it posts anything, to see that somebody is there.
CHECKS = {("mandrill", "HEAD"), ("unisender_go", "GET")}
SHORTEST_SECRET = 16


@csrf_exempt  # providers have no cookies; the secret and the signature stand for them
@never_cache
def notice(request, provider, secret):
    """Take one post of a provider. Nothing is stored, and nothing told, unless it is genuine."""
    if request.method != "POST" and (provider, request.method) not in CHECKS:
        return unlogged(HttpResponseNotAllowed(["POST"]))
    if provider not in VIEWS or not is_secret(secret):
        return unlogged(HttpResponse(status=403))
    if request.method != "POST":
        return HttpResponse()
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
        return unlogged(HttpResponse(status=413))
    try:
        if not is_signed(request, provider):
            return unlogged(HttpResponse(status=403))
        take_in(request, provider, timezone.now())
    except (DatabaseError, InterfaceError, sns.CannotVerify):
        logger.warning("A notice of %s could not be taken; it will come again.", provider, exc_info=True)
        return unlogged(HttpResponse(status=503))
    return HttpResponse()


def unlogged(response):
    """The response, without the line that Django logs of every refusal: it would hold the secret."""
    response._has_been_logged = True
    return response


def take_in(request, provider, at):
    """Store it as it came; the next sweep reads it."""
    headers = {name: request.headers[name] for name in NEEDED_HEADERS if name in request.headers}
    noticing.store_raw(provider, request.body, headers, at)


def is_secret(secret):
    """Whether the address holds this install's secret; without one the door is shut."""
    ours = settings.MAIL_HOOK_SECRET
    return len(ours) >= SHORTEST_SECRET and constant_time_compare(secret, ours)


def is_signed(request, provider):
    """Whether the provider's own signature, where it has one and is set up, fits the post."""
    try:
        if provider == "amazon_ses":
            return sns.is_genuine(request)
        if provider == "resend" and not fits_svix(request):
            return False
        view_of(provider, **options(request, provider)).run_validators(request)
    except ImproperlyConfigured as error:
        logger.error("Notices of %s are refused: %s", provider, error)
        return False
    except sns.CannotVerify:
        raise
    except (AnymailError, ValueError, TypeError, LookupError, AttributeError):
        # Whatever strangers post, it is refused and nothing else.
        return False
    return True


def options(request, provider):
    """What Anymail's view must be told beside the settings."""
    if provider == "mandrill" and not settings.ANYMAIL.get("MANDRILL_WEBHOOK_URL"):
        # Its signature covers the address as its owner typed it, whatever a proxy made of that.
        return {"webhook_url": settings.PUBLIC_URL + request.path}
    return {}


def fits_svix(request):
    """Resend's signature, as Svix makes it: over id, moment and body, one of several."""
    if not (secret := settings.ANYMAIL.get("RESEND_SIGNING_SECRET")):
        return True
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ImproperlyConfigured("RESEND_SIGNING_SECRET is not what Resend shows.") from error
    signed = b".".join(
        [request.headers["Svix-Id"].encode(), request.headers["Svix-Timestamp"].encode(), request.body]
    )
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = request.headers["Svix-Signature"].split()
    return any(constant_time_compare(each, expected) for each in given)
