"""Asks triggers, as planning and explaining do."""

from django.db import connection

from campaigns import triggers
from campaigns.triggers.trigger import BEGINNING_OF_TIME
from tests.make import DAY

WINDOW = 2 * DAY


def occurrences(key, at, since=None, parameters=None, contact_ids=None):
    """[(contact_id, occurrence, occurred_at)] of the last two days, in order, unless told otherwise."""
    asked = triggers.get(key).occurrences(at, since or at - WINDOW, parameters or {}, contact_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT contact_id, occurrence, occurred_at FROM ({asked[0]}) o ORDER BY 1, 3, 2", asked[1]
        )
        return cursor.fetchall()


def fires(key, contact, at, since=None, **parameters):
    """The moments at which it occurred to this contact in the window before `at`."""
    found = occurrences(key, at, since, parameters)
    return [moment for pk, _key, moment in found if pk == contact.pk]


def evidence(key, at, **parameters):
    """The evidence of each occurrence, without its words and moment."""
    sql, params = triggers.get(key).occurrences(at, at - WINDOW, parameters)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT evidence - 'at' - 'words' FROM ({sql}) o ORDER BY o.contact_id", params)
        return [found for (found,) in cursor.fetchall()]


def ever(key, contact, at, parameters):
    """Whether it ever occurred to this contact."""
    return bool(occurrences(key, at, BEGINNING_OF_TIME, parameters, [contact.pk]))


def lines(key, contact, at, **parameters):
    return triggers.get(key).explain(contact, at, parameters)


def holds(key, contact, at, parameters):
    """Whether the explanation finds nothing that is missing."""
    return all(tone == "ok" for tone, _words in lines(key, contact, at, **parameters))
