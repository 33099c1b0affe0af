"""Every address stands in the access table, and the table holds for every role."""

import uuid

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from contacts.suppressing import suppress
from crm.access import ACCESS, NAMESPACES, PREFIXES, PUBLIC
from tests.make import (
    NOON,
    make_campaign,
    make_contact,
    make_delivery,
    make_product,
    make_rehearsal,
    make_rule,
    make_user,
)

ROLES = ["admin", "marketer", "analyst"]


def addresses(patterns=None, namespace=""):
    """Every named address of the project: (view name, its argument names)."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", [*pattern.pattern.converters]


def is_listed(name):
    namespace = name.partition(":")[0] if ":" in name else None
    return name in ACCESS or namespace in NAMESPACES or any(name.startswith(prefix) for prefix in PREFIXES)


def test_every_address_stands_in_the_table():
    assert [name for name, _arguments in addresses() if not is_listed(name)] == []


def test_the_table_lists_no_address_that_is_gone():
    known = {name for name, _arguments in addresses()}

    assert [name for name in ACCESS if name not in known] == []


def private_addresses():
    known = {name for name, _arguments in addresses()}
    return sorted(name for name, entry in ACCESS.items() if entry[0] is not PUBLIC and name in known)


@pytest.fixture
def things(db):
    """One of everything that an address can name."""
    rule, contact = make_rule(), make_contact()
    delivery = make_delivery(rule, contact, status="sent")
    make_product(sku="P-1")
    found = {"contact": contact.pk, "rule": rule.pk, "step": rule.pk, "delivery": delivery.uuid}
    kept_back = suppress(contact.email, reason="bounced", at=NOON, source="test")
    found["rehearsal"] = make_rehearsal(rule).pk
    return found | {"campaign": make_campaign().pk, "sender": rule.sender_id, "suppression": kept_back.pk}


def address(name, things):
    """The path of an address, with something that exists in its place."""
    from django.urls import reverse

    arguments = dict(addresses())[name]
    noun = name.partition(":")[2].partition("-")[0]
    values = {"pk": things.get(noun, things["contact"]), "key": things["delivery"]}
    values |= {"sku": "P-1", "suppression": things["suppression"], "step": 1, "number": 0}
    return reverse(name, kwargs={argument: values[argument] for argument in arguments})


@pytest.mark.parametrize("name", private_addresses())
def test_a_stranger_is_asked_to_sign_in(name, client, things):
    response = client.get(address(name, things))

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", private_addresses())
def test_each_role_gets_what_the_table_says(name, role, client, things):
    client.force_login(make_user(role))
    read, change = ACCESS[name]

    got, posted = client.get(address(name, things)), client.post(address(name, things))

    assert (got.status_code == 403) == (role not in read)
    assert (posted.status_code == 403) == (role not in change)
    assert got.status_code < 500
    assert posted.status_code < 500


@pytest.mark.parametrize("role", ["marketer", "analyst"])
def test_the_administration_is_for_administrators(role, client, db):
    client.force_login(make_user(role))

    assert client.get("/admin/").status_code == 403


def test_an_administrator_opens_every_list_of_the_administration(client, db):
    client.force_login(make_user("admin"))
    names = [name for name, _arguments in addresses()]
    lists = [name for name in names if name.startswith("admin:") and name.endswith("_changelist")]

    from django.urls import reverse

    assert {name: client.get(reverse(name)).status_code for name in lists} == dict.fromkeys(lists, 200)


def test_someone_switched_off_is_a_stranger(client, db):
    user = make_user("admin")
    client.force_login(user)
    user.is_active = False
    user.save(update_fields=["is_active"])

    assert client.get("/").status_code == 302


def test_an_address_outside_the_table_is_shut(client, admin, monkeypatch):
    client.force_login(admin)
    monkeypatch.delitem(ACCESS, "settings")

    assert client.get("/settings/").status_code == 403


def test_an_unknown_thing_is_not_found(as_marketer):
    missing = ["/contacts/999999/", "/strategy/999999/", f"/deliveries/{uuid.uuid4()}/"]

    assert [as_marketer.get(path).status_code for path in missing] == [404, 404, 404]


def test_a_page_about_people_is_kept_in_no_cache(client, as_marketer, things):
    assert "no-store" in as_marketer.get(address("contacts:contact-detail", things))["Cache-Control"]


@pytest.mark.parametrize("wish", ["nowhere", "//evil.example.com", "https://evil.example.com/"])
def test_who_changes_the_theme_is_led_to_no_other_place(as_marketer, wish):
    assert as_marketer.post("/settings/theme/", {"theme": "dark", "next": wish})["Location"] == "/settings/"


@pytest.mark.parametrize("path", ["/contacts/", "/deliveries/", "/strategy/{rule}/preview/"])
def test_a_search_for_a_null_character_finds_without_it(path, as_marketer, things):
    assert as_marketer.get(path.format(**things), {"q": "\0"}).status_code == 200


def test_behind_a_proxy_sign_ins_are_counted_by_visitor(rf, settings):
    from allauth.account.adapter import get_adapter

    settings.TRUST_PROXY = True
    request = rf.get("/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})

    assert get_adapter().get_client_ip(request) == "198.51.100.7"
