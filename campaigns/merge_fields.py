"""The words a message may borrow from its contact: a registry, and one set-based way to gather them.

Every registered field exists in every message and is empty when unknown. Values are plain (text, numbers,
lists and dicts of them): they are stored with the delivery, so that the message can be made again.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from django.conf import settings
from django.db import connection
from django.db.models import prefetch_related_objects
from django.utils import formats, translation
from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import links, mime, return_paths
from contacts.models import Consent
from contacts.preferences import preferences_url
from touchpoints.models import Touchpoint
from touchpoints.signing_up import confirm_url

# Where the delivery's own addresses and names are kept among its merge values; no field of Liquid.
ENVELOPE = "_envelope"
# Fields that lead one person to their own pages: never shown to anyone else, never counted as clicks.
PERSONAL_LINKS = ("unsubscribe_url", "preferences_url", "confirm_url", "feedback_url")
# Fields that headers are made of, whether the words use them or not.
ALWAYS = ("sender_name", "topic", "unsubscribe_url")
CURRENCY_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


@dataclass(slots=True)
class Context:
    """What a field's value is made of. `found` holds what each `prepare` has fetched for this delivery."""

    delivery: object
    contact: object
    sender: object
    language: str
    found: dict

    @property
    def touchpoint(self):
        """What the message answers; only fields that say they need it find it at hand."""
        return self.delivery.touchpoint


@dataclass(frozen=True)
class MergeField:
    """A word borrowed from the contact: its name in Liquid and on screen, a sample, its value."""

    name: str
    label: str | Promise
    sample: object
    value: Callable
    group: str | Promise = ""
    prepare: Callable | None = None
    # Whether it speaks of what somebody did, so that a message that answers nothing cannot fill it.
    needs_touchpoint: bool = False

    @property
    def place(self):
        """Where it stands in Liquid: the names that lead there, and its own."""
        *path, name = self.name.split(".")
        return path, name

    @property
    def empty(self):
        """What stands for it where nothing is known."""
        return [] if isinstance(self.sample, list) else ""


_fields: dict[str, MergeField] = {}


def register(name, label, sample, value, *, group="", prepare=None, needs_touchpoint=False):
    """Add a field. `prepare(deliveries)` fetches for all at once: {delivery id: what was found}."""
    _fields[name] = MergeField(name, label, sample, value, group, prepare, needs_touchpoint)


def all_fields():
    """Every field, in the order of registration."""
    return list(_fields.values())


def grouped(*, answers=True):
    """The fields by what they are about: [(group, fields)], for choosing from.

    A message that answers nothing is not offered what only an answer can fill.
    """
    groups = {}
    for known in _fields.values():
        if known.group and (answers or not known.needs_touchpoint):
            groups.setdefault(known.group, []).append(known)
    return list(groups.items())


def samples():
    """A value for every field, to try a message with."""
    return nested({known.name: known.sample for known in _fields.values()})


def campaign_samples():
    """The same as a campaign has them: it answers nothing, so what speaks of an answer is empty."""
    fields = _fields.values()
    return nested({known.name: known.empty if known.needs_touchpoint else known.sample for known in fields})


def nested(flat):
    """{"order.number": …} as Liquid sees it: {"order": {"number": …}}."""
    values = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        place = values
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return values


def gather(deliveries):
    """All merge values of many deliveries, {delivery id: values}, in a fixed number of queries."""
    deliveries, every = list(deliveries), all_fields()
    prefetch_related_objects(deliveries, "contact", "sender", "topic", "touchpoint")
    return fill(deliveries, lambda delivery: every)


def fill(deliveries, fields_of):
    """The values of the fields that each delivery wants, what it belongs to being at hand.

    `fields_of(delivery)` is asked once for each version.
    """
    wanted, alike = {}, defaultdict(list)
    for delivery in deliveries:
        if delivery.version_id not in wanted:
            wanted[delivery.version_id] = fields_of(delivery)
        alike[delivery.sender.language, delivery.version_id].append(delivery)
    prepared, values = prepare(alike, wanted), {}
    for (language, version_id), some in alike.items():
        places = [(*known.place, known.value) for known in wanted[version_id]]
        with translation.override(language):
            values |= {delivery.pk: values_of(delivery, places, prepared) for delivery in some}
    return values


def prepare(alike, wanted):
    """What the fields fetch for all that want them: {prepare: {delivery id: what was found}}."""
    asking = defaultdict(list)
    for (_language, version_id), some in alike.items():
        for fetch in {known.prepare for known in wanted[version_id] if known.prepare}:
            asking[fetch] += some
    return {fetch: fetch(some) for fetch, some in asking.items()}


def values_of(delivery, places, prepared):
    """The values of one delivery, in the language that is active: its sender's."""
    found = {fetch: rows.get(delivery.pk) for fetch, rows in prepared.items()}
    sender = delivery.sender
    context = Context(delivery, delivery.contact, sender, sender.language, found)
    values = {}
    for path, name, value in places:
        room = values
        for part in path:
            room = room.setdefault(part, {})
        room[name] = value(context)
    values[ENVELOPE] = envelope(delivery)
    return values


def envelope(delivery):
    """The names and addresses outside the words, as they are now."""
    sender = delivery.sender
    return {
        "from_name": sender.from_name,
        "from_address": sender.address,
        "reply_to": sender.reply_to,
        "stop_to": return_paths.stop_address(delivery) or sender.reply_to or sender.address,
        "to": delivery.address or delivery.contact.email,
        "to_name": mime.one_line(delivery.contact.name),
    }


# The fields of this room -----------------------------------------------------------------------------


def day(moment, context):
    """A date as people write it, in the sender's time zone and language: 12 November 2026."""
    return _day(moment.astimezone(context.sender.zone).date(), context.language)


@lru_cache(maxsize=1_000)
def _day(date, language):
    return formats.date_format(date, "j F Y")


@lru_cache(maxsize=10_000)
def money(amount, currency, language):
    """An amount with its sign, in the language that is active: $38.47."""
    figures = formats.number_format(amount, 2, use_l10n=True, force_grouping=True)
    sign = CURRENCY_SIGNS.get(currency)
    return f"{sign}{figures}" if sign else f"{figures} {currency}"


def shop_url():
    """Where the shop is, with a slash at the end so that paths can follow."""
    return (settings.SHOP_URL or f"{settings.PUBLIC_URL}/join/").rstrip("/") + "/"


@dataclass(frozen=True, slots=True)
class Answered:
    """The order a message answers, and what was bought: [(name, quantity, amount)]."""

    number: str
    at: datetime
    amount: Decimal
    currency: str
    items: list


def newest_consents(deliveries):
    """What was said last for each delivery's contact, channel and topic: (action, basis, at)."""
    people = {d.contact_id for d in deliveries}
    consents = Consent.objects.filter(topic__in={d.topic_id for d in deliveries if d.topic_id})
    # A list of ids that is looked at one by one costs as much as the query.
    rows = consents.current().extra(where=["contact_id = ANY(%s)"], params=[list(people)])
    values = rows.values_list("contact_id", "channel", "topic_id", "action", "basis", "at")
    newest = {row[:3]: row[3:] for row in values}
    return {d.pk: newest.get((d.contact_id, d.channel, d.topic_id)) for d in deliveries}


_ORDERS = """
SELECT id, external_id, at, amount, currency FROM touchpoints_order WHERE id = ANY(%s)
"""
_BOUGHT = """
SELECT l.order_id, coalesce(nullif(l.name, ''), p.name), l.quantity, l.amount
FROM touchpoints_orderline l LEFT JOIN touchpoints_product p ON p.id = l.product_id
WHERE l.order_id = ANY(%s) ORDER BY l.order_id, l.number
"""


def answered_orders(deliveries):
    """The order each delivery answers, with what was bought."""
    keys = {d.pk: d.touchpoint.data.get("order_id") for d in deliveries if is_about_order(d.touchpoint)}
    wanted = [key for key in keys.values() if isinstance(key, int)]
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS, [wanted])
        answered = {pk: Answered(*row, items=[]) for pk, *row in cursor.fetchall()}
        cursor.execute(_BOUGHT, [wanted])
        for key, *row in cursor.fetchall():
            answered[key].items.append(row)
    return {pk: answered.get(key) for pk, key in keys.items()}


def is_about_order(touchpoint):
    return bool(touchpoint) and touchpoint.kind == Touchpoint.Kind.ORDERED


def reason_in_words(context):
    """Why they get this, for the foot of the message."""
    delivery = context.delivery
    if delivery.is_service:
        words = _("This is the answer to what you did at %(sender)s on %(date)s.")
        return words % {"sender": context.sender.name, "date": day(delivery.occurred_at, context)}
    action, basis, at = context.found[newest_consents] or (None, None, None)
    if action != Consent.Action.GIVEN:
        return _("You get this because you asked for “%(topic)s”.") % {"topic": delivery.topic}
    return agreed_in_words(basis, delivery.topic.name, day(at, context), context.language)


@lru_cache(maxsize=10_000)
def agreed_in_words(basis, topic, date, language):
    """That they said yes, and when; a campaign writes to many who did on the same day."""
    if basis == Consent.Basis.CUSTOMER:
        words = _("You get this because you have been our customer since %(date)s (“%(topic)s”).")
    else:
        words = _("You get this because you asked for “%(topic)s” on %(date)s.")
    return words % {"topic": topic, "date": date}


def confirm_address(context):
    """Where a sign-up is confirmed; empty unless the message answers one."""
    touchpoint = context.touchpoint
    asked = touchpoint and touchpoint.kind == Touchpoint.Kind.SIGNED_UP
    return confirm_url(touchpoint) if asked else ""


def stop_address(context):
    """Where this topic is stopped; empty in a service message, which belongs to none."""
    return "" if context.delivery.is_service else links.stop_url(context.delivery)


def of_order(shape, empty=""):
    """A field's value from the order the delivery answers."""

    def value(context):
        order = context.found[answered_orders]
        return shape(order, context) if order else empty

    return value


def of_person(name):
    """A field's value from the contact, in one line: it may stand in a subject."""
    return lambda context: mime.one_line(getattr(context.contact, name))


def order_items(order, context):
    return [
        {"name": name, "quantity": quantity, "amount": money(amount, order.currency, context.language)}
        for name, quantity, amount in order.items
    ]


def order_names(order, context):
    return get_text_list([name for name, _quantity, _amount in order.items], _("and"))


ITEM = {"name": "Blue Train", "quantity": 1, "amount": "$14.99"}
PERSON = gettext_lazy("The person")
US = gettext_lazy("The sender")
ORDER = gettext_lazy("Their order")
LINKS = gettext_lazy("Links of their own")


def register_fields():
    """The fields every message may use."""
    site = settings.PUBLIC_URL
    for name, label, sample in [
        ("first_name", gettext_lazy("First name"), "Ada"),
        ("last_name", gettext_lazy("Last name"), "Byron"),
        ("level", gettext_lazy("guest, or full for a full member"), "guest"),
    ]:
        register(name, label, sample, of_person(name), group=PERSON)
    register("email", gettext_lazy("E-mail"), "ada@example.com", lambda c: c.contact.email, group=PERSON)
    register("sender_name", gettext_lazy("Brand"), "Northside Records", lambda c: c.sender.name, group=US)
    register("signed_by", gettext_lazy("Signed by"), "Ines", lambda c: c.sender.from_name, group=US)
    register(
        "postal_address",
        gettext_lazy("Postal address"),
        "1 Quay Street, Porto",
        lambda c: c.sender.postal_line,
        group=US,
    )
    register("shop_url", gettext_lazy("The shop"), f"{site}/shop/", lambda c: shop_url(), group=US)
    register("topic", gettext_lazy("Topic"), "New arrivals", lambda c: str(c.delivery.topic or ""), group=US)
    register(
        "why",
        gettext_lazy("Why they get this"),
        "You get this because you asked for “New arrivals”.",
        reason_in_words,
        group=US,
        prepare=newest_consents,
    )
    order = {"group": ORDER, "prepare": answered_orders, "needs_touchpoint": True}
    register("order.number", gettext_lazy("Number"), "1042", of_order(lambda o, c: o.number), **order)
    register(
        "order.date",
        gettext_lazy("Date"),
        "12 June 2026",
        of_order(lambda o, c: day(o.at, c)),
        **order,
    )
    register(
        "order.amount",
        gettext_lazy("Amount"),
        "$38.47",
        of_order(lambda o, c: money(o.amount, o.currency, c.language)),
        **order,
    )
    register("order.names", gettext_lazy("What they bought"), "Blue Train", of_order(order_names), **order)
    register("order.items", gettext_lazy("Each thing"), [ITEM, ITEM], of_order(order_items, []), **order)
    personal = {"group": LINKS}
    register(
        "confirm_url",
        gettext_lazy("Confirm"),
        f"{site}/confirm/sample/",
        confirm_address,
        needs_touchpoint=True,
        **personal,
    )
    register(
        "preferences_url",
        gettext_lazy("Choose what to hear"),
        f"{site}/p/sample/",
        lambda c: preferences_url(c.contact, c.delivery.uuid),
        **personal,
    )
    register("unsubscribe_url", gettext_lazy("Stop"), f"{site}/u/sample/", stop_address, **personal)


register_fields()
