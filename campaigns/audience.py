"""Who a campaign is for: what the contact list can be narrowed by, or people by name."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts import filters
from contacts.models import Contact

# The words typed into the search of the contact list, beside its filters.
WORDS = "q"


class CannotRead(ValueError):
    """What the audience asks for is not known here; says what."""


def from_query(query):
    """The audience that an address of the contact list stands for; nobody yet where it narrows nothing."""
    known = [WORDS, *(each.name for each in filters.all_filters())]
    asked = {name: query[name] for name in known if query.get(name)}
    return {"filters": asked} if asked else {}


def new_campaign_address(query):
    """Where a campaign to these people begins."""
    asked = from_query(query).get("filters", {})
    return f"{reverse('campaigns:campaign-create')}{'?' if asked else ''}{urlencode(asked)}"


def contacts(audience):
    """The people it is for, as they are now; raises CannotRead rather than ask for more than was meant."""
    everyone = Contact.objects.present()
    if "contacts" in audience:
        return everyone.filter(pk__in=audience["contacts"])
    if "filters" not in audience:
        raise CannotRead(_("Nobody is chosen. Choose who it is for; everybody is a choice, too."))
    return filters.apply_all(everyone.search(audience["filters"].get(WORDS, "")), _chosen(audience))


def size(audience, most=None):
    """How many people it is for now, counted up to `most`; raises CannotRead."""
    found = contacts(audience).order_by()
    return found.count() if most is None else found.values("pk")[:most].count()


def words(audience):
    """Who it is for, as (what, value) in words; raises CannotRead."""
    if "contacts" in audience:
        count = len(audience["contacts"])
        people = ngettext("%(count)s person", "%(count)s people", count) % {"count": count}
        return [(_("By name"), people)]
    if "filters" not in audience:
        return [(_("Nobody yet"), _("not chosen"))]
    found = [(each.label, said) for each, _value, said in _chosen(audience)]
    if typed := audience["filters"].get(WORDS):
        found.insert(0, (_("Name or e-mail"), typed))
    return found or [(_("Everybody"), _("all contacts"))]


def address(audience):
    """The contact list narrowed to them; empty where it cannot be."""
    if "filters" not in audience:
        return ""
    query = urlencode(audience["filters"])
    return f"{reverse('contacts:contact-list')}?{query}" if query else reverse("contacts:contact-list")


def _chosen(audience):
    """The filters it names, all of them."""
    asked = {name: value for name, value in audience["filters"].items() if name != WORDS}
    found = filters.chosen(asked)
    if missing := set(asked) - {each.name for each, _value, _said in found}:
        raise CannotRead(
            _("The contact list knows no such filter: %(names)s.") % {"names": ", ".join(missing)}
        )
    return found
