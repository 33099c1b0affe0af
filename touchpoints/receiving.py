"""What other systems tell: each item checked, tied to a contact and recorded, or refused with its reason."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.db import transaction
from django.db.models import Q
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from contacts.addresses import AddressWrong, check_address
from contacts.identifying import get_or_create_contact
from contacts.models import Identity
from touchpoints.joining import raise_levels
from touchpoints.models import Order, Touchpoint
from touchpoints.ordering import save_order
from touchpoints.recording import record_many
from touchpoints.shapes import shaped

# Sources in which our own doors record; a machine that used one could take the place of what they will say.
OURS = {"web", "sign-up", "user", "level", "mail", "campaigns", "preferences", "link", "rapport"}
LARGEST_DATA = 8 * 1024
# A sender's clock may run ahead by so much.
AHEAD = timedelta(minutes=5)
# Nothing before it has happened to anybody; no page could show the year 0.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)

Kind = Literal["visited", "order", "basket", "feedback", "joined", "posted", "called", "note", "other"]
ABOUT_KINDS = (
    "`basket`: what lies in it now, told each time it changes. `joined`: a full member from now on. `posted`:"
    " wrote in a forum or community. `other`: whatever else you know, named in `data`."
)
ABOUT_DATA = (
    "What is told of it; rules can ask for any text in it. Known are, for `visited`: url, path, title, sku;"
    " `basket`: items, amount, currency, names, url; `feedback`: question, answer, text; `posted`: title,"
    " url, text; `called`: result, minutes, text; `note` and `other`: title, text."
)
Text = Annotated[str, Field(max_length=200)]
Money = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]


class Strict(BaseModel):
    """Unknown fields are refused: a misspelt one must not vanish."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def no_null_characters(cls, value):
        if isinstance(value, str) and "\0" in value:
            raise ValueError("holds a null character")
        return value


class Who(Strict):
    """Whom it happened with. Several ways to say it must mean one person."""

    email: Annotated[str, Field(max_length=254)] = ""
    shop_id: Text = Field("", description="The customer number, as `source` knows it.")
    first_name: Annotated[str, Field(max_length=100)] = ""
    last_name: Annotated[str, Field(max_length=100)] = ""


class Line(Strict):
    """One product of an order."""

    sku: Annotated[str, Field(max_length=50)] = ""
    name: Text = ""
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    amount: Money


class Bought(Strict):
    """The money of an order, without tax and shipping, and its lines. Tell it again when it changes."""

    amount: Money
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    rate: Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=8)] = Decimal(1)
    status: Literal["paid", "shipped", "cancelled", "refunded"] = "paid"
    refunded: Money = Decimal(0)
    tax: Money = Decimal(0)
    shipping: Money = Decimal(0)
    cost: Money | None = None
    items: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    lines: Annotated[list[Line], Field(max_length=500)] = []


class Item(Strict):
    """One thing that happened."""

    kind: Kind = Field(description=ABOUT_KINDS)
    contact: Who
    at: AwareDatetime
    external_id: Annotated[str, Field(min_length=1, max_length=180)]
    data: dict[str, Any] = Field({}, description=ABOUT_DATA)
    order: Bought | None = Field(None, description="For the kind `order`, and needed there.")
    is_history: bool = Field(False, description="It counts, and starts no message.")


@dataclass
class Answer:
    """What became of one item."""

    external_id: str
    result: str
    reason: str = ""


class ItemRefused(ValueError):
    """This item cannot be taken; its words say why."""


def receive(source, raw_items, *, origin, at):
    """Take a batch: (an Answer for each item in its order, the contacts it touched).

    Each order is saved on its own, everything else together; an item that cannot be taken holds up no other.
    """
    answers, happened, contacts = [], [], set()
    for raw in raw_items:
        answer = Answer(_external_id(raw), "accepted")
        answers.append(answer)
        try:
            item = _checked(source, raw, at)
            contact = _contact_of(item, source, origin)
            if item.kind == "order":
                answer.result = _take_order(item, contact, source, at)
            else:
                happened.append((answer, _touchpoint(item, contact, source)))
            contacts.add(contact.pk)
        except ItemRefused as reason:
            answer.result, answer.reason = "refused", str(reason)
    _record(happened)
    return answers, contacts


def _external_id(raw):
    """What to call an item in the answer, whatever it is."""
    named = raw.get("external_id") if isinstance(raw, dict) else None
    return named[:200] if isinstance(named, str) else ""


# Checking -------------------------------------------------------------------------------------------


def _checked(source, raw, at):
    try:
        item = Item.model_validate(raw)
    except ValidationError as error:
        raise ItemRefused(_words(error)) from error
    if item.at > at + AHEAD:
        raise ItemRefused("at: lies in the future")
    if item.at < EARLIEST:
        raise ItemRefused("at: lies before the year 1900")
    if not (item.contact.email or item.contact.shop_id):
        raise ItemRefused("contact: give an email or a shop_id")
    if (item.kind == "order") != (item.order is not None):
        raise ItemRefused("order: belongs to the kind “order”, and to no other")
    _check_data(item.data)
    return _shaped(item)


def _shaped(item):
    try:
        item.data = shaped(item.kind, item.data)
    except ValidationError as error:
        raise ItemRefused(f"data.{_words(error)}") from error
    return item


def _words(error):
    """The first thing wrong, as `order.lines.0.amount: Input should be …`."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]


def _check_data(data):
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except ValueError as error:
        raise ItemRefused("data: holds what is not text, number, list or object") from error
    if size > LARGEST_DATA:
        raise ItemRefused(f"data: larger than {LARGEST_DATA} bytes")
    if "\\u0000" in text:
        raise ItemRefused("data: holds a null character")


# Whose it is ----------------------------------------------------------------------------------------


@transaction.atomic
def _contact_of(item, source, origin):
    """The contact by customer number, else by e-mail, else a new one who has agreed to nothing."""
    who = item.contact
    known = _by_number(who.shop_id, source)
    if known is None and not who.email:
        raise ItemRefused("contact: nobody has this shop_id; add an email")
    if who.email:
        contact = _by_email(who, origin, item.at)
        if known and known.pk != contact.pk:
            raise ItemRefused("contact: the shop_id and the email belong to two contacts")
        known = contact
    if who.shop_id:
        Identity.objects.get_or_create(
            kind=Identity.Kind.SHOP_ID,
            source=source,
            value=who.shop_id,
            defaults={"contact": known, "created_at": item.at},
        )
    return known


def _by_number(number, source):
    identity = Identity.objects.filter(kind=Identity.Kind.SHOP_ID, source=source, value=number)
    found = identity.select_related("contact").first() if number else None
    return found and found.contact


def _by_email(who, origin, at):
    try:
        email = check_address(who.email)
    except AddressWrong as error:
        raise ItemRefused(f"contact.email: {error}") from error
    names = {"first_name": who.first_name, "last_name": who.last_name}
    return get_or_create_contact(email, at=at, origin=origin, **names)[0]


# Recording ------------------------------------------------------------------------------------------


def _take_order(item, contact, source, at):
    """Save an order: accepted when it is new or has changed, duplicate when it says nothing new."""
    told = item.order.model_dump()
    about_it = Touchpoint.objects.filter(source=source).filter(
        Q(external_id=f"order:{item.external_id}")
        | Q(external_id__startswith=f"order:{item.external_id}:changed:")
    )
    before = about_it.count()
    save_order(
        contact=contact,
        source=source,
        external_id=item.external_id,
        at=item.at,
        is_history=item.is_history,
        changed_at=at,
        **told | {"status": Order.Status(told["status"])},
    )
    return "accepted" if about_it.count() > before else "duplicate"


def _touchpoint(item, contact, source):
    return Touchpoint(
        kind=item.kind,
        contact=contact,
        at=item.at,
        source=source,
        external_id=item.external_id,
        data=item.data,
        is_history=item.is_history,
    )


@transaction.atomic
def _record(happened):
    """Record what was accepted together; what was known already is a duplicate."""
    recorded = record_many(touchpoint for _, touchpoint in happened)
    raise_levels(recorded)
    new = {id(touchpoint) for touchpoint in recorded}
    for answer, touchpoint in happened:
        if id(touchpoint) not in new:
            answer.result = "duplicate"


def receives_into(source):
    """Whether machines may record under this name."""
    return source not in OURS
