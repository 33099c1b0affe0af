"""The clock's doors."""

import pytest
from django.utils import timezone

from segmentation import tasks
from segmentation.models import RfmScore
from touchpoints import wakeups
from touchpoints.models import Totals

pytestmark = pytest.mark.django_db


def test_the_hourly_round_scores_everyone_and_again_changes_nothing(buyers):
    tasks.rescore()
    first = list(RfmScore.objects.order_by("pk").values())

    tasks.rescore()

    assert len(first) == 10
    assert list(RfmScore.objects.order_by("pk").values()) == first


def test_an_order_has_its_buyer_scored_within_seconds(scored):
    buyer = scored[8]
    Totals.objects.filter(contact=buyer).update(last_order_at=timezone.now())

    tasks.rescore_contacts([buyer.pk])

    assert RfmScore.objects.get(contact=buyer).recency == 5


def test_a_hint_that_something_happened_reaches_this_room():
    assert tasks.rescore_soon in wakeups._listeners
