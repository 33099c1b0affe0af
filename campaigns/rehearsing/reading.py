"""A kept rehearsal for the eye: its days drawn, its numbers in words, its people with what each would get."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import content, previewing, rendering
from campaigns.models import Delivery, Step
from campaigns.rehearsing.counting import COLUMNS, DAY_NAMES
from contacts.models import Contact
from touchpoints.models import Touchpoint

DAY_LABELS = {
    "day": gettext_lazy("Day"),
    "planned": gettext_lazy("Planned"),
    "waited": gettext_lazy("Put off"),
    "sent": gettext_lazy("Sent"),
    "held_out": gettext_lazy("Held out"),
    "skipped": gettext_lazy("Not sent"),
    "cancelled": gettext_lazy("Cancelled"),
    "expired": gettext_lazy("Expired"),
    "waiting": gettext_lazy("Still waiting"),
}
# What is drawn, from the bottom up.
DRAWN = (
    ("sent", "accent"),
    ("held_out", "apricot"),
    ("skipped", "line-strong"),
)
SHOWN = 25
# As many days have room for a mark each.
EACH_DAY = 7


@dataclass
class Row:
    """What one person would have got, or why not."""

    number: int
    contact: Contact | None
    step: Step | None
    variant: str
    touchpoint: int | None
    status: str
    reason: str
    detail: str
    occurred_at: datetime
    due_at: datetime
    at: datetime
    waits: int
    waited_for: str
    channel: str

    @property
    def why(self):
        """Why it waited or was not sent, in words."""
        reason = Delivery.Reason(self.reason).label if self.reason else ""
        return " – ".join(str(part) for part in (reason, self.detail) if part)

    @property
    def waited_words(self):
        """Why it went later than it was due; empty when it did not."""
        return str(Delivery.Reason(self.waited_for).label) if self.waits and self.waited_for else ""


def sums(rehearsal):
    """{name: how many} of all days together."""
    days = rehearsal.result["days"]
    return {name: sum(day[name] for day in days) for name in DAY_NAMES if name != "day"}


def day_table(rehearsal):
    """(heads, rows) of the numbers of each day."""
    rows = [[day[name] for name in DAY_NAMES] for day in rehearsal.result["days"]]
    return [str(DAY_LABELS[name]) for name in DAY_NAMES], rows


def drawing(rehearsal):
    """What left, was held out and was not sent on each day, on top of each other."""
    values = [
        {"day": day["day"], "what": name, "order": order, "count": day[name]}
        for day in rehearsal.result["days"]
        for order, (name, _colour) in enumerate(DRAWN)
    ]
    # Of few days each has one mark below it: more would name a day twice.
    ticks = {"interval": "day", "step": 1} if len(rehearsal.result["days"]) <= EACH_DAY else 6
    x = {
        "field": "day",
        "type": "temporal",
        "timeUnit": "yearmonthdate",
        "axis": {"format": "%-d %b", "title": None, "tickCount": ticks},
    }
    colour = {
        "field": "what",
        "scale": {
            "domain": [name for name, _fill in DRAWN],
            "range": [f"var(--{fill})" for _name, fill in DRAWN],
        },
        "legend": None,
    }
    y = {"field": "count", "type": "quantitative", "title": None, "stack": "zero"}
    y["axis"] = {"tickMinStep": 1}
    encoding = {"x": x, "y": y, "color": colour, "order": {"field": "order"}}
    mark = {"type": "bar", "width": {"band": 0.72}}
    return {"height": 200, "data": {"values": values}, "mark": mark, "encoding": encoding}


def reasons(rehearsal):
    """(state, why, how many) of what did not simply leave, and of what left later."""
    found = [
        (Delivery.Status(status), Delivery.Reason(reason).label if reason else "", count)
        for status, reason, count in rehearsal.result["reasons"]
        if status != Delivery.Status.SENT
    ]
    return found, [(Delivery.Reason(reason).label, count) for reason, count in rehearsal.result["waits"]]


def steps(rehearsal):
    """(step, planned, sent) of each step of a row."""
    known = Step.everything.select_related("follows").in_bulk([row[0] for row in rehearsal.result["steps"]])
    return [(known[pk], planned, sent) for pk, planned, sent in rehearsal.result["steps"] if pk in known]


def chosen(rehearsal, state=""):
    """The kept rows, numbered, or those in one state."""
    rows = [*enumerate(rehearsal.result["contacts"])]
    place = COLUMNS.index("status")
    return [(number, row) for number, row in rows if not state or row[place] == state]


def people(rows):
    """Rows as they are shown, with their contacts and steps."""
    told = [(number, dict(zip(COLUMNS, row, strict=True))) for number, row in rows]
    contacts = Contact.objects.in_bulk({row["contact"] for _number, row in told})
    known = Step.everything.in_bulk({row["step"] for _number, row in told if row["step"]})
    return [_row(number, row, contacts, known) for number, row in told]


def _row(number, row, contacts, known):
    moments = {name: parse_datetime(row[name]) for name in ("occurred_at", "due_at", "at")}
    person, step = contacts.get(row["contact"]), known.get(row["step"])
    return Row(number=number, **(row | moments | {"contact": person, "step": step}))


def message(rehearsal, row):
    """What that person would have read, with the words as they are now.

    Raises content.CannotFreeze or rendering.RenderError.
    """
    program = rehearsal.program
    touchpoint = Touchpoint.objects.filter(pk=row.touchpoint).first() if row.touchpoint else None
    version = _version(program, row)
    delivery = Delivery(
        rule=rehearsal.rule,
        campaign=rehearsal.campaign,
        contact=row.contact,
        touchpoint=touchpoint,
        topic=program.topic,
        sender=program.sender,
        version=version,
        rank=program.rank,
        occurred_at=row.occurred_at,
        due_at=row.due_at,
    )
    values = rendering.gather([delivery])[delivery.pk]
    is_sample = touchpoint is None and rehearsal.rule_id is not None
    shown = previewing.with_samples(values, is_sample=is_sample)
    return previewing.Preview(*rendering.show(version, shown), is_sample=is_sample)


def _version(program, row):
    if row.step is None:
        return program.version or content.compiled(program.content)
    return content.compiled(row.step.content_b if row.variant == "b" else row.step.content)


def load_words(rehearsal):
    """(what, how many) of the busiest hour and day, and of what the sender may send."""
    load = rehearsal.result["load"]
    for unit, words in (("busiest_hour", _("The busiest hour")), ("busiest_day", _("The busiest day"))):
        if load[unit]:
            when, mine, everything = load[unit]
            moment = parse_datetime(when)
            said = date_format(moment, "j M Y, H:i" if unit == "busiest_hour" else "j M Y")
            told = {"all": _n(everything), "mine": _n(mine), "when": said}
            yield words, _("%(all)s messages, %(mine)s of them these: %(when)s") % told
    pace = load["per_minute"]
    may = _("%(n)s an hour") % {"n": _n(pace * 60)} if pace else _("as fast as the other side takes them")
    yield _("The sender may send"), may


def hours(rehearsal):
    """(hour, these, all, share of the busiest in per cent) for each hour of the day."""
    found = {hour: (mine, everything) for hour, mine, everything in rehearsal.result["load"]["hours"]}
    most = max((everything for _mine, everything in found.values()), default=0) or 1
    return [
        (f"{hour:02}", mine, everything, round(100 * everything / most))
        for hour in range(24)
        for mine, everything in [found.get(hour, (0, 0))]
    ]


def as_table(rehearsal):
    """The kept rows with their heads, for a file."""
    yield [
        _("contact"),
        _("name"),
        _("e-mail"),
        _("message"),
        _("state"),
        _("why"),
        _("due"),
        _("at"),
        _("put off"),
    ]
    rows = chosen(rehearsal)
    for start in range(0, len(rows), 500):
        for row in people(rows[start : start + 500]):
            named = [row.contact, row.contact.email] if row.contact else ["", ""]
            status = Delivery.Status(row.status).label
            moments = [row.due_at.isoformat(), row.at.isoformat() if row.at else ""]
            step = row.step.label if row.step else ""
            yield [row.contact and row.contact.pk, *named, step, status, row.why, *moments, row.waited_words]


def _n(number):
    return number_format(number, force_grouping=True)
