from django.http import QueryDict

from contacts.sources import is_telling, source_from
from tests.make import NOON

AT = NOON.isoformat()


def test_campaign_parameters_and_another_site_are_kept():
    source = source_from(
        QueryDict("utm_source=letter&utm_campaign=spring&fbclid=123"),
        "https://search.example.org/find?q=someone#top",
        "https://shop.example.com/p/7?rv=abc",
        NOON,
    )

    assert source == {
        "at": AT,
        "utm_source": "letter",
        "utm_campaign": "spring",
        "referrer": "https://search.example.org/find",
        "page": "https://shop.example.com/p/7",
    }


def test_a_query_string_may_be_given_as_it_stands():
    assert source_from("?utm_medium=email&x=1", "", "", NOON) == {"at": AT, "utm_medium": "email"}


def test_a_referrer_on_the_same_host_says_nothing():
    source = source_from("", "https://shop.example.com/", "https://shop.example.com/p/7", NOON)

    assert not is_telling(source)
    assert source == {"at": AT, "page": "https://shop.example.com/p/7"}


def test_nothing_known_is_empty():
    assert source_from({}, None, "", NOON) == {}


def test_odd_input_is_cut_and_survived():
    source = source_from({"utm_source": "x\0" + "y" * 999}, "http://[bad", "", NOON)

    assert source == {"at": AT, "utm_source": "x" + "y" * 198 + "y"}
