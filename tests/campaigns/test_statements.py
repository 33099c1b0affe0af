"""Statements whose plans a connection keeps."""

import pytest
from django.db import connection

from campaigns import statements

pytestmark = pytest.mark.django_db
TYPES = {"ids": "bigint[]", "word": "text"}


def ask(sql, first="", **values):
    with connection.cursor() as cursor:
        statements.run(cursor, "test_of_statements", TYPES, sql, values, first=first)
        return cursor.fetchall()


def kept():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = 'test_of_statements'")
        return cursor.fetchone()[0]


def test_a_statement_is_planned_once_and_asked_with_other_values():
    sql = "SELECT id, %(word)s || '' FROM unnest(%(ids)s) id ORDER BY id"

    assert ask(sql, ids=[2, 1], word="50 % off") == [(1, "50 % off"), (2, "50 % off")]
    assert ask(sql, ids=[], word="") == []
    assert kept() == 1


def test_other_words_under_the_same_name_replace_it():
    assert ask("SELECT cardinality(%(ids)s), %(word)s || ''", ids=[1], word="a") == [(1, "a")]
    assert ask("SELECT %(word)s || '', cardinality(%(ids)s)", ids=[1], word="a") == [("a", 1)]


def test_behind_a_pool_nothing_is_kept(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    before = kept()

    assert ask("SELECT cardinality(%(ids)s::bigint[]), %(word)s::text", ids=[1], word="a") == [(1, "a")]
    assert kept() == before


@pytest.mark.parametrize("is_pool", [False, True])
def test_what_comes_first_has_ended_before_the_statement_begins(monkeypatch, is_pool):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", is_pool)
    said = "coalesce(current_setting('rapport.word', true), '')"
    sql = f"SELECT {said}, %(word)s || '', cardinality(%(ids)s::bigint[])"
    first = "SELECT set_config('rapport.word', %(word)s, true)"

    assert ask(sql, ids=[1, 2], word="before") == [("", "before", 2)]
    assert ask(sql, first, ids=[1, 2], word="there's") == [("there's", "there's", 2)]
