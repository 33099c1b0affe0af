"""What a trigger is: a name, the words a marketer reads, a form, and one set-based query over dated rows.

A query has a base, the rows that may start something, and conditions on each of them. What is asked for the
whole base and what is explained of one contact are the same conditions, so that they cannot disagree.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django import forms
from django.db import connection
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

OK, WAIT = "ok", "wait"
BEGINNING_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


class ParameterForm(forms.Form):
    """What can be set, with what holds unless something is; it yields what JSON can hold."""


class NoParameters(ParameterForm):
    """For triggers that have nothing to set."""


@dataclass(frozen=True)
class Condition:
    """Something that must hold of a row `b` of the base: when it does, and what was found."""

    sql: str
    # (whether it holds, the value of `found`, the row) -> words.
    words: Callable
    found: str = "NULL::text"
    params: dict = field(default_factory=dict)
    # The same, better read for everybody over weeks; empty where there is no difference.
    over_weeks: str = ""


class Trigger:
    """Finds the occurrences that start a rule."""

    key = ""
    label = ""
    form_class = NoParameters
    # A condition over `d`, the delivery, `r`, its rule, and %(at)s, that the gate asks for once more; empty
    # when what happened stays so.
    still_true_sql = ""
    # Or an expression over `r`: the kind of touchpoint that makes the message needless once it has happened.
    undone_by = ""
    # What a marketer reads as evidence, and what to say when there is nothing to begin with.
    said = ""
    missing = ""
    # More evidence: (its name, an expression over `b`).
    evidence = ()

    def base(self, values):
        """A query of contact_id, occurrence, started_at, occurred_at and touchpoint_id, and its values.

        `{only}` stands for the choice of contacts. %(since)s and %(at)s bound occurred_at; %(now)s is the
        moment that is asked for, after which nothing is known.
        """
        raise NotImplementedError

    def conditions(self, values):
        """What must hold of each row of the base."""
        return []

    def start_words(self, row, values):
        """What began it, as the first line of an explanation."""
        return said_on(self.said, row["started_at"])

    def words(self, parameters):
        """The condition as a marketer reads it."""
        return str(self.label)

    def values_of(self, parameters):
        """What is set, and what holds where nothing is."""
        given = {name: value for name, value in (parameters or {}).items() if value not in (None, "", [])}
        return {name: initial_of(entry) for name, entry in self.form_class.base_fields.items()} | given

    def occurrences(self, at, since, parameters, contact_ids=None):
        """(sql, params) of one query: contact_id, occurrence, occurred_at, touchpoint_id, evidence.

        It yields what happened after `since` and no later than `at`, for all contacts or only for these.
        """
        base, conditions, params = self._asked(parameters, contact_ids)
        told = "".join(f", '{name}', {sql}" for name, sql in self.evidence)
        is_long = contact_ids is None and at - since > WEEK
        asked = [is_long and condition.over_weeks or condition.sql for condition in conditions]
        holds = " AND ".join(f"({sql})" for sql in asked) or "true"
        sql = f"""
            SELECT b.contact_id, b.occurrence, b.occurred_at, b.touchpoint_id,
                   jsonb_build_object('words', %(said)s::text, 'at', b.started_at{told}) AS evidence
            FROM ({base}) b WHERE {holds}
        """
        said = str(self.said or self.words(parameters))
        return sql, params | {"said": said, "since": since, "at": at, "now": at}

    def explain(self, contact, at, parameters, since=BEGINNING_OF_TIME):
        """The conditions with the value found for one contact: (tone, words) each, tone ok or wait.

        What was over by `since` starts nothing any more: what began after it is told instead.
        """
        values = self.values_of(parameters)
        conditions = self._asked(parameters, [contact.pk])[1]
        row = self._best(contact, at, parameters, since)
        if row is None:
            return [(WAIT, str(self.missing))]
        lines = [(OK, self.start_words(row, values))]
        if row["occurred_at"] != row["started_at"]:
            lines.append(time_line(row["occurred_at"], at))
        for number, condition in enumerate(conditions):
            holds = bool(row[f"holds{number}"])
            lines += said_of(holds, condition.words(holds, row[f"found{number}"], row))
        return lines

    def occurred_at(self, contact, at, parameters, since=BEGINNING_OF_TIME):
        """When that which `explain` tells of occurred; None where not all of it holds."""
        row = self._best(contact, at, parameters, since)
        return row["occurred_at"] if row and row["holds"] else None

    def _asked(self, parameters, contact_ids):
        """(base, conditions, params), for all contacts or for these."""
        values = self.values_of(parameters)
        base, params = self.base(values)
        conditions = self.conditions(values)
        for condition in conditions:
            params = params | condition.params
        if contact_ids is None:
            return base.replace("{only}", ""), conditions, params
        base = base.replace("{only}", "AND t.contact_id = ANY(%(contact_ids)s)")
        return base, conditions, params | {"contact_ids": list(contact_ids)}

    def _best(self, contact, at, parameters, since):
        """The newest row for which all holds, if that was after `since`; else the one that began last."""
        base, conditions, params = self._asked(parameters, [contact.pk])
        asked = "".join(f", ({c.sql}) AS holds{n}, {c.found} AS found{n}" for n, c in enumerate(conditions))
        holds = " AND ".join(["b.occurred_at <= %(now)s", *(f"({c.sql})" for c in conditions)])
        sql = f"""
            SELECT * FROM (
                SELECT b.*{asked}, coalesce({holds}, false) AS holds
                FROM ({base}) b WHERE b.started_at <= %(now)s
            ) b
            ORDER BY b.holds AND b.occurred_at > %(still)s DESC, b.started_at DESC, b.occurred_at DESC,
                     b.touchpoint_id DESC LIMIT 1
        """
        params = params | {"since": BEGINNING_OF_TIME, "at": END_OF_TIME, "now": at, "still": since}
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            names = [column.name for column in cursor.description]
            found = cursor.fetchone()
        return dict(zip(names, found, strict=True)) if found else None


def initial_of(entry):
    """What a field holds unless something is set."""
    return entry.initial() if callable(entry.initial) else entry.initial


def said_on(what, moment):
    """“Ordered on 3 May 2026, 10:00”."""
    return _("%(what)s on %(when)s") % {"what": what, "when": clock(moment)}


def clock(moment):
    return date_format(localtime(moment), "j F Y, H:i")


def time_line(occurred_at, at):
    """Whether the time that must pass has passed."""
    if occurred_at <= at:
        return OK, _("The time was over on %(when)s") % {"when": clock(occurred_at)}
    return WAIT, _("The time is over on %(when)s") % {"when": clock(occurred_at)}


def said_of(holds, words):
    """A line of an explanation, or none where there is nothing to say."""
    return [(OK if holds else WAIT, str(words))] if words else []
