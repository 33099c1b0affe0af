"""The pages of the deliveries."""

import re
from html import unescape

import pytest
from django.urls import reverse

from campaigns import rules
from campaigns.models import Content, Delivery
from campaigns.ticking import tick
from tests.asking import queries
from tests.make import (
    HOUR,
    MINUTE,
    NOON,
    make_contact,
    make_content,
    make_delivery,
    make_rule,
    make_touchpoint,
)

OPEN = "Write its words: where “…” stands alone, there are none yet."
BODY = "<mj-section><mj-column><mj-text>Hello {{ first_name }}</mj-text></mj-column></mj-section>"


@pytest.fixture
def rule(sender, topic):
    """A draft with words of its own."""
    written = make_content(name="Welcome", body=BODY)
    return make_rule(content=written, status="draft", activated_at=None)


def test_deliveries_are_narrowed_by_state_rule_and_name(as_marketer, ada, ben):
    rule = make_rule()
    sent = make_delivery(rule, ada, status="sent", sending_at=NOON)
    skipped = make_delivery(rule, ben, status="skipped", reason="withdrew")
    other = make_delivery(make_rule(name="Other"), ada)

    def found(query):
        answer = as_marketer.get(reverse("campaigns:delivery-list") + query)
        return [row.delivery for row in answer.context["listing"].rows]

    assert found("") == [other, skipped, sent]
    assert found("?state=sent") == [sent]
    assert found("?reason=withdrew") == [skipped]
    assert found(f"?rule={rule.pk}&q=byron") == [sent]
    assert found("?state=nonsense&rule=x&after=%00") == [other, skipped, sent]


def test_the_list_asks_as_often_for_one_delivery_as_for_three(as_marketer, ada):
    rule = make_rule()
    make_delivery(rule, ada)
    with_one = queries(as_marketer, reverse("campaigns:delivery-list"))
    make_delivery(rule, make_contact())
    make_delivery(rule, make_contact())

    assert queries(as_marketer, reverse("campaigns:delivery-list")) == with_one


def test_the_balance_accounts_for_every_delivery(as_marketer, ada, at_noon):
    rule = make_rule()
    for status in Delivery.Status.values:
        make_delivery(rule, make_contact(), status=status)

    balance = as_marketer.get(reverse("campaigns:delivery-list")).context["balance"]

    assert balance.total == len(Delivery.Status.values)
    assert balance.missing == 0


def test_a_delivery_is_shown_as_it_was_sent(as_marketer, ada, mailbox, rule):
    rules.activate(rule, at=NOON - HOUR)
    make_touchpoint(ada, "confirmed", at=NOON - MINUTE)
    tick(NOON)
    delivery = Delivery.objects.get()
    (received,) = mailbox.to(ada.email)

    ada.first_name = "Somebody else"
    ada.save()
    Content.objects.filter(pk=rule.first_step.content_id).update(subject="Other words")
    shown = as_marketer.get(delivery.get_absolute_url())
    frame = as_marketer.get(reverse("campaigns:delivery-message", args=[delivery.uuid]))

    assert shown.context["shown"].subject == received["subject"] == "Hello Ada"
    assert "Hello Ada" in frame.text
    assert shape(shown.context["shown"].html) == shape(received.get_body("html").get_content())
    assert "/p/sample/" in frame.text
    assert "/o/" not in frame.text


def shape(html):
    """An HTML part without its addresses and what nobody sees: the picture, the link for machines, breaks."""
    unseen = r'<img src="[^"]*/o/[^>]*>|<a [^>]*aria-hidden="true"></a>'
    without_pixel = re.sub(unseen, "", html.replace("\r\n", "\n"))
    return " ".join(unescape(re.sub(r'href="[^"]*"', "href", without_pixel)).split())


def test_a_parked_delivery_is_settled_by_a_person(as_marketer, ada):
    delivery = make_delivery(make_rule(), ada, status="parked", sending_at=NOON)
    address = reverse("campaigns:delivery-settle", args=[delivery.uuid])

    assert "It was sent" in as_marketer.get(delivery.get_absolute_url()).text
    as_marketer.post(address, {"answer": "sent"})

    delivery.refresh_from_db()
    assert delivery.status == "sent"
    assert "settled already" in as_marketer.post(address, {"answer": "again"}, follow=True).text


def test_the_page_of_every_state_opens(as_marketer, ada):
    rule = make_rule(outcome="first_visit")
    for status in Delivery.Status.values:
        delivery = make_delivery(rule, ada, status=status, outcome_at=NOON, sending_at=NOON)
        assert as_marketer.get(delivery.get_absolute_url()).status_code == 200
