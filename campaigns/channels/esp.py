"""Mail by a provider's HTTP interface: every one that Anymail speaks to, behind one interface.

A provider is there once its credentials are in the settings (ANYMAIL, from the environment). Amazon SES
needs a package that is not among ours; its SMTP interface serves, through "smtp".
"""

import warnings
from dataclasses import dataclass
from datetime import timedelta
from email import policy
from functools import partial
from time import monotonic

import requests
from anymail.exceptions import AnymailNotSupportedWarning
from anymail.message import AnymailMessage
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from campaigns import channels
from campaigns.channels import NoAnswer, TooLate, Unreachable, addresses, answers
from campaigns.channels.wire import Wire
from contacts.models import SettlesBy

# The provider's own business, or told apart from the other headers.
NOT_OURS = {"date", "from", "to", "reply-to", "subject", "mime-version", "content-type"}
# Who gave no answer so often in a row is left alone for so many seconds: each would be a message in doubt.
SILENCES, LEFT_ALONE = 5, 30


@dataclass(frozen=True)
class Service:
    """What must be known of one provider beside what Anymail knows."""

    key: str
    label: str
    # The settings without which it is not there.
    needs: tuple[str, ...]
    settles_by: str = SettlesBy.EVIDENCE
    # How long it remembers a message's key.
    key_lasts: timedelta = timedelta()
    # How our key comes back in its notices: as metadata, or as a tag.
    carries: str = "metadata"
    # Whether our Message-ID may stand; others write their own.
    keeps_message_id: bool = False
    # Headers of ours that it refuses.
    refuses: frozenset[str] = frozenset()
    more_headers: tuple[tuple[str, str], ...] = ()

    @property
    def is_set_up(self):
        return all(settings.ANYMAIL.get(name) for name in self.needs)

    def passes(self, name):
        """Whether a header of the message goes along."""
        if name in NOT_OURS or name in self.refuses:
            return False
        return self.keeps_message_id or name != "message-id"


SERVICES = {
    service.key: service
    for service in (
        Service("brevo", "Brevo", ("BREVO_API_KEY",)),
        Service("mailersend", "MailerSend", ("MAILERSEND_API_TOKEN",), carries="tag"),
        Service("mailgun", "Mailgun", ("MAILGUN_API_KEY",), keeps_message_id=True),
        Service(
            "mailjet",
            "Mailjet",
            ("MAILJET_API_KEY", "MAILJET_SECRET_KEY"),
            refuses=frozenset({"list-id"}),
        ),
        Service("mailtrap", "Mailtrap", ("MAILTRAP_API_TOKEN",)),
        Service("mandrill", "Mandrill", ("MANDRILL_API_KEY",), keeps_message_id=True),
        Service("postal", "Postal", ("POSTAL_API_KEY", "POSTAL_API_URL"), carries="tag"),
        Service(
            "postmark",
            "Postmark",
            ("POSTMARK_SERVER_TOKEN",),
            keeps_message_id=True,
            more_headers=(("X-PM-KeepID", "true"),),
        ),
        Service(
            "resend",
            "Resend",
            ("RESEND_API_KEY",),
            settles_by=SettlesBy.KEY,
            key_lasts=timedelta(hours=24),
        ),
        # It posts no notices that Anymail reads.
        Service(
            "scaleway",
            "Scaleway",
            ("SCALEWAY_SECRET_KEY", "SCALEWAY_PROJECT_ID"),
            settles_by=SettlesBy.PERSON,
        ),
        Service("sendgrid", "SendGrid", ("SENDGRID_API_KEY",), keeps_message_id=True),
        Service("sparkpost", "SparkPost", ("SPARKPOST_API_KEY",)),
        Service("unisender_go", "Unisender Go", ("UNISENDER_GO_API_KEY", "UNISENDER_GO_API_URL")),
    )
}

# Its makers have stopped trying out one of them; said in the documentation, not at every line that opens.
warnings.filterwarnings("ignore", category=AnymailNotSupportedWarning)
addresses.use()
# key -> (how often it gave no answer in a row, when it last did), for this process.
_silences = {}


class EspLine(channels.Line):
    """One session with a provider, kept open from message to message."""

    def __init__(self, service, backend):
        self.service, self._backend = service, backend
        self._wire = backend.session = Wire(backend.session, backend.api_url)
        # Why nothing goes over it any more, once the provider has shut the door.
        self._shut = ""

    def send(self, message, delivery, *, deadline):
        if self._shut:
            raise Unreachable(self._shut, retry_after=answers.OPERATOR)
        keyed = {"Idempotency-Key": str(delivery.uuid)} if self.service.key_lasts else {}
        self._wire.prepare(deadline, keyed)
        try:
            return self._heard(self._post(message, delivery))
        except Unreachable as error:
            self._shut = error.reply
            raise
        except NoAnswer:
            count, _last = _silences.get(self.service.key, (0, 0))
            _silences[self.service.key] = count + 1, monotonic()
            raise

    def close(self):
        self._backend.close()

    def _post(self, message, delivery):
        """The message that was posted, with what the provider said of it; raises a ChannelError."""
        mail = None
        try:
            mail = made(message, delivery, self.service)
            self._backend.send_messages([mail])
        except TooLate:
            raise
        except Exception as error:
            raise answers.meaning_of(error, mail, self.service.label, self._wire.has_left) from error
        return mail

    def _heard(self, mail):
        """Accepted, by the status that Anymail read in the answer; raises a ChannelError."""
        accepted = answers.accepted(mail, self.service.label)
        _silences.pop(self.service.key, None)
        return accepted


def made(message, delivery, service):
    """A rendered message as Anymail takes it: one recipient, both bodies, our headers, nothing tracked."""
    head = dict(map(_header, message.headers))
    headers = {name: _plain(value) for name, value in head.items() if service.passes(name.lower())}
    mail = AnymailMessage(
        subject=message.subject,
        body=message.text,
        from_email=head["From"],
        to=[head["To"]],
        reply_to=[head["Reply-To"]] if head.get("Reply-To") else None,
        headers=headers | dict(service.more_headers),
        track_clicks=False,
        track_opens=False,
    )
    mail.attach_alternative(message.html, "text/html")
    if service.carries == "metadata":
        mail.metadata = {"delivery": str(delivery.uuid)}
    else:
        mail.tags = [str(delivery.uuid)]
    return mail


def open_line(service, _sender):
    """A line to that provider; raises Unreachable."""
    count, last = _silences.get(service.key, (0, 0))
    if count >= SILENCES and monotonic() - last < LEFT_ALONE:
        raise Unreachable(_("%s gave no answer several times in a row.") % service.label)
    try:
        backend = import_string(f"anymail.backends.{service.key}.EmailBackend")()
        backend.timeout = settings.EMAIL_TIMEOUT
        backend.open()
    except (ImproperlyConfigured, ImportError, requests.RequestException) as error:
        raise Unreachable(str(error)[:300]) from error
    return EspLine(service, backend)


def register_all():
    """Register every provider whose credentials are in the settings."""
    for service in SERVICES.values():
        if service.is_set_up:
            channels.register(provider(service))


def provider(service):
    return channels.Provider(
        key=service.key,
        label=service.label,
        open=partial(open_line, service),
        settles_by=service.settles_by,
        key_lasts=service.key_lasts,
    )


def _header(line):
    """(name, value) of one header, in one line and in letters."""
    name, _colon, value = line.partition(":")
    value = " ".join(value.split())
    if "=?" in value:
        value = " ".join(str(policy.default.header_factory(name, value)).split())
    return name, value


def _plain(value):
    """A header's value; of words that need encoding only the part that machines read is kept.

    Some providers encode what is not ASCII, others send it as it is.
    """
    return value if value.isascii() else value[value.rfind("<") :]
