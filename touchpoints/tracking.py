"""The door of the tracking script: one small message for each page looked at."""

import json
from functools import wraps
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from contacts import limits
from contacts.evidence import client_ip
from touchpoints import visiting, wakeups
from touchpoints.forms import VisitForm

LARGEST = 8 * 1024
A_MINUTE = 120


def shop_door(bucket):
    """A view that pages of the shop may post small messages to, from their own origin and without cookies.

    The view is given what was told and the moment, and answers with a response.
    """

    def open_to_the_shop(view):
        @wraps(view)
        @csrf_exempt  # it carries no cookie, and what it may say is said by the page it stands on
        @require_http_methods(["POST", "OPTIONS"])
        def door(request):
            origin = request.headers.get("Origin", "")
            if origin and not _is_shop(origin, request):
                return HttpResponse(status=403)
            if request.method == "OPTIONS":
                return _allow(HttpResponse(status=204), origin)
            at = timezone.now()
            if not limits.within(bucket, client_ip(request), at=at, limit=A_MINUTE):
                return _allow(HttpResponse(status=429), origin)
            return _allow(view(request, _told(request), at), origin)

        return door

    return open_to_the_shop


@shop_door("visit")
def visit(request, told, at):
    """Take one visit from a page of the shop; a known contact's is kept before the answer leaves."""
    form = VisitForm(told)
    if not form.is_valid():
        return JsonResponse({"refused": [*form.errors]}, status=400)
    return JsonResponse({"visitor": _receive(request, form.cleaned_data, at)})


def forbids_recognising(request):
    """Whether the browser says, by Global Privacy Control, that nobody is to be recognised."""
    return request.headers.get("Sec-GPC") == "1"


def _is_shop(origin, request):
    """Whether a page of this origin may tell: our own host, the shop, and what the settings name."""
    shop = urlsplit(settings.SHOP_URL)
    shops = [f"{shop.scheme}://{shop.netloc}", *settings.SHOP_ORIGINS]
    try:
        return urlsplit(origin).netloc == request.get_host() or origin in shops
    except ValueError:  # it only looks like an address
        return False


def _allow(response, origin):
    if origin:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Headers"] = "Content-Type"
        response["Access-Control-Max-Age"] = "86400"
        patch_vary_headers(response, ["Origin"])
    return response


def _told(request):
    """The message as a dict; empty when it is too large, not JSON, or holds half a character."""
    if len(request.body) > LARGEST:
        return {}
    try:
        told = json.loads(request.body)
        json.dumps(told, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _receive(request, told, at):
    """Record it, and say by what key this browser is to be known, if at all.

    Global Privacy Control forbids recognising: the visit is then only counted.
    """
    told_who = {"key": told["key"], "arrival": told["rv"], "agreed": told["agreed"]}
    recognised = {} if forbids_recognising(request) else told_who
    touchpoint, visitor = visiting.receive_visit(told["visit"], visiting.page_from(told), at=at, **recognised)
    if touchpoint and touchpoint.contact_id:
        wakeups.hint([touchpoint.contact_id])
    return str(visitor.key) if visitor else None
