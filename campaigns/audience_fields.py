"""Who something is for, as fields of a form: a choice for each filter of the contact list."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from campaigns import audience
from contacts import filters

# The fields are called so, and as the filter of the contact list.
WHO = "who_"


class ForPeople:
    """A form of something, its `instance`, that is for some people."""

    # What is said of them where they are not named one by one.
    not_by_name = ""

    @property
    def is_by_name(self):
        """Whether it is for people who were named one by one."""
        return "contacts" in self.instance.audience

    def audience_words(self):
        return by_name_words(self.instance.audience) if self.is_by_name else self.not_by_name


def fields_of(given):
    """One field for each filter of the contact list, and the words typed into its search."""
    chosen = given.get("filters", {})
    words = forms.CharField(
        label=_("Name or e-mail"), required=False, max_length=200, initial=chosen.get(audience.WORDS, "")
    )
    found = {WHO + each.name: filter_field(each, chosen) for each in filters.all_filters()}
    return {name: field for name, field in found.items() if field} | {WHO + audience.WORDS: words}


def chosen_of(values):
    """What is chosen in these fields: {filter: value}."""
    return {name.removeprefix(WHO): value for name, value in values.items() if name.startswith(WHO) and value}


def names_of(form):
    """The fields of a form that say who it is for."""
    return [name for name in form.fields if name.startswith(WHO)]


def by_name_words(given):
    """How many were named one by one."""
    count = len(given["contacts"])
    words = ngettext("%(count)s person, chosen by name.", "%(count)s people, chosen by name.", count)
    return words % {"count": count}


def filter_field(each, chosen):
    """A choice of what a filter of the contact list offers, and of what is chosen; None for neither."""
    offered, value = [*each.choices()] if each.choices else [], chosen.get(each.name, "")
    if value and value not in dict(offered):
        try:
            offered.append((value, each.describe(value)))
        except ValueError:
            value = ""
    if not offered:
        return None
    return forms.ChoiceField(
        label=each.label, choices=[("", _("any")), *offered], required=False, initial=value
    )
