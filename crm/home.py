"""What Today shows: what goes out, what came back, and what waits for a person. Reads only."""

from datetime import datetime, time, timedelta

import pandas as pd
from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.answers import ANSWER_WITHIN
from campaigns.models import Campaign, Delivery, LifecycleRule, Response, SendingSwitch
from contacts.models import Contact
from crm.health import readiness
from segmentation.models import RfmScore
from touchpoints.models import Order, Totals, Touchpoint
from touchpoints.telling import tell

WEEK = timedelta(days=7)
CHART_DAYS = 28
CAME_BACK = [
    Touchpoint.Kind.CONFIRMED,
    Touchpoint.Kind.ORDERED,
    Touchpoint.Kind.FEEDBACK,
    Touchpoint.Kind.REPLIED,
    Touchpoint.Kind.CLICKED,
    Touchpoint.Kind.UNSUBSCRIBED,
    Touchpoint.Kind.CHANGED_PREFERENCES,
]
ANSWERS = [Response.Kind.CLICKED, Response.Kind.REPLIED]
BOARD_KEPT_FOR = 10 * 60


def end_of_day(at, zone):
    """The moment the day of `at` ends in the workspace's zone."""
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, tzinfo=zone)


def figures(at, zone):
    """The week in numbers: due today, sent, answered, outcomes, each beside the week before."""
    this, before = week_figures(at - WEEK, at, at), week_figures(at - 2 * WEEK, at - WEEK, at)
    planned = Delivery.objects.filter(status=Delivery.Status.PLANNED)
    due = planned.filter(due_at__lt=end_of_day(at, zone)).count()
    return {"due": due, "next": planned.order_by("due_at").values_list("due_at", flat=True).first()} | {
        "this": this,
        "before": before,
        "trends": {name: trend(this[name], before[name]) for name in ("sent", "outcomes")},
        "points": points(this["answered_share"], before["answered_share"]),
        "outcome_revenue": outcome_revenue(at - WEEK, at),
    }


def week_figures(since, until, at):
    """What was sent in a span, and how much of it was answered and reached its outcome.

    The share is of what had its time by `at`, answered within it, and outcomes are those reached by the
    end of the span: so every week is counted alike.
    """
    by_people = Response.objects.by_people().filter(delivery=OuterRef("pk"), kind__in=ANSWERS)
    soon = Exists(by_people.filter(at__lte=OuterRef("sending_at") + ANSWER_WITHIN))
    had_time = Q(sending_at__lte=at - ANSWER_WITHIN)
    found = Delivery.objects.filter(
        status=Delivery.Status.SENT, sending_at__gte=since, sending_at__lt=until
    ).aggregate(
        sent=Count("pk"),
        answered=Count("pk", filter=Exists(by_people)),
        outcomes=Count("pk", filter=Q(outcome_at__lte=until)),
        in_time=Count("pk", filter=had_time),
        soon=Count("pk", filter=had_time & soon),
    )
    soon, in_time = found.pop("soon"), found.pop("in_time")
    share = 100 * soon / in_time if in_time else None
    return found | {"answered_share": share, "too_young": found["sent"] - in_time}


def outcome_revenue(since, until):
    """What the orders that were a message's outcome brought."""
    ids = Delivery.objects.filter(
        sending_at__gte=since, sending_at__lt=until, outcome_touchpoint__kind=Touchpoint.Kind.ORDERED
    ).values_list("outcome_touchpoint__data__order_id", flat=True)
    return Order.objects.filter(pk__in=[pk for pk in ids if pk]).aggregate(sum=Sum("amount"))["sum"] or 0


def trend(now, before):
    """How a number moved: {"text", "direction", "meaning"}; empty while there is nothing to compare."""
    if not before:
        return {}
    change = round(100 * (now - before) / before)
    return moved(change, f"{abs(change)} %")


def points(now, before):
    """How a share moved, in percentage points."""
    if now is None or before is None:
        return {}
    change = round(now - before, 1)
    return moved(change, _("%(n)s points") % {"n": f"{abs(change):.1f}"})


def moved(change, text):
    direction = "up" if change > 0 else "down" if change < 0 else "flat"
    meaning = {"up": "good", "down": "bad", "flat": "flat"}[direction]
    return {"text": text, "direction": direction, "meaning": meaning}


def days(at, zone):
    """Sent and answered for each of the last days: a frame with the columns day, sent, answered."""
    since = at - timedelta(days=CHART_DAYS - 1)
    answered = Response.objects.by_people().filter(delivery=OuterRef("pk"), kind__in=ANSWERS)
    rows = (
        Delivery.objects.filter(status=Delivery.Status.SENT, sending_at__gte=since, sending_at__lte=at)
        .annotate(day=TruncDate("sending_at", tzinfo=zone))
        .values("day")
        .annotate(sent=Count("pk"), answered=Count("pk", filter=Exists(answered)))
    )
    frame = pd.DataFrame.from_records(list(rows), columns=["day", "sent", "answered"]).set_index("day")
    span = pd.date_range(since.astimezone(zone).date(), at.astimezone(zone).date()).date
    return frame.reindex(span, fill_value=0).astype(int).rename_axis("day").reset_index()


def chart(frame):
    """Sent as outlined bars, answered as filled ones before them."""
    values = [{"day": str(row.day), "sent": row.sent, "answered": row.answered} for row in frame.itertuples()]
    x = {
        "field": "day",
        "type": "temporal",
        "timeUnit": "yearmonthdate",
        "axis": {"format": "%-d %b", "title": None, "tickCount": 5},
    }
    bars = [("sent", "var(--canvas)", "var(--quiet)"), ("answered", "var(--voice-them)", None)]
    return {
        "height": 180,
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "bar", "color": fill, "width": {"band": 0.72}}
                | ({"stroke": line} if line else {}),
                "encoding": {"x": x, "y": {"field": name, "type": "quantitative", "title": None}},
            }
            for name, fill, line in bars
        ],
    }


def came_back(at, limit=6):
    """The newest things people did in the last two weeks: [(contact, entry of a timeline)]."""
    newest = list(
        Touchpoint.objects.filter(kind__in=CAME_BACK, contact__isnull=False, at__gt=at - 2 * WEEK, at__lte=at)
        .select_related("contact")
        .newest_first()[:limit]
    )
    return [(found.contact, entry) for found, entry in zip(newest, tell(newest), strict=True)]


def going_out_next():
    """Planned messages by rule, and reminders by themselves: [(words, figure)]."""
    planned = Delivery.objects.filter(status=Delivery.Status.PLANNED)
    rows = (
        planned.filter(reminder_number=0, rule__isnull=False).values_list("rule__name").annotate(Count("pk"))
    )
    found = list(rows.order_by("rule__position", "rule__name"))
    once = planned.filter(campaign__isnull=False).values_list("campaign__name").annotate(Count("pk"))
    found += once.order_by("campaign")
    if reminders := planned.filter(reminder_number__gt=0).count():
        found.append((_("Reminders"), reminders))
    return [(words, number_format(count, force_grouping=True)) for words, count in found]


def waiting_for_the_morning():
    """How many planned messages wait for quiet hours to end."""
    return Delivery.objects.filter(status=Delivery.Status.PLANNED, reason=Delivery.Reason.QUIET).count()


def needs_you(at):
    """What only a person can settle: [{"title", "detail", "icon", "tone", "href"}]."""
    found = [held(), pilot(), broken(), waiting_for_a_yes(), parked(), failed(at), drafts(), *trouble(at)]
    return [item for item in found if item]


def held():
    switch = SendingSwitch.load()
    if not switch.held:
        return None
    detail = switch.reason or _("Nothing leaves until someone switches it on again.")
    return attention(_("All sending is held"), detail, "circle-pause", "warn", reverse("settings"))


def pilot():
    if not SendingSwitch.load().pilot:
        return None
    detail = _("Nobody outside the pilot group receives anything.")
    return attention(_("Pilot mode is on"), detail, "flask-conical", "warn", reverse("settings-pilot"))


def broken():
    """The newest campaign that has paused itself."""
    by_itself = Campaign.objects.filter(status=Campaign.Status.PAUSED).exclude(pause=Campaign.Pause.PERSON)
    found = by_itself.newest_first().first()
    if not found:
        return None
    title = _("“%(name)s” paused itself") % {"name": found}
    return attention(title, found.pause_detail, "circle-pause", "bad", found.get_absolute_url())


def waiting_for_a_yes():
    found = Campaign.objects.filter(status=Campaign.Status.WAITING).newest_first().first()
    if not found:
        return None
    title = _("“%(name)s” waits for a second yes") % {"name": found}
    detail = _("It goes to more people than one may start alone.")
    return attention(title, detail, "circle-check", "accent", found.get_absolute_url())


def parked():
    count = Delivery.objects.filter(status=Delivery.Status.PARKED).count()
    if not count:
        return None
    title = ngettext("%(n)s message parked", "%(n)s messages parked", count) % {"n": count}
    detail = _("The mail server never said whether they arrived. Send again, or mark as sent.")
    return attention(
        title, detail, "circle-pause", "warn", reverse("campaigns:delivery-list") + "?state=parked"
    )


def failed(at):
    count = Delivery.objects.filter(status=Delivery.Status.FAILED, finished_at__gte=at - WEEK).count()
    if not count:
        return None
    title = ngettext("%(n)s message failed this week", "%(n)s messages failed this week", count) % {
        "n": count
    }
    detail = _("Each says what went wrong.")
    return attention(title, detail, "circle-x", "warn", reverse("campaigns:delivery-list") + "?state=failed")


def drafts():
    count = LifecycleRule.objects.filter(status=LifecycleRule.Status.DRAFT).count()
    if not count:
        return None
    title = ngettext("%(n)s rule not switched on", "%(n)s rules not switched on", count) % {"n": count}
    detail = _("Read its message, see whom it would reach, then switch it on.")
    return attention(title, detail, "file-pen-line", "accent", reverse("campaigns:rule-list"))


TROUBLE = {
    "broker": _("The queue does not answer. Messages still leave, a little later."),
    "beat": _("The clock has not ticked for two minutes: is beat running?"),
    "sweep": _("No worker has swept for two minutes: is a worker running?"),
    "oldest_due": _("Some messages have been due for over ten minutes."),
}


def trouble(at):
    """What the health check finds wrong, in words."""
    for name, check in readiness(at).items():
        if not check["ok"]:
            yield attention(
                _("Something is stuck"), TROUBLE.get(name, check["found"]), "triangle-alert", "bad", ""
            )


def attention(title, detail, icon, tone, href):
    return {"title": title, "detail": detail, "icon": icon, "tone": tone, "href": href}


def board(at):
    """Identify, differentiate, interact, customise: how far each has come. Kept for some minutes."""
    return cache.get_or_set("home:board", lambda: count_board(at), BOARD_KEPT_FOR)


def count_board(at):
    """The four steps of Peppers and Rogers: {"contacts": int, "steps": [(name, whole percentage, words)]}."""
    quarter = at - timedelta(days=90)
    contacts = Contact.objects.present().count()
    visits = Touchpoint.objects.filter(kind=Touchpoint.Kind.VISITED, at__gte=quarter).aggregate(
        all=Count("pk"), known=Count("pk", filter=Q(contact__isnull=False))
    )
    lately = Q(last_order_at__gte=quarter) | Q(last_visit_at__gte=quarter) | Q(last_response_at__gte=quarter)
    # A campaign says the same to all; a row answers what someone did.
    written = Delivery.objects.filter(
        status=Delivery.Status.SENT, sending_at__gte=quarter, rule__isnull=False
    )
    steps = [
        (
            _("Identified"),
            share(visits["known"], visits["all"]),
            _("of visits in 90 days are by someone known"),
        ),
        (_("Differentiated"), share(RfmScore.objects.count(), contacts), _("have an RFM cell")),
        (
            _("In dialogue"),
            share(Totals.objects.filter(lately).count(), contacts),
            _("ordered, visited or answered in 90 days"),
        ),
        (
            _("Customised"),
            share(written.values("contact").distinct().count(), contacts),
            _("had a message about what they did in 90 days"),
        ),
    ]
    return {"contacts": contacts, "steps": steps}


def share(part, whole):
    """A whole percentage; None when there is nothing to divide."""
    return round(100 * part / whole) if whole else None
