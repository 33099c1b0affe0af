"""Today: what goes out, what came back, and what waits for a person."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from campaigns.models import Response
from campaigns.switching import hold_sending, resume_sending
from crm import home
from crm.models import User
from tests.make import DAY, HOUR, NOON, make_contact, make_delivery, make_order, make_rule, make_touchpoint

UTC = ZoneInfo("UTC")


@pytest.fixture
def rule(db):
    return make_rule()


def send(rule, at, answered_at=None):
    """A delivery that was sent, and perhaps answered."""
    delivery = make_delivery(rule, make_contact(), status="sent", sending_at=at, finished_at=at)
    if answered_at:
        Response.objects.create(delivery=delivery, kind="clicked", at=answered_at)
    return delivery


def test_the_week_counts_what_was_sent_and_answered(rule):
    send(rule, NOON - 3 * DAY, answered_at=NOON - 2 * DAY)
    send(rule, NOON - 2 * DAY)
    send(rule, NOON - 9 * DAY)

    this = home.figures(NOON, UTC)["this"]

    assert this == {"sent": 2, "answered": 1, "outcomes": 0, "answered_share": 50.0, "too_young": 0}


def test_a_send_of_a_minute_ago_moves_no_rate(rule):
    for days, answered in ((3, True), (4, False), (10, True), (11, False)):
        at = NOON - days * DAY
        send(rule, at, answered_at=at + HOUR if answered else None)
    before = home.figures(NOON, UTC)
    assert before["points"]["direction"] == "flat"

    for _number in range(5):
        send(rule, NOON - HOUR / 60)

    found = home.figures(NOON, UTC)
    assert (found["this"]["answered_share"], found["points"]) == (50.0, before["points"])
    assert (found["this"]["sent"], found["this"]["too_young"]) == (7, 5)


def test_weeks_are_compared_by_what_was_answered_in_the_same_time(rule):
    send(rule, NOON - 3 * DAY, answered_at=NOON - 2 * DAY)
    send(rule, NOON - 10 * DAY, answered_at=NOON - 7 * DAY)
    late = send(rule, NOON - 4 * DAY)

    assert [home.figures(NOON, UTC)[week]["answered_share"] for week in ("this", "before")] == [50, 0]
    Response.objects.create(delivery=late, kind="clicked", at=NOON - HOUR)
    assert home.figures(NOON, UTC)["this"]["answered_share"] == 50


def test_the_outcomes_of_the_week_before_are_those_it_had_when_it_ended(rule):
    for days, reached in ((3, 1), (10, 1), (10, 8)):
        delivery = send(rule, NOON - days * DAY)
        delivery.outcome_at = delivery.sending_at + reached * DAY
        delivery.save()

    found = home.figures(NOON, UTC)

    assert [found[week]["outcomes"] for week in ("this", "before")] == [1, 1]
    assert found["trends"]["outcomes"]["direction"] == "flat"


def test_the_page_says_how_many_are_too_young(as_marketer, rule):
    send(rule, timezone.now() - HOUR)
    page = as_marketer.get("/").text
    assert "too early: all left within two days" in page
    assert "nothing the week before" in page

    send(rule, timezone.now() - 3 * DAY)
    assert "0 messages; 1 left too lately to count" in as_marketer.get("/").text


def test_an_opened_message_is_not_an_answer(rule):
    delivery = send(rule, NOON - DAY)
    Response.objects.create(delivery=delivery, kind="opened", at=NOON)

    assert home.figures(NOON, UTC)["this"]["answered"] == 0


def test_the_revenue_is_that_of_outcomes(rule):
    delivery = send(rule, NOON - DAY)
    order = make_order(delivery.contact, amount="38.47")
    make_order(delivery.contact, amount="99.00")
    delivery.outcome_touchpoint = make_touchpoint(delivery.contact, "ordered", data={"order_id": order.pk})
    delivery.outcome_at = NOON
    delivery.save()

    assert str(home.figures(NOON, UTC)["outcome_revenue"]) == "38.47"


def test_due_today_ends_with_the_senders_day(rule):
    make_delivery(rule, due_at=NOON + 2 * HOUR)
    make_delivery(rule, due_at=NOON + 13 * HOUR)

    assert home.figures(NOON, UTC)["due"] == 1
    assert home.figures(NOON, ZoneInfo("America/Los_Angeles"))["due"] == 2


def test_every_day_of_the_chart_has_a_row(rule):
    send(rule, NOON - DAY, answered_at=NOON)
    send(rule, NOON - DAY)

    frame = home.days(NOON, UTC)

    assert len(frame) == home.CHART_DAYS
    assert frame.iloc[-2].to_dict() == {"day": (NOON - DAY).date(), "sent": 2, "answered": 1}
    assert frame["sent"].sum() == 2


def test_what_only_a_person_can_settle_is_named(rule, marketer):
    make_delivery(rule, status="parked")
    make_delivery(rule, status="failed", finished_at=NOON - DAY)
    make_rule(name="Thank you", status="draft")
    hold_sending(by=marketer, at=NOON, reason="Stock-taking")

    found = home.needs_you(NOON)

    assert [item["title"] for item in found][:4] == [
        "All sending is held",
        "1 message parked",
        "1 message failed this week",
        "1 rule not switched on",
    ]
    assert found[0]["detail"] == "Stock-taking"


def test_the_page_shows_whom_it_greets_and_what_came_back(as_marketer, rule):
    contact = make_contact(first_name="Mara", last_name="Lindqvist")
    make_touchpoint(contact, "confirmed", at=timezone.now())
    send(rule, timezone.now() - timedelta(days=1))

    page = as_marketer.get("/").content.decode()

    assert ", Ines" in page
    assert "Mara Lindqvist" in page
    assert "Sent and answered, each day" in page


def test_what_people_answered_stands_there_in_their_words(as_marketer, rule):
    contact, told = (
        make_contact(),
        {"question": "How was it?", "answer": "Very good", "text": "Best in town."},
    )
    make_touchpoint(contact, "clicked", at=timezone.now() - timedelta(hours=3))
    make_touchpoint(contact, "feedback", at=timezone.now(), data=told)
    make_touchpoint(contact, "replied", at=timezone.now(), data={"rule": "Welcome", "reply": "Thank you!"})
    send(rule, timezone.now() - timedelta(days=1))

    page = as_marketer.get("/").content.decode()

    for words in ("“Very good”", "Best in town.", "Answered “Welcome”", "Thank you!"):
        assert words in page


def test_an_empty_install_says_what_will_stand_there(as_marketer):
    page = as_marketer.get("/").content.decode()

    assert "Nothing has gone out yet" in page
    assert "No answer yet" in page


def test_the_page_asks_as_often_for_many_as_for_one(as_marketer, rule, django_assert_max_num_queries):
    for number in range(3):
        send(rule, timezone.now() - timedelta(hours=number), answered_at=timezone.now())
        make_touchpoint(make_contact(), "confirmed", at=timezone.now())
    as_marketer.get("/")

    with django_assert_max_num_queries(30):
        as_marketer.get("/")


def test_sending_is_held_and_goes_on(as_marketer):
    as_marketer.post("/settings/switch/", {"reason": "Stock-taking"})
    assert "Stock-taking" in as_marketer.get("/settings/").content.decode()

    as_marketer.post("/settings/switch/", {"resume": "1"})
    assert "Sending is on" in as_marketer.get("/settings/").content.decode()


def test_resuming_clears_the_reason(marketer):
    hold_sending(by=marketer, at=NOON, reason="Stock-taking")
    resume_sending(by=marketer, at=NOON)

    from campaigns.models import SendingSwitch

    switch = SendingSwitch.load()
    assert (switch.held, switch.reason) == (False, "")


def test_the_settings_name_the_sender_and_lead_an_administrator_to_it(client, admin, analyst, sender):
    client.force_login(admin)
    assert f'href="/senders/{sender.pk}/edit/"' in client.get("/settings/").content.decode()

    client.force_login(analyst)
    page = client.get("/settings/").content.decode()
    assert sender.address in page
    assert "/senders/" not in page


def test_a_person_chooses_how_the_product_looks(as_marketer, marketer):
    as_marketer.post("/settings/theme/", {"theme": "dark"})

    assert User.objects.get(pk=marketer.pk).theme == "dark"
    assert 'data-bs-theme="dark"' in as_marketer.get("/").content.decode()
