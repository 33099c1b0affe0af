"""What people and machines do with a message, told at once: in the product a door writes it down before."""

from campaigns import machines
from campaigns.hearing import Done, hear
from campaigns.models import RawResponse, Response


def record_click(delivery, url, *, at, by=machines.PERSON, evidence=None):
    """A link was followed; the same within a minute counts once. The touchpoint; None if no person did."""
    return _hear(delivery, RawResponse.Kind.CLICKED, at, by, evidence, url=url)


def record_trap(delivery, *, at, evidence=None):
    """A link that nobody can see was followed: so were the others, by the same machine."""
    by = machines.Verdict(Response.MadeBy.SCANNER, machines.TRAP)
    _hear(delivery, RawResponse.Kind.TRAP, at, by, evidence)


def record_open(delivery, *, at, by=machines.PERSON, evidence=None):
    """Its picture was fetched, by a person or a machine: it starts nothing. A person's is told once."""
    return _hear(delivery, RawResponse.Kind.OPENED, at, by, evidence)


def _hear(delivery, kind, at, by, evidence, url=""):
    (touchpoint,) = hear([Done(delivery.pk, kind, at, url, by=by, evidence=evidence or {})])
    return touchpoint
