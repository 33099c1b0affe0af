"""Notes that people of ours write about a contact."""

from touchpoints.models import Touchpoint
from touchpoints.recording import record

SOURCE = "user"


def write_note(contact, text, *, key, by, at):
    """Put a note on a contact's timeline; the same key writes it once."""
    return record(
        Touchpoint.Kind.NOTE,
        contact=contact,
        at=at,
        source=SOURCE,
        external_id=f"note:{key}",
        data={"text": text, "by": by.get_full_name() or by.get_username(), "user": by.pk},
    )
