"""The style guide."""

from django.shortcuts import render

from crm.ui import specimens
from crm.ui.context import THEMES, Frame


def styleguide(request):
    """Every component in every state. `?theme=` shows it in one theme, whatever the reader has chosen."""
    request.theme = request.GET.get("theme")
    chosen = Frame(request).theme_choice
    themes = [(theme, theme == chosen) for theme in THEMES]
    return render(request, "ui/styleguide.html", specimens.everything() | {"themes": themes})
