"""Every state a delivery can be in, and the few others that wear the same badge: its word, icon and tone."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class State(NamedTuple):
    """How a state looks. The tone is a class of `status.css`; the word is always beside the icon."""

    label: str | Promise
    icon: str


DELIVERY_STATES = {
    "planned": State(_("Planned"), "calendar-clock"),
    "claimed": State(_("Claimed"), "hand-grab"),
    "sending": State(_("Sending"), "send"),
    "sent": State(_("Sent"), "circle-check"),
    "unknown": State(_("Unknown"), "circle-question-mark"),
    "parked": State(_("Parked"), "circle-pause"),
    "skipped": State(_("Skipped"), "circle-slash"),
    "held_out": State(_("Held out"), "flask-conical"),
    "failed": State(_("Failed"), "circle-x"),
    "cancelled": State(_("Cancelled"), "ban"),
    "expired": State(_("Expired"), "hourglass"),
    "merged": State(_("Merged"), "merge"),
    "erased": State(_("Erased"), "eraser"),
}

OTHER_STATES = {
    "outcome": State(_("Outcome reached"), "target"),
    "on": State(_("On"), "circle-play"),
    "paused": State(_("Paused"), "circle-pause"),
    "off": State(_("Off"), "circle-off"),
    "yes": State(_("Yes"), "check"),
    "no": State(_("No"), "x"),
    "balanced": State(_("Balanced"), "scale"),
    "unbalanced": State(_("Not balanced"), "scale"),
}

STATES = DELIVERY_STATES | OTHER_STATES
