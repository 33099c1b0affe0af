import pytest

from contacts import columns, filters
from contacts.models import Contact


@pytest.fixture
def level_filter(monkeypatch):
    monkeypatch.setattr(filters, "_filters", {})
    filters.register(
        "level",
        "Level is",
        lambda rows, value: rows.filter(level=value),
        lambda value: Contact.Level(value).label,
    )


def test_a_filter_is_chosen_by_its_name_and_says_its_value_in_words(level_filter):
    assert [(each.name, value, words) for each, value, words in filters.chosen({"level": "full"})] == [
        ("level", "full", "Full member")
    ]


def test_nonsense_is_left_out(level_filter):
    assert filters.chosen({"level": "x", "other": "y"}) == []


def test_the_chosen_narrow_the_list(level_filter, ada):
    Contact.objects.filter(pk=ada.pk).update(level="full")

    found = filters.apply_all(Contact.objects.all(), filters.chosen({"level": "guest"}))

    assert [*found] == []


def test_columns_stand_in_their_order(monkeypatch):
    monkeypatch.setattr(columns, "_columns", {})
    columns.register("b", "B", order=20, values=dict)
    columns.register("a", "A", order=10, values=dict)

    assert [column.name for column in columns.all_columns()] == ["a", "b"]


def test_without_anyone_to_say_nobody_is_warm(monkeypatch):
    monkeypatch.setattr(columns, "_warmth", [])

    assert columns.warmth_of([1]) == {}
