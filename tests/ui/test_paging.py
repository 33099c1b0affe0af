"""Keyset paging: forth and back over every row once, whatever is typed into the address."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from contacts.models import Contact
from crm.ui.paging import keyset_page
from tests.make import DAY, NOON, make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    """Seven people; three came at the same moment."""
    return [make_contact(created_at=NOON + DAY * min(number, 4)) for number in range(7)]


@pytest.fixture
def page_of(rf):
    def turn(url="/x/", key="-created_at", size=3):
        parts = urlsplit(url)
        return keyset_page(
            rf.get(parts.path, dict(parse_qsl(parts.query))), Contact.objects.all(), key=key, size=size
        )

    return turn


@pytest.mark.parametrize("key", ["-created_at", "created_at", "-pk", "pk"])
def test_every_row_is_met_once_on_the_way_down_and_again_on_the_way_up(people, page_of, key):
    url, down = "/x/", []
    while url:
        page = page_of(url, key)
        down.append([contact.pk for contact in page])
        url = page.older_url
    up = [down[-1]]
    while page.newer_url:
        page = page_of(page.newer_url, key)
        up.insert(0, [contact.pk for contact in page])

    assert sorted(pk for pks in down for pk in pks) == sorted(contact.pk for contact in people)
    assert [len(pks) for pks in down] == [3, 3, 1]
    assert up == down


def test_the_first_page_has_nothing_newer_and_the_last_nothing_older(people, page_of):
    first = page_of(size=50)

    assert (first.newer_url, first.older_url, len(first)) == ("", "", 7)


def test_other_parts_of_the_address_are_kept(people, page_of):
    assert "q=ada" in page_of("/x/?q=ada").older_url


@pytest.mark.parametrize(
    "typed", ["x", "%00", "WzEsMl0", "bm90IGpzb24", "W10", "eyJhIjoxfQ", "WyJ4IiwgInkiXQ"]
)
def test_a_cursor_someone_typed_over_shows_the_first_page(people, page_of, typed):
    assert len(page_of(f"/x/?after={typed}")) == 3
