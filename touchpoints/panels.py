"""What this room shows of a contact: on the contact's page, and in a row of the list."""

import uuid

from django.db import connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from contacts.permissions import WRITERS
from crm.ui.shapes import money
from crm.ui.templatetags.ui import component, rhythm
from touchpoints.forms import NoteForm
from touchpoints.models import Totals, Touchpoint
from touchpoints.rhythm import THEIRS, rhythms, year_of
from touchpoints.telling import listed

ORDERS_SHOWN = 20
# Fewer days than this say nothing about a habit.
A_HABIT = 3

# On a contact's page ---------------------------------------------------------------------------------


def revenue(contact, request, at):
    """Revenue, and what it is made of."""
    totals = Totals.objects.filter(contact=contact).first()
    average = totals.revenue / totals.orders if totals and totals.orders else None
    return render_to_string("touchpoints/_revenue.html", {"totals": totals, "average": average})


_SEEN = """
SELECT max(at), (max(at)::date - min(at)::date)::float / nullif(count(DISTINCT at::date) - 1, 0),
       count(DISTINCT at::date)
FROM touchpoints_touchpoint
WHERE contact_id = %s AND kind = ANY(%s) AND at BETWEEN %s - interval '1 year' AND %s
"""


def last_seen(contact, request, at):
    """When they last did anything, and how often they usually do."""
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [contact.pk, THEIRS, at, at])
        seen_at, every, days = cursor.fetchone()
    if seen_at is None:
        older = Touchpoint.objects.of(contact).filter(kind__in=THEIRS, at__lte=at)
        seen_at = older.newest_first().values_list("at", flat=True).first()
    usual = round(every) if days >= A_HABIT else 0
    values = {"seen_at": seen_at, "ago": (at - seen_at).days if seen_at else None, "usual": usual}
    return render_to_string("touchpoints/_last_seen.html", values)


def year_together(contact, request, at):
    """52 weeks: up what they did, down what was sent to them."""
    year = year_of(contact, at)
    return render_to_string(
        "touchpoints/_year.html", {"year": year, "them": sum(year.them), "us": sum(year.us)}
    )


def orders(contact, request, at):
    """Their newest orders with what was on them; empty before the first."""
    newest = contact.orders.order_by("-at", "-id").prefetch_related("lines")[: ORDERS_SHOWN + 1]
    if not newest:
        return ""
    rows = [(order, listed([line.name for line in order.lines.all()])) for order in newest[:ORDERS_SHOWN]]
    values = {"rows": rows, "more": len(newest) > ORDERS_SHOWN, "shown": ORDERS_SHOWN}
    return render_to_string("touchpoints/_orders.html", values, request)


def note_form(contact, request, at):
    """A place to write a note; only for those who may."""
    if getattr(request.user, "role", "") not in WRITERS:
        return ""
    action = reverse("touchpoints:note-create", args=[contact.pk])
    form = NoteForm(initial={"key": uuid.uuid4()}, action=action)
    return render_to_string("touchpoints/_note_form.html", {"form": form}, request)


# In a row of the list --------------------------------------------------------------------------------


def orders_column(contact_ids):
    """How many orders each has."""
    return dict(Totals.objects.filter(contact__in=contact_ids, orders__gt=0).values_list("contact", "orders"))


def revenue_column(contact_ids):
    """What each has brought."""
    bought = Totals.objects.filter(contact__in=contact_ids, orders__gt=0).values_list("contact", "revenue")
    return {pk: money(amount) for pk, amount in bought}


# The newest of each, by one short walk along the timeline's index for each contact of the page.
_LAST = """
SELECT asked.id, last.kind, last.at
FROM unnest(%s::bigint[]) AS asked (id)
CROSS JOIN LATERAL (
    SELECT kind, at FROM touchpoints_touchpoint t
    WHERE t.contact_id = asked.id AND t.kind = ANY(%s) ORDER BY at DESC, id DESC LIMIT 1
) last
"""
# The last word of "12 Nov ordered".
DID = {
    "signed_up": _("signed up"),
    "confirmed": _("confirmed"),
    "visited": _("visited"),
    "ordered": _("ordered"),
    "clicked": _("followed a link"),
    "complained": _("complained"),
    "unsubscribed": _("left a topic"),
    "changed_preferences": _("chose topics"),
    "other": "",
}


def last_column(contact_ids):
    """What each last did, and when."""
    now = timezone.localtime()
    with connection.cursor() as cursor:
        cursor.execute(_LAST, [[*contact_ids], THEIRS])
        found = cursor.fetchall()
    return {
        pk: format_html('{} <span class="faint">{}</span>', short_day(at, now), DID[kind])
        for pk, kind, at in found
    }


def short_day(moment, now):
    """08:12 today, Sun this week, 12 Nov this year, Nov 2024 before."""
    moment = timezone.localtime(moment, now.tzinfo)
    days = (now.date() - moment.date()).days
    if days == 0:
        return date_format(moment, "H:i")
    if 0 < days < 7:
        return date_format(moment, "D")
    return date_format(moment, "j M" if days < 300 else "M Y")


def rhythm_column(contact_ids):
    """The last twelve months of each, drawn."""
    drawn = rhythms([*contact_ids], timezone.now())
    return {pk: component("rhythm", **rhythm(each.them, each.us)) for pk, each in drawn.items()}
