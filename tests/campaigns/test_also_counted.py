"""What a row counts besides its outcome: added, changed and taken out on its form."""

import pytest
from django.urls import reverse

from campaigns import strategy_csv
from tests.campaigns.test_pages import edited
from tests.make import make_rule

pytestmark = pytest.mark.django_db

GIVEN = [{"outcome": "feedback"}, {"outcome": "page", "parameters": {"pages": ["/club"]}}]
# What the form posts of these two, and of the free place below them.
TYPED = {
    "also-count": "3",
    "also-0": "feedback",
    "also-0-was": "0",
    "also-0-of": "feedback",
    "also-1": "page",
    "also-1-was": "1",
    "also-1-of": "page",
    "also-1-pages": "/club",
    "also-2": "",
    "also-2-of": "",
}


@pytest.fixture
def rule(topic, sender):
    return make_rule(outcome="order", more_outcomes=GIVEN)


def save(client, rule, **fields):
    answer = client.post(reverse("campaigns:rule-edit", args=[rule.pk]), edited(rule, **fields))
    rule.refresh_from_db()
    return answer


def test_what_is_not_changed_stays_as_it_was_written(as_marketer, rule):
    before = strategy_csv.write([rule])

    answer = save(as_marketer, rule, **TYPED, outcome="order")

    assert answer.status_code == 302
    assert rule.more_outcomes == GIVEN
    assert strategy_csv.write([rule]) == before


def test_what_was_not_shown_stays(as_marketer, rule):
    save(as_marketer, rule)

    assert rule.more_outcomes == GIVEN


def test_one_is_added_one_changed_and_one_taken_out(as_marketer, rule):
    changes = {"also-0": "", "also-1-pages": "/club\n/members/*", "also-2": "top_content"}
    changes |= {"also-2-of": "top_content", "also-2-places": "5"}

    save(as_marketer, rule, **TYPED | changes)

    assert rule.more_outcomes == [
        {"outcome": "page", "parameters": {"pages": ["/club", "/members/*"]}},
        {"outcome": "top_content", "parameters": {"places": 5}},
    ]


def test_one_that_becomes_another_loses_its_settings(as_marketer, rule):
    save(as_marketer, rule, **TYPED | {"also-1": "forum"})

    assert rule.more_outcomes == [GIVEN[0], {"outcome": "forum", "parameters": {}}]


def test_taking_one_out_leaves_what_was_typed_into_the_others(as_marketer, rule):
    answer = save(as_marketer, rule, **TYPED | {"also-1-pages": "/other", "show": "drop-0"})

    assert 'name="also-0-pages"' in answer.text
    assert "/other</textarea>" in answer.text
    assert 'name="also-count" value="2"' in answer.text
    assert rule.more_outcomes == GIVEN


def test_asking_for_settings_refuses_nothing_yet(as_marketer, rule):
    answer = save(
        as_marketer, rule, **TYPED | {"also-1-pages": "", "also-2": "page", "name": "", "show": "1"}
    )

    assert 'name="also-2-pages"' in answer.text
    assert "invalid-feedback" not in answer.text


@pytest.mark.parametrize("changes", [{"also-1-pages": ""}, {"also-2": "page"}, {"also-2": "telepathy"}])
def test_what_makes_no_sense_is_refused_in_words(as_marketer, rule, changes):
    answer = save(as_marketer, rule, **TYPED | changes)

    assert "What is also counted: the settings of one are not complete." in answer.text
    assert rule.more_outcomes == GIVEN


def test_an_outcome_nobody_knows_any_more_stays_until_it_is_taken_out(as_marketer, rule):
    rule.more_outcomes = [{"outcome": "gone", "parameters": {"x": 1}}]
    rule.save()
    typed = {"also-count": "2", "also-0": "gone", "also-0-was": "0", "also-0-of": "", "also-1": ""}

    save(as_marketer, rule, **typed)
    assert rule.more_outcomes == [{"outcome": "gone", "parameters": {"x": 1}}]

    save(as_marketer, rule, **typed | {"also-0": ""})
    assert rule.more_outcomes == []
