"""Reports without a form, as mail servers wrote them before there was one and some still do."""

import re

from campaigns.bounces.reports import ADDRESS, normal

# Where the report ends and what came back begins.
BEGINNING = re.compile(
    r"(?im)^[ \t>|*=-]*(?:this is a copy of (?:the|your) message|below this line is a copy|below is a copy of"
    r"|enclosed is a copy|included is a copy"
    r"|original (?:message|mail)(?: info| headers?)?(?: follows)?\b[^\n]{0,9}$"
    r"|message headers follow|unsent message|returned message|the headers? of the original message"
    r"|undelivered message|message text follows|non-delivered information -+\s*received)[^\n]*$"
)
HEADER_LINES = re.compile(
    r"(?im)^(?:(?:received|return-path|message-id|from|to|subject|date|mime-version|content-type|x-[\w-]+"
    r"|user-agent|reply-to|dkim-signature|delivered-to):[^\n]*\n(?:[ \t][^\n]*\n)*){4,}"
)
# Those who run the mail, not those who get it.
STAFF = re.compile(
    r"(?i)^(?:postmaster|post_master|mailer-daemon|mail\.delivery|abuse|support|no-?reply)[@+.-]"
)
# What is told of a conversation stands before the line that names whom it is about.
CONVERSATION = (">>>", "<<<", "While talking", "... while talking")
# What lists those that were not reached; what is named before it is the message.
LIST = re.compile(
    r"(?i)did not reach the|following (?:recipient|address|addresses)\b|was not delivered to|affected:"
)
PLACES = re.compile(
    r"(?im)(?:^[ \t>*\"<'-]*|^[245]\d\d[ -][ <\"]*"
    r"|(?:recipients?|failed|deliver(?:ed)? to|address|user|rcpt to):?[ \t\"<]*)$"
)
MOST_RECIPIENTS = 50
LONGEST = 64 * 1024


def report_and_rest(text):
    """(what the report says, what it brings back)."""
    text = text[:LONGEST]
    starts = [found.start() for found in (BEGINNING.search(text), HEADER_LINES.search(text)) if found]
    return (text[: min(starts)], text[min(starts) :]) if starts else (text, "")


def recipients(report, *, known=(), ours=()):
    """The addresses a report speaks of, in order: those its headers name, or those that stand where the
    recipient does."""
    if known:
        return list(dict.fromkeys(known))[:MOST_RECIPIENTS]
    listed = LIST.search(report)
    start = listed.start() if listed and ADDRESS.search(report, listed.start()) else 0
    found = [(normal(found[0]), found.start()) for found in ADDRESS.finditer(report, start)]
    named = [(address, start) for address, start in found if not STAFF.match(address) and address not in ours]
    leading = [address for address, start in named if PLACES.search(report[max(0, start - 60) : start])]
    return list(dict.fromkeys(leading or [address for address, _start in named]))[:MOST_RECIPIENTS]


def said_of(report, address, addresses):
    """The lines that speak of one of several recipients: from each mention to the mention of another."""
    if len(addresses) < 2:
        return report
    kept, waiting, mine = [], [], False
    for line in report.splitlines():
        mentioned = {normal(found[0]) for found in ADDRESS.finditer(line)} & set(addresses)
        if not mentioned and (waiting or line.startswith(CONVERSATION)):
            waiting.append(line)
            continue
        mine = address in mentioned if mentioned else mine
        kept += [*waiting, line] if mine else []
        waiting = []
    return "\n".join(kept)
