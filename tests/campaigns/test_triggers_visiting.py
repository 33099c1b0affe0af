"""Pages, categories, what was looked at and left, and the basket."""

from datetime import timedelta

import pytest

from tests.campaigns.triggering import evidence, fires, lines, occurrences
from tests.make import DAY, HOUR, MINUTE, NOON, make_product, make_touchpoint

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def visit(contact, path="/records/1", at=NOON, **data):
    return make_touchpoint(contact, "visited", at=at, data={"path": path} | data)


@pytest.mark.parametrize(
    ("pages", "path", "found"),
    [
        (["/sale"], "/sale", True),
        (["/sale"], "/sale/1", False),
        (["/sale*"], "/sale/1", True),
        (["/sale/*"], "/sale/", True),
        (["*/jazz/*"], "/en/jazz/1", True),
        (["/a_b"], "/axb", False),
        (["/50%"], "/50 off", False),
        (["/x", "/records/*"], "/records/1", True),
        ([], "/anything", True),
    ],
)
def test_pages_are_named_by_paths_with_stars(ada, pages, path, found):
    visit(ada, path)

    assert bool(fires("visited", ada, NOON, pages=pages)) is found


def test_a_page_belongs_to_the_category_of_its_product(ada, ben, cleo):
    make_product(sku="J-7", category="Jazz")
    visit(ada, "/p/J-7/")
    visit(ben, "/other", sku="J-7")
    visit(cleo, "/p/unknown/")

    found = [pk for pk, _key, _at in occurrences("visited", NOON, parameters={"category": "Jazz"})]
    assert found == [ada.pk, ben.pk]


def test_a_page_that_is_not_asked_for_is_named_in_the_explanation(ada):
    visit(ada, "/about")

    assert lines("visited", ada, NOON, pages=["/sale/*"])[-1] == (
        "wait",
        "The page is /about, which does not belong to /sale/*",
    )


# Looked at, and left ---------------------------------------------------------------------------------------

BROWSE = {"pages": ["/records/*"], "hours": 48, "at_least": 2}


def browse(contact, *, at, pages=("/records/1", "/records/2")):
    """A visit whose last page is seen at `at`."""
    return [visit(contact, path, at - (len(pages) - 1 - n) * 20 * MINUTE) for n, path in enumerate(pages)][-1]


def test_browsing_without_an_order_is_told_after_the_hours_and_known_by_the_visit(ada):
    last = browse(ada, at=NOON - 2 * DAY)

    assert occurrences("abandoned_browse", NOON, parameters=BROWSE) == [(ada.pk, f"t{last.pk}", NOON)]
    assert fires("abandoned_browse", ada, NOON - SECOND, **BROWSE) == []
    assert evidence("abandoned_browse", NOON, **BROWSE) == ['{"pages": 2}']


def test_an_order_within_the_hours_or_during_the_visit_is_what_was_wanted(ada, ben, cleo):
    for contact in (ada, ben, cleo):
        browse(contact, at=NOON - 2 * DAY)
    make_touchpoint(ada, "ordered", at=NOON)
    make_touchpoint(ben, "ordered", at=NOON - 2 * DAY - 10 * MINUTE)
    make_touchpoint(cleo, "ordered", at=NOON - 3 * DAY)

    assert [pk for pk, _key, _at in occurrences("abandoned_browse", NOON, parameters=BROWSE)] == [cleo.pk]


def test_another_outcome_can_be_what_was_wanted(ada):
    browse(ada, at=NOON - 2 * DAY)
    make_touchpoint(ada, "ordered", at=NOON - DAY)

    assert fires("abandoned_browse", ada, NOON, **BROWSE, without="joined") == [NOON]
    assert fires("abandoned_browse", ada, NOON, **BROWSE) == []


def test_a_visit_goes_on_while_pages_follow_within_half_an_hour(ada):
    browse(ada, at=NOON - 2 * DAY)
    later = visit(ada, "/about", NOON - 2 * DAY + 30 * MINUTE)

    assert occurrences("abandoned_browse", NOON + DAY, parameters=BROWSE) == [
        (ada.pk, f"t{later.pk}", NOON + 30 * MINUTE)
    ]


def test_too_few_pages_of_those_asked_for_are_no_browsing(ada):
    browse(ada, at=NOON - 2 * DAY, pages=("/about", "/records/1"))

    assert fires("abandoned_browse", ada, NOON, **BROWSE) == []
    assert lines("abandoned_browse", ada, NOON, **BROWSE)[-2] == (
        "wait",
        "1 such page was seen; 2 are asked for",
    )


# The basket ------------------------------------------------------------------------------------------------


def test_a_basket_without_an_order_is_told_after_the_hours(ada):
    basket = make_touchpoint(ada, "basket", at=NOON - 4 * HOUR, data={"items": 1})

    assert occurrences("abandoned_basket", NOON) == [(ada.pk, f"t{basket.pk}", NOON)]
    assert fires("abandoned_basket", ada, NOON - SECOND) == []


def test_an_order_a_change_or_emptying_it_ends_the_wait(ada, ben, cleo):
    for contact in (ada, ben, cleo):
        make_touchpoint(contact, "basket", at=NOON - 4 * HOUR, data={"items": 1})
    before = len(occurrences("abandoned_basket", NOON))
    make_touchpoint(ada, "ordered", at=NOON)
    make_touchpoint(ben, "basket", at=NOON - 3 * HOUR, data={"items": 2})
    make_touchpoint(cleo, "basket", at=NOON - 3 * HOUR, data={"items": 0})

    assert (before, occurrences("abandoned_basket", NOON)) == (3, [])
    assert [pk for pk, _key, _at in occurrences("abandoned_basket", NOON + HOUR)] == [ben.pk]
