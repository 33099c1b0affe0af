"""A touchpoint has arrived: which contacts does a rule's trigger hold for, at a moment?

A trigger is a name, the words a marketer reads, a form for its parameters, and one set-based query. The query
reads dated rows only, so that asked for the same moment it gives the same answer on any later day.
"""

from django import forms
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from touchpoints.models import Touchpoint

_triggers = {}


class UnknownTrigger(LookupError):
    """A rule names a trigger that no room has registered."""


def register(trigger):
    """Add a trigger; the same key replaces."""
    _triggers[trigger.key] = trigger
    return trigger


def get(key):
    """The trigger of that key; raises UnknownTrigger."""
    try:
        return _triggers[key]
    except KeyError:
        raise UnknownTrigger(f"There is no trigger “{key}”.") from None


def registered():
    """All triggers, in the order of their registration."""
    return list(_triggers.values())


def choices():
    """(key, label) of every trigger, for a form."""
    return [(trigger.key, trigger.label) for trigger in registered()]


class NoParameters(forms.Form):
    """For triggers that have nothing to set."""


class Trigger:
    """Finds the occurrences that start a rule."""

    key = ""
    label = ""
    form_class = NoParameters
    # A condition over `d`, the delivery, that the gate asks for once more; empty when what happened stays so.
    still_true_sql = ""

    def words(self, parameters):
        """The condition as a marketer reads it."""
        return self.label

    def occurrences(self, at, since, parameters, contact_ids=None):
        """(sql, params) of one query: contact_id, occurrence, occurred_at, touchpoint_id, evidence.

        It yields what happened after `since` and no later than `at`, for all contacts or only for these.
        """
        raise NotImplementedError

    def explain(self, contact, at, parameters):
        """The conditions with the value found for one contact: (tone, words) each, tone ok or wait."""
        raise NotImplementedError


class TouchpointTrigger(Trigger):
    """Holds whenever a touchpoint of one kind arrives. History brought along by an import starts nothing."""

    kind = ""
    # What a marketer reads as evidence, and what to say when there is none.
    said = ""
    missing = ""
    # What the touchpoint tells that is worth keeping beside it.
    evidence_keys = ()

    def occurrences(self, at, since, parameters, contact_ids=None):
        told = "".join(f", '{key}', t.data->'{key}'" for key in self.evidence_keys)
        only = "" if contact_ids is None else "AND t.contact_id = ANY(%(contact_ids)s)"
        sql = f"""
            SELECT t.contact_id, 't' || t.id AS occurrence, t.at AS occurred_at, t.id AS touchpoint_id,
                   jsonb_build_object('words', %(said)s::text, 'at', t.at{told}) AS evidence
            FROM touchpoints_touchpoint t
            WHERE t.kind = %(kind)s AND t.at > %(since)s AND t.at <= %(at)s
              AND NOT t.is_history AND t.contact_id IS NOT NULL {only}
        """
        found = {"kind": str(self.kind), "said": str(self.said), "since": since, "at": at}
        return sql, found if contact_ids is None else found | {"contact_ids": list(contact_ids)}

    def explain(self, contact, at, parameters):
        touchpoint = (
            Touchpoint.objects.filter(contact=contact, kind=self.kind, at__lte=at).newest_first().first()
        )
        if touchpoint is None:
            return [("wait", str(self.missing))]
        when = date_format(localtime(touchpoint.at), "j F Y, H:i")
        found = _("%(what)s on %(when)s") % {"what": self.said, "when": when}
        if touchpoint.is_history:
            return [("wait", _("%(found)s; brought along later, so it starts nothing") % {"found": found})]
        return [("ok", found)]


class SignedUp(TouchpointTrigger):
    key = "signed_up"
    kind = Touchpoint.Kind.SIGNED_UP
    label = gettext_lazy("Asks to hear from us")
    said = gettext_lazy("Asked to hear from us")
    missing = gettext_lazy("Has not asked to hear from us")
    # Who has confirmed meanwhile need not be asked to.
    still_true_sql = """NOT EXISTS (
        SELECT 1 FROM touchpoints_touchpoint t
        WHERE t.contact_id = d.contact_id AND t.kind = 'confirmed' AND t.at >= d.occurred_at
    )"""


class Confirmed(TouchpointTrigger):
    key = "confirmed"
    kind = Touchpoint.Kind.CONFIRMED
    label = gettext_lazy("Confirms the sign-up")
    said = gettext_lazy("Confirmed the sign-up")
    missing = gettext_lazy("Has not confirmed a sign-up")


class Ordered(TouchpointTrigger):
    key = "ordered"
    kind = Touchpoint.Kind.ORDERED
    label = gettext_lazy("Orders something")
    said = gettext_lazy("Ordered")
    missing = gettext_lazy("Has not ordered")
    evidence_keys = ("order", "amount", "currency")
    # Nobody is thanked for what was cancelled or given back.
    still_true_sql = """NOT EXISTS (
        SELECT 1 FROM touchpoints_touchpoint t
        JOIN touchpoints_order o ON o.source = t.source AND t.external_id = 'order:' || o.external_id
        WHERE t.id = d.touchpoint_id AND o.contact_id = d.contact_id AND o.status IN ('cancelled', 'refunded')
    )"""


for _trigger in (SignedUp(), Confirmed(), Ordered()):
    register(_trigger)


def still_true_sql():
    """One expression over `d` and `r`: does the condition of the delivery's rule still hold?"""
    cases = "".join(f"WHEN '{t.key}' THEN {t.still_true_sql} " for t in registered() if t.still_true_sql)
    return f"CASE r.trigger {cases}ELSE true END" if cases else "true"
