"""What the messages of a batch are made of: their rows, and of the merge fields only what their words use.

Reading is a good part of what a message costs, so rows become models without asking each column what it is.
"""

import logging
from functools import lru_cache
from threading import Lock

from django.db import connection
from django.db.models.base import ModelState
from liquid.exceptions import LiquidError

from campaigns import liquid, merge_fields
from campaigns.models import ContentVersion, Delivery
from contacts.models import Contact, Sender, Topic
from touchpoints.models import Touchpoint

logger = logging.getLogger(__name__)
# Lines that start together wait for the one that reads a new content's words, instead of all reading them.
_reading = Lock()

# What no message is made of, and would have to be read for each; whoever asks for it all the same gets it.
LEFT_OUT = {
    Delivery: {
        "evidence", "merge_values", "reason", "detail", "status", "planned_at", "owner",
        "lease_until", "sending_at", "passed_at", "first_sending_at", "doubts", "finished_at", "reply",
        "provider_ref", "outcome_at", "outcome_touchpoint_id", "parent_id",
    },
    Contact: {"first_source", "last_source", "search_text", "origin", "created_at", "updated_at"},
    Touchpoint: {"recorded_at"},
}  # fmt: skip


def load(ids, versions=None):
    """({id: delivery}, {id: merge values}) with all that rendering reads.

    `versions` keeps the frozen contents that were read, which never change, from one batch to the next.
    """
    deliveries = fetched(Delivery, ids)
    rows = deliveries.values()
    attach(rows, "contact", fetched(Contact, {row.contact_id for row in rows}))
    attach(rows, "sender", Sender.objects.in_bulk({row.sender_id for row in rows}))
    attach(rows, "topic", Topic.objects.in_bulk({row.topic_id for row in rows if row.topic_id}))
    attach(rows, "version", kept(versions if versions is not None else {}, {row.version_id for row in rows}))
    attach_touchpoints(rows)
    return deliveries, gather(rows)


def attach_touchpoints(rows):
    """Give those what they answer whose words speak of it."""
    speaking = {
        row.version_id
        for row in {row.version_id: row for row in rows}.values()
        if any(known.needs_touchpoint for known in fields_of(row))
    }
    rows = [row for row in rows if row.version_id in speaking]
    attach(rows, "touchpoint", fetched(Touchpoint, {row.touchpoint_id for row in rows} - {None}))


def gather(deliveries):
    """The merge values of all; when they cannot be had together, of each that can be had alone."""
    deliveries = list(deliveries)
    try:
        return merge_fields.fill(deliveries, fields_of)
    except Exception as error:
        logger.warning("Merge values could not be gathered together: %s", type(error).__name__)
    values = {}
    for delivery in deliveries:
        try:
            values |= merge_fields.fill([delivery], fields_of)
        except Exception as error:
            logger.warning(
                "Merge values of delivery %s could not be gathered: %s", delivery.pk, type(error).__name__
            )
    return values


# Rows ------------------------------------------------------------------------------------------------


def fetched(model, ids):
    """{id: instance} of these rows, without what is left out; no signal tells of them."""
    names, query, converters = columns(model)
    with connection.cursor() as cursor:
        cursor.execute(query, [list(ids)])
        rows = cursor.fetchall()
    made = {row[0]: instance(model, names, row) for row in rows}
    for name, convert in converters:
        for each in made.values():
            each.__dict__[name] = convert(each.__dict__[name], None, connection)
    return made


@lru_cache(maxsize=10)
def columns(model):
    """The names that are read, the query, and what makes a value of what the database gives."""
    fields = [field for field in model._meta.concrete_fields if field.attname not in LEFT_OUT[model]]
    fields.sort(key=lambda field: not field.primary_key)
    names = [field.attname for field in fields]
    wanted = ", ".join(f'"{field.column}"' for field in fields)
    converters = [(field.attname, field.from_db_value) for field in fields if hasattr(field, "from_db_value")]
    return names, f"SELECT {wanted} FROM {model._meta.db_table} WHERE {names[0]} = ANY(%s)", converters


def instance(model, names, row):
    made = model.__new__(model)
    made._state = ModelState()
    made._state.adding, made._state.db = False, connection.alias
    made.__dict__.update(zip(names, row, strict=True))
    return made


def attach(rows, name, found):
    """Give each row what it belongs to."""
    for row in rows:
        row._state.fields_cache[name] = found.get(row.__dict__[f"{name}_id"])


def kept(versions, ids):
    """These frozen contents, read unless they were before."""
    if missing := ids - versions.keys():
        versions |= ContentVersion.objects.in_bulk(missing)
    return versions


# Words -----------------------------------------------------------------------------------------------


def fields_of(delivery):
    """The merge fields that the words of a delivery use, and those that its headers are made of."""
    version = delivery.version
    with _reading:
        paths = used(version.subject, version.preheader, version.html, version.text)
    return [
        known
        for known in merge_fields.all_fields()
        if known.name in merge_fields.ALWAYS or any(meets(known.name.split("."), path) for path in paths)
    ]


@lru_cache(maxsize=200)
def used(subject, preheader, html, text):
    """What a frozen content refers to, as paths."""
    sources = [(subject, False), (preheader, False), (html, True), (text, False)]
    return {path for source, is_html in sources for path in paths_in(source, is_html)}


def paths_in(source, is_html):
    """What a source refers to, as paths; a part that is worked out only as it is rendered is None.

    Names given within the source are among them: the same name may stand for a field elsewhere.
    """
    try:
        found = liquid.parsed(source, html=is_html, strict=True).analyze(include_partials=False).variables
    except LiquidError:
        # It cannot be rendered either, and says why then.
        return {()}
    return {
        tuple(part if isinstance(part, str) else None for part in use.segments)
        for uses in found.values()
        for use in uses
    }


def meets(name, path):
    """Whether a path leads to the field, into it, or to what it is part of."""
    return all(part is None or part == wanted for wanted, part in zip(name, path, strict=False))
