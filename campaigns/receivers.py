"""What a provider's notice says, read by Anymail and told in our words."""

import json
import re
import warnings
from functools import lru_cache
from io import BytesIO
from uuid import UUID

from anymail.exceptions import AnymailError, AnymailInsecureWebhookWarning
from anymail.signals import EventType, RejectReason
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIRequest
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from campaigns import bouncing, noticing
from campaigns.models import Notice
from campaigns.noticing import CannotRead, Told

Kind = Notice.Kind

# provider -> Anymail's view of its notices. Scaleway has none.
VIEWS = {
    "amazon_ses": "anymail.webhooks.amazon_ses.AmazonSESTrackingWebhookView",
    "brevo": "anymail.webhooks.brevo.BrevoTrackingWebhookView",
    "mailersend": "anymail.webhooks.mailersend.MailerSendTrackingWebhookView",
    "mailgun": "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
    "mailjet": "anymail.webhooks.mailjet.MailjetTrackingWebhookView",
    "mailtrap": "anymail.webhooks.mailtrap.MailtrapTrackingWebhookView",
    "mandrill": "anymail.webhooks.mandrill.MandrillCombinedWebhookView",
    "postal": "anymail.webhooks.postal.PostalTrackingWebhookView",
    "postmark": "anymail.webhooks.postmark.PostmarkTrackingWebhookView",
    "resend": "anymail.webhooks.resend.ResendTrackingWebhookView",
    "sendgrid": "anymail.webhooks.sendgrid.SendGridTrackingWebhookView",
    "sparkpost": "anymail.webhooks.sparkpost.SparkPostTrackingWebhookView",
    "unisender_go": "anymail.webhooks.unisender_go.UnisenderGoTrackingWebhookView",
}
# What of a post's headers is needed to read it again.
NEEDED_HEADERS = ("Content-Type", "Svix-Id", "X-Amz-Sns-Message-Type", "X-Amz-Sns-Message-Id")

KINDS = {
    EventType.QUEUED: Kind.ACCEPTED,
    EventType.SENT: Kind.ACCEPTED,
    EventType.DELIVERED: Kind.DELIVERED,
    EventType.DEFERRED: Kind.DEFERRED,
    EventType.OPENED: Kind.OPENED,
    EventType.CLICKED: Kind.CLICKED,
    EventType.COMPLAINED: Kind.COMPLAINT,
    EventType.UNSUBSCRIBED: Kind.UNSUBSCRIBED,
    EventType.AUTORESPONDED: Kind.VACATION,
}
# Why the provider itself would not send it; it knows the address from before.
REJECTED = {
    RejectReason.INVALID: Kind.HARD,
    RejectReason.BOUNCED: Kind.HARD,
    RejectReason.TIMED_OUT: Kind.SOFT,
    RejectReason.UNSUBSCRIBED: Kind.UNSUBSCRIBED,
}
STATUS_CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b|\b([45]\d\d)\b")
KEY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

# Warned of for every view without basic auth: the address holds a secret.
warnings.filterwarnings("ignore", category=AnymailInsecureWebhookWarning)


def read(raw):
    """What a stored post tells, one Told an event; raises CannotRead."""
    request = as_request(raw)
    try:
        events = (
            read_ses(request) if raw.source == "amazon_ses" else view_of(raw.source).parse_events(request)
        )
    except (AnymailError, ImproperlyConfigured) as error:
        raise CannotRead(str(error)) from error
    return [told(raw.source, event, raw.received_at) for event in events]


def view_of(provider, **options):
    """Anymail's view for this provider's notices, ready to verify and parse one request."""
    if provider == "resend":
        # Verified without Anymail, which would ask for a package that only does this.
        options |= {"signing_secret": None}
    return _made(provider, frozenset(settings.ANYMAIL.items()), frozenset(options.items()))


@lru_cache(maxsize=64)
def _made(provider, _settings, options):
    """A view holds nothing but what it was made with, the settings among it."""
    return import_string(VIEWS[provider])(**dict(options))


def as_request(raw):
    """The post as it came, for Anymail to read."""
    body = bytes(raw.body)
    environ = {"REQUEST_METHOD": "POST", "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    for name, value in raw.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return WSGIRequest(environ)


def read_ses(request):
    """Events of Amazon SES, which come wrapped in a notification of SNS; raises CannotRead."""
    outer = AmazonSESTrackingWebhookView._parse_sns_message(request)
    if outer.get("Type") == "SubscriptionConfirmation":
        raise CannotRead(_("To begin, open this address once: %s") % outer.get("SubscribeURL"))
    try:
        inner = json.loads(outer.get("Message", ""))
    except ValueError:
        # "Successfully validated SNS topic …", and what else is no event.
        return []
    # Anymail's own start would ask for Amazon's package, which only confirming needs.
    view = AmazonSESTrackingWebhookView.__new__(AmazonSESTrackingWebhookView)
    return view.esp_to_anymail_events(inner, outer)


def told(provider, event, received_at):
    """One event in our words."""
    words = event.mta_response or event.description or ""
    found = STATUS_CODE.search(words)
    code = (found[1] or found[2]) if found else ""
    return Told(
        kind=kind_of(provider, event, words),
        at=event.timestamp or received_at,
        address=event.recipient or "",
        delivery_key=key_of(event),
        provider_ref=str(event.message_id or ""),
        external_id=id_of(event),
        status_code=code,
        detail=words,
        is_trusted=True,
        data=_data(event),
    )


def kind_of(provider, event, words):
    """Which kind of Notice it is."""
    if event.event_type in KINDS:
        return KINDS[event.event_type]
    if event.event_type == EventType.BOUNCED:
        return BOUNCES.get(provider, _by_words)(event, words)
    if event.event_type == EventType.REJECTED:
        return REJECTED.get(event.reject_reason, Kind.POLICY)
    if event.event_type == EventType.FAILED and provider == "postal":
        # Its word for a refusal by the other mail server.
        return _by_words(event, words)
    return Kind.OTHER


def key_of(event):
    """Our delivery's key, in whatever way it came back; None when it did not."""
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    candidates = [metadata.get("delivery"), *(event.tags or []), *_ses_headers(event.esp_event)]
    # Where our Message-ID is kept: <key@domain>.
    candidates.append(str(event.message_id or "").partition("@")[0] if "@" in str(event.message_id) else "")
    for candidate in candidates:
        if found := KEY.fullmatch(str(candidate or "").strip("<> ")):
            return UUID(found[0])
    return None


def id_of(event):
    """What makes an event the same when it is posted twice: its id, or all of it."""
    if event.event_id:
        return noticing.digest_of([event.event_id, event.event_type, event.recipient])
    return noticing.digest_of([event.event_type, event.recipient, event.esp_event])


def _data(event):
    data = {"url": event.click_url, "user_agent": event.user_agent, "reason": event.reject_reason}
    kept = {name: str(value)[:2000] for name, value in data.items() if value}
    return kept | ({"machine": True} if _is_machine(event) else {})


def _is_machine(event):
    """Whether the provider itself says that a proxy fetched the picture, and no person."""
    said = event.esp_event if isinstance(event.esp_event, dict) else {}
    return bool(said.get("sg_machine_open")) or "proxy_open" in str(said.get("event"))


def _ses_headers(event):
    """The headers that SES repeats of our message."""
    mail = event.get("mail") if isinstance(event, dict) else None
    headers = mail.get("headers") if isinstance(mail, dict) else None
    return [each.get("value") for each in headers or [] if str(each.get("name")).lower() == "x-crm-delivery"]


# A bounce of each provider ---------------------------------------------------------------------------


def _by_words(event, words, otherwise=Kind.HARD):
    """By what the other mail server said."""
    said = bouncing.classify_reply(_smtp_code(words), words)
    return Kind(said) if said in (Kind.HARD, Kind.SOFT, Kind.POLICY) else otherwise


def _smtp_code(words):
    found = re.search(r"\b([45]\d\d)\b", words)
    return found[1] if found else ""


def _by_name(field, names):
    """By one word of the provider's, looked for in its event."""

    def kind(event, words):
        said = str(_dig(event.esp_event, field)).lower()
        return names[said] if said in names else _by_words(event, words, Kind.SOFT)

    return kind


def _dig(thing, path):
    for name in path.split("."):
        thing = thing.get(name) if hasattr(thing, "get") else None
    return thing


def _sendgrid(event, words):
    """“blocked” is a refusal of the message, not of the address."""
    if event.esp_event.get("type") == "blocked":
        return _by_words(event, words, Kind.POLICY) if words else Kind.POLICY
    return _by_words(event, words)


def _sparkpost(event, words):
    (inner,) = event.esp_event["msys"].values()
    kind = SPARKPOST_CLASSES.get(str(inner.get("bounce_class")))
    return kind or _by_words(event, words, Kind.SOFT)


def _postal(event, words):
    """A bounce came back to it later, and it does not say why."""
    return _by_words(event, words, Kind.SOFT)


def _unisender_go(event, words):
    return UNISENDER_STATUSES.get(event.description) or _by_words(event, words)


SPARKPOST_CLASSES = (
    dict.fromkeys(("10", "30", "90"), Kind.HARD)
    | dict.fromkeys(("20", "21", "22", "23", "24", "40", "70"), Kind.SOFT)
    | dict.fromkeys(("25", "50", "51", "52", "53", "54"), Kind.POLICY)
)
UNISENDER_STATUSES = (
    dict.fromkeys(
        ("err_user_unknown", "err_user_inactive", "err_domain_inactive", "err_mailbox_discarded"), Kind.HARD
    )
    | dict.fromkeys(
        ("err_mailbox_full", "err_unreachable", "err_will_retry", "err_delivery_failed", "err_lost"),
        Kind.SOFT,
    )
    | dict.fromkeys(
        ("err_spam_rejected", "err_blacklisted", "err_too_large", "err_spam_skipped", "err_skip_letter"),
        Kind.POLICY,
    )
)
HARD_OR_SOFT = {"hard_bounce": Kind.HARD, "soft_bounce": Kind.SOFT, "invalid_email": Kind.HARD}
BOUNCES = {
    "amazon_ses": _by_name("bounce.bounceType", {"permanent": Kind.HARD, "transient": Kind.SOFT}),
    "brevo": _by_name("event", HARD_OR_SOFT),
    "mailersend": _by_name("data.type", {"hard_bounced": Kind.HARD, "soft_bounced": Kind.SOFT}),
    "mailgun": _by_words,
    "mailjet": _by_name("hard_bounce", {"true": Kind.HARD, "1": Kind.HARD, "false": Kind.SOFT}),
    "mailtrap": _by_words,
    "mandrill": _by_name("event", HARD_OR_SOFT),
    "postal": _postal,
    "postmark": _by_name(
        "Type",
        {"hardbounce": Kind.HARD, "softbounce": Kind.SOFT, "virusnotification": Kind.POLICY},
    ),
    "resend": _by_name("data.bounce.type", {"permanent": Kind.HARD, "transient": Kind.SOFT}),
    "sendgrid": _sendgrid,
    "sparkpost": _sparkpost,
    "unisender_go": _unisender_go,
}


def register_all():
    """Say for every provider how its notices are read."""
    for provider in VIEWS:
        noticing.register_reader(provider, read)
