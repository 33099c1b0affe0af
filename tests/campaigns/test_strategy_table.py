"""Who goes first, as the page of the strategy says it."""

import pytest
from django.urls import reverse

from campaigns.models import LifecycleRule
from tests.campaigns.test_strategy_pages import typed
from tests.make import make_rule

pytestmark = pytest.mark.django_db
LIST = reverse("campaigns:rule-list")


def test_the_page_says_that_the_rank_decides_who_goes_first(as_marketer):
    other = make_rule(name="Other", rank=3)
    welcome = make_rule(name="First", rank=1, position=1)

    answer = as_marketer.get(LIST)
    assert "the rank of the row decides: first service" in answer.text
    assert answer.text.index("Rank: Other") < answer.text.index("Rank: Welcome")
    assert answer.context["turns"] == [welcome, other]

    as_marketer.post(reverse("campaigns:rule-order"), {"rule": [each.pk for each in answer.context["turns"]]})
    answer = as_marketer.get(LIST)
    assert [rule.name for rule in LifecycleRule.objects.in_order()] == ["First", "Other"]
    assert "The rows stand in the order in which they go." in answer.text
    assert "Put the rows" not in answer.text


def test_the_rank_is_changed_where_the_row_stands(as_marketer):
    rule = make_rule(rank=3)
    address = reverse("campaigns:rule-inline", args=[rule.pk])
    fields = typed(rule, rank="1")

    answer = as_marketer.post(address, fields, headers={"HX-Request": "true"})

    rule.refresh_from_db()
    assert rule.rank == LifecycleRule.Rank.WELCOME
    assert "Rank: Welcome" in answer.text


@pytest.mark.parametrize("rank", ["0", "9", "x"])
def test_no_row_becomes_service_where_it_stands(as_marketer, rank):
    rule = make_rule(rank=3)
    address = reverse("campaigns:rule-inline", args=[rule.pk])

    answer = as_marketer.post(address, typed(rule, rank=rank), headers={"HX-Request": "true"})

    rule.refresh_from_db()
    assert rule.rank == 3
    assert "invalid-feedback" in answer.text


def test_a_service_message_stays_one(as_marketer):
    rule = make_rule(rank=0, topic=None)
    address = reverse("campaigns:rule-inline", args=[rule.pk])

    assert 'name="rank"' not in as_marketer.get(address, headers={"HX-Request": "true"}).text
    as_marketer.post(address, typed(rule, rank="1", name="Other"))

    rule.refresh_from_db()
    assert (rule.name, rule.rank) == ("Other", 0)


def test_rows_that_are_switched_off_go_nowhere_first(as_marketer):
    make_rule(name="Other", rank=3, status="closed")
    make_rule(name="First", rank=1, status="closed", position=1)

    assert "Who goes first" not in as_marketer.get(LIST + "?closed").text
    assert as_marketer.get(LIST).context["turns"] == []
