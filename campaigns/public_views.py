"""The doors that messages lead to: a followed link, a loaded picture, a stop. Nobody signs in here."""

import base64
from contextlib import suppress
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from campaigns import doors, links
from campaigns.models import Delivery, RawResponse
from campaigns.responding import ONE_CLICK, STOP_PAGE, undo_unsubscribe, unsubscribe
from contacts import limits
from contacts.evidence import evidence_of
from contacts.models import Contact
from contacts.preferences import masked, preferences_path, still_heard
from contacts.signing import BadToken
from touchpoints.visiting import arrival_token

Asked = RawResponse.Kind
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
    try:
        key, url = links.read_click(token)
    except BadToken:
        return _trap(request, token, at)
    asked = doors.keep(Asked.CLICKED, key, request, at=at, url=url)
    if asked is None:
        return _nothing_here(request, at)
    is_told = asked.is_person and origin(url) in our_origins()
    return HttpResponseRedirect(arrival_url(url, asked.contact_uuid, key, at) if is_told else url)


def _trap(request, token, at):
    """A link that people cannot see leads nowhere, in peace."""
    try:
        asked = doors.keep(Asked.TRAP, links.read_trap(token), request, at=at)
    except BadToken:
        asked = None
    return HttpResponse(status=204) if asked else _nothing_here(request, at)


@never_cache
@csrf_exempt
@require_safe
def picture(request, token):
    """Always the picture. That it was fetched is written down when the token is ours."""
    with suppress(BadToken):
        doors.keep(Asked.OPENED, links.read_open(token), request, at=timezone.now())
    return HttpResponse(GIF, content_type="image/gif")


@never_cache
@csrf_exempt  # mail programs post here by themselves, without cookies
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request, token):
    """Reading the page changes nothing; a post, by a person or their mail program, acts at once."""
    delivery = _find(token)
    if delivery is None:
        return _nothing_here(request, timezone.now())
    page = {"delivery": delivery, "topic": delivery.topic, "address": masked(delivery.contact.email)}
    page["preferences"] = preferences_path(delivery.contact, delivery.uuid)
    if request.method != "POST":
        return render(request, "campaigns/public/stop.html", page)
    wanted = request.POST.get("wanted", "")
    _act(delivery, wanted, at=timezone.now(), evidence=evidence_of(request))
    page |= {"everything": wanted == "everything" or delivery.topic is None}
    page["still"] = still_words(still_heard(delivery.contact.survivor))
    return render(request, f"campaigns/public/{'undone' if wanted == 'undo' else 'stopped'}.html", page)


def still_words(heard):
    """`Offers, by e-mail and phone; New arrivals, by phone`; empty where nothing comes any more."""
    media = [(topic, get_text_list([of.label.lower() for of in found], _("and"))) for topic, found in heard]
    told = [_("%(topic)s, by %(media)s") % {"topic": topic, "media": words} for topic, words in media]
    return "; ".join(told)


def arrival_url(url, contact_uuid, delivery_uuid, at):
    """The address of a page of ours, that is told who arrives there."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, True) if name != ARRIVAL]
    query.append((ARRIVAL, arrival_token(Contact(uuid=contact_uuid), delivery_uuid, at)))
    return parts._replace(query=urlencode(query)).geturl()


def origin(url):
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))


def our_origins():
    """Where pages carry the tracking script: here, the shop, and whoever the settings name."""
    addresses = [settings.PUBLIC_URL, settings.SHOP_URL, *settings.SHOP_ORIGINS]
    return {origin(address) for address in addresses if address}


def _act(delivery, wanted, *, at, evidence):
    if wanted == "undo":
        undo_unsubscribe(delivery, at=at, evidence=evidence)
    else:
        everything, source = wanted == "everything", STOP_PAGE if wanted else ONE_CLICK
        unsubscribe(delivery, at=at, everything=everything, source=source, evidence=evidence)


def _find(token):
    """The delivery that a stop's token was made for; None for any other."""
    try:
        key = links.read_stop(token)
    except BadToken:
        return None
    related = Delivery.objects.select_related("contact", "topic", "rule", "campaign", "sender")
    return related.filter(uuid=key).first()


def _nothing_here(request, at):
    """One page for whatever is not ours: altered, unknown, or made for something else."""
    status = limits.status_of_unknown("links", request, at=at, limit=60)
    return render(request, "campaigns/public/unknown.html", status=status)
