"""Why this, and why not: every answer in words, with the value found."""

import pytest

from campaigns import panels, telling
from campaigns.claiming import claim
from campaigns.explaining import why, why_not
from campaigns.gate import pass_gate
from campaigns.planning import plan
from campaigns.responding import note_outcomes
from campaigns.sending import send_due
from contacts.consenting import give_consent, withdraw_consent
from contacts.phones import set_phone
from contacts.suppressing import suppress
from tests.make import DAY, HOUR, NOON, make_delivery, make_order, make_rule, make_sender, make_touchpoint

from tests.make import make_step, make_version  # isort: skip


@pytest.fixture
def rule(topic, sender):
    return make_rule(outcome="first_visit", remind_after=5 * DAY, reminder_content=make_version().content)


def answers(lines):
    return [(tone, words) for tone, words, _href in lines]


def test_a_sent_message_says_why_and_on_what_permission(rule, ada, mailbox):
    make_touchpoint(ada, "confirmed", at=NOON - HOUR)
    plan(NOON)
    send_due(NOON, "worker")
    withdraw_consent(ada, [rule.topic], at=NOON + DAY, source="test")

    assert answers(why(ada.deliveries.get())) == [
        ("ok", "Confirmed the sign-up, 10 June 2026, 11:00"),
        ("ok", "Row “Welcome”: Sign-up, immediate"),
        ("ok", "Said yes to “New arrivals” by e-mail on 31 May 2026"),
        ("ok", "The address may be used"),
        ("ok", "Taken by the mail server on 10 June 2026, 12:00, on the first try"),
    ]


def test_what_was_not_sent_says_what_kept_it_back(rule, ben):
    delivery = make_delivery(rule, ben, evidence={"words": "Confirmed the sign-up"})
    claim("worker", NOON, 10)
    pass_gate([delivery.pk], NOON, owner="worker")
    delivery.refresh_from_db()
    give_consent(ben, [rule.topic], at=NOON + DAY, source="test")

    assert answers(why(delivery))[2:] == [
        ("stop", "Left “New arrivals” by e-mail on 5 June 2026"),
        ("ok", "The address may be used"),
        ("stop", "withdrew their consent to this topic – 5 June 2026"),
    ]


def test_why_not_names_what_speaks_against_it(rule, ben, cleo):
    make_touchpoint(ben, "confirmed", at=NOON - 40 * DAY)

    assert answers(why_not(ben, rule, NOON)) == [
        ("ok", "The row is on since 11 May 2026"),
        ("ok", "Confirmed the sign-up on 1 May 2026, 12:00"),
        ("stop", "That was before the row was switched on"),
        ("stop", "Left “New arrivals” by e-mail on 5 June 2026"),
        ("ok", "The address may be used"),
    ]
    assert answers(why_not(cleo, rule, NOON)) == [
        ("ok", "The row is on since 11 May 2026"),
        ("wait", "Has not confirmed a sign-up"),
        ("ok", "Said yes to “New arrivals” by e-mail on 31 May 2026"),
        ("stop", "The address is suppressed since 5 June 2026: Bounced for good"),
    ]


@pytest.mark.parametrize(
    ("trigger", "parameters", "do", "told"),
    [
        (
            "no_order",
            {"days": 30},
            make_order,
            [
                ("ok", "Ordered on 5 June 2026, 12:00"),
                ("wait", "The time is over on 5 July 2026, 12:00"),
                ("ok", "No order since then"),
            ],
        ),
        (
            "no_order",
            {"days": 30, "rhythm": 2},
            make_order,
            [
                ("ok", "Ordered on 5 June 2026, 12:00"),
                ("wait", "The time is over on 5 July 2026, 12:00"),
                ("ok", "No order since then"),
            ],
        ),
        (
            "no_visit",
            {"days": 30},
            lambda contact, at: make_touchpoint(contact, "visited", at=at),
            [
                ("ok", "Visited a page on 5 June 2026, 12:00"),
                ("wait", "The time is over on 5 July 2026, 12:00"),
                ("ok", "No visit since then"),
            ],
        ),
        (
            "few_visits",
            {"days": 30},
            lambda contact, at: make_touchpoint(contact, "confirmed", at=at),
            [
                ("ok", "Confirmed the sign-up on 5 June 2026, 12:00"),
                ("wait", "The time is over on 5 July 2026, 12:00"),
                ("ok", "0 visits in the time"),
            ],
        ),
        (
            "abandoned_basket",
            {"hours": 240},
            lambda contact, at: make_touchpoint(contact, "basket", at=at, data={"items": "2"}),
            [
                ("ok", "Put something into the basket on 5 June 2026, 12:00"),
                ("wait", "The time is over on 15 June 2026, 12:00"),
                ("ok", "Not since then: Ordered"),
            ],
        ),
    ],
)
def test_what_was_over_before_the_row_was_on_gives_way_to_what_began_since(
    ada, topic, sender, trigger, parameters, do, told
):
    rule = make_rule(trigger=trigger, parameters=parameters)
    do(ada, at=NOON - 90 * DAY)
    assert ("stop", "That was before the row was switched on") in answers(why_not(ada, rule, NOON))
    do(ada, at=NOON - 5 * DAY)

    lines = answers(why_not(ada, rule, NOON))

    assert lines[1:4] == told
    assert lines[4][1].startswith("Said yes")


def test_what_still_starts_the_row_is_told_before_what_began_later(ada, topic, sender):
    rule = make_rule(trigger="no_order", parameters={"days": 30})
    make_order(ada, at=NOON - 30 * DAY - HOUR)
    make_touchpoint(ada, "confirmed", at=NOON - HOUR)
    before = answers(why_not(ada, rule, NOON))
    make_order(ada, at=NOON - HOUR / 2)

    lines = answers(why_not(ada, rule, NOON))

    assert before[1:4] == lines[1:4]
    assert lines[2] == ("ok", "The time was over on 10 June 2026, 11:00")


def test_what_answers_no_more_is_told_where_nothing_came_after_it(ada, topic, sender):
    rule = make_rule(trigger="no_order", parameters={"days": 30})
    make_order(ada, at=NOON - 33 * DAY)

    assert ("stop", "That is too long ago to answer now") in answers(why_not(ada, rule, NOON))


def test_each_medium_is_named_with_what_was_said_to_it(ada, rule):
    make_step(rule, channel="phone", delay=DAY)
    assert answers(why_not(ada, rule, NOON))[-4:] == [
        ("ok", "Said yes to “New arrivals” by e-mail on 31 May 2026"),
        ("ok", "The address may be used"),
        ("stop", "Never said yes to “New arrivals” by phone"),
        ("stop", "There is no phone number"),
    ]
    set_phone(ada, "+351912345678", at=NOON)
    give_consent(ada, [rule.topic], channel="phone", at=NOON, source="test")
    withdraw_consent(ada, [rule.topic], channel="phone", at=NOON, source="test")
    suppress("+351912345678", at=NOON, source="test", channel="phone", reason="asked")

    assert answers(why_not(ada, rule, NOON))[-2:] == [
        ("stop", "Left “New arrivals” by phone on 10 June 2026"),
        ("stop", "The number is suppressed since 10 June 2026: Asked never to hear again"),
    ]


def test_a_call_that_could_not_be_speaks_of_a_number(ada, rule):
    def told(reason, channel):
        return make_delivery(rule, ada, status="skipped", reason=reason, channel=channel).why

    assert told("no_address", "phone") == "no phone number"
    assert told("no_address", "email") == "no address for this channel"
    assert told("never_agreed", "phone") == "never said yes to this topic by phone"


def test_once_ever_says_that_they_had_it(rule, ada):
    make_delivery(rule, ada, status="sent", sending_at=NOON, finished_at=NOON)

    assert ("stop", "Had it already: Sent, 10 June 2026. It goes once to each person") in answers(
        why_not(ada, rule, NOON + DAY)
    )


def test_the_timeline_tells_what_is_planned_sent_reached_and_called_off(rule, ada, mailbox):
    make_touchpoint(ada, "confirmed", at=NOON - HOUR)
    plan(NOON)
    send_due(NOON, "worker")
    make_touchpoint(ada, "visited", at=NOON + HOUR)
    note_outcomes(NOON + HOUR)
    make_delivery(rule, ada, due_at=NOON + 3 * DAY)
    make_delivery(rule, ada, status="cancelled", reason="answered", finished_at=NOON + 2 * HOUR)

    told = telling.entries(ada, before=NOON + 9 * DAY, limit=10)

    assert [(entry.voice, entry.title, entry.quote) for entry in told] == [
        ("next", "Welcome is planned", ""),
        ("not", "Welcome was called off", ""),
        ("outcome", "Outcome of “Welcome”", ""),
        ("us", "Welcome", "Hello Ada"),
    ]
    assert told == sorted(told, key=lambda entry: (entry.at, entry.key), reverse=True)
    assert telling.entries(ada, before=NOON + HOUR, limit=1) == told[2:3]


def test_the_timeline_asks_as_often_for_one_message_as_for_three(rule, ada, django_assert_num_queries):
    for count in (1, 3):
        make_delivery(rule, ada, occurrence_key=f"{count}")
        with django_assert_num_queries(4):
            telling.entries(ada, before=NOON + 9 * DAY, limit=10)


def test_the_panel_shows_what_comes_and_what_follows_silence(rule, ada, rf):
    make_rule(name="Thank you", trigger="ordered", sender=make_sender())
    make_delivery(rule, ada, due_at=NOON + DAY)
    make_delivery(rule, ada, status="sent", sending_at=NOON - DAY, finished_at=NOON - DAY)

    html = panels.what_comes_next(ada, rf.get("/"), NOON)

    assert "Goes on 11 June 2026, 12:00" in html
    assert "On 14 June 2026, if nothing comes back" in html
    assert "“Thank you”: why not?" in html
    assert "Has not ordered" in html


def test_without_a_strategy_there_is_no_panel(ada, rf):
    assert panels.what_comes_next(ada, rf.get("/"), NOON) == ""
