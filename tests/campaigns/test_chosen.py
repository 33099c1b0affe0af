"""The settings of the trigger and the outcome on the form of a row."""

import pytest
from django.urls import reverse

from campaigns.models import LifecycleRule
from tests.campaigns.test_pages import edited
from tests.make import make_rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(topic, sender):
    return make_rule()


def save(client, rule, **fields):
    answer = client.post(reverse("campaigns:rule-edit", args=[rule.pk]), edited(rule, **fields))
    rule.refresh_from_db()
    return answer


def test_the_settings_that_are_shown_are_saved(as_marketer, rule):
    save(
        as_marketer,
        rule,
        **{"trigger": "few_visits", "trigger-of": "few_visits", "trigger-visits": "2", "trigger-days": "14"},
        **{
            "trigger-start": "signed_up",
            "outcome": "page",
            "outcome-of": "page",
            "outcome-pages": "/a\n/b/*",
        },
    )

    assert (rule.trigger, rule.parameters) == ("few_visits", {"visits": 2, "days": 14, "start": "signed_up"})
    assert (rule.outcome, rule.outcome_parameters) == ("page", {"pages": ["/a", "/b/*"]})


def test_what_was_not_shown_begins_with_what_holds_by_itself(as_marketer, rule):
    save(as_marketer, rule, **{"trigger": "few_visits", "trigger-of": "confirmed"})

    page = as_marketer.get(rule.get_absolute_url()).content.decode()
    assert rule.trigger == "few_visits"
    assert "Fewer than 3 visits in the 30 days after the sign-up" in page


def test_settings_that_were_not_shown_stay_as_they_were(as_marketer, rule):
    LifecycleRule.objects.filter(pk=rule.pk).update(trigger="no_visit", parameters={"days": 99})
    rule.refresh_from_db()

    save(as_marketer, rule)

    assert (rule.trigger, rule.parameters) == ("no_visit", {"days": 99})


@pytest.mark.parametrize(
    "fields",
    [
        {"trigger": "no_visit", "trigger-of": "no_visit", "trigger-days": "0"},
        {"outcome": "page", "outcome-of": "page", "outcome-pages": "not a path"},
        {"outcome": "page", "outcome-of": ""},
    ],
)
def test_settings_that_make_no_sense_are_not_saved(as_marketer, rule, fields):
    answer = save(as_marketer, rule, **fields)

    assert answer.status_code == 200
    assert "Its settings below are not complete." in answer.content.decode()
    assert (rule.trigger, rule.outcome) == ("confirmed", "")


def test_choosing_shows_the_settings_and_saves_nothing(as_marketer, rule):
    answer = save(as_marketer, rule, show="1", trigger="no_order")

    assert 'name="trigger-rhythm"' in answer.content.decode()
    assert rule.trigger == "confirmed"
