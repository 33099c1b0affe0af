"""What came back from a contact's address, on their page: how it stands with it, and who said what."""

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import bouncing
from campaigns.models import Notice

SHOWN = 8
# What says something of the address; that a message was taken or opened stands with the message.
TELLING = ["hard", "soft", "policy", "complaint", "deferred", "vacation", "replied", "unsubscribed"]
ICONS = {
    "hard": "mail-x",
    "soft": "undo-2",
    "policy": "circle-slash",
    "complaint": "flag",
    "deferred": "calendar-clock",
    "unsubscribed": "bell-off",
}


@dataclass(frozen=True)
class Line:
    """One thing that came back."""

    title: str
    sub: str
    icon: str


def what_came_back(contact, request, at):
    """The panel; empty when nothing ever came back."""
    if not contact.email:
        return ""
    notices = Notice.objects.filter(address=contact.email, kind__in=TELLING).order_by("-at", "-id")[:SHOWN]
    if not notices:
        return ""
    lines = [line_of(notice) for notice in notices]
    page = {"lines": lines, "standing": standing_words(bouncing.soft_row_of(contact.email))}
    return render_to_string("campaigns/panels/address.html", page, request)


def standing_words(row):
    """How near the address is to being given up."""
    if not row.times:
        return ""
    words = ngettext(
        "%(times)s message came back in a row since %(day)s.",
        "%(times)s messages came back in a row since %(day)s.",
        row.times,
    ) % {"times": row.times, "day": date_format(row.since, "j M Y")}
    limits = {"most": bouncing.SOFT_IN_A_ROW, "days": bouncing.SOFT_FOR.days}
    rule = _("At %(most)s over %(days)s days the address is given up; a message that arrives ends the row.")
    return f"{words} {rule % limits}"


def line_of(notice):
    """`Came back, for good`, `7 Jun 2026 · 550 5.1.1 user unknown`."""
    said = notice.detail or notice.status_code
    doubt = "" if notice.is_trusted else _("not proven, so it changes nothing")
    sub = " · ".join(filter(None, [date_format(notice.at, "j M Y"), doubt, said]))
    return Line(notice.get_kind_display(), sub, ICONS.get(notice.kind, "reply"))
