"""People and machines told apart: over a labelled set of requests, and where several links go at once."""

import csv
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from campaigns import links, machines
from campaigns.hearing import hear_waiting, link_of
from campaigns.models import Delivery, Response
from campaigns.planning import plan_following
from campaigns.reports import rule_figures
from campaigns.responding import (
    note_outcomes,
    undo_unsubscribe,
    unsubscribe,
)
from contacts.erasing import erase
from tests.answering import record_click, record_open, record_trap
from tests.campaigns.racing import race
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_contact,
    make_delivery,
    make_rule,
    make_touchpoint,
    make_version,
)
from touchpoints.models import Touchpoint

REQUESTS = Path(__file__).parents[1] / "data" / "clicks.csv"
SECOND = timedelta(seconds=1)
SHOP = "http://testserver/shop/"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
SCANNER = machines.Verdict("scanner", machines.GATEWAY)
PROXY = machines.Verdict("proxy", machines.PRIVACY)


@pytest.fixture
def rule(topic, sender):
    return make_rule(outcome="first_visit", remind_after=5 * DAY, reminder_content=make_version().content)


@pytest.fixture
def sent(rule, ada):
    return make_delivery(rule, ada, status="sent", sending_at=NOON, finished_at=NOON)


def made_by(delivery):
    return [*delivery.responses.order_by("at").values_list("made_by", flat=True)]


# The labelled set -------------------------------------------------------------------------------------


def labelled():
    with REQUESTS.open(newline="") as file:
        return [row | {"at": NOON + timedelta(seconds=float(row["after"]))} for row in csv.DictReader(file)]


def judged(row, delivery):
    return machines.judge(
        {"open": "opened"}.get(row["what"], "clicked"),
        row["agent"],
        method=row["method"],
        looks_ahead=bool(row["purpose"]),
        has_language=row["language"] == "yes",
        since_sent=row["at"] - delivery.sending_at,
    )


def replay(row, delivery):
    """Let the request happen to the delivery; what is kept of it."""
    if row["what"] == "open":
        record_open(delivery, at=row["at"], by=judged(row, delivery))
        return delivery.responses.filter(kind="opened", at=row["at"])
    if row["what"] == "trap":
        record_trap(delivery, at=row["at"])
        return delivery.responses.filter(kind="clicked", data__link="trap")
    url = SHOP + row["link"]
    record_click(delivery, url, at=row["at"], by=judged(row, delivery))
    return delivery.responses.filter(kind="clicked", data__link=link_of(url), at=row["at"])


def post(row, delivery):
    """Press the button; whether it did its work."""
    path = links.stop_url(delivery).removeprefix("http://testserver")
    Client().post(path, {"List-Unsubscribe": "One-Click"}, headers={"user-agent": row["agent"]})
    return delivery.contact.consents.filter(action="withdrawn").exists()


def test_of_the_labelled_requests_nearly_all_are_told_right_and_no_button_is_lost(rule):
    rows = labelled()
    deliveries = {
        number: make_delivery(rule, make_contact(), status="sent", sending_at=NOON)
        for number in {row["message"] for row in rows}
    }
    buttons = [row for row in rows if row["what"] == "post"]
    kept = [(row, replay(row, deliveries[row["message"]])) for row in rows if row["what"] != "post"]

    found = [(row["label"], responses.get().made_by, row["agent"]) for row, responses in kept]

    lost = [row["agent"] for row in buttons if not post(row, deliveries[row["message"]])]
    wrong = [(label, said, agent) for label, said, agent in found if label != said]
    assert (len(rows) >= 200, len(buttons), lost) == (True, 20, [])
    assert len(wrong) <= len(found) * 0.05, wrong
    # Three tabs that somebody opens within two seconds; five machines that follow one link, like a browser.
    assert Counter(label for label, _said, _agent in wrong) == {"person": 3, "scanner": 5}


def test_the_set_is_as_varied_as_what_comes_in():
    rows = labelled()

    assert len({row["agent"] for row in rows}) > 130
    assert {row["label"] for row in rows} == {"person", "scanner", "proxy"}
    assert min(Counter(row["label"] for row in rows).values()) >= 10


# What a machine does counts for nothing -----------------------------------------------------------------


def test_what_a_machine_followed_is_kept_with_the_reason_and_is_no_touchpoint(sent, ada):
    assert record_click(sent, SHOP, at=NOON + HOUR, by=SCANNER) is None

    kept = sent.responses.get()
    assert (kept.kind, kept.made_by, kept.why) == ("clicked", "scanner", machines.GATEWAY)
    assert (kept.touchpoint, Touchpoint.objects.count()) == (None, 0)


def test_a_machine_is_kept_once_a_link_and_minute_and_a_hundred_times_in_all(sent):
    for moment in (NOON, NOON + SECOND, NOON + MINUTE):
        record_click(sent, SHOP, at=moment, by=SCANNER)
    assert sent.responses.count() == 2

    for number in range(120):
        record_click(sent, f"{SHOP}{number}/", at=NOON + HOUR, by=SCANNER)
    assert sent.responses.count() == 100


def test_a_machines_click_breaks_no_silence_and_a_persons_does(sent, rule):
    record_click(sent, SHOP, at=NOON + HOUR, by=SCANNER)
    record_open(sent, at=NOON + HOUR)
    assert (plan_following(NOON + 5 * DAY), Delivery.objects.filter(parent=sent).delete()[0]) == (1, 1)

    record_click(sent, SHOP, at=NOON + 2 * HOUR)

    assert plan_following(NOON + 5 * DAY) == 0


def test_only_people_stand_in_the_figures(sent, rule):
    record_click(sent, SHOP, at=NOON + HOUR, by=SCANNER)
    assert rule_figures([rule], NOON + DAY)[rule.pk].answered == 0

    record_click(sent, SHOP, at=NOON + 2 * HOUR)

    assert rule_figures([rule], NOON + DAY)[rule.pk].answered == 1


def test_a_proxys_opening_is_not_a_persons(sent):
    for number in range(3):
        record_open(sent, at=NOON + number * DAY, by=PROXY)
    assert (made_by(sent), Touchpoint.objects.count()) == (["proxy"] * 3, 0)

    record_open(sent, at=NOON + 4 * DAY)

    assert Touchpoint.objects.get().kind == "opened"


# Several links at once ---------------------------------------------------------------------------------


def follow(delivery, *seconds):
    """Follow a link of its own at each of these seconds after noon."""
    for second in seconds:
        record_click(delivery, f"{SHOP}{second}/", at=NOON + second * SECOND)


def test_a_burst_is_a_machines_from_its_first_click_on(sent, ada):
    follow(sent, 10, 11)
    assert (made_by(sent), ada.totals.last_response_at) == (["person", "person"], NOON + 11 * SECOND)

    follow(sent, 11.9)

    ada.totals.refresh_from_db()
    assert made_by(sent) == ["scanner"] * 3
    assert {*sent.responses.values_list("why", flat=True)} == {machines.BURST}
    assert (Touchpoint.objects.count(), ada.totals.last_response_at) == (0, None)


@pytest.mark.parametrize("seconds", [(10, 10.4), (10, 11, 12), (10, 12, 11), (11, 10, 12), (12, 11, 10)])
def test_whatever_the_order_in_which_they_are_heard_of_a_burst_is_one(sent, seconds):
    follow(sent, *seconds)

    assert {*made_by(sent)} == {"scanner"}


@pytest.mark.parametrize("seconds", [(10, 10.6), (10, 11.1, 12.2), (10, 12, 14, 16)])
def test_people_follow_one_link_after_another(sent, seconds):
    follow(sent, *seconds)

    assert {*made_by(sent)} == {"person"}


def test_the_same_link_again_and_again_is_a_person_with_a_double_click(sent):
    for number in range(5):
        record_click(sent, SHOP, at=NOON + number * SECOND / 10)

    assert made_by(sent) == ["person"]


def test_a_gateway_that_gives_its_name_makes_no_machine_of_who_follows_right_after(sent):
    for number in range(4):
        record_click(sent, f"{SHOP}{number}/", at=NOON + SECOND, by=SCANNER)

    follow(sent, 1.5)

    assert made_by(sent).count("person") == 1


def test_a_burst_of_one_message_says_nothing_of_another(sent, rule, ada):
    other = make_delivery(rule, ada, status="sent", sending_at=NOON)
    record_click(other, SHOP, at=NOON + SECOND)

    follow(sent, 1, 1.1, 1.2)

    assert made_by(other) == ["person"]


def test_what_came_of_a_burst_is_taken_back_with_it(sent, ada):
    make_touchpoint(ada, "visited", at=NOON + HOUR, data={"path": "/"})
    follow(sent, 10)
    arrived = make_touchpoint(ada, "visited", at=NOON + 10.2 * SECOND, data={"delivery": str(sent.uuid)})
    clicked = Touchpoint.objects.get(kind="clicked")
    started = make_delivery(sent.rule, ada, touchpoint=clicked)
    assert note_outcomes(NOON + 11 * SECOND) == 1
    sent.refresh_from_db()
    assert sent.outcome_touchpoint == arrived

    follow(sent, 10.3)

    sent.refresh_from_db()
    started.refresh_from_db()
    assert (sent.outcome_at, sent.outcome_touchpoint) == (None, None)
    assert (started.status, started.reason) == ("cancelled", "condition_gone")
    assert [t.at for t in Touchpoint.objects.all()] == [NOON + HOUR]


def test_clicks_in_several_processes_at_once_are_one_burst(sent, transactional_db):
    urls = [f"{SHOP}{number}/" for number in range(4)]

    race(4, lambda: record_click(Delivery.objects.get(pk=sent.pk), urls.pop(), at=NOON + SECOND))

    assert made_by(sent) == ["scanner"] * 4
    assert Touchpoint.objects.count() == 0


def test_who_follows_the_link_that_nobody_sees_followed_the_others_too(sent):
    follow(sent, 1, 20)
    record_trap(sent, at=NOON + 5 * SECOND)
    follow(sent, 9, 60)

    found = sent.responses.order_by("at").values_list("made_by", "why")
    assert [*found] == [("scanner", machines.TRAP)] * 3 + [("person", "")] * 2


def test_the_link_that_nobody_sees_leads_nowhere(sent, client):
    answer = client.get(links.trap_url(sent).removeprefix("http://testserver"))

    assert (answer.status_code, answer.content, "Location" in answer) == (204, b"", False)
    assert hear_waiting() == 1
    assert sent.responses.get().why == machines.TRAP


# Somebody who was erased ---------------------------------------------------------------------------------


def test_nothing_is_kept_of_what_an_erased_person_does(sent, ada):
    record_click(sent, SHOP, at=NOON + HOUR)
    erase(ada, at=NOON + DAY)
    before = Response.objects.count(), Touchpoint.objects.count()
    sent.refresh_from_db()

    record_click(sent, f"{SHOP}2/", at=NOON + 2 * DAY, evidence={"user_agent": CHROME})
    record_open(sent, at=NOON + 2 * DAY)
    record_trap(sent, at=NOON + 2 * DAY)

    assert (unsubscribe(sent, at=NOON + 2 * DAY), undo_unsubscribe(sent, at=NOON + 2 * DAY)) == ([], [])
    assert (Response.objects.count(), Touchpoint.objects.count()) == before
