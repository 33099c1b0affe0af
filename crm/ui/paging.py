"""Keyset paging: a page starts after a row, never at an offset, so that page 800 costs what page 1 does."""

import base64
import json
from dataclasses import dataclass
from operator import attrgetter

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q


@dataclass(frozen=True)
class KeysetPage:
    """One page of rows with the links to its neighbours, ready for `{% grid page=… %}`."""

    rows: list
    newer_url: str = ""
    older_url: str = ""
    about: int | None = None
    order: str = ""

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)


def keyset_page(request, queryset, *, key="-pk", size=50, about=None, order=""):
    """The page that `?after=` or `?before=` asks for, ordered by `key` and then by primary key.

    `key` is a field or annotation that is never null, with `-` for the largest first.
    """
    descending, field = key.startswith("-"), key.removeprefix("-")
    backwards = "before" in request.GET
    rows = queryset.order_by(*ordering(field, descending != backwards))
    cursor = read_cursor(request.GET.get("before" if backwards else "after", ""))
    if cursor:
        rows = rows_beyond(rows, field, cursor, descending != backwards)
    found = [*rows[: size + 1]]
    more, shown = len(found) > size, found[:size]
    if backwards:
        shown.reverse()
    newer, older = (more, True) if backwards else (bool(cursor), more)
    link = linker(request, field, shown)
    return KeysetPage(shown, link("before", 0, newer), link("after", -1, older), about, order)


def ordering(field, descending):
    sign = "-" if descending else ""
    return [f"{sign}{name}" for name in dict.fromkeys([field, "pk"])]


def rows_beyond(rows, field, cursor, descending):
    """The rows after the cursor in the order asked for; a cursor that cannot be read starts from the top."""
    side = "lt" if descending else "gt"
    value, pk = cursor
    beyond = Q(**{f"{field}__{side}": value}) | Q(**{field: value, f"pk__{side}": pk})
    try:
        return rows.filter(beyond, **{f"{field}__{side}e": value})
    except (ValidationError, ValueError, TypeError):
        return rows


def linker(request, field, shown):
    def link(direction, position, wanted):
        if not (wanted and shown):
            return ""
        query = request.GET.copy()
        query.pop("after", None)
        query.pop("before", None)
        query[direction] = write_cursor(shown[position], field)
        return f"{request.path}?{query.urlencode()}"

    return link


def write_cursor(row, field):
    value = attrgetter(field.replace("__", "."))(row)
    text = json.dumps([value, row.pk], cls=DjangoJSONEncoder)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text):
    """(value, primary key), or nothing when someone has typed over it."""
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None
    return value, pk


def narrowed_address(request, **changes):
    """This page with some filters changed, an empty value dropping one; it begins at the first page."""
    query = request.GET.copy()
    for name in ("after", "before", *changes):
        query.pop(name, None)
    query.update({name: value for name, value in changes.items() if value})
    return f"{request.path}?{query.urlencode()}" if query else request.path
