"""What a message asks for, as something that can be measured: a touchpoint of a kind, soon after sending."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from touchpoints.models import Touchpoint

_outcomes = {}


@dataclass(frozen=True)
class Outcome:
    """Reached by the first touchpoint of `kind` after sending, within the span of its rule or campaign."""

    key: str
    label: str | Promise
    kind: str


def register(outcome):
    """Add an outcome; the same key replaces."""
    _outcomes[outcome.key] = outcome
    return outcome


def get(key):
    """The outcome of that key, or None."""
    return _outcomes.get(key)


def registered():
    """All outcomes, in the order of their registration."""
    return list(_outcomes.values())


def choices():
    """(key, label) of every outcome, for a form."""
    return [(outcome.key, outcome.label) for outcome in registered()]


register(Outcome("first_visit", _("Visits the shop"), Touchpoint.Kind.VISITED))
register(Outcome("order", _("Orders something"), Touchpoint.Kind.ORDERED))


def kinds_sql(outcome="r.outcome"):
    """An expression: the kind of touchpoint that an outcome waits for; null for none."""
    cases = "".join(f"WHEN '{outcome.key}' THEN '{outcome.kind.value}' " for outcome in registered())
    return f"CASE {outcome} {cases}END"
