"""What rooms above add to a row of the contact list: asked once for a whole page, never per row."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of the list. `values(contact_ids)` gives {contact id: text or markup} in one query.

    `num` sets figures to the right; `hide` is sm, md or lg: on screens so small the column is left out.
    """

    name: str
    label: str
    order: int
    values: Callable
    num: bool = False
    hide: str = ""


_columns: dict[str, Column] = {}
_warmth: list[Callable] = []


def register(name, label, *, order, values, num=False, hide=""):
    """Add a column; the same name replaces."""
    _columns[name] = Column(name, label, order, values, num, hide)


def register_warmth(values):
    """Say how warm a contact's avatar is: `values(contact_ids)` gives {contact id: 1 to 6}."""
    _warmth[:] = [values]


def all_columns():
    """Every column, from left to right."""
    return sorted(_columns.values(), key=lambda column: column.order)


def warmth_of(contact_ids):
    """{contact id: 1 to 6}; contacts without an order are missing."""
    return _warmth[0](contact_ids) if _warmth else {}
