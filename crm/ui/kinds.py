"""The kinds of entry a timeline shows: whose voice each one is, and its icon."""

from typing import NamedTuple


class Kind(NamedTuple):
    """`voice` is them, us, next (planned) or not (did not happen, or only a remark)."""

    voice: str
    icon: str


KINDS = {
    "order": Kind("them", "shopping-bag"),
    "return": Kind("them", "undo-2"),
    "visit": Kind("them", "eye"),
    "click": Kind("them", "mouse-pointer-click"),
    "open": Kind("them", "mail-open"),
    "reply": Kind("them", "reply"),
    "call_in": Kind("them", "phone-incoming"),
    "feedback": Kind("them", "message-square-heart"),
    "basket": Kind("them", "shopping-basket"),
    "posted": Kind("them", "messages-square"),
    "joined": Kind("them", "user-plus"),
    "signup": Kind("them", "user-plus"),
    "confirmed": Kind("them", "user-check"),
    "consent": Kind("them", "shield-check"),
    "withdrawn": Kind("them", "bell-off"),
    "complaint": Kind("them", "flag"),
    "bounce": Kind("not", "mail-x"),
    "email": Kind("us", "mail"),
    "call_out": Kind("us", "phone-outgoing"),
    "letter": Kind("us", "file-text"),
    "panel": Kind("us", "panel-top"),
    "chosen": Kind("us", "hand"),
    "note": Kind("us", "sticky-note"),
    "reminder": Kind("us", "repeat-2"),
    "planned": Kind("next", "calendar-clock"),
    "not_sent": Kind("not", "circle-slash"),
    "cell": Kind("not", "grid-3x3"),
    "merge": Kind("not", "git-merge"),
    "other": Kind("them", "circle-dot"),
}
