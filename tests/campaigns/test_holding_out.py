"""How many to hold out, and why so many."""

import pytest
from django.urls import reverse

from campaigns import holding_out
from campaigns.forms import CampaignForm
from campaigns.holding_out import people_needed, suggested_for_campaign, suggested_share
from campaigns.models import Campaign
from tests.make import DAY, NOON, make_campaign, make_contact, make_delivery, make_rule


@pytest.mark.parametrize(
    "people, share, words",
    [
        (0, 10, "10 per cent to begin with: nobody knows yet how many it is for."),
        (40, 20, "Even so it takes more than two years to tell five in a hundred."),
        (400, 20, "20 per cent: about 400 people is not many, so a larger part must be held out."),
        (1200, 15, "15 per cent, for about 1,200 people."),
        (8213, 10, "for about 8,200 people. Five more in a hundred can be told within a month."),
        (90_000, 5, "of about 90,000 people a small part is enough."),
    ],
)
def test_the_fewer_there_are_the_larger_the_part_that_is_held_out(people, share, words):
    advice = suggested_share(people)

    assert advice.share == share
    assert words in advice.words


def test_the_more_evenly_they_are_split_the_fewer_it_takes():
    needed = [people_needed(share) for share in (5, 10, 20)]

    assert needed == sorted(needed, reverse=True)
    assert people_needed(10, ends=True) < people_needed(10) / 1.3


def test_a_campaign_has_an_end_and_says_whether_its_audience_is_enough():
    assert "That tells five in a hundred." in suggested_for_campaign(9000).words
    assert "To tell five in a hundred takes about" in suggested_for_campaign(300).words


def test_a_row_is_advised_by_the_people_it_was_for_lately(db):
    rule, contact = make_rule(), make_contact()
    for at in (NOON, NOON + DAY, NOON - 40 * DAY):
        make_delivery(rule, contact, planned_at=at)

    assert "about 1 person is" in holding_out.for_rule(rule, NOON + 2 * DAY).words


def test_the_form_of_a_campaign_holds_some_out_by_default_and_says_why(db):
    new, chosen = CampaignForm(instance=Campaign(audience={"filters": {}})), make_campaign(control_share=0)

    assert new["control_share"].value() == 10
    assert "nobody knows yet how many" in new.fields["control_share"].help_text
    assert CampaignForm(instance=chosen)["control_share"].value() == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rank": 0, "topic": None, "control_share": 0}, "Nobody: service messages are never held back"),
        (
            {"answers_at_once": True, "control_share": 0},
            "Nobody: it answers at once what the person has just",
        ),
        ({"control_share": 10}, "10 per cent to begin with: nobody knows yet how many it is for."),
        ({"control_share": 5}, "5 per cent, as was chosen. Advised: 10 per cent to begin with"),
        ({"control_share": 0}, "Nobody, as was chosen. Without somebody who gets nothing, nobody can say"),
        ({"answers_at_once": True, "control_share": 10}, "10 per cent, as was chosen. Advised: Nobody: it"),
    ],
)
def test_a_row_says_how_many_are_held_out_and_why(as_marketer, fields, words):
    rule = make_rule(**fields)
    # The page of results is empty until something was sent.
    make_delivery(rule, make_contact(), status="sent", sending_at=NOON, finished_at=NOON, attempts=1)

    assert holding_out.why(rule, NOON - 40 * DAY).startswith(words)
    for name in ("rule-detail", "rule-results"):
        assert words.partition(":")[0] in as_marketer.get(reverse(f"campaigns:{name}", args=[rule.pk])).text
