"""Starting a row by hand: for one person, for those whom the contact list shows, never for everybody."""

import pytest
from django.urls import reverse

from tests.make import make_contact, make_rule
from touchpoints.models import Touchpoint

pytestmark = pytest.mark.django_db
START = "campaigns:start"


@pytest.fixture
def rule(topic, sender):
    return make_rule(name="A call", trigger="manual")


def chosen():
    return sorted(Touchpoint.objects.filter(kind="chosen").values_list("contact_id", flat=True))


def test_a_row_is_started_for_one_person_from_their_page(as_marketer, rule, ada, ben):
    shown = as_marketer.get(ada.get_absolute_url()).content.decode()
    address = f"{reverse(START)}?contact={ada.pk}"

    answer = as_marketer.post(address, {"rule": rule.pk})

    assert address in shown
    assert answer.url == ada.get_absolute_url()
    assert chosen() == [ada.pk]


def test_a_row_is_started_for_those_the_list_shows(as_marketer, rule, ada, ben):
    full = [make_contact(level="full").pk for _ in range(2)]

    as_marketer.post(f"{reverse(START)}?level=full", {"rule": rule.pk})

    assert chosen() == full


@pytest.mark.parametrize("query", ["", "?contact=x", "?contact=999999", "?level=no-such", "?no-filter=1"])
def test_nobody_is_chosen_by_mistake(as_marketer, rule, ada, query):
    answer = as_marketer.post(reverse(START) + query, {"rule": rule.pk})

    assert answer.status_code == 200
    assert chosen() == []


def test_so_many_are_a_campaign(as_marketer, rule, monkeypatch):
    monkeypatch.setattr("campaigns.start_views.MOST", 1)
    for _ in range(2):
        make_contact(level="full")

    page = as_marketer.post(f"{reverse(START)}?level=full", {"rule": rule.pk}).content.decode()

    assert "So many are a campaign" in page
    assert chosen() == []


def test_only_rows_that_are_on_and_wait_for_it_can_be_started(as_marketer, rule, ada):
    other = make_rule(name="Welcome")
    address = f"{reverse(START)}?contact={ada.pk}"
    as_marketer.post(address, {"rule": other.pk})
    before = chosen()
    rule.status = "paused"
    rule.save()

    page = as_marketer.get(address).content.decode()

    assert (before, "No row waits for you" in page) == ([], True)
    assert reverse(START) not in as_marketer.get(ada.get_absolute_url()).content.decode()
