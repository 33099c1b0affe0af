"""Of a batch only what its words use is read: the message is the same as if everything had been."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import merge_fields
from campaigns.loading import load, used
from campaigns.models import Delivery
from campaigns.rendering import gather, render
from campaigns.sending import send_due
from tests.make import (
    NOON,
    make_consent,
    make_contact,
    make_content,
    make_delivery,
    make_order,
    make_rule,
    make_topic,
    make_touchpoint,
    make_version,
)

WHOLE_ORDER = {f"order.{name}" for name in ("number", "date", "amount", "names", "items")}
SOURCES = {
    "{{ last_name }}": {"last_name"},
    "{{ email | upcase | append: last_name }}": {"email", "last_name"},
    "{{ order.number }}": {"order.number"},
    "{% for item in order.items %}{{ item.name }}{% endfor %}": {"order.items"},
    "{{ order.items[0].name }}{{ order.items.size }}": {"order.items"},
    "{% assign it = order %}{{ it.names }}": WHOLE_ORDER,
    "{% if why %}{% assign why = email %}{% endif %}{{ why }}": {"why", "email"},
    "{% assign key = 'number' %}{{ order[key] }}": WHOLE_ORDER,
    "{{ order['date'] }}": {"order.date"},
    "{% case why %}{% when shop_url %}{{ why }}{% endcase %}": {"why", "shop_url"},
    "{% for n in (1..order.items.size) %}{{ n }}{% endfor %}": {"order.items"},
    "{% capture signed_by %}{{ signed_by }}{% endcapture %}{{ signed_by }}": {"signed_by"},
    "{% unless confirm_url == '' %}yes{% endunless %}": {"confirm_url"},
    "{{ 'order' }} email": set(),
}  # fmt: skip


@pytest.fixture(autouse=True)
def forgets():
    used.cache_clear()


def make_answer(contact, **words):
    """A delivery that answers an order of three things."""
    order = make_order(contact, external_id="1042", amount="38.47", currency="USD", at=NOON)
    for number, name in enumerate(["Blue Train", "Kind & Blue", "<Odd>"]):
        order.lines.create(number=number, name=name, amount="12.49")
    touchpoint = make_touchpoint(contact, "ordered", data={"order_id": order.pk})
    rule = make_rule(content=make_version(make_content(), **words).content)
    return make_delivery(rule, contact, touchpoint=touchpoint, sending_at=NOON)


def flat(values, prefix=""):
    for name, value in values.items():
        if isinstance(value, dict) and name != merge_fields.ENVELOPE:
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("part", ["text", "html"])
def test_what_is_used_makes_the_same_message_as_everything(ada, part, source):
    words = {"subject": "One", "preheader": "", "html": "<html><body></body></html>", "text": "Two"}
    delivery = make_answer(ada, **words | {part: f"<html><body>{source}.</body></html>"})
    deliveries, values = load([delivery.pk])

    found = set(flat(values[delivery.pk])) - {merge_fields.ENVELOPE, *merge_fields.ALWAYS}
    everything = gather([delivery])[delivery.pk]
    loaded = deliveries[delivery.pk]
    loaded.sending_at = NOON

    assert found == SOURCES[source]
    assert set(merge_fields.ALWAYS) <= set(flat(values[delivery.pk]))
    assert render(loaded, values[delivery.pk]).as_bytes() == render(delivery, everything).as_bytes()


@pytest.mark.parametrize("part", ["subject", "preheader", "html", "text"])
def test_a_field_counts_wherever_it_stands(ada, part):
    words = {"subject": "One", "preheader": "", "html": "<p>Two</p>", "text": "Three"}
    first = make_answer(ada, **words)
    assert "last_name" not in load([first.pk])[1][first.pk]

    second = make_delivery(
        make_rule(content=make_version(make_content(), **words | {part: "{{ last_name }}"}).content), ada
    )

    assert load([second.pk])[1][second.pk]["last_name"] == "Byron"


def test_words_that_cannot_be_read_are_given_every_field(ada):
    delivery = make_answer(ada, text="{% if %}")

    values = load([delivery.pk])[1][delivery.pk]

    assert set(flat(values)) == set(flat(gather([delivery])[delivery.pk]))


def test_what_was_left_out_is_there_for_whoever_asks(ada):
    delivery = make_answer(ada)
    delivery.evidence = {"words": "because"}
    delivery.save()

    loaded = load([delivery.pk])[0][delivery.pk]

    assert "evidence" not in vars(loaded)
    assert (loaded.evidence, loaded.status, loaded.contact.created_at) == (
        delivery.evidence,
        "planned",
        ada.created_at,
    )
    assert (loaded, loaded.contact, loaded.touchpoint) == (delivery, ada, delivery.touchpoint)
    assert loaded.touchpoint.data == delivery.touchpoint.data


def test_frozen_contents_are_read_once_in_a_run(ada):
    delivery, versions = make_answer(ada), {}
    load([delivery.pk], versions)
    assert set(versions) == {delivery.version_id}

    with CaptureQueriesContext(connection) as queries:
        load([delivery.pk], versions)

    assert not [query for query in queries if "contentversion" in query["sql"]]


def test_a_message_more_in_a_window_is_no_question_more(mailbox, topic, sender):
    make_topic()
    sender.window = 20
    sender.save()
    rule = make_rule(content=make_version(make_content(), text="{{ last_name }} {{ order.number }}").content)
    asked = []
    # The first has statements prepared.
    for count in (1, 1, 5):
        for _ in range(count):
            contact = make_contact()
            make_consent(contact, make_topic())
            order = make_order(contact)
            make_delivery(
                rule, contact, touchpoint=make_touchpoint(contact, "ordered", data={"order_id": order.pk})
            )
        with CaptureQueriesContext(connection) as queries:
            assert send_due(NOON, "worker") == {"sent": count}
        asked.append(len(queries))

    assert asked[1] == asked[2]
    assert Delivery.objects.filter(status="sent").count() == 7
