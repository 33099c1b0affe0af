"""The list of contacts: searched, narrowed, a page at a time, with what other rooms add to each row."""

from dataclasses import dataclass
from functools import partial

from django.db.models import Exists, OuterRef, Q
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from contacts import columns, filters
from contacts.models import Channel, Consent, Contact, Suppression
from crm.ui.paging import KeysetPage, keyset_page, narrowed_address
from crm.ui.templatetags.ui import component, may

PAGE = 50
# Beyond this many the list says "more than" and counts no further.
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Row:
    """One contact of the page, with its cells from left to right."""

    contact: Contact
    warmth: int
    cells: list


@dataclass(frozen=True)
class Listing:
    """What the page of contacts shows."""

    words: str
    chosen: list
    columns: list
    page: KeysetPage
    rows: list[Row]


def listing(request):
    """The page of contacts this request asks for."""
    words, chosen = request.GET.get("q", "").strip().replace("\0", ""), filters.chosen(request.GET)
    everyone = Contact.objects.for_user(request.user)
    found = filters.apply_all(everyone.search(words), chosen)
    ids = [*found.order_by().values_list("pk", flat=True)[: MOST_COUNTED + 1]]
    if (words or chosen) and len(ids) <= MOST_COUNTED:
        # Few enough to name: the newest of them are found without walking through everyone.
        found = everyone.filter(pk__in=ids)
    order = _("Newest first, %(about)s") % {"about": about(len(ids))}
    page = keyset_page(request, found, size=PAGE, order=order)
    shown = columns.all_columns()
    return Listing(words, chosen, shown, page, rows_of(page.rows, shown))


def rows_of(contacts, shown):
    """The rows of a page; each column is asked once for all of them."""
    ids = [contact.pk for contact in contacts]
    warmth = columns.warmth_of(ids)
    values = [(column, column.values(ids) if ids else {}) for column in shown]
    return [
        Row(
            contact,
            warmth.get(contact.pk, 0),
            [(column, found.get(contact.pk, "–")) for column, found in values],
        )
        for contact in contacts
    ]


def about(count):
    """How many people there are, in words; beyond MOST_COUNTED only that there are more."""
    if count > MOST_COUNTED:
        return _("more than %(most)s people") % {"most": number_format(MOST_COUNTED, force_grouping=True)}
    people = number_format(count, force_grouping=True)
    return ngettext("%(people)s person", "%(people)s people", count) % {"people": people}


def filter_links(request, found):
    """The chosen filters with the address that drops each, and what else could be chosen."""
    link = partial(narrowed_address, request)
    chosen = [(each, value, words, link(**{each.name: ""})) for each, value, words in found.chosen]
    taken = {each.name for each, *_rest in chosen}
    offered = [
        (each.label, [(words, link(**{each.name: value})) for value, words in each.choices()])
        for each in filters.all_filters()
        if each.choices and each.name not in taken
    ]
    return {"chosen": chosen, "offered": sorted(offered, key=lambda one: len(one[1]))}


# The column and the filters of this room ---------------------------------------------------------------


def may_column(contact_ids):
    """Whether each may be written to, called, sent a letter: yes, no, or not asked."""
    answers = {}
    for entry in Consent.objects.filter(contact__in=contact_ids).current():
        given = entry.action == Consent.Action.GIVEN
        person = answers.setdefault(entry.contact_id, {})
        person[entry.channel] = given or person.get(entry.channel, False)
    unusable = Contact.objects.filter(pk__in=contact_ids, email__in=_suppressed())
    for pk in unusable.values_list("pk", flat=True):
        answers.setdefault(pk, {})[Channel.EMAIL] = False
    return {pk: component("may", **may(**_channels(answers.get(pk, {})))) for pk in contact_ids}


def _channels(answers):
    return {name: answers.get(name) for name in ("email", "phone", "letter")}


def _suppressed():
    return Suppression.objects.active().filter(channel=Channel.EMAIL).values("address")


def may_be_mailed(queryset, value):
    """Those with a yes that still holds, at an address that is not suppressed; or all the others."""
    later = Consent.objects.filter(
        Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk")),
        contact=OuterRef("contact"),
        channel=OuterRef("channel"),
        topic=OuterRef("topic"),
    )
    holds = Consent.objects.filter(
        ~Exists(later), contact=OuterRef("pk"), channel=Channel.EMAIL, action=Consent.Action.GIVEN
    )
    kept_back = Suppression.objects.active().filter(channel=Channel.EMAIL, address=OuterRef("email"))
    yes = Q(Exists(holds)) & ~Q(Exists(kept_back))
    return queryset.filter(yes if value == "yes" else ~yes)


MAIL_ANSWERS = {"yes": gettext_lazy("allowed"), "no": gettext_lazy("not allowed")}


def mail_words(value):
    if value not in MAIL_ANSWERS:
        raise ValueError(value)
    return MAIL_ANSWERS[value]


def level_words(value):
    return Contact.Level(value).label
