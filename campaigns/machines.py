"""Tells programs that follow every link from people who follow one: they are led on, but nobody clicked."""

import re

# Security gateways, link previews, crawlers and tools, by what they call themselves.
KNOWN = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|scanner|proofpoint|mimecast|barracuda|safelinks|mailguard|urldefense"
    r"|forcepoint|ironport|trendmicro|symantec|messagelabs|sophos|zscaler|virustotal|googleimageproxy|yahoomail"
    r"|facebookexternalhit|whatsapp|curl/|wget/|python-|java/|okhttp|go-http-client|libwww|headlessscan",
    re.IGNORECASE,
)
# What Apple's privacy proxy calls itself, whole.
BARE = "Mozilla/5.0"


def is_machine(request):
    """Whether this request was certainly not made by a person."""
    agent = request.headers.get("User-Agent", "").strip()
    looks_ahead = request.headers.get("Sec-Purpose") or request.headers.get("Purpose")
    return request.method == "HEAD" or agent in ("", BARE) or bool(looks_ahead or KNOWN.search(agent))
