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
from campaigns.machines import judge_request
from campaigns.models import Delivery, Response
from campaigns.responding import (
    ONE_CLICK,
    STOP_PAGE,
    record_click,
    record_open,
    record_trap,
    since_sent,
    undo_unsubscribe,
    unsubscribe,
)
from contacts import limits
from contacts.evidence import evidence_of
from contacts.preferences import masked, preferences_path
from contacts.signing import BadToken
from touchpoints.visiting import arrival_token

Kind = Response.Kind
# The smallest picture there is: one transparent point.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# The token that tells the shop who arrives by a link.
ARRIVAL = "rv"


@never_cache
@csrf_exempt  # nothing is posted here, and saying so needs no token
@require_safe
def click(request, token):
    """Lead on to the signed address; a person's click is durable before that. A forged one leads nowhere."""
    at = timezone.now()
    delivery, url = _find(links.read_click, token)
    if delivery is None:
        return _trap(request, token, at)
    by = judge_request(Kind.CLICKED, request, since_sent=_since_sent(delivery, at))
    clicked = record_click(delivery, url, at=at, by=by, evidence=_agent(request))
    return HttpResponseRedirect(arrival_url(url, delivery, at) if clicked else url)


def _trap(request, token, at):
    """A link that people cannot see leads nowhere, in peace."""
    delivery, _url = _find(links.read_trap, token)
    if delivery is None:
        return _nothing_here(request, at)
    record_trap(delivery, at=at, evidence=_agent(request))
    return HttpResponse(status=204)


@never_cache
@csrf_exempt
@require_safe
def picture(request, token):
    """Always the picture. That it was fetched is noted when the token is ours, and by whom."""
    delivery, _url = _find(links.read_open, token)
    if delivery is not None:
        at = timezone.now()
        by = judge_request(Kind.OPENED, request, since_sent=_since_sent(delivery, at))
        record_open(delivery, at=at, by=by, evidence=_agent(request))
    return HttpResponse(GIF, content_type="image/gif")


@never_cache
@csrf_exempt  # mail programs post here by themselves, without cookies
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request, token):
    """Reading the page changes nothing; a post, by a person or their mail program, acts at once."""
    delivery, _url = _find(links.read_stop, token)
    if delivery is None:
        return _nothing_here(request, timezone.now())
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
    related = Delivery.objects.select_related("contact", "topic", "rule", "campaign", "sender")
    delivery = related.filter(uuid=key).first()
    return delivery, url if delivery else None


def _since_sent(delivery, at):
    """Haste tells nothing in the demonstration: no gateway stands before its mailbox."""
    return None if settings.DEMO else since_sent(delivery, at)


def _agent(request):
    return {"user_agent": evidence_of(request)["user_agent"]}


def _nothing_here(request, at):
    """One page for whatever is not ours: altered, unknown, or made for something else."""
    status = limits.status_of_unknown("links", request, at=at, limit=60)
    return render(request, "campaigns/public/unknown.html", status=status)
