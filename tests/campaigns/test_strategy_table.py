"""Who goes first, as the page of the strategy says it."""

import pytest
from django.urls import reverse

from campaigns.models import LifecycleRule
from tests.make import make_rule

pytestmark = pytest.mark.django_db
LIST = reverse("campaigns:rule-list")


def test_the_page_says_that_the_rank_decides_who_goes_first(as_marketer):
    other = make_rule(name="Other", rank=3)
    welcome = make_rule(name="First", rank=1, position=1)

    answer = as_marketer.get(LIST)
    assert "the rank of the row decides, not its place on this table" in answer.text
    assert answer.text.index("Rank: Other") < answer.text.index("Rank: Welcome")
    assert answer.context["turns"] == [welcome, other]

    as_marketer.post(reverse("campaigns:rule-order"), {"rule": [each.pk for each in answer.context["turns"]]})
    answer = as_marketer.get(LIST)
    assert [rule.name for rule in LifecycleRule.objects.in_order()] == ["First", "Other"]
    assert "The rows stand in the order of their ranks." in answer.text
    assert "Put the rows" not in answer.text


def test_rows_that_are_switched_off_go_nowhere_first(as_marketer):
    make_rule(name="Other", rank=3, status="closed")
    make_rule(name="First", rank=1, status="closed", position=1)

    assert "Who goes first" not in as_marketer.get(LIST + "?closed").text
    assert as_marketer.get(LIST).context["turns"] == []
