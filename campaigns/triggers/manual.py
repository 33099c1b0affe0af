"""A colleague starts a rule for chosen people. That is a touchpoint, and so it is told on their pages."""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.triggers.arriving import NOT_HISTORY, TouchpointTrigger, history_words
from campaigns.triggers.trigger import Condition
from touchpoints.models import Touchpoint
from touchpoints.recording import record_many

SOURCE = "user"


class Manual(TouchpointTrigger):
    """Somebody was chosen for this very rule."""

    key = "manual"
    kind = Touchpoint.Kind.CHOSEN
    label = gettext_lazy("Is chosen by a colleague")
    said = gettext_lazy("Chosen by a colleague")
    missing = gettext_lazy("Has not been chosen")
    evidence = (("by", "b.data->'by'"),)

    def conditions(self, values):
        rule = {"chosen_for": str(values.get("rule", ""))}
        return [
            Condition(NOT_HISTORY, history_words),
            Condition("b.data->>'rule_id' = %(chosen_for)s", chosen_words, "b.data->>'name'", rule),
        ]


def chosen_words(holds, found, _row):
    return "" if holds else _("That was for “%(rule)s”") % {"rule": found}


@transaction.atomic
def start(rule, contacts, at, by):
    """Choose these contacts for a rule, as of now; returns the touchpoints that are new.

    Asked twice in the same minute, a contact is chosen once.
    """
    told = {"rule_id": str(rule.pk), "name": rule.name, "by": by.get_full_name() or by.get_username()}
    chosen = [
        Touchpoint(
            kind=Touchpoint.Kind.CHOSEN,
            contact=contact,
            at=at,
            source=SOURCE,
            external_id=f"chosen:{rule.pk}:{contact.pk}:{int(at.timestamp()) // 60}",
            data=told | {"user": by.pk},
        )
        for contact in contacts
        if contact.is_present
    ]
    return record_many(chosen)
