"""What a mail server means: its words first, then its status code (RFC 3463), then its reply code."""

import re

# In order: who says the first of these means it, whatever else is said.
PATTERNS = [
    ("virus", r"virus|infected|malware|trojan"),
    ("authentication", r"\bspf\b|\bdkim\b|\bdmarc\b|sender id|unauthenticated|not authenticated"),
    ("no_name", r"reverse dns|\bptr\b|\brdns\b|cannot find your (hostname|reverse)"),
    (
        "relaying",
        r"relay(ing)? (is )?(denied|not permitted|access denied)|unable to relay|not permitted to relay",
    ),
    ("too_fast", r"too many (connections|messages|errors|concurrent)|rate limit|throttl"),
    ("spam", r"\bspam\b|junk mail|unsolicited|bulk mail"),
    ("blocked", r"block(ed| ?list)|black ?list|\brbl\b|dnsbl|spamhaus|spamcop|reputation|banned"),
    ("full", r"quota|mailbox (is )?full|over ?quota|mailfolder is full|insufficient (disk|system storage)"),
    ("disabled", r"(account|mailbox|user).{0,30}(disabled|suspended|inactive|deactivated|locked)"),
    ("too_big", r"message.{0,30}(too (big|large)|size exceeds)|exceeds.{0,30}(size|limit)"),
    (
        "no_user",
        r"(user|recipient|mailbox|address|account|login).{0,20}(unknown|not (found|exist|known|listed))"
        r"|unknown (user|recipient|local|mailbox|address|account)"
        r"|no such (user|mailbox|recipient|address|person)|does ?n[o']t (have an account|exist)"
        r"|not a valid (mailbox|recipient|user)|no mailbox|unrouteable address"
        r"|invalid (recipient|mailbox|address|user)",
    ),
    (
        "no_domain",
        r"(host|domain).{0,20}(unknown|not found|does not exist)|no such (host|domain)|unknown (host|domain)",
    ),
    ("no_mail", r"null ?mx|does not accept (any )?mail|domain.{0,30}(accepts no|never accepts) mail"),
    ("moved", r"has moved|moved permanently|no longer (at|with|works)|user not local"),
]
PATTERNS = [(reason, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for reason, pattern in PATTERNS]
STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
# RFC 3463: subject and detail. What a class 4 says is never for good.
STATUS_REASONS = {
    "1.0": "no_user",
    "1.1": "no_user",
    "1.2": "no_domain",
    "1.3": "no_user",
    "1.6": "moved",
    "1.10": "no_mail",
    "2.1": "disabled",
    "2.2": "full",
    "2.3": "too_big",
    "3": "server",
    "3.4": "too_big",
    "4": "network",
    "4.7": "expired",
    "6": "content",
    "7": "refused",
}
FOR_NOW = "4"


def reason_of(text, status=""):
    """Why, as one of `mapping.KINDS`; "unknown" when nothing tells."""
    for reason, pattern in PATTERNS:
        if pattern.search(text):
            return reason
    found = STATUS.search(status) or STATUS.search(text)
    if found is None:
        return "unknown"
    return STATUS_REASONS.get(f"{found[2]}.{found[3]}") or STATUS_REASONS.get(found[2], "unknown")
