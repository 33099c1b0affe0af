"""What a mail server means: its words first, then its status code (RFC 3463), then its reply code.

Words go first because servers are careless with codes: one in five of the bounces in the tests says 5.0.0.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from campaigns.bounces.wording import WORDING

LONGEST = 4000
MAIL, RCPT, DATA, CONNECT = "mail", "rcpt", "data", "connect"

# Where in the conversation it was said; the last one mentioned counts.
STAGE_WORDING = {
    MAIL: [
        r">>>\s*MAIL\b",
        "MAIL FROM command",
        "after MAIL FROM",
        "sender was rejected",
        r"\[MAIL_FROM\]",
        "rejected MAIL FROM",
    ],
    RCPT: [
        r">>>\s*RCPT\b",
        r"<<<\s*RCPT\b",
        "RCPT TO command",
        "after RCPT",
        "RCPT TO response",
        "SMTP:RCPT",
        r"\[RCPT_TO\]",
        "does not like recipient",
        "not like our RCPT",
        "server has rejected address",
        r"<<< 55\d.{0,20}no valid recipients",
    ],
    DATA: [
        r">>>\s*(?:DATA|\.)",
        "end of DATA",
        "DATA command",
        r"\(DATA\)",
        "after I sent the message",
        r"\bDATA SEND",
        r"\[BODY\]",
        r"SMTP command\s+DATA",
        "not like our (?:final )?DATA",
    ],
    CONNECT: [
        "initial connection",
        r"refused to\s+talk to me",
        r">>>\s*(?:EHLO|HELO)",
    ],
}
STAGES = re.compile(
    "|".join(f"(?P<{stage}>{'|'.join(words)})" for stage, words in STAGE_WORDING.items()), re.IGNORECASE
)
PATTERNS = [(reason, re.compile("|".join(words), re.IGNORECASE | re.DOTALL)) for reason, words in WORDING]
# What nothing else tells: an answer that names nothing but the recipient.
REJECTED = re.compile(r"(?:recipient )?address rejected|@ rejected", re.IGNORECASE)

# What stands around the meaning: addresses and the paths of links say anything, some servers quote others.
ADDRESS = re.compile(r"""<?(?:"[^"\s]{1,64}"|[^\s<>"'():;,\[\]]{1,64})@[^\s<>"'():;,\[\]]{1,255}>?""")
LINK = re.compile(r"https?://([^\s/]{1,100})\S*")
NOISE = re.compile(r"5\.1\.0 - Unknown address error", re.IGNORECASE)
CODE = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
REPLY = re.compile(r"(?<![\w./\[-])(?<!\w:)([245][0-5]\d)(?=[\s,:#'-]|$)")
TAKEN = re.compile(r"2\d\d[ -]|2\.\d+\.\d+")
# The answer to RCPT as most servers word it: the address first.
NAMES_THEM = re.compile(r"\b5\d\d:? (?:#?5\.\d+\.\d+ )?<[^>\s]+>: ")
SURE = re.compile(r"doesn't have an? ", re.IGNORECASE)

# RFC 3463: subject and detail, or the subject alone. What nothing else tells.
STATUS_REASONS = {
    "1": "no_user",
    "1.2": "no_domain",
    "1.6": "moved",
    "1.7": "refused",
    "1.8": "refused",
    "1.9": "network",
    "2": "filtered",
    "2.1": "disabled",
    "2.2": "full",
    "2.3": "too_big",
    "3": "server",
    "3.4": "too_big",
    "4": "network",
    "4.1": "network",
    "4.4": "no_domain",
    "4.7": "expired",
    "5": "server",
    "6": "content",
    "7": "refused",
    "7.13": "disabled",
}
REPLY_REASONS = {
    "421": "network",
    "450": "server",
    "451": "server",
    "452": "full",
    "552": "full",
    "535": "authentication",
    "530": "authentication",
    "571": "refused",
}
OF_THE_ADDRESS = {"no_user", "no_domain", "no_mail", "moved", "doubtful"}


def reason_of(words, *, status="", stage="", is_final=True):
    """Why, as one of `mapping.KINDS`; "unknown" when nothing tells.

    `words` are the server's, `status` what the report gives beside them, `stage` where in the conversation it
    was said if that is known, `is_final` whether the message was given up.
    """
    words = NOISE.sub("", words[:LONGEST])
    if TAKEN.match(status) or TAKEN.match(words):
        return "delivered"
    said = Said(words, code_of(words, status), REPLY.findall(words), stage or stage_of(words))
    reason = _by_words(said) or _by_codes(said)
    if reason in (None, "unclear") and REJECTED.search(said.plain):
        return "no_user"
    if _is_about_us(reason, said):
        return "refused"
    return _for_now(reason, said, is_final) or reason or "unknown"


@dataclass
class Said:
    """What a server said, and what can be read off it."""

    words: str
    code: str
    replies: list
    stage: str

    @property
    def reply(self):
        """The last reply code."""
        return self.replies[-1] if self.replies else ""

    @cached_property
    def plain(self):
        """The words without what may stand in an address or a link."""
        return ADDRESS.sub("@", LINK.sub(r"\1", self.words))


def stage_of(words):
    """Where in the conversation it was said; empty when nothing tells."""
    return next((found.lastgroup for found in reversed([*STAGES.finditer(words)])), "")


def code_of(words, status=""):
    """The status code: the last one said, unless it says nothing; `status` otherwise."""
    said = [found[0] for found in CODE.finditer(words)]
    given = CODE.search(status)
    telling = [
        code for code in [*reversed(said), *([given[0]] if given else [])] if not code.endswith(".0.0")
    ]
    return next(iter(telling or said[-1:] or ([given[0]] if given else [])), "")


def _by_words(said):
    reason = next((reason for reason, pattern in PATTERNS if pattern.search(said.plain)), None)
    return "doubtful" if reason == "no_user" and not _is_sure(said) else reason


def _is_sure(said):
    """Whether "no such user" was said of the address and not of the message."""
    own_code = _last(CODE, said.words)
    if said.stage == DATA:
        return said.code.startswith("5.1.") or bool(SURE.search(said.words))
    if own_code.startswith("5.7."):
        return False
    is_answer = bool(said.reply or own_code)
    of_the_address = said.code.startswith(("5.1.", "4.1.", "5.4.1", "5.5.0"))
    return not is_answer or said.stage == RCPT or of_the_address or bool(NAMES_THEM.search(said.words))


def _by_codes(said):
    """What the codes mean by themselves; of the address only a code of class 5 tells anything."""
    group, _dot, rest = said.code.partition(".")
    by_code = STATUS_REASONS.get(rest) or STATUS_REASONS.get(rest.partition(".")[0])
    if group == "4" and by_code in OF_THE_ADDRESS:
        return "network"
    if by_code or not said.reply:
        return by_code
    if said.stage in (MAIL, CONNECT) and said.reply.startswith("5"):
        return "refused"
    return REPLY_REASONS.get(said.reply) or ("server" if said.reply.startswith("4") else "unclear")


def _is_about_us(reason, said):
    """Before the recipient is named, nothing is said of them; who answers and will not talk means us."""
    if reason in OF_THE_ADDRESS:
        return said.stage in (MAIL, CONNECT)
    return reason in ("server", "network") and said.stage == CONNECT and bool(said.reply)


def _for_now(reason, said, is_final):
    """What is said by class 4 alone is never for good, but for a bad address at which a server gave up."""
    codes = said.replies or [said.code]
    if reason not in OF_THE_ADDRESS or not all(code.startswith("4") for code in codes):
        return None
    return None if is_final and said.code.startswith("4.1.") else "network"


def _last(pattern, words):
    return next((found[0] for found in reversed([*pattern.finditer(words)])), "")
