"""Outcomes: what each asks of a touchpoint, with its settings; and how many did what is only counted."""

import pytest

from campaigns import outcomes
from campaigns.models import Delivery
from campaigns.outcomes import Counted
from campaigns.responding import note_outcomes
from tests.make import DAY, HOUR, NOON, make_contact, make_delivery, make_rule, make_touchpoint
from touchpoints import popular

pytestmark = pytest.mark.django_db


def reached(contact, outcome, parameters=None, **rule):
    """Whether the outcome of a message sent yesterday is noted by now."""
    rule = make_rule(
        name=f"{outcome} {parameters}", outcome=outcome, outcome_parameters=parameters or {}, **rule
    )
    delivery = make_delivery(rule, contact, status="sent", sending_at=NOON - DAY)
    note_outcomes(NOON)
    return Delivery.objects.get(pk=delivery.pk).outcome_at is not None


@pytest.mark.parametrize(
    ("outcome", "parameters", "kind", "data", "found"),
    [
        ("first_visit", {}, "visited", {}, True),
        ("first_visit", {}, "ordered", {}, False),
        ("order", {}, "ordered", {}, True),
        ("page", {"pages": ["/club/*"]}, "visited", {"path": "/club/try"}, True),
        ("page", {"pages": ["/club/*", "/about"]}, "visited", {"path": "/about"}, True),
        ("page", {"pages": ["/club/*"]}, "visited", {"path": "/clubs"}, False),
        ("page", {"pages": ["/club/*"]}, "visited", {}, False),
        ("page", {"pages": "/club/*"}, "visited", {"path": "/club/try"}, True),
        ("page", {"pages": {"a": 1}}, "visited", {"path": "/club/try"}, False),
        ("page", {}, "visited", {"path": "/club/try"}, False),
        ("service", {}, "visited", {"path": "/shop/service/"}, True),
        ("service", {"pages": ["/try"]}, "visited", {"path": "/shop/service/"}, False),
        ("forum", {}, "visited", {"path": "/forum/7"}, True),
        ("forum", {}, "posted", {}, True),
        ("forum", {}, "visited", {"path": "/shop/"}, False),
        ("member", {}, "joined", {}, True),
        ("feedback", {}, "feedback", {"answer": "yes"}, True),
        ("reply", {}, "replied", {}, True),
        (
            "touchpoint",
            {"kind": "other", "name": "event", "value": "upgraded"},
            "other",
            {"event": "upgraded"},
            True,
        ),
        (
            "touchpoint",
            {"kind": "other", "name": "event", "value": "upgraded"},
            "other",
            {"event": "left"},
            False,
        ),
        ("touchpoint", {"kind": "other", "name": "event"}, "other", {"event": "left"}, True),
        ("touchpoint", {"kind": "basket"}, "other", {}, False),
        ("no_such", {}, "visited", {}, False),
    ],
)
def test_an_outcome_is_reached_by_what_it_asks_for(ada, outcome, parameters, kind, data, found):
    make_touchpoint(ada, kind, at=NOON - HOUR, data=data)

    assert reached(ada, outcome, parameters) is found


def test_top_content_is_what_most_others_saw_until_that_day(ada, settings):
    settings.CONTENT_PAGES = ["/shop/p/*"]
    for path, people in (("/shop/p/top/", 3), ("/shop/p/second/", 2), ("/shop/p/lonely/", 1), ("/about", 4)):
        for _ in range(people):
            make_touchpoint(make_contact(), "visited", at=NOON - 3 * DAY, data={"path": path})
    popular.note_top_pages(NOON - 2 * DAY)

    found = {}
    for path in ("top", "second", "lonely"):
        contact = make_contact()
        make_touchpoint(contact, "visited", at=NOON - HOUR, data={"path": f"/shop/p/{path}/"})
        found[path] = [reached(contact, "top_content", {"places": places}) for places in (1, 3)]

    assert found == {"top": [True, True], "second": [False, True], "lonely": [False, False]}
    assert [page.path for page in popular.top_pages(NOON, 2)] == ["/shop/p/top/", "/shop/p/second/"]


def test_top_pages_are_written_down_once_a_day_as_of_its_beginning(ada):
    make_touchpoint(ada, "visited", at=NOON - DAY, data={"path": "/shop/p/1/"})
    first = popular.note_top_pages(NOON)
    make_touchpoint(ada, "visited", at=NOON, data={"path": "/shop/p/2/"})

    assert (first, popular.note_top_pages(NOON + HOUR)) == (1, 0)
    assert [page.path for page in popular.top_pages(NOON + HOUR)] == ["/shop/p/1/"]


def test_more_outcomes_are_counted_for_both_sides_and_stop_nothing(ada, ben, cleo):
    rule = make_rule(outcome="order", more_outcomes=[{"outcome": "page", "parameters": {"pages": ["/club"]}}])
    for contact, status in ((ada, "sent"), (ben, "sent"), (cleo, "held_out")):
        moment = {"sending_at": NOON} if status == "sent" else {"finished_at": NOON}
        make_delivery(rule, contact, status=status, **moment)
    make_touchpoint(ada, "visited", at=NOON + DAY, data={"path": "/club"})
    make_touchpoint(cleo, "ordered", at=NOON + DAY)
    make_touchpoint(ben, "ordered", at=NOON + 8 * DAY)

    assert outcomes.counted(rule, NOON - DAY, NOON + DAY) == [
        Counted("Orders something", sent=2, sent_reached=0, held_out=1, held_out_reached=1),
        Counted("Sees one of the pages /club", sent=2, sent_reached=1, held_out=1, held_out_reached=0),
    ]
    assert outcomes.counted(rule, NOON, NOON + DAY)[0].sent == 0


def test_what_means_nothing_without_settings_is_not_offered_to_a_campaign():
    plain = dict(outcomes.plain_choices())

    assert "page" not in plain
    assert {"order", "service", "top_content"} <= set(plain)
