"""The sidebar: every app registers its own entries in `ready()`; a page shows those its reader may open."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

GROUPS = {
    "": "",
    "analyse": _("Analyse"),
    "operate": _("Operate"),
    "collaborate": _("Collaborate"),
    "foot": "",
}


@dataclass(frozen=True)
class Entry:
    """One line of the sidebar. `key` is the letter after `g`; `count` says how much waits on a person.

    `also` names what else is looked at there: `campaigns:step` for the pages of steps.
    """

    group: str
    label: str | Promise
    icon: str
    url_name: str
    order: int = 50
    roles: Collection[str] | None = None
    key: str = ""
    count: Callable | None = None
    also: Collection[str] = ()

    def shown_to(self, role):
        return self.roles is None or role in self.roles

    @property
    def waiting(self):
        """How much waits on a person now; counted once for a page."""
        return self.count() if self.count else 0

    @property
    def noun(self):
        """`campaigns:delivery-list` is about deliveries, as is `campaigns:delivery-detail`."""
        return noun_of(self.url_name)

    @property
    def url(self):
        """Its address; none while no such page is mounted."""
        try:
            return reverse(self.url_name)
        except NoReverseMatch:
            return None


_entries: dict[str, Entry] = {}


def workspace_name():
    """The name beside the mark. A room above replaces this function by one that knows the workspace."""
    return ""


def register(group, label, icon, url_name, order=50, roles=None, *, key="", count=None, also=()):
    """Add an entry to the sidebar. Registering the same URL again replaces it."""
    assert group in GROUPS, f"no navigation group {group!r}"
    _entries[url_name] = Entry(group, label, icon, url_name, order, roles, key, count, also)


def groups_for(role, view_name=""):
    """The sidebar of someone with this role on this page, group by group; empty groups are left out."""
    shown = sorted((e for e in _entries.values() if e.shown_to(role)), key=lambda entry: entry.order)
    current = current_entry(shown, view_name)
    for group, label in GROUPS.items():
        items = [
            {"entry": entry, "url": entry.url, "current": entry is current, "count": entry.waiting}
            for entry in shown
            if entry.group == group and entry.url
        ]
        if items:
            yield {"kind": group or "top", "label": label, "items_shown": items}


def current_entry(entries, view_name):
    """The entry a page belongs to: the same page, else the same noun, else the only one of its namespace."""
    namespace = view_name.rpartition(":")[0]
    same_page = [entry for entry in entries if entry.url_name == view_name]
    noun = noun_of(view_name)
    same_noun = [entry for entry in entries if noun == entry.noun or noun in entry.also]
    alone = [entry for entry in entries if namespace and entry.url_name.rpartition(":")[0] == namespace]
    for found in (same_page, same_noun, alone if len(alone) == 1 else []):
        if found:
            return found[0]
    return None


def noun_of(view_name):
    """`campaigns:delivery-list` -> `campaigns:delivery`."""
    namespace, colon, name = view_name.rpartition(":")
    return f"{namespace}{colon}{name.rpartition('-')[0] or name}"
