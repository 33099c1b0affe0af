"""The sidebar: who sees which entry, and which one is lit."""

import pytest
from django.http import HttpResponse
from django.urls import include, path

from crm.ui import navigation

pytestmark = pytest.mark.urls(__name__)


def named(*names):
    """Pages of these names, whatever they answer."""
    return [path(f"{name}/", HttpResponse, name=name) for name in names]


urlpatterns = [
    *named("home"),
    path("admin/", include((named("index"), "admin"))),
    path("contacts/", include((named("contact-list"), "contacts"))),
    path("segmentation/", include((named("rfm", "rfm-recut"), "segmentation"))),
    path("campaigns/", include((named("rule-list", "delivery-list", "delivery-detail"), "campaigns"))),
]


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(navigation, "_entries", {})


def shown(role="marketer", view_name=""):
    return {
        group["kind"]: [(item["entry"].label, item["current"]) for item in group["items_shown"]]
        for group in navigation.groups_for(role, view_name)
    }


def test_entries_stand_in_their_groups_in_order():
    navigation.register("", "Contacts", "users", "contacts:contact-list", 2)
    navigation.register("", "Today", "sun", "home", 1)
    navigation.register("analyse", "RFM", "grid-3x3", "segmentation:rfm", 1)

    assert shown() == {"top": [("Today", False), ("Contacts", False)], "analyse": [("RFM", False)]}


def test_an_entry_is_hidden_from_other_roles():
    navigation.register("foot", "Administration", "wrench", "admin:index", roles={"admin"})

    assert shown("admin") == {"foot": [("Administration", False)]}
    assert shown("analyst") == {}
    assert shown(None) == {}


def test_an_entry_without_a_page_is_left_out():
    navigation.register("operate", "Telepathy", "brain", "campaigns:telepathy-list")

    assert shown() == {}


def test_a_page_lights_the_entry_that_names_its_noun_besides():
    navigation.register("", "Contacts", "users", "contacts:contact-list", also=("campaigns:delivery",))

    assert shown(view_name="campaigns:delivery-detail") == {"top": [("Contacts", True)]}
    assert shown(view_name="campaigns:rule-list") == {"top": [("Contacts", False)]}


def test_a_page_lights_the_entry_of_its_noun():
    navigation.register("operate", "Contact strategy", "workflow", "campaigns:rule-list", 1)
    navigation.register("operate", "Deliveries", "send", "campaigns:delivery-list", 2)

    lit = [entry for entry in shown(view_name="campaigns:delivery-detail")["operate"] if entry[1]]

    assert lit == [("Deliveries", True)]


def test_the_only_entry_of_an_app_is_lit_by_all_its_pages():
    navigation.register("analyse", "RFM", "grid-3x3", "segmentation:rfm", 1)

    assert shown(view_name="segmentation:rfm-recut") == {"analyse": [("RFM", True)]}
    assert shown(view_name="home") == {"analyse": [("RFM", False)]}


def test_registering_again_replaces():
    navigation.register("", "Today", "sun", "home")
    navigation.register("", "Now", "sun", "home")

    assert shown() == {"top": [("Now", False)]}
