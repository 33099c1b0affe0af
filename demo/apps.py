"""Wires the demo at start-up."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    name = "demo"

    def ready(self):
        from crm.ui import navigation

        navigation.register("foot", _("Demo shop"), "store", "demo:shop-home", 80)
        navigation.register("foot", _("Mailbox"), "inbox", "demo:mailbox", 81)
