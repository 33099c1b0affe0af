"""The doors that messages lead to: a followed link, a loaded picture, a stop. Nobody signs in here."""

import base64
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from campaigns import links
from campaigns.machines import is_machine
from campaigns.models import Delivery
from campaigns.responding import (
    ONE_CLICK,
    STOP_PAGE,
    record_click,
    record_open,
    undo_unsubscribe,
    unsubscribe,
)
from contacts.evidence import evidence_of
from contacts.preferences import masked, preferences_path
from contacts.signing import BadToken
from touchpoints.visiting import arrival_token

# The smallest picture there is: one transparent point.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# The token that tells the shop who arrives by a link.
ARRIVAL = "rv"


@never_cache
@csrf_exempt  # nothing is posted here, and saying so needs no token
@require_safe
def click(request, token):
    """Lead on to the signed address; a person's click is durable before that. A forged one leads nowhere."""
    delivery, url = _find(links.read_click, token)
    if delivery is None:
        return _nothing_here(request)
    at = timezone.now()
    if not is_machine(request):
        record_click(delivery, url, at=at, evidence={"user_agent": evidence_of(request)["user_agent"]})
    return HttpResponseRedirect(arrival_url(url, delivery, at))


@never_cache
@csrf_exempt
@require_safe
def picture(request, token):
    """Always the picture. That it was fetched is noted once, when the token is ours."""
    delivery, _url = _find(links.read_open, token)
    if delivery is not None and request.method == "GET":
        record_open(delivery, at=timezone.now())
    return HttpResponse(GIF, content_type="image/gif")


@never_cache
@csrf_exempt  # mail programs post here by themselves, without cookies
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request, token):
    """Reading the page changes nothing; a post, by a person or their mail program, acts at once."""
    delivery, _url = _find(links.read_stop, token)
    if delivery is None:
        return _nothing_here(request)
    page = {"delivery": delivery, "topic": delivery.topic, "address": masked(delivery.contact.email)}
    page["preferences"] = preferences_path(delivery.contact)
    if request.method != "POST":
        return render(request, "campaigns/public/stop.html", page)
    wanted = request.POST.get("wanted", "")
    _act(delivery, wanted, at=timezone.now(), evidence=evidence_of(request))
    return render(request, f"campaigns/public/{'undone' if wanted == 'undo' else 'stopped'}.html", page | {
        "everything": wanted == "everything" or delivery.topic is None,
    })  # fmt: skip


def arrival_url(url, delivery, at):
    """The address to lead to; a page of ours is also told who arrives there."""
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" not in our_origins():
        return url
    query = [(name, value) for name, value in parse_qsl(parts.query, True) if name != ARRIVAL]
    query.append((ARRIVAL, arrival_token(delivery.contact, delivery.uuid, at)))
    return parts._replace(query=urlencode(query)).geturl()


def our_origins():
    """Where pages carry the tracking script: here, the shop, and whoever the settings name."""
    addresses = [settings.PUBLIC_URL, settings.SHOP_URL, *settings.SHOP_ORIGINS]
    return {"{0.scheme}://{0.netloc}".format(urlsplit(address)) for address in addresses if address}


def _act(delivery, wanted, *, at, evidence):
    if wanted == "undo":
        undo_unsubscribe(delivery, at=at, evidence=evidence)
    else:
        everything, source = wanted == "everything", STOP_PAGE if wanted else ONE_CLICK
        unsubscribe(delivery, at=at, everything=everything, source=source, evidence=evidence)


def _find(read, token):
    """(delivery, address) a token was made for; (None, None) for any other."""
    try:
        found = read(token)
    except BadToken:
        return None, None
    key, url = found if isinstance(found, tuple) else (found, "")
    related = Delivery.objects.select_related("contact", "topic", "rule", "sender")
    delivery = related.filter(uuid=key).first()
    return delivery, url if delivery else None


def _nothing_here(request):
    return render(request, "campaigns/public/unknown.html", status=404)
