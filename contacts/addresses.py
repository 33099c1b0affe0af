"""Is this an e-mail address? Says what is wrong with it in words; looks nothing up."""

import re

from django.utils.translation import gettext as _
from email_validator import EmailNotValidError, validate_email

from contacts.models import normalise_email

# What nearly every address looks like, already trimmed and in small letters. Anything else is asked of
# email-validator, which knows the rest of the rules and takes fifty times as long.
_PLAIN = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]++)*+"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
LONGEST, LONGEST_NAME = 254, 64


class AddressWrong(ValueError):
    """No message could ever arrive there; its words say why."""


def check_address(text):
    """The address in the form in which it is kept; raises AddressWrong."""
    address = normalise_email(text)
    if _PLAIN.fullmatch(address) and len(address) <= LONGEST and address.index("@") <= LONGEST_NAME:
        return address
    return _look_closely(address)


def _look_closely(address):
    if reason := _plain_reason(address):
        raise AddressWrong(reason)
    try:
        found = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise AddressWrong(_("The e-mail cannot be right: %(error)s") % {"error": error}) from error
    return normalise_email(found.ascii_email or found.normalized)


def _plain_reason(address):
    name, at_sign, domain = address.rpartition("@")
    if not address:
        return _("There is no e-mail.")
    if not at_sign:
        return _("The e-mail has no “@”.")
    if re.search(r"\s", address):
        return _("The e-mail has a blank in it.")
    if "@" in name and not name.startswith('"'):
        return _("The e-mail has more than one “@”.")
    if not name:
        return _("The e-mail has nothing before the “@”.")
    if "." not in domain:
        return _("The e-mail has no dot after the “@”.")
    if len(address) > LONGEST or len(name) > LONGEST_NAME:
        return _("The e-mail is too long.")
    return ""
