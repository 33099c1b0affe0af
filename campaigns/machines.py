"""Tells people from programs that follow links and fetch pictures: person, scanner or privacy proxy, and why.

What is asked of one request stands here; that several links were followed at once is seen in retelling.py,
which has the other requests. What is posted is never asked: a button on a page is pressed by a person.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from django.utils.translation import gettext_noop as _

from campaigns.models import Response

MadeBy, Kind = Response.MadeBy, Response.Kind

# Programs of mail services that fetch every picture, for people who may never look.
PROXIES = re.compile(r"googleimageproxy|yahoomailproxy|yahoocachesystem|ggpht\.com|outlook-?imageproxy", re.I)
# What Apple's privacy proxy calls itself, whole.
BARE = re.compile(r"mozilla/5\.0", re.I)
GATEWAYS = re.compile(
    r"proofpoint|mimecast|barracuda|safe-?links|mailguard|urldefense|forcepoint|ironport|trend ?micro"
    r"|symantec|messagelabs|sophos|zscaler|virustotal|fireeye|trellix|cloudmark|vadesecure|hornetsecurity"
    r"|bitdefender|check ?point|forti(?:net|guard|mail)|paloalto|cisco|mailscanner|spamassassin|rspamd"
    r"|antivirus|phish|urlscan|google-safety|googlesecurityscanner|netcraft|avanan|ironscales|mail ?security",
    re.I,
)
PREVIEWS = re.compile(
    r"preview|slackbot|slack-imgproxy|facebookexternalhit|facebot|whatsapp/|telegrambot|discordbot|twitterbot"
    r"|linkedinbot|googlemessages|iframely|embedly|pinterestbot|redditbot|kakaotalk-scrap|vkshare"
    r"|microsoft office|ms-office|msoffice|google-pagerenderer|mattermost|zulip",
    re.I,
)
# A telephone is called Cubot.
CRAWLERS = re.compile(
    r"(?<!cu)bot\b|bot[/-]|crawl|spider|slurp|scanner|feedfetcher|archiver|pingdom|uptime", re.I
)
TOOLS = re.compile(
    r"^(?:curl|wget|java|okhttp|go-http-client|libwww|lwp|ruby|php|perl|dart|axios|node|undici|got|guzzlehttp"
    r"|apache-httpclient|httpie|postmanruntime|rest-client|faraday|reqwest|winhttp|scrapy)\b"
    r"|python|aiohttp|libcurl|powershell|phantomjs|node-fetch|cfnetwork(?!.*safari)",
    re.I,
)
# Mail programs that load pictures when a message is read; their words for themselves look like tools'.
MAIL_PROGRAMS = re.compile(r"outlook|ms-office|msoffice|microsoft office|cfnetwork|dalvik|thunderbird", re.I)

# Hints, none of which says enough alone: a browser driven by a program, or one that nobody uses any more.
DRIVEN = re.compile(r"headless|puppeteer|playwright|selenium|webdriver", re.I)
OLD = re.compile(r"msie [4-9]\.|windows nt 5\.|windows 9[58]|(?:chrome|firefox)/(?:[1-9]|[1-5]\d)\.", re.I)
SOON = timedelta(seconds=5)

LOOKS_AHEAD = _("The browser was only looking ahead.")
WITHOUT_NAME = _("It gives no name, and browsers do.")
PRIVACY = _("It fetches every picture, whoever looks.")
HALF_NAME = _("It gives half a name, as programs do.")
GATEWAY = _("It calls itself a security gateway.")
PREVIEW = _("It calls itself a preview of links.")
CRAWLER = _("It calls itself a robot.")
TOOL = _("It calls itself a program.")
ASKED_HEAD = _("It asked for the head of the page only.")
SOON_AND_ODD = _("It came within seconds of sending, and its browser is not one that people use.")
BURST = _("Several links of the message were followed at once.")
TRAP = _("It followed a link that people cannot see.")


@dataclass(frozen=True)
class Verdict:
    """Who made a request, and how that was told; `why` is empty for a person."""

    made_by: str
    why: str = ""

    @property
    def is_person(self):
        return self.made_by == MadeBy.PERSON


PERSON = Verdict(MadeBy.PERSON)


def judge(kind, agent, *, method="GET", looks_ahead=False, has_language=True, since_sent=None):
    """Who followed a link or fetched a picture (a `kind` of response), by one request."""
    agent = agent.strip()
    if method == "HEAD":
        return Verdict(MadeBy.SCANNER, ASKED_HEAD)
    if looks_ahead:
        return Verdict(MadeBy.SCANNER, LOOKS_AHEAD)
    found = _by_name(kind, agent)
    if found is None and _is_soon_and_odd(agent, has_language, since_sent):
        return Verdict(MadeBy.SCANNER, SOON_AND_ODD)
    return found or PERSON


def facts_of(request):
    """What of a request `judge` wants to know, to be kept until then."""
    headers = request.headers
    return {
        "agent": headers.get("User-Agent", "").replace("\0", "")[:300],
        "method": request.method,
        "looks_ahead": _looks_ahead(headers),
        "has_language": bool(headers.get("Accept-Language")),
    }


def judge_told(kind, agent):
    """The same of what a provider tells of; many tell no more than that it happened."""
    return judge(kind, agent) if agent.strip() else PERSON


def _looks_ahead(headers):
    said = " ".join(headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"))
    return bool(re.search(r"prefetch|prerender|preview", said, re.I))


@lru_cache(maxsize=4096)  # a few names are those of nearly everybody
def _by_name(kind, agent):
    """What its name gives away; None when it is a browser's or, for pictures, a mail program's."""
    is_picture = kind == Kind.OPENED
    if is_picture and (PROXIES.search(agent) or BARE.fullmatch(agent)):
        return Verdict(MadeBy.PROXY, PRIVACY)
    if not agent:
        return Verdict(MadeBy.SCANNER, WITHOUT_NAME)
    if BARE.fullmatch(agent) or PROXIES.search(agent):
        return Verdict(MadeBy.SCANNER, HALF_NAME)
    if is_picture and MAIL_PROGRAMS.search(agent) and not GATEWAYS.search(agent):
        return None
    signs = ((GATEWAYS, GATEWAY), (PREVIEWS, PREVIEW), (CRAWLERS, CRAWLER), (TOOLS, TOOL))
    return next((Verdict(MadeBy.SCANNER, why) for names, why in signs if names.search(agent)), None)


def _is_soon_and_odd(agent, has_language, since_sent):
    """People click fast too, and some use strange browsers; both at once is a program."""
    is_soon = since_sent is not None and timedelta(0) <= since_sent < SOON
    return is_soon and (not has_language or bool(DRIVEN.search(agent) or OLD.search(agent)))
