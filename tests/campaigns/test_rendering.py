"""A version and its merge values become one message; what would be unsafe or empty is refused."""

import email
import email.policy
from email.header import decode_header, make_header
from email.utils import parseaddr
from html import unescape

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from campaigns import links, merge_fields
from campaigns.models import ContentVersion, Delivery, LifecycleRule
from campaigns.rendering import RenderError, gather, render
from campaigns.return_paths import stop_address
from contacts.models import Contact, Sender, Topic
from tests.make import (
    NOON,
    make_content,
    make_delivery,
    make_order,
    make_rule,
    make_touchpoint,
    make_version,
)

HEADERS = [
    *("Date", "Message-ID", "From", "To", "Subject", "X-CRM-Delivery"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID"),
    *("MIME-Version", "Content-Type"),
]
LINK = '<html><body><a href="{{ shop_url }}new/?a=1&amp;b=2">New</a></body></html>'


def make_delivery_of(contact, *, service=False, touchpoint=None, **words):
    version = make_version(make_content(), **words)
    rank = {"rank": 0, "topic": None} if service else {}
    rule = make_rule(content=version.content, **rank)
    return make_delivery(rule, contact, touchpoint=touchpoint, sending_at=NOON)


def rendered(delivery):
    return render(delivery, gather([delivery])[delivery.pk])


def parse(message):
    return parse_bytes(message.as_bytes())


def parse_bytes(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_the_persons_words_stand_in_subject_html_and_text(ada):
    ada.first_name = 'Ada "<b>" O\'Neil'
    ada.save()

    message = rendered(make_delivery_of(ada))

    assert message.subject == 'Hello Ada "<b>" O\'Neil'
    assert message.text == 'Hello Ada "<b>" O\'Neil'
    assert "<p>Hello Ada &#34;&lt;b&gt;&#34; O&#39;Neil</p>" in message.html


def test_a_marketing_message_says_who_writes_and_how_to_stop(ada):
    delivery = make_delivery_of(ada)

    parsed = parse(rendered(delivery))

    values = gather([delivery])[delivery.pk]
    assert str(parsed["From"]) == "Ines at Northside <ines@example.com>"
    assert str(parsed["To"]) == "Ada Byron <ada@example.com>"
    assert parsed["Message-ID"] == f"<{delivery.uuid}@example.com>"
    assert parsed["X-CRM-Delivery"] == str(delivery.uuid)
    assert parsed["Date"].datetime == NOON
    assert parsed["List-Unsubscribe"].startswith(f"<{values['unsubscribe_url']}>, <mailto:ines@example.com")
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(parsed["List-Id"]).endswith("<news.example.com>")


def test_a_marketing_message_has_exactly_these_headers(ada):
    rule_s = make_delivery_of(ada)
    campaign_s = Delivery(campaign_id=7, contact=ada, uuid=rule_s.uuid, sending_at=NOON, rank=rule_s.rank)
    campaign_s.sender, campaign_s.topic, campaign_s.version = rule_s.sender, rule_s.topic, rule_s.version

    parsed, campaign = parse(rendered(rule_s)), parse(rendered(campaign_s))

    assert parsed.keys() == campaign.keys() == HEADERS
    version, rule = rule_s.version_id, rule_s.rule_id
    assert parsed["Feedback-ID"] == f"v{version}:r{rule}:news:northside-records"
    assert campaign["Feedback-ID"] == f"v{version}:c7:news:northside-records"


def test_stopping_by_mail_goes_where_it_is_read(ada, sender):
    delivery = make_delivery_of(ada)
    before = parse(rendered(delivery))["List-Unsubscribe"]
    delivery.sender.return_domain = "back.example.com"

    after = parse(rendered(delivery))["List-Unsubscribe"]

    assert f"<mailto:ines@example.com?subject=stop%20{delivery.uuid}>" in before
    assert f"<mailto:{stop_address(delivery)}?subject=stop%20{delivery.uuid}>" in after


ANY_NAME = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=150)
ANY_WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=500)


@settings(max_examples=1000, deadline=None)
@given(subject=ANY_NAME, from_name=ANY_NAME, to_name=ANY_NAME, words=ANY_WORDS)
def test_a_thousand_messages_are_read_back_as_they_were(subject, from_name, to_name, words):
    assume("http" not in words)
    delivery = unsaved_delivery(
        html="<body><p>{{ words }}</p></body>", text="{{ words }}", subject="Hi {{ subject }}"
    )
    outside = {"from_name": from_name, "to_name": to_name}
    values = merge_fields.samples() | {"words": words, "subject": subject}
    values[merge_fields.ENVELOPE] = merge_fields.envelope(delivery) | outside

    raw = render(delivery, values).as_bytes()

    read, (plain, rich) = parse_bytes(raw), parse_bytes(raw).iter_parts()
    assert read.keys() == HEADERS
    assert read["Subject"] == f"Hi {subject}".strip()
    assert [name_in(raw, "From"), name_in(raw, "To")] == [" ".join(n.split()) for n in (from_name, to_name)]
    assert read["To"].addresses[0].addr_spec == "ada@example.com"
    assert decoded(plain) == words
    assert unescape(decoded(rich)).startswith(f"<body><p>{words}</p><img ")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def unsaved_delivery(**words):
    return Delivery(
        rule=LifecycleRule(pk=7),
        contact=Contact(email="ada@example.com"),
        sender=Sender(name="Northside Records", from_name="Ines", address="ines@example.com"),
        topic=Topic(key="news", name="New arrivals"),
        version=ContentVersion(pk=3, **words),
        rank=LifecycleRule.Rank.WELCOME,
        sending_at=NOON,
    )


def name_in(raw, header):
    # The newer policy of Python 3.11 leaves a space between encoded words of a name; RFC 2047 does not.
    shown, _address = parseaddr(email.message_from_bytes(raw, policy=email.policy.compat32)[header])
    return str(make_header(decode_header(shown)))


def decoded(part):
    return part.get_payload(decode=True).decode().replace("\r\n", "\n")


def test_a_service_message_carries_no_list_headers_and_no_pixel(ada):
    parsed = parse(rendered(make_delivery_of(ada, service=True)))

    assert parsed["List-Unsubscribe"] is None
    assert parsed["List-Id"] is None
    assert "<img" not in parsed.get_body("html").get_content()


def test_links_are_led_over_our_own_address_in_html_and_text(ada):
    message = rendered(make_delivery_of(ada, html=LINK, text="See {{ shop_url }}new/."))

    assert 'href="http://testserver/c/' in message.html
    assert message.text.startswith("See http://testserver/c/")
    assert message.text.endswith("/.")


def test_one_link_is_there_for_machines_only(ada):
    delivery = make_delivery_of(ada, html="<html><body>x</body></html>", text="x")
    message = rendered(delivery)

    assert message.html.count(links.trap_url(delivery)) == 1
    assert 'style="display:none" tabindex="-1" aria-hidden="true"></a></body>' in message.html
    assert links.trap_url(delivery) not in message.text


def test_personal_links_are_not_counted(ada):
    html = (
        '<html><body><a href="{{ unsubscribe_url }}">x</a><a href="{{ preferences_url }}">y</a></body></html>'
    )

    delivery = make_delivery_of(ada, html=html, text="{{ unsubscribe_url }}")
    message = rendered(delivery)

    assert "/c/" not in message.html.replace(links.trap_url(delivery), "") + message.text
    assert message.text.startswith("http://testserver/u/")


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "", "/shop/", "java&#115;cript:x"],
)
def test_a_link_of_another_kind_stops_the_message(ada, link):
    ada.first_name = link
    ada.save()
    delivery = make_delivery_of(ada, html='<html><body><a href="{{ first_name }}">x</a></body></html>')

    with pytest.raises(RenderError):
        rendered(delivery)


@pytest.mark.parametrize("name", ["Ada\r\nBcc: eve@example.com", "Ada\nX: y", "Ada\u2028X"])
def test_a_name_cannot_break_into_the_headers(ada, name):
    plain = email.message_from_bytes(rendered(make_delivery_of(ada)).as_bytes(), policy=email.policy.default)
    ada.first_name = name
    ada.save()

    message = email.message_from_bytes(
        rendered(make_delivery_of(ada)).as_bytes(), policy=email.policy.default
    )

    assert message.keys() == plain.keys()
    assert message["Subject"].startswith("Hello Ada ")
    assert message["To"].addresses[0].addr_spec == "ada@example.com"


def test_an_empty_subject_is_refused(ada):
    with pytest.raises(RenderError):
        rendered(make_delivery_of(ada, subject="{{ confirm_url }}"))


def test_a_subject_that_a_value_makes_too_long_is_cut(ada):
    ada.first_name = "x" * 100
    ada.save()

    message = rendered(make_delivery_of(ada, subject="{{ first_name }} {{ first_name }} {{ first_name }}"))

    assert message.subject == "x" * 100 + " " + "x" * 98 + "…"
    assert parse(message)["Subject"] == message.subject


def test_rendering_again_from_the_stored_values_gives_the_same_bytes(ada, sender):
    delivery = make_delivery_of(ada, html=LINK)
    values = gather([delivery])[delivery.pk]
    first = render(delivery, values).as_bytes()

    delivery.merge_values = values
    delivery.save()
    delivery.refresh_from_db()
    ada.first_name, sender.from_name = "Augusta", "Someone else"
    ada.save()
    sender.save()

    assert render(delivery, delivery.merge_values).as_bytes() == first


def test_an_order_is_known_to_the_message_that_answers_it(ada):
    order = make_order(ada, external_id="1042", amount="38.47", currency="USD", at=NOON)
    order.lines.create(number=1, name="Blue Train", amount="38.47")
    touchpoint = make_touchpoint(ada, "ordered", data={"order_id": order.pk})
    text = "{{ order.number }} {{ order.amount }} {% for item in order.items %}{{ item.name }}{% endfor %}"

    message = rendered(make_delivery_of(ada, touchpoint=touchpoint, text=text))

    assert message.text == "1042 $38.47 Blue Train"


def test_the_foot_says_since_when_they_agreed(ada):
    delivery = make_delivery_of(ada)

    assert gather([delivery])[delivery.pk]["why"] == (
        "You get this because you asked for “New arrivals” on 31 May 2026."
    )


def test_gathering_asks_as_often_for_many_as_for_one(ada, django_assert_num_queries):
    deliveries = [make_delivery_of(ada) for _ in range(4)]

    def fresh(count):
        return list(type(deliveries[0]).objects.order_by("pk")[:count])

    one, four = fresh(1), fresh(4)
    with django_assert_num_queries(9):
        gather(one)
    with django_assert_num_queries(9):
        assert len(gather(four)) == 4
