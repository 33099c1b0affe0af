"""How answers dwindle, with a decay put in on purpose."""

import pytest

from campaigns.decay import Curve, Point, chart, curves
from campaigns.models import Delivery, Response
from contacts.models import Contact
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_consent,
    make_contact,
    make_delivery,
    make_rule,
)

PEOPLE, MESSAGES, EVERY = 120, 8, 14
AT = NOON + 400 * DAY


@pytest.fixture
def rule(db):
    return make_rule(outcome="order", outcome_within=7 * DAY)


def send_series(rule, share):
    """A message a fortnight to each from the day they came; `share(number)` of them follow a link."""
    people = Contact.objects.bulk_create(
        [Contact(email=f"p{n}@example.com", first_name="P", created_at=NOON) for n in range(PEOPLE)]
    )
    sample = make_delivery(rule, people[0])
    fields = {
        f.attname: getattr(sample, f.attname) for f in Delivery._meta.fields if f.name not in ("id", "uuid")
    }
    sample.delete()
    made = [
        Delivery(**fields | {"contact_id": person.pk, "occurrence_key": f"{person.pk}:{n}", "status": "sent",
                             "sending_at": NOON + n * EVERY * DAY, "finished_at": NOON})
        for n in range(MESSAGES) for person in people
    ]  # fmt: skip
    Delivery.objects.bulk_create(made)
    followed = [
        Response(delivery=made[n * PEOPLE + k], kind="clicked", at=made[n * PEOPLE + k].sending_at + HOUR)
        for n in range(MESSAGES) for k in range(round(PEOPLE * share(n)))
    ]  # fmt: skip
    Response.objects.bulk_create(followed)
    return made


def test_a_decay_is_found_by_message_and_by_age(rule):
    send_series(rule, lambda number: 0.6 * 0.5 ** (number / 2))

    age, nth = curves(AT, rule=rule)

    assert nth.half_life == pytest.approx(2, rel=0.15)
    assert age.half_life == pytest.approx(2 * EVERY, rel=0.3)
    assert nth.words == "Half as many answer after 2 messages more: 60 % at first, 5 % at last."
    assert nth.advice == "After 2 messages, leave twice the time before the next, or say something else."
    assert "Write half as often to those who have been here for" in age.advice
    assert [point.sent for point in nth.points] == [PEOPLE] * MESSAGES


def test_where_there_is_none_none_is_told(rule):
    send_series(rule, lambda number: 0.3 + 0.02 * (number % 2))

    for curve in curves(AT, rule=rule):
        assert (curve.half_life, curve.advice) == (None, "")
        assert curve.words.startswith("Hardly any decay")


def test_the_age_is_counted_from_the_first_yes(rule):
    person = make_contact(created_at=NOON + 50 * DAY)
    for at in (NOON - 40 * DAY, NOON - 10 * DAY):
        make_consent(person, at=at)
    make_delivery(rule, person, status="sent", sending_at=NOON, finished_at=NOON)

    age, _nth = curves(AT, rule=rule)

    assert [(point.band, point.place) for point in age.points] == [(2, 40)]


def test_what_is_still_within_its_span_what_machines_did_and_what_serves_count_for_nothing(rule):
    sent = {"status": "sent", "sending_at": AT - 8 * DAY, "finished_at": NOON}
    young = make_delivery(rule, **sent | {"sending_at": AT - 6 * DAY})
    by_machine, by_person = make_delivery(rule, **sent), make_delivery(rule, **sent)
    make_delivery(rule, **sent | {"rank": 0})
    make_delivery(rule, status="planned")
    for delivery, made_by in ((young, "person"), (by_machine, "scanner"), (by_person, "person")):
        Response.objects.create(delivery=delivery, kind="clicked", at=AT, made_by=made_by)

    _age, nth = curves(AT)

    assert [(point.sent, point.answered) for point in nth.points] == [(2, 1)]


def test_a_campaign_that_has_just_left_is_no_decay(rule):
    send_series(rule, lambda number: 0.4)
    before = curves(AT)
    campaign = make_campaign(outcome="order", outcome_within=7 * DAY)
    for person in Contact.objects.all():
        make_campaign_delivery(campaign, person, status="sent", sending_at=AT - HOUR)

    assert curves(AT) == before
    assert curves(AT + 8 * DAY)[0].points[-1].sent == PEOPLE


@pytest.mark.django_db
def test_what_asks_for_nothing_has_two_days_to_be_answered():
    plain = make_rule(outcome="", outcome_within=HOUR)
    make_delivery(plain, status="sent", sending_at=NOON)

    assert [len(curves(NOON + hours * HOUR)[0].points) for hours in (47, 49)] == [0, 1]


def test_with_few_answers_it_says_so():
    few = Curve("nth", (Point(1, 1, 100, 20), Point(2, 2, 100, 5)))
    once = Curve("nth", (Point(1, 1, 100, 60),))

    assert few.words == "Too early: it takes 30 answers, and there are 25."
    assert once.words.startswith("Everybody has got it once")
    assert few.advice == ""


def test_a_few_people_who_go_up_and_down_are_no_pattern():
    places = (3, 18, 60, 135)
    answered = (44, 29, 16, 29)
    points = [Point(n, p, 100, k) for n, (p, k) in enumerate(zip(places, answered, strict=True))]
    falling = [Point(p.band, p.place, 100, k) for p, k in zip(points, (44, 38, 26, 13), strict=True)]
    assert "Write half as often" in Curve("age", tuple(falling)).advice

    curve = Curve("age", tuple(points))

    assert curve.words.startswith("No clear pattern yet")
    assert curve.advice == ""


def test_points_of_few_messages_do_not_count_and_say_how_many_of_how_many():
    falling = (Point(1, 1, 200, 100), Point(2, 2, 200, 70), Point(3, 3, 200, 50))
    curve = Curve("nth", (*falling, Point(4, 4, 3, 2), Point(5, 5, 29, 0)))

    assert curve.half_life == Curve("nth", falling).half_life is not None
    assert [row[3] for row in curve.rows][-2:] == ["2 of 3", "0 of 29"]
    bands = [value["band"] for value in chart(curve)["data"]["values"]]
    assert bands == ["1 · 200", "2 · 200", "3 · 200"]


def test_two_points_are_no_curve():
    two = Curve("nth", (Point(1, 1, 100, 60), Point(2, 2, 100, 20)))

    assert two.words.startswith("No clear pattern yet: it takes 3 points")
    assert two.advice == ""
