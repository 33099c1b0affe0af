"""Becoming a full member is a touchpoint, whichever door it comes by, and makes a full member of a guest."""

from contacts.models import Contact
from touchpoints.models import Touchpoint
from touchpoints.recording import record

SOURCE = "level"


def tell(contact, was, at):
    """Record that a contact became a full member; a guest again is nothing that happened with them."""
    if contact.level != Contact.Level.FULL:
        return
    record(
        Touchpoint.Kind.JOINED,
        contact=contact,
        at=at,
        source=SOURCE,
        external_id=f"joined:{contact.pk}:{at.isoformat()}",
        data={"was": was},
    )


def raise_levels(touchpoints):
    """Whoever another system tells to have joined is a full member from then on."""
    joined = {t.contact_id for t in touchpoints if t.kind == Touchpoint.Kind.JOINED}
    guests = Contact.objects.filter(pk__in=joined, level=Contact.Level.GUEST)
    # They are told already: the touchpoint is what happened.
    guests.update(level=Contact.Level.FULL)
