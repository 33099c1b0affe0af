"""Wires the room at start-up."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactsConfig(AppConfig):
    name = "contacts"
    verbose_name = _("Contacts")

    def ready(self):
        from contacts import about, columns, filters, listing, panels, permissions, telling, timeline
        from contacts.models import Contact
        from crm.ui import navigation

        navigation.register("", _("Contacts"), "users", "contacts:contact-list", order=20, key="c")
        timeline.register("consents", telling.entries)
        panels.register("permissions", place="aside", order=30, render=permissions.panel)
        panels.register("about", place="aside", order=50, render=about.panel)
        columns.register("may", _("May we"), order=60, values=listing.may_column, hide="md")
        filters.register(
            "mail",
            _("E-mail"),
            listing.may_be_mailed,
            listing.mail_words,
            choices=listing.MAIL_ANSWERS.items,
        )
        filters.register(
            "level",
            _("Level"),
            lambda rows, value: rows.filter(level=value),
            listing.level_words,
            choices=lambda: Contact.Level.choices,
        )
