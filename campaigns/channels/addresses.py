"""Addresses as Anymail reads them, but each that comes again only once, and a plain one at a glance.

Reading the three addresses of a message anew would cost more than all the rest of making its request.
"""

import re
from functools import lru_cache, partial

from anymail.backends.base import BasePayload
from anymail.utils import EmailAddress, parse_address_list

# Nothing in it that could mean anything else: no quotes within, no comments, no lists, no other letters.
_ATOMS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_PLAIN = re.compile(rf'(?:"([^"\\\x00-\x1f\x7f]*)" <)?({_ATOMS})@({_ATOMS})(?(1)>)')


def read_addresses(addresses, *, field=None):
    """What Anymail's own reading of these says of them."""
    match addresses:
        case str(one) | [str(one)]:
            return list(_read(one, field))
        case []:
            return []
    return parse_address_list(addresses, field)


@lru_cache(maxsize=256)
def _read(address, field):
    """They cannot be changed, so they may be shared."""
    if plain := _PLAIN.fullmatch(address):
        name, username, domain = plain.groups()
        return (EmailAddress(name or "", username=username, domain=domain),)
    return tuple(parse_address_list([address], field))


def use():
    """Let the requests that Anymail makes read addresses this way."""
    BasePayload.base_message_attrs = tuple(
        (name, combine, partial(read_addresses, field=name) if convert is parse_address_list else convert)
        for name, combine, convert in BasePayload.base_message_attrs
    )
