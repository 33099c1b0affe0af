"""A date of theirs: a birthday, an anniversary, a renewal, the day of the first order.

The local date stands in the occurrence: another time zone moves the hour and cannot send twice. Who was born
on the 29th of February has the 28th in other years.
"""

from functools import cache

from django import forms
from django.conf import settings
from django.db import connection
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.triggers.trigger import ParameterForm, Trigger
from contacts.models import ContactDate

FIRST_ORDER = "first_order"
DATES = [
    *((kind.value, kind.label) for kind in ContactDate.Kind),
    (FIRST_ORDER, gettext_lazy("The day of the first order")),
]


class DateForm(ParameterForm):
    """Which date, how long before it, and at which hour there."""

    date = forms.ChoiceField(label=gettext_lazy("Which date"), choices=DATES, initial="birthday")
    days_before = forms.IntegerField(
        label=gettext_lazy("So many days before"), min_value=0, max_value=60, initial=0, required=False
    )
    hour = forms.IntegerField(
        label=gettext_lazy("At the hour"),
        min_value=0,
        max_value=23,
        initial=9,
        help_text=gettext_lazy("On the clock where they live; the sender's where that is unknown."),
    )


# The zone by which a contact's days begin; what is no time zone counts as unknown.
# One look for each person found: they are few, however large the base.
_ZONE = """CROSS JOIN LATERAL (
    SELECT CASE WHEN c.time_zone = ANY(%(zones)s::text[]) THEN c.time_zone ELSE %(zone)s END AS name
    FROM contacts_contact c WHERE c.id = {contact} LIMIT 1
) zone"""
# The moment: so many days before the date, at the hour, on the clock there.
_MOMENT = "(({date} - %(days_before)s::int) + make_time(%(hour)s::int, 0, 0)) AT TIME ZONE zone.name"
_ROW = f"""
    SELECT t.contact_id, %(date)s || ':' || t.the_day AS occurrence, t.occurred_at AS started_at,
           t.occurred_at, NULL::bigint AS touchpoint_id, t.the_day, t.date AS first_day
    FROM (
        SELECT found.*, {_MOMENT.format(date="found.the_day")} AS occurred_at
        FROM ({{found}}) found {_ZONE.format(contact="found.contact_id")}
    ) t
    WHERE t.occurred_at > %(since)s AND t.occurred_at <= least(%(at)s, %(now)s)
"""
# The days to look at: a little more than the span, since days begin elsewhere at other hours.
_FROM_DAY = "((%(since)s::timestamptz AT TIME ZONE 'UTC')::date + %(days_before)s::int - 2)"
_TO_DAY = "((least(%(at)s::timestamptz, %(now)s) AT TIME ZONE 'UTC')::date + %(days_before)s::int + 2)"
_DAYS = f"generate_series({_FROM_DAY}::timestamp, {_TO_DAY}::timestamp, interval '1 day') AS days (midnight)"
_IS_LEAP = "extract(month FROM midnight::date + 1) = 3 AND extract(day FROM midnight) = 28"
_YEARLY = f"""
    SELECT t.contact_id, t.date, day.the_day
    FROM (
        SELECT midnight::date AS the_day,
               extract(month FROM midnight) * 100 + extract(day FROM midnight) AS code
        FROM {_DAYS}
        UNION ALL
        SELECT midnight::date, 229 FROM {_DAYS} WHERE {_IS_LEAP}
    ) day
    JOIN contacts_contactdate t ON t.kind = %(date)s AND t.day_of_year = day.code::smallint
    WHERE t.date < day.the_day {{only}}
"""
_ONCE = f"""
    SELECT t.contact_id, t.date, t.date AS the_day FROM contacts_contactdate t
    WHERE t.kind = %(date)s AND t.date BETWEEN {_FROM_DAY} AND {_TO_DAY} {{only}}
"""
# The first order lies whole years back; for each year one look into the index of orders by their moment.
_FIRST_ORDERS = f"""
    SELECT first.contact_id, first.date, (first.date + make_interval(years => first.years))::date AS the_day
    FROM (
        SELECT t.contact_id, t.years, (t.at AT TIME ZONE zone.name)::date AS date
        FROM (
            SELECT near.*, years.years FROM generate_series(1, 50) AS years (years)
            CROSS JOIN LATERAL (
                SELECT t.id, t.contact_id, t.at FROM touchpoints_order t
                WHERE t.at >= {_FROM_DAY} - make_interval(years => years.years) - interval '2 days'
                  AND t.at <= {_TO_DAY} - make_interval(years => years.years) + interval '3 days' {{only}}
                OFFSET 0
            ) near
        ) t
        {_ZONE.format(contact="t.contact_id")}
        WHERE t.id = (
            SELECT earliest.id FROM touchpoints_order earliest
            WHERE earliest.contact_id = t.contact_id ORDER BY earliest.at, earliest.id LIMIT 1
        )
    ) first
"""


class DateReached(Trigger):
    """The date has come, or is so many days ahead."""

    key = "date"
    form_class = DateForm
    label = gettext_lazy("A date of theirs")
    missing = gettext_lazy("The date is not known, or has not come yet")
    evidence = (("date", "b.the_day"),)

    def words(self, parameters):
        values = self.values_of(parameters)
        name, days = str(dict(DATES).get(values["date"], values["date"])), values["days_before"] or 0
        if not days:
            return _("%(date)s, at %(hour)s:00") % {"date": name, "hour": values["hour"]}
        words = ngettext(
            "%(days)s day before: %(date)s, at %(hour)s:00",
            "%(days)s days before: %(date)s, at %(hour)s:00",
            days,
        )
        return words % {"days": days, "date": name, "hour": values["hour"]}

    def base(self, values):
        found = {FIRST_ORDER: _FIRST_ORDERS, ContactDate.Kind.RENEWAL.value: _ONCE}.get(
            values["date"], _YEARLY
        )
        params = {name: values[name] for name in ("date", "hour")}
        params["days_before"] = values["days_before"] or 0
        params["zone"] = values.get("zone") or settings.BRAND_TIME_ZONE
        return _ROW.replace("{found}", found), params | {"zones": known_zones()}

    def start_words(self, row, values):
        named = {
            "date": dict(DATES).get(values["date"], values["date"]),
            "first": date_format(row["first_day"], "j F Y"),
            "day": date_format(row["the_day"], "j F Y"),
        }
        if row["first_day"] == row["the_day"]:
            return _("%(date)s: %(day)s") % named
        return _("%(date)s: %(first)s, so again on %(day)s") % named


@cache
def known_zones():
    """The time zones that the database can reckon with."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names WHERE name NOT LIKE 'posix%'")
        return [name for (name,) in cursor.fetchall()]
