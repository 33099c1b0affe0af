"""What each provider posts when something became of a message: in the shapes that Anymail reads, signed."""

from tests.campaigns.esp_posts import Happening
from tests.campaigns.esp_signed import (
    amazon_ses,
    mailersend,
    mailgun,
    mailtrap,
    mandrill,
    postal,
    resend,
    sendgrid,
    unisender_go,
)
from tests.campaigns.esp_unsigned import brevo, mailjet, postmark, sparkpost

PROVIDERS = {
    each.__name__: each
    for each in (
        amazon_ses,
        brevo,
        mailersend,
        mailgun,
        mailjet,
        mailtrap,
        mandrill,
        postal,
        postmark,
        resend,
        sendgrid,
        sparkpost,
        unisender_go,
    )
}
# Whose signature covers the words, so that an altered body is refused too.
SIGN_THE_BODY = {
    "amazon_ses",
    "mailersend",
    "mailtrap",
    "mandrill",
    "postal",
    "resend",
    "sendgrid",
    "unisender_go",
}
SIGN = SIGN_THE_BODY | {"mailgun"}


def post(provider, what, key, **fields):
    """What that provider posts about it; None where it has no word for it."""
    try:
        return PROVIDERS[provider](Happening(what, str(key), **fields))
    except KeyError as missing:
        if missing.args == (what,):
            return None
        raise
