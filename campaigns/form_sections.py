"""The parts of a long form: what each is about, in a word and a sentence, beside its fields."""

from crispy_forms.layout import Div, Fieldset
from crispy_forms.utils import TEMPLATE_PACK


class Section(Fieldset):
    """One part, which stands open."""

    template = "campaigns/_form_section.html"

    def __init__(self, legend, sentence, *fields, **options):
        super().__init__(legend, *fields, **options)
        self.sentence = sentence


class Folded(Section):
    """What few people need: folded away, unless it is to be seen or something in it was refused."""

    template = "campaigns/_form_folded.html"

    def __init__(self, legend, sentence, *fields, is_open=False, **options):
        super().__init__(legend, sentence, *fields, **options)
        self.is_open = is_open

    def render(self, form, context, template_pack=TEMPLATE_PACK, **options):
        self.is_open = self.is_open or any(form[each.name].errors for each in self.get_field_names())
        return super().render(form, context, template_pack, **options)


class Asked(Div):
    """Fields that are asked for by a choice above: the style sheet hides them where it is another.

    A browser without script does the same, and what was refused always shows.
    """

    def __init__(self, by, *fields):
        super().__init__(*fields, css_class=f"asked asked-{by}")
