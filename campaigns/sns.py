"""Verifies what Amazon's notification service posts: headers fit the body, a signature its words."""

import base64
import binascii
import json
import re
from functools import lru_cache

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from django.conf import settings

# Only Amazon's own servers are asked for the certificate.
CERTIFICATE_AT = re.compile(r"https://sns\.[a-z0-9-]{1,30}\.amazonaws\.com(\.cn)?/[A-Za-z0-9._-]{1,100}\.pem")
LARGEST = 20_000
DIGESTS = {"1": hashes.SHA1, "2": hashes.SHA256}
# What is signed, in this order; a subject only where there is one.
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}


class CannotVerify(Exception):
    """The certificate could not be had now; later it may be."""


def is_genuine(request):
    """Whether Amazon signed this post; raises CannotVerify, and ValueError for what is no such post."""
    message = json.loads(request.body)
    for header, name in (("X-Amz-Sns-Message-Type", "Type"), ("X-Amz-Sns-Message-Id", "MessageId")):
        if request.headers.get(header) != message[name]:
            return False
    if not CERTIFICATE_AT.fullmatch(message["SigningCertURL"]):
        return False
    key = x509.load_pem_x509_certificate(certificate(message["SigningCertURL"])).public_key()
    digest = DIGESTS[message["SignatureVersion"]]()
    try:
        signature = base64.b64decode(message["Signature"], validate=True)
        key.verify(signature, signed_words(message), padding.PKCS1v15(), digest)
    except (InvalidSignature, binascii.Error):
        return False
    return True


def signed_words(message):
    """The words under the signature: each name and its value, a line each."""
    lines = [line for name in SIGNED[message["Type"]] if name in message for line in (name, message[name])]
    return ("\n".join(lines) + "\n").encode()


def certificate(address):
    """The certificate at that address, asked for once; raises CannotVerify."""
    try:
        return fetch(address)
    except requests.RequestException as error:
        raise CannotVerify(address) from error


@lru_cache(maxsize=20)
def fetch(address):
    answer = requests.get(address, timeout=settings.EMAIL_TIMEOUT, allow_redirects=False)
    answer.raise_for_status()
    return answer.content[:LARGEST]
