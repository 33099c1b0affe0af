"""What the frame of a page needs to know. Everything is worked out only when a template asks."""

from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property

from crm.ui import navigation

THEMES = ("system", "light", "dark")
# In this order: what every page stands on first, components after.
STYLES = [
    *["ui/tokens.css", "ui/base.css", "ui/layout.css", "ui/button.css", "ui/form.css"],
    *["ui/tabs.css", "ui/filterbar.css", "ui/stepper.css", "ui/panel.css", "ui/tile.css", "ui/grid.css"],
    *["ui/person.css", "ui/status.css", "ui/meter.css", "ui/chart.css", "ui/thread.css", "ui/why.css"],
    *[
        "ui/heat.css",
        "ui/feedback.css",
        "ui/strategy.css",
        "ui/criterion.css",
        "ui/letter.css",
        "ui/public.css",
    ],
]
SCRIPTS = ["ui/keys.js", "ui/dialog.js", "ui/toast.js"]


def ui(request):
    return {"ui": Frame(request)}


class Frame:
    """The frame around one answer: sidebar, workspace, theme."""

    styles = STYLES
    scripts = SCRIPTS

    def __init__(self, request):
        self.request = request

    @cached_property
    def user(self):
        user = getattr(self.request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @cached_property
    def navigation(self):
        match = self.request.resolver_match
        role = getattr(self.user, "role", None)
        return [*navigation.groups_for(role, match.view_name if match else "")]

    @cached_property
    def find_url(self):
        """Where the find box looks; none while there is no list of contacts."""
        try:
            return reverse("contacts:contact-list")
        except NoReverseMatch:
            return None

    @cached_property
    def workspace_name(self):
        return navigation.workspace_name()

    @cached_property
    def theme(self):
        """`light` or `dark` when someone chose one, else nothing: the system's own is followed."""
        chosen = getattr(self.request, "theme", None) or getattr(self.user, "theme", "system")
        return chosen if chosen in ("light", "dark") else ""

    @cached_property
    def theme_choice(self):
        return self.theme or "system"

    @cached_property
    def display_name(self):
        return (self.user.get_full_name() or self.user.get_username()) if self.user else ""

    @cached_property
    def role_name(self):
        shown = getattr(self.user, "get_role_display", None)
        return shown() if shown else ""

    @cached_property
    def single_keys(self):
        """Single-key shortcuts are on unless the person switched them off (WCAG 2.1.4)."""
        return getattr(self.user, "single_keys", True)
