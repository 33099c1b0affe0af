"""What people did after a message, and what those did anyway whose message was held back. All invented.

Of a hundred who got it so many do what it asks for; of a hundred who were held out fewer do. How many more is
what the results should find.
"""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns import feedback
from campaigns.models import Delivery, Response
from contacts.models import Channel
from demo import past, shop
from demo.buyers import SAMPLE
from demo.newcomers import DAY, MINUTE, SECOND, YEAR
from demo.people import chance
from touchpoints import joining, popular
from touchpoints.models import Touchpoint
from touchpoints.recording import record_many

Status, Kind, Kinds = Delivery.Status, Touchpoint.Kind, Response.Kind
WEEK = 7 * DAY


@dataclass(frozen=True)
class Habit:
    """Of a hundred, how many do it when told and anyway, and how many do it by way of the message's link."""

    told: int
    anyway: int
    by_link: int = 80


HABITS = {
    "few_visits": Habit(told=44, anyway=15),
    "many_visits": Habit(told=13, anyway=9),
    "abandoned_browse": Habit(told=26, anyway=19),
}
# Of a hundred who do not do it, so many open the message, and so many follow its link all the same.
OPENS, CLICKS = 46, 11
# Of a hundred who were asked a question, so many answer it.
ANSWERS = 17
# Of a hundred panels so many are followed, and so many clicked away.
FOLLOWED, DISMISSED = 16, 14


def note_top_pages(at):
    """The pages most people saw, as of every week of the year; how many weeks are new."""
    weeks = range(1, YEAR // WEEK)
    return sum(bool(popular.note_top_pages(at - week * WEEK)) for week in weeks)


def write(deliveries, at):
    """Write down what came of these messages, and what came without them; returns the new touchpoints."""
    decided = [each for each in deliveries if each.status in (Status.SENT, Status.HELD_OUT, Status.FAILED)]
    pages, answers, done = Pages(), [], []
    for delivery in decided:
        came_back, acts = of(delivery, pages, at)
        answers += came_back
        done += acts
    past.answer(answers)
    new = record_many(done)
    joining.raise_levels(new)
    write_feedback(decided, at)
    return new


class Pages:
    """The pages of the shop: all records, and those most people saw at a time."""

    def __init__(self):
        self.records, self._tops = [*shop.records()], {}
        self.by_path = {
            past.shop_page(record).removeprefix(settings.PUBLIC_URL): record for record in self.records
        }

    def top(self, at):
        """The records among the top pages of that day."""
        week = at.date().isocalendar()[:2]
        if week not in self._tops:
            tops = popular.top_pages(at, limit=10)
            self._tops[week] = [self.by_path[page.path] for page in tops if page.path in self.by_path]
        return self._tops[week] or self.records


def of(delivery, pages, at):
    """([(delivery, kind, at, data)], [touchpoints]): what came back to one message, and what was done."""
    choose, habit = chance("reaction", delivery.occurrence_key), HABITS[delivery.rule.trigger]
    since, is_sent = delivery.sending_at or delivery.finished_at, delivery.status == Status.SENT
    does = choose.randrange(100) < (habit.told if is_sent else habit.anyway)
    moment = since + min(choose.expovariate(1 / 1.6) * DAY + 20 * MINUTE, 6.5 * DAY)
    clicks = choose.randrange(100) < (habit.by_link if does else CLICKS)
    if moment > at - MINUTE:
        return [], []
    answers = []
    if is_sent and delivery.channel == Channel.EMAIL:
        answers = came_back(delivery, choose, moment, clicks)
    via = delivery if clicks and answers else None
    return answers, [*acts(delivery, pages, choose, moment, does, via)]


def came_back(delivery, choose, moment, clicks):
    opened = (delivery, Kinds.OPENED, moment - 20 * SECOND, {})
    if clicks:
        return [opened, (delivery, Kinds.CLICKED, moment, {"url": past.shop_page()})]
    return [opened] if choose.randrange(100) < OPENS else []


def acts(delivery, pages, choose, moment, does, via):
    """The pages they saw then, and what else they did."""
    if not (does or via):
        return
    seen = Seen(delivery, via)
    yield seen.page(moment + SECOND)
    moment += choose.randint(20, 120) * SECOND
    if not does:
        return
    if delivery.rule.trigger == "few_visits":
        yield seen.page(moment, choose.choice(pages.top(moment)))
    else:
        yield seen.page(moment, is_service=True)
    if delivery.rule.trigger == "many_visits":
        yield joined(delivery, moment + choose.randint(60, 500) * SECOND)


class Seen:
    """The pages of one visit, one after the other; the first by way of the message, if it was that."""

    def __init__(self, delivery, via):
        self.delivery, self.via, self.number = delivery, via, 0

    def page(self, at, record=None, is_service=False):
        url = past.shop_page(record, is_service=is_service)
        title = _("The Listening Club") if is_service else record or _("Records")
        data = {"url": url, "path": url.removeprefix(settings.PUBLIC_URL)}
        data["title"] = f"{title} · Northside Records"
        if self.via and not self.number:
            data["delivery"] = str(self.via.uuid)
        self.number += 1
        key = f"{SAMPLE}:{self.delivery.uuid}:{self.number}"
        return told(Kind.VISITED, self.delivery, at, "web", key, data)


def joined(delivery, at):
    key = f"joined:{delivery.contact_id}:{at.isoformat()}"
    return told(Kind.JOINED, delivery, at, joining.SOURCE, key, {"was": "guest"})


def told(kind, delivery, at, source, key, data):
    return Touchpoint(
        kind=kind,
        contact=delivery.contact,
        at=at,
        source=source,
        external_id=key,
        is_history=True,
        data=data,
    )


def write_feedback(deliveries, at):
    """Answers to the question that some messages ask."""
    asked = [each for each in deliveries if each.status == Status.SENT and each.version.question]
    given = [answer for delivery in asked if (answer := feedback_to(delivery, at))]
    said = record_many(touchpoint for _delivery, touchpoint in given)
    Response.objects.bulk_create(
        Response(delivery=delivery, kind=Kinds.REPLIED, at=touchpoint.at, touchpoint=touchpoint, data={})
        for (delivery, _same), touchpoint in zip(given, said, strict=True)
    )


def feedback_to(delivery, at):
    choose = chance("feedback", delivery.occurrence_key)
    moment = delivery.sending_at + choose.randint(10, 3000) * MINUTE
    if choose.randrange(100) >= ANSWERS or moment > at:
        return None
    score = choose.choices([5, 4, 3, 2, 1], [38, 34, 16, 8, 4])[0]
    data = feedback.answer_data(delivery, score)
    return delivery, told(
        Kind.FEEDBACK, delivery, moment, feedback.SOURCE, f"feedback:{delivery.uuid}:1", data
    )


def write_to_panels(panels):
    """Some are followed, some clicked away; most just stand there."""
    shown = [panel for panel in panels if panel.status == Status.SENT]
    followed, away = [], []
    for panel in shown:
        choose = chance("panel", panel.occurrence_key)
        moment, drawn = panel.sending_at + choose.randint(4, 60) * SECOND, choose.randrange(100)
        if drawn < FOLLOWED:
            followed.append((panel, Kinds.CLICKED, moment, {"url": past.shop_page()}))
        elif drawn < FOLLOWED + DISMISSED:
            away.append(Response(delivery=panel, kind=Kinds.DISMISSED, at=moment))
    past.answer(followed)
    Response.objects.bulk_create(away)
