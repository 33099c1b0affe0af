"""One message, whatever it is, becomes a Letter: what it says of whom, and which message it brings back."""

import re
from dataclasses import dataclass, replace
from email.utils import parseaddr

from campaigns.bounces import reasons, replies, reports, texts
from campaigns.bounces.mapping import kind_of
from campaigns.bounces.reading import Part, parse_headers, plain, read
from campaigns.models import Notice

FROM_A_SERVER = re.compile(
    r"(?i)mailer[-_. ]?daemon|post_?master|mail\s+deliver|mail\.delivery|delivery subsystem|ndr administrator"
    r"|system administrator|^mdaemon"
)
FAILURE_SUBJECTS = [
    "undeliver",
    r"deliver\w* (?:has )?(?:fail|status|error|problem)",
    r"fail\w* deliver",
    "delivery (?:notification|report)",
    "returned (?:mail|message|to sender)",
    "failure notice",
    "(?:mail|message).{0,20}(?:fail|error|could not be)",
    "could not (?:be )?deliver",
    "mail system error",
    "delivery unsuccessful",
    "non[- ]?remis",
    "unzustellbar",
    "nicht zugestellt",
    "не доставлено",
    "メールエラー",
    "配信(?:エラー|不能)",
    "エラー通知",
    "送信できません",
    r"delayed \d+ hours",
    "error sending your mail",
    "not delivered",
    "user unknown",
]
FAILURE_SUBJECT = re.compile("|".join(FAILURE_SUBJECTS), re.IGNORECASE)
# An answer of a mail server stands in it, or the words of one that gives up.
FAILURE_TEXTS = [
    r"^[ \t]*(?:<<<[ \t]*)?[45]\d\d[ -](?:#?[45]\.\d+\.\d+|.{0,60}(?:unknown|reject|denied|no such))",
    "could not be delivered",
    "failed permanently",
    "not a member of this mailing list",
    "did not reach the following",
    r'"notificationtype"\s*:\s*"(?:bounce|delivery)"',
]
FAILURE_TEXT = re.compile("|".join(FAILURE_TEXTS), re.IGNORECASE | re.MULTILINE)
COMPLAINT_SUBJECT = re.compile(r"(?i)^\s*complaint about message from\b")
FAILED_RECIPIENTS = "x-failed-recipients"
ENVELOPE_HEADERS = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "x-rcpt-to")
GIVEN_UP = {"failed", "expired", ""}
DELAYED = "delayed"
SAID_BY_SERVERS = {Notice.Kind.HARD, Notice.Kind.SOFT, Notice.Kind.POLICY}
# What a status code alone tells: the prose of the report may tell more.
SAYS_LITTLE = {"unknown", "unclear"}


@dataclass(frozen=True)
class Returned:
    """What is said of one recipient. `action` is the server's own word: failed, delayed, delivered."""

    kind: str
    reason: str
    address: str = ""
    status_code: str = ""
    detail: str = ""
    action: str = ""


@dataclass(frozen=True)
class Letter:
    """A message that came back or in, read."""

    returned: tuple[Returned, ...]
    head: Part
    # The headers of the message that it brings back; none when it brings none.
    original: Part
    # Every address it was sent to, as the servers on its way noted it.
    sent_to: tuple[str, ...]

    @property
    def kind(self):
        """The kind of the first thing it says."""
        return self.returned[0].kind

    @property
    def message_id(self):
        return self.head.get("message-id")

    @property
    def writer(self):
        """Who wrote it, in small letters."""
        return parseaddr(self.head.get("from"))[1].lower()

    @property
    def subject(self):
        return plain(self.head.get("subject"))


def parse(raw):
    """Read a message (bytes); never raises, and always says at least one thing of it."""
    letter, inner = _read(read(raw))
    if [returned.reason for returned in letter.returned] == ["unclear"]:
        # Somebody sent a report on: what it brings back says more.
        returned = _read(inner)[0].returned
        return replace(letter, returned=returned) if returned[0].kind in SAID_BY_SERVERS else letter
    return letter


def _read(parts):
    """(the letter, the parts of what it brings back)."""
    report, rest = texts.report_and_rest(_words(parts))
    inner = [replace(part, depth=part.depth - 1) for part in parts if part.depth] or read(rest.encode())
    letter = Letter((), parts[0], _original(parts, rest), _sent_to(parts[0]))
    return replace(letter, returned=tuple(_read_as(letter, parts, report))), inner


def _read_as(letter, parts, report):
    """The first form that it has: a complaint, a delivery report, a report in words, an answer."""
    for form in (_as_complaint, _as_report, _as_notification, _as_text):
        if returned := form(letter, parts, report):
            return returned
    return [_as_answer(letter, parts, report)]


def _as_complaint(letter, parts, report):
    text = _text_of(parts, {reports.FEEDBACK_REPORT})
    if not text and COMPLAINT_SUBJECT.match(letter.subject):
        text = "Feedback-Type: abuse\n"
    if not text:
        return []
    kind, addresses = reports.feedback(text)
    reason = {"auth-failure": "report", "opt-out": "stopped", "not-spam": "report", "virus": "virus"}.get(
        kind
    )
    return [
        _returned(reason or "complained", address, words=kind)
        for address in addresses or [_original_recipient(letter)]
    ]


def _as_report(letter, parts, report):
    text = _text_of(parts, reports.DELIVERY_STATUS)
    if not text and reports.RECIPIENT_FIELD.search(report):
        text = report
    found = reports.of_recipients(text)
    addresses = [fields.address for fields in found if fields.address]
    return [_of_fields(fields, letter, report, addresses) for fields in found]


def _of_fields(fields, letter, report, addresses):
    """One recipient of a report: its own words first, the prose where they say little."""
    prose = texts.said_of(report, fields.address, addresses)
    if fields.action in ("delivered", "relayed", "expanded"):
        return _returned("delivered", fields.address, fields.status, fields.words, fields.action)
    told = {"status": fields.status, "is_final": fields.action in GIVEN_UP}
    reason = reasons.reason_of(fields.words, stage=reasons.stage_of(f"{prose}\n{fields.words}"), **told)
    if reason in SAYS_LITTLE and prose:
        by_prose = reasons.reason_of(prose[-reasons.LONGEST :], **told)
        reason = by_prose if by_prose not in ("unknown", "delivered") else reason
    if reason == "unknown":
        reason = "expired" if fields.action in (DELAYED, "expired") else "unclear"
    address = fields.address or _original_recipient(letter)
    return _returned(reason, address, fields.status, fields.words or prose, fields.action)


def _as_notification(letter, parts, report):
    """Amazon's own words, when its notifications are sent by mail."""
    return [
        _returned(
            "complained"
            if fields.action == "complained"
            else reasons.reason_of(fields.words, stage=reasons.RCPT),
            fields.address,
            fields.status,
            fields.words,
            fields.action,
        )
        for fields in reports.of_notification(report)
    ]


def _as_text(letter, parts, report):
    if not _is_failure(letter, report):
        return []
    known = _addresses(letter.head.all(FAILED_RECIPIENTS))
    addresses = texts.recipients(report, known=known, ours=_ours(letter)) or [_original_recipient(letter)]
    return [_of_text(address, addresses, letter, report) for address in addresses]


def _of_text(address, addresses, letter, report):
    words = texts.said_of(report, address, addresses)
    is_delay = bool(
        re.search(r"(?i)\bdelay|warning message only|not yet been delivered", letter.subject + words)
    )
    reason = reasons.reason_of(words, is_final=not is_delay)
    if reason == "unknown":
        reason = reasons.reason_of(letter.subject, is_final=not is_delay)
    reason = "unclear" if reason == "unknown" else reason
    action = "delivered" if reason == "delivered" else DELAYED if is_delay else "failed"
    return _returned(reason, address, words=_gist(words), action=action)


def _as_answer(letter, parts, report):
    """What comes from no server: it asks to stop, says that nobody is there, or a person wrote it."""
    words = letter.subject
    if replies.asks_to_stop(letter.head, letter.subject):
        return _returned("stopped", letter.writer, words=words)
    if replies.is_away(letter.head, letter.subject):
        return _returned("away", letter.writer, words=words)
    is_reply = letter.head.get("in-reply-to") or letter.head.get("references")
    if is_reply and letter.writer and not replies.is_automatic(letter.head):
        return _returned("replied", letter.writer, words=words)
    return _returned("unknown", letter.writer, words=words)


def _is_failure(letter, report):
    """Whether a mail server gives up or waits, in its own words."""
    from_server = FROM_A_SERVER.search(letter.head.get("from"))
    if letter.head.get(FAILED_RECIPIENTS):
        return True
    if from_server or FAILURE_SUBJECT.search(letter.subject):
        return not (replies.is_away(letter.head, letter.subject) and not from_server)
    return bool(FAILURE_TEXT.search(report)) and not letter.head.get("in-reply-to")


def _returned(reason, address, status="", words="", action=""):
    detail = " ".join(words.split())[:300]
    return Returned(kind_of(reason), reason, address, reasons.code_of(words, status), detail, action)


def _words(parts):
    """What it says itself, before what it brings back: the plain text, or else the HTML as text."""
    forms = reports.DELIVERY_STATUS | {reports.FEEDBACK_REPORT}
    spoken = [part for part in parts if not part.depth and part.text.strip() and part.kind not in forms]
    if any(part.kind == "text/plain" for part in spoken):
        spoken = [part for part in spoken if part.kind != "text/html"]
    return "\n".join(part.text for part in spoken)


def _text_of(parts, kinds):
    return "\n\n".join(part.text for part in parts if part.kind in kinds and not part.depth)


def _original(parts, rest):
    """The headers of what it brings back: a forwarded message, its head alone, or what follows the report."""
    for part in parts[1:]:
        if part.depth:
            return part
        if part.kind in ("text/rfc822-headers", "message/rfc822-headers", "message/partial"):
            return Part(parse_headers(part.text.encode()), part.kind, "", 1)
    lines = rest.split("\n\n")
    heads = (parse_headers(piece.strip().encode()) for piece in lines[:4])
    return Part(max(heads, key=len, default=()), "", "", 1)


def _original_recipient(letter):
    for name in ("x-hmxmroriginalrecipient", "x-failed-recipients", "to"):
        if address := reports.address_in(letter.original.get(name)):
            return address
    return ""


def _sent_to(head):
    found = [address for name in ENVELOPE_HEADERS for address in _addresses(head.all(name))]
    return tuple(dict.fromkeys([*found, *_addresses(head.all("to")), *_addresses(head.all("cc"))]))


def _ours(letter):
    """Whoever it was sent to had written it."""
    return {*letter.sent_to, *_addresses([letter.original.get("from"), letter.original.get("return-path")])}


def _addresses(values):
    return [reports.normal(found) for value in values for found in reports.ADDRESS.findall(value[:4000])]


def _gist(words):
    """From the first answer of a server on: what stands before it is courtesy."""
    found = re.search(r"(?m)[45]\d\d[ -](?:#?[45]\.\d|\S)", words)
    return words[found.start() :] if found else words
