"""The administration: everything can be seen, nothing that happened can be changed, a key is shown once."""

import pytest
from django.urls import reverse

from tests.make import NOON, make_order, make_product, make_touchpoint
from touchpoints import totals
from touchpoints.keys import create_key, read_key
from touchpoints.models import ApiKey, DailyVisits, Visitor


@pytest.fixture
def as_admin(client, admin):
    client.force_login(admin)
    return client


def page(model, view, *args):
    return reverse(f"admin:touchpoints_{model}_{view}", args=args)


def test_every_list_and_every_row_opens(as_admin, ada):
    order = make_order(ada)
    totals.recompute([ada.pk])
    rows = {
        "touchpoint": make_touchpoint(ada).pk,
        "order": order.pk,
        "totals": ada.pk,
        "product": make_product().pk,
        "visitor": Visitor.objects.create(created_at=NOON).pk,
        "dailyvisits": DailyVisits.objects.create(day=NOON.date(), path="/", visits=1).pk,
        "apikey": create_key("Shop")[0].pk,
    }

    for model, pk in rows.items():
        assert as_admin.get(page(model, "changelist") + "?q=a").status_code == 200
        assert as_admin.get(page(model, "change", pk)).status_code == 200


@pytest.mark.parametrize("model", ["touchpoint", "order", "totals", "visitor", "dailyvisits"])
def test_what_happened_is_not_made_by_hand(as_admin, model):
    assert as_admin.get(page(model, "add")).status_code == 403


def test_what_happened_is_not_changed_by_hand(as_admin, ada):
    touchpoint = make_touchpoint(ada)

    assert as_admin.post(page("touchpoint", "change", touchpoint.pk), {"kind": "note"}).status_code == 403
    assert as_admin.post(page("touchpoint", "delete", touchpoint.pk), {"post": "yes"}).status_code == 403


def test_a_key_is_shown_once(as_admin, admin):
    shown = as_admin.post(page("apikey", "add"), {"name": "Shop"}, follow=True).content.decode()

    key = ApiKey.objects.get()
    secret = shown.partition(f"<code>{key.prefix}")[2].partition("</code>")[0]
    assert read_key(key.prefix + secret, at=NOON) == key
    assert key.created_by == admin
    assert secret not in as_admin.get(page("apikey", "changelist")).content.decode()
    assert key.digest not in as_admin.get(page("apikey", "change", key.pk)).content.decode()


def test_a_key_is_revoked_from_the_list(as_admin):
    key, secret = create_key("Shop")

    as_admin.post(page("apikey", "changelist"), {"action": "revoke", "_selected_action": [key.pk]})

    assert read_key(secret, at=NOON) is None
