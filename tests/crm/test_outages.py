"""While the database is away nobody sees a broken page: they are told to come again, and what to do."""

import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection
from django.test import Client

from crm.outages import is_outage


@pytest.fixture
def away(transactional_db):
    """The database cannot be reached."""
    settings, host = connection.settings_dict, connection.settings_dict["HOST"]
    connection.close()
    settings["HOST"] = "/nowhere"
    yield
    connection.close()
    settings["HOST"] = host


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("path", ["/join/", "/", "/contacts/", "/u/none/", "/p/none/"])
def test_every_page_says_come_again_and_what_to_do(away, visitor, path):
    visitor.cookies["sessionid"] = "a" * 32

    answer = visitor.get(path)

    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "no-store" in answer["Cache-Control"]
    assert "its disk is full" in answer.content.decode()
    assert f'href="{path}"' in answer.content.decode()


def test_a_form_is_not_sent_again_by_a_link(away, visitor):
    answer = visitor.post("/join/", {"email": "ada@example.com"})

    assert answer.status_code == 503
    assert "Try again</a>" not in answer.content.decode()


def test_a_machine_is_told_in_its_own_words(away, visitor):
    batch = {"source": "shop", "items": [{}]}

    answer = visitor.post("/api/v1/touchpoints", batch, "application/json", headers={"X-API-Key": "a" * 40})

    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert answer.json() == {"detail": "Not at the moment. Send it again; nothing is taken twice."}


def test_what_is_broken_by_us_is_still_a_broken_page(db, visitor):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE contacts_consentwording RENAME TO hidden")

    answer = visitor.get("/join/")

    assert answer.status_code == 500
    assert "Something broke" in answer.content.decode()


def test_an_outage_is_told_from_a_mistake_of_ours():
    outages = [OperationalError("no space left"), InterfaceError("closed"), DatabaseError("line closed")]

    assert [is_outage(error) for error in outages] == [True] * 3
    assert [is_outage(error) for error in (IntegrityError("twice"), ValueError(), None)] == [False] * 3
