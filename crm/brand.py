"""The name of the workspace, as the sidebar shows it."""

from django.core.cache import cache

from contacts.models import Sender

KEPT_FOR = 60


def workspace_name():
    """The first sender's name; empty on a fresh install."""
    return cache.get_or_set("workspace-name", first_senders_name, KEPT_FOR)


def first_senders_name():
    return Sender.objects.order_by("pk").values_list("name", flat=True).first() or ""
