"""“May we?”: what a contact agreed to and took back, and what keeps their address from being used."""

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from contacts.consenting import current_consents
from contacts.forms import SuppressForm, WithdrawForm
from contacts.models import Channel, Consent, Suppression
from contacts.phones import in_words, phone_of
from contacts.suppressing import CAME_BACK, NEVER_CONFIRMED, is_suppressed
from contacts.telling import channel_and_topic, door_words, suppression_words

LOG_SHOWN = 50
CHANNEL_ICONS = {"email": "mail", "phone": "phone", "letter": "file-text", "panel": "panel-top"}


@dataclass(frozen=True)
class Line:
    """One answer in the log: what, since when, by which door, with which words and proof."""

    entry: Consent
    what: str
    door: str
    proof: str


def panel(contact, request, at):
    """The panel, with its two acts for those who may write."""
    consents = current_consents(contact)
    log = Consent.objects.filter(contact=contact).select_related("topic", "wording").order_by("-at", "-id")
    return render_to_string(
        "contacts/_permissions.html",
        {
            "contact": contact,
            "answers": [(entry, channel_and_topic(entry), icon_of(entry)) for entry in consents],
            "log": [line_of(entry) for entry in log[:LOG_SHOWN]],
            "suppressions": [
                (found, suppression_words(found), f"lift-{found.pk}", address_words(found))
                for found in suppressions_of(contact)
            ],
            "may_suppress": bool(contact.email) and not is_suppressed(contact.email, service=False),
            "lifted": [lifted_words(found) for found in lifted_of(contact)],
            "may_write": getattr(request.user, "role", "") in WRITERS,
            "may_lift": getattr(request.user, "role", "") == LIFTER,
            "withdraw_form": WithdrawForm(consents=consents),
            "suppress_form": SuppressForm(),
        },
        request,
    )


# The roles that may act for a contact; the access table holds them to it.
WRITERS = ("admin", "marketer")
LIFTER = "admin"


def suppressions_of(contact):
    """What keeps their primary address, or the number at which they are called, from being used."""
    return Suppression.objects.active().filter(address__in=addresses_of(contact)).order_by("channel", "pk")


def addresses_of(contact):
    """Where they are written to and called; what is not known is left out."""
    return [address for address in (contact.email, phone_of(contact)) if address]


def address_words(suppression):
    """The address as people read it."""
    is_phone = suppression.channel == Channel.PHONE
    return in_words(suppression.address) if is_phone else suppression.address


def lifted_of(contact):
    """What kept it from being used before, and was lifted; the newest first."""
    found = Suppression.objects.filter(address__in=addresses_of(contact), lifted_at__isnull=False)
    return found.select_related("lifted_by").order_by("-lifted_at", "-id")[:LOG_SHOWN]


def lifted_words(suppression):
    """`Bounced for good: 550 no such user; from 5 Jun 2026, lifted on 9 Jun 2026 by Ada Admin`."""
    by = suppression.lifted_by and (suppression.lifted_by.get_full_name() or str(suppression.lifted_by))
    words = {
        "why": suppression_words(suppression),
        "since": date_format(suppression.at, "j M Y"),
        "until": date_format(suppression.lifted_at, "j M Y"),
        "who": by or themselves_or_gone(suppression),
    }
    return _("%(why)s; from %(since)s, lifted on %(until)s by %(who)s") % words


def themselves_or_gone(suppression):
    """Who lifted it, where that is no user."""
    known = {CAME_BACK: _("themselves"), NEVER_CONFIRMED: _("the clock")}
    return known.get(suppression.detail) or _("somebody who is gone")


def icon_of(entry):
    return CHANNEL_ICONS[entry.channel] if entry.action == Consent.Action.GIVEN else "bell-off"


def line_of(entry):
    return Line(entry, channel_and_topic(entry), door_words(entry.source), proof_words(entry.evidence))


def proof_words(evidence):
    """The evidence as one line: what is known of the browser, the file, the colleague."""
    return " · ".join(
        f"{name.replace('_', ' ')}: {plain_words(value)}" for name, value in evidence.items() if value
    )


def plain_words(value):
    """A piece of evidence as people write it: its parts one after the other."""
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{name.replace('_', ' ')} {part}" for name, part in value.items() if part)
