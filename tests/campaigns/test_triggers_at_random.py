"""Random histories, and each question asked once more in plain Python: both and the explanation agree."""

import random
from statistics import median

import pytest

from campaigns import triggers
from tests.campaigns.triggering import ever, holds, occurrences
from tests.make import DAY, HOUR, MINUTE, NOON, make_contact
from touchpoints.models import Order, Touchpoint

pytestmark = pytest.mark.django_db
PAUSE = 30 * MINUTE
PEOPLE, SPAN = 12, 40 * DAY
KINDS = ("confirmed", "visited", "visited", "visited", "ordered", "basket", "joined")
PATHS = ("/records/1", "/records/2", "/about")


def live(contact, choose):
    """A random history of one contact, with moments that meet the boundaries."""
    moments = [NOON - SPAN + choose.randrange(40 * 24) * HOUR for _ in range(choose.randrange(20))]
    soon = [at + choose.choice((10, 29, 30, 31)) * MINUTE for at in moments if choose.random() < 0.5]
    for number, at in enumerate(moments + soon):
        kind = choose.choice(KINDS)
        told = {"path": choose.choice(PATHS), "items": choose.choice((0, 1, 1))}
        is_history, key = choose.random() < 0.2, f"{contact.pk}-{number}"
        if kind == "ordered":
            Order.objects.create(
                contact=contact, at=at, amount=10, source="r", external_id=key, is_history=is_history
            )
        yield Touchpoint(
            contact=contact,
            kind=kind,
            at=at,
            source="r",
            external_id=f"order:{key}" if kind == "ordered" else key,
            data=told,
            is_history=is_history,
        )


class Life:
    """What happened to one contact, in order, up to a moment."""

    def __init__(self, touchpoints, at):
        self.all = sorted((t for t in touchpoints if t.at <= at), key=lambda t: (t.at, t.pk))

    def of(self, *kinds, live=False):
        return [t for t in self.all if t.kind in kinds and not (live and t.is_history)]

    def between(self, kind, after, until, *, including=False):
        return [t for t in self.of(kind) if (after <= t.at if including else after < t.at) and t.at <= until]

    def next_of(self, touchpoint):
        same = self.of(touchpoint.kind)
        return same[same.index(touchpoint) + 1 :]


# The same questions once more; each yields the moments at which it occurs ----------------------------------


def visits_after(life, p, is_asked_for):
    pages = life.of("visited")
    begins = [t for n, t in enumerate(pages) if n == 0 or t.at - pages[n - 1].at > PAUSE]
    for start in life.of(p["start"], live=True):
        end = start.at + p["days"] * DAY
        if is_asked_for(len([t for t in begins if start.at < t.at <= end])):
            yield end


def few_visits(life, p):
    return visits_after(life, p, lambda count: count < p["visits"])


def many_visits(life, p):
    return visits_after(life, p, lambda count: count >= p["visits"])


def no_visit(life, p):
    for page in life.of("visited"):
        end = page.at + p["days"] * DAY
        if not [t for t in life.next_of(page) if t.at <= end]:
            yield end


def no_order(life, p):
    orders = life.of("ordered")
    pauses = [b.at - a.at for a, b in zip(orders, orders[1:], strict=False)]
    for number, order in enumerate(orders):
        wait = p["days"] * DAY
        if p["rhythm"] and number >= 2:
            wait = max(7 * DAY, p["rhythm"] * median(pauses[:number]))
        if not [t for t in life.next_of(order) if t.at <= order.at + wait]:
            yield order.at + wait


def abandoned_basket(life, p):
    for basket in life.of("basket", live=True):
        end = basket.at + p["hours"] * HOUR
        changed = [t for t in life.next_of(basket) if t.at <= end]
        if (
            basket.data["items"]
            and not changed
            and not life.between("ordered", basket.at, end, including=True)
        ):
            yield end


def abandoned_browse(life, p):
    sessions = []
    for page in life.of("visited", live=True):
        if sessions and page.at - sessions[-1][-1].at <= PAUSE:
            sessions[-1].append(page)
        else:
            sessions.append([page])
    for session in sessions:
        end = session[-1].at + p["hours"] * HOUR
        seen = [t for t in session if t.data["path"].startswith("/records/")]
        done = life.between(p["without"], session[0].at, end, including=True)
        if len(seen) >= p["at_least"] and not done:
            yield end


def ordered(life, p):
    for number, order in enumerate(life.of("ordered"), 1):
        if not order.is_history and p["number"] in (None, number):
            yield order.at


QUESTIONS = [
    ("few_visits", {"visits": 2, "days": 5, "start": "confirmed"}, few_visits),
    ("few_visits", {"visits": 1, "days": 9, "start": "joined"}, few_visits),
    ("many_visits", {"visits": 2, "days": 12, "start": "confirmed"}, many_visits),
    ("no_visit", {"days": 4}, no_visit),
    ("no_order", {"days": 6, "rhythm": None}, no_order),
    ("no_order", {"days": 9, "rhythm": 1.5}, no_order),
    ("abandoned_basket", {"hours": 24}, abandoned_basket),
    (
        "abandoned_browse",
        {"pages": ["/records/*"], "hours": 24, "at_least": 1, "without": "ordered"},
        abandoned_browse,
    ),
    (
        "abandoned_browse",
        {"pages": ["/records/*"], "hours": 24, "at_least": 2, "without": "joined"},
        abandoned_browse,
    ),
    ("ordered", {"number": None}, ordered),
    ("ordered", {"number": 2}, ordered),
]


def make_lives(seed):
    """{contact: touchpoints} of a dozen people."""
    choose = random.Random(seed)
    people = [make_contact() for _ in range(PEOPLE)]
    histories = {contact: list(live(contact, choose)) for contact in people}
    for touchpoints in histories.values():
        Touchpoint.objects.bulk_create(touchpoints)
    return histories


@pytest.fixture(params=range(3))
def lives(request):
    return make_lives(request.param)


def test_query_model_and_explanation_agree(lives):
    for key, parameters, model in QUESTIONS:
        for at in (NOON - 21 * DAY, NOON - 7 * DAY - 30 * MINUTE, NOON):
            expected = {
                (contact.pk, moment)
                for contact, told in lives.items()
                for moment in model(Life(told, at), parameters)
                if moment <= at
            }
            found = {(pk, moment) for pk, _key, moment in occurrences(key, at, NOON - 365 * DAY, parameters)}
            assert found == expected, (key, parameters, at)
            for contact in lives:
                said = holds(key, contact, at, parameters)
                assert said == ever(key, contact, at, parameters), (key, contact, at)


def test_a_later_look_finds_what_an_earlier_one_found(lives):
    for key, parameters, _model in QUESTIONS:
        whole = occurrences(key, NOON, NOON - 365 * DAY, parameters)
        assert len({(pk, name) for pk, name, _at in whole}) == len(whole), key
        for at in (NOON - 20 * DAY, NOON - 9 * DAY - HOUR):
            early = occurrences(key, at, NOON - 365 * DAY, parameters)
            assert early == [row for row in whole if row[2] <= at], (key, at)


def test_a_window_finds_its_part_of_the_whole_for_all_and_for_some(lives):
    some = [contact.pk for contact in lives][:5]
    for key, parameters, _model in QUESTIONS:
        whole = occurrences(key, NOON, NOON - 365 * DAY, parameters)
        since = NOON - 15 * DAY
        assert occurrences(key, NOON, since, parameters) == [row for row in whole if row[2] > since], key
        found = occurrences(key, NOON, since, parameters, some)
        assert found == [row for row in whole if row[2] > since and row[0] in some], key


def test_random_lives_answer_every_question_with_yes_and_with_no():
    """Else the others would show nothing."""
    for seed in range(3):
        make_lives(seed)

    for key, parameters, _model in QUESTIONS:
        found = {pk for pk, _key, _at in occurrences(key, NOON, NOON - 365 * DAY, parameters)}
        assert 0 < len(found) < 3 * PEOPLE, (key, parameters)


def test_every_trigger_has_words_and_a_form_that_takes_what_holds_by_itself():
    for trigger in triggers.registered():
        form = trigger.form_class(
            {name: value for name, value in trigger.values_of({}).items() if value is not None}
        )

        assert form.is_valid(), (trigger.key, form.errors)
        assert trigger.words({}) == trigger.words(form.cleaned_data)
