"""Wires the roof at start-up."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = _("Sign-in")

    def ready(self):
        from crm.brand import workspace_name
        from crm.ui import navigation

        navigation.workspace_name = workspace_name
        navigation.register("", _("Today"), "sun", "home", order=10, key="t")
        navigation.register("foot", _("Settings"), "settings", "settings", order=90)
