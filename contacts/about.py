"""“About them”: how they are recognised, where they came from, and the clock they live by."""

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _

from contacts.consenting import current_consents
from contacts.models import Channel, Consent, Identity
from contacts.phones import in_words
from contacts.suppressing import is_suppressed


def panel(contact, request, at):
    """The panel: identities with what they are used for, then the facts."""
    identities = contact.identities.exclude(kind=Identity.Kind.VISITOR).order_by("-is_primary", "kind", "pk")
    said_yes = {e.channel for e in current_consents(contact) if e.action == Consent.Action.GIVEN}
    shown = [(identity, value_words(identity), use_words(identity, said_yes)) for identity in identities]
    return render_to_string(
        "contacts/_about.html", {"identities": shown, "facts": [*facts_of(contact)]}, request
    )


def value_words(identity):
    """A number as people read it, an address that may break."""
    return in_words(identity.value) if identity.kind == Identity.Kind.PHONE else breakable(identity.value)


def use_words(identity, said_yes):
    """What the address or number they are reached by is used for as things stand; empty for any other."""
    if not identity.is_primary:
        return ""
    is_phone = identity.kind == Identity.Kind.PHONE
    channel = Channel.PHONE if is_phone else Channel.EMAIL
    if is_suppressed(identity.value, service=True, channel=channel):
        return _("kept back: nobody calls it") if is_phone else _("kept back: nothing is sent there")
    if channel in said_yes and not is_suppressed(identity.value, service=False, channel=channel):
        return _("called") if is_phone else _("written to")
    return _("not called: no yes to calls") if is_phone else _("service messages only")


def breakable(address):
    """An address that breaks before its @ where a line is too short for it."""
    name, at_sign, domain = address.rpartition("@")
    return format_html("{}<wbr>{}", name, at_sign + domain)


def facts_of(contact):
    """(name, value) of what is known; what is not known is left out."""
    known = {
        _("Language"): contact.language,
        _("Country"): contact.country,
        _("Time zone"): contact.time_zone.replace("_", " "),
        _("First came from"): source_words(contact.first_source),
        _("Last came from"): source_words(contact.last_source),
        _("Entered by"): contact.origin,
    }
    yield _("Known since"), date_format(timezone.localtime(contact.created_at), "j F Y")
    yield from ((name, value) for name, value in known.items() if value)
    for each in contact.dates.order_by("kind"):
        yield each.get_kind_display(), date_format(each.date, "j F Y")


def source_words(source):
    """`spring campaign, search, 9 Aug 2025`; empty when nothing is known."""
    said = [source.get(name) for name in ("utm_campaign", "utm_source", "utm_medium", "referrer", "page")]
    said = [words for words in said if words][:2]
    moment = parse_datetime(source.get("at", "") or "")
    if said and moment:
        said.append(date_format(timezone.localtime(moment), "j M Y"))
    return ", ".join(said)


def there_now(contact, at):
    """`Lisbon, 09:24 there now`; empty while their time zone is unknown."""
    if not contact.time_zone:
        return ""
    there = timezone.localtime(at, contact.zone(None))
    place = contact.time_zone.rpartition("/")[2].replace("_", " ")
    return _("%(place)s, %(time)s there now") % {"place": place, "time": date_format(there, "H:i")}
