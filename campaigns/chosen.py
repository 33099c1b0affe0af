"""The settings of what is chosen in a form, a trigger or an outcome: a form of its own, inside the other.

Which one it shows changes with the choice. Where the settings of another were on the page, or none, what is
chosen begins with what holds by itself.
"""

from crispy_forms.templatetags.crispy_forms_filters import as_crispy_form
from django.template.loader import render_to_string

TEMPLATE = "campaigns/_chosen_settings.html"


class ChosenSettings:
    """The settings of `chosen`, which has a key, a form_class and values_of; or of nothing.

    `given` is what was set before, None where something else was chosen then. While somebody is only asking
    for the settings, nothing is refused yet.
    """

    def __init__(self, prefix, chosen, *, data, given, is_asking=False):
        self.prefix, self.key = prefix, chosen.key if chosen else ""
        shown = bool(data) and data.get(f"{prefix}-of") == self.key
        self.chosen, self.form, self.given = chosen, None, given
        if chosen and chosen.form_class.base_fields:
            initial = chosen.values_of(given)
            self.form = chosen.form_class(data if shown else None, initial=initial, prefix=prefix)
            if shown and is_asking:
                self.form.errors.clear()

    @property
    def is_complete(self):
        """Whether nothing is missing that has no value by itself."""
        if self.form is None or self.form.is_bound:
            return self.form is None or self.form.is_valid()
        entries = self.form.fields.items()
        return all(self.form.initial.get(name) or not entry.required for name, entry in entries)

    @property
    def values(self):
        """What is set, as JSON can hold it; what was set before where nothing was shown or changed."""
        if self.form is None:
            return {}
        return dict(self.form.cleaned_data) if self.is_changed else dict(self.given or {})

    @property
    def is_changed(self):
        """Whether something else was typed than holds by what was given."""
        if not self.form.is_bound or self.given is None:
            return self.form.is_bound
        return self.chosen.values_of(self.form.cleaned_data) != self.chosen.values_of(self.given)

    @property
    def fields(self):
        """Its fields alone."""
        return as_crispy_form(self.form)

    @property
    def rendered(self):
        """Its fields, with the note of whose they are."""
        return render_to_string(TEMPLATE, {"chosen": self})


def asking_again(prefix):
    """Attributes of a choice that let its settings appear as soon as another is chosen."""
    return {
        "hx-post": "",
        "hx-trigger": "change",
        "hx-vals": '{"show": "1"}',
        "hx-target": f"#{prefix}-settings",
        "hx-select": f"#{prefix}-settings",
        "hx-swap": "outerHTML",
        "hx-push-url": "false",
    }
