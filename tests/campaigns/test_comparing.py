"""What a campaign was worth: those who got it beside those who were held out."""

import pytest

from campaigns import comparing
from campaigns.comparing import Group, Worth, note_held_out
from campaigns.models import Delivery
from campaigns.responding import note_outcomes
from campaigns.ticking import plan_all
from tests.make import DAY, HOUR, NOON, make_campaign, make_campaign_delivery, make_touchpoint


@pytest.fixture
def campaign(ada, ben):
    """Ada got it, Ben was held out."""
    campaign = make_campaign(
        [ada, ben], outcome="order", outcome_within=2 * DAY, control_share=50, planned_count=2
    )
    make_campaign_delivery(campaign, ada, status="sent", sending_at=NOON, finished_at=NOON)
    make_campaign_delivery(campaign, ben, status="held_out", reason="control", finished_at=NOON)
    return campaign


def held_out():
    return Delivery.objects.get(status="held_out")


def test_what_those_do_who_were_held_out_is_noted_and_told_to_nobody(campaign, ben):
    make_touchpoint(ben, "ordered", at=NOON - HOUR)
    first = make_touchpoint(ben, "ordered", at=NOON + HOUR)
    make_touchpoint(ben, "ordered", at=NOON + 2 * HOUR)

    assert note_outcomes(NOON + DAY) == 0
    assert (note_held_out(NOON + DAY), note_held_out(NOON + DAY)) == (1, 0)

    assert (held_out().outcome_at, held_out().outcome_touchpoint) == (NOON + HOUR, first)
    assert not ben.touchpoints.filter(kind="outcome").exists()


def test_what_they_do_after_the_span_counts_for_neither(campaign, ada, ben):
    for person in (ada, ben):
        make_touchpoint(person, "ordered", at=NOON + 2 * DAY + HOUR)
    assert (note_outcomes(NOON + 3 * DAY), note_held_out(NOON + 3 * DAY)) == (0, 0)

    make_touchpoint(ben, "ordered", at=NOON + 2 * DAY)
    assert note_held_out(NOON + 3 * DAY) == 1


def test_who_got_it_is_none_of_those_held_out(campaign, ada):
    make_touchpoint(ada, "ordered", at=NOON + HOUR)

    assert note_held_out(NOON + DAY) == 0
    assert note_outcomes(NOON + DAY) == 1


def test_the_clock_notes_it_until_the_span_after_the_end_is_over(campaign, ben):
    make_touchpoint(ben, "ordered", at=NOON + 2 * DAY)
    campaign.status, campaign.finished_at = "finished", NOON
    campaign.save()

    assert comparing._compared(NOON + 4 * DAY) == []
    assert plan_all(NOON + 3 * DAY)["without"] == 1


def test_its_page_shows_both_groups(campaign, as_marketer, ben):
    make_touchpoint(ben, "ordered", at=NOON + HOUR)
    note_held_out(NOON + DAY)

    page = as_marketer.get(campaign.get_absolute_url())

    worth = page.context["progress"].worth
    assert (worth.sent, worth.held_out) == (Group(1, 0), Group(1, 1))
    assert "What the message was worth" in page.text
    assert "Too few to tell" in page.text


def test_without_a_control_group_its_page_compares_nothing(campaign, as_marketer):
    campaign.control_share = 0
    campaign.save()

    assert "What the message was worth" not in as_marketer.get(campaign.get_absolute_url()).text


@pytest.mark.parametrize(
    "sent, reached, held, anyway, words",
    [
        (99, 50, 5000, 0, "Too few to tell"),
        (5000, 2500, 99, 0, "Too few to tell"),
        (1000, 52, 1000, 50, "No difference can be told"),
        (100, 5, 100, 0, "No difference can be told"),
        (9000, 450, 1000, 20, "about 30 more did it than without: 19 to 39"),
        (9000, 180, 1000, 50, "about 30 fewer did it than without"),
        (100, 0, 100, 0, "No difference can be told"),
    ],
)
def test_a_difference_is_told_where_chance_does_not_bring_it(sent, reached, held, anyway, words):
    assert words in Worth(Group(sent, reached), Group(held, anyway)).words
