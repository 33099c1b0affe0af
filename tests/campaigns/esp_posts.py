"""A post of a provider, and what happened to a message that it tells of."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from django.utils import timezone

from campaigns import noticing

SECRET = "a-secret-of-this-install"
TO = "ada@example.com"
PUBLIC_URL = "https://crm.example.com"
CERTIFICATE_AT = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-test.pem"
SVIX_KEY = b"a key of resend"
NOBODY = "550 5.1.1 <ada@example.com>: Recipient address rejected: User unknown"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0"
LINK = "https://shop.example.com/new"


@cache
def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key():
    return ec.generate_private_key(ec.SECP256R1())


@cache
def certificate():
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(rsa_key().public_key())
    )
    builder = builder.serial_number(1).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    signed = builder.not_valid_after(datetime(2040, 1, 1, tzinfo=UTC)).sign(rsa_key(), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def public_key(key):
    """The key as providers show it: the middle of a PEM file."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    return "".join(pem.strip().splitlines()[1:-1])


def settings():
    """What an operator sets up so that every provider's signature is asked for."""
    return {
        "MAILERSEND_SIGNING_SECRET": "ms",
        "MAILGUN_WEBHOOK_SIGNING_KEY": "mg",
        "MAILTRAP_TRACKING_SECRET": "mt",
        "MANDRILL_WEBHOOK_KEY": "md",
        "POSTAL_WEBHOOK_KEY": public_key(rsa_key()),
        "RESEND_SIGNING_SECRET": "whsec_" + base64.b64encode(SVIX_KEY).decode(),
        "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": public_key(ec_key()),
        "UNISENDER_GO_API_KEY": "ug",
    }


@dataclass
class Post:
    """One HTTP post of a provider."""

    provider: str
    body: bytes
    headers: dict = field(default_factory=dict)
    content_type: str = "application/json"
    secret: str = SECRET

    @property
    def path(self):
        return f"/hooks/{self.provider}/{self.secret}/"

    def by(self, client):
        return client.post(self.path, self.body, content_type=self.content_type, headers=self.headers)

    def taken_by(self, client):
        """The same, and the next sweep has read it."""
        answer = self.by(client)
        noticing.read_unread(timezone.now())
        return answer


@dataclass(frozen=True)
class Happening:
    """What a post is about: which message, when, and a number that makes it another one."""

    what: str
    key: str
    ref: str = "r1"
    at: datetime = datetime(2026, 6, 10, 12, 30, tzinfo=UTC)
    number: int = 1

    @property
    def stamp(self):
        return int(self.at.timestamp())

    @property
    def iso(self):
        return self.at.isoformat().replace("+00:00", "Z")


def hours(number):
    return timedelta(hours=number)
