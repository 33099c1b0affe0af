"""Pages as a marketer names them: `/records/*`, one a line; a star stands for anything, also for nothing."""

from django import forms
from django.utils.translation import gettext_lazy as _

MOST, LONGEST = 20, 200


class PathsField(forms.CharField):
    """Pages by their paths, one a line; its value is a list."""

    widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})
    default_help = _("The paths of pages, one a line, as in “/records/*”. A star stands for anything.")

    def __init__(self, **options):
        super().__init__(**{"help_text": self.default_help} | options)

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value):
        paths = [*dict.fromkeys(super().clean(self.prepare_value(value)).split())]
        if len(paths) > MOST:
            raise forms.ValidationError(_("At most %(most)s pages.") % {"most": MOST})
        for path in paths:
            if not path.startswith(("/", "*")) or len(path) > LONGEST:
                raise forms.ValidationError(
                    _("“%(path)s” is no path; it begins with / or *.") % {"path": path[:50]}
                )
        return paths


def in_words(paths):
    """`/records/*, /sale`; as it is typed."""
    return ", ".join(paths)


def like(path):
    """The pattern by which the database finds the pages of a path with stars."""
    for sign in "\\%_":
        path = path.replace(sign, f"\\{sign}")
    return path.replace("*", "%")


def like_sql(path):
    """The same as an expression over one that gives the path with stars; for queries with parameters."""
    for sign in ("\\", "%%", "_"):
        path = f"replace({path}, '{sign}', '\\{sign}')"
    return f"replace({path}, '*', '%%')"
