"""A fresh install gets its first rows once: as drafts, with words that may be sent as they are."""

import pytest
from django.core.management import call_command

from campaigns import content, rules, starter
from campaigns.models import Content, LifecycleRule
from campaigns.ticking import tick
from contacts.models import ConsentWording, Sender, Topic
from tests.make import DAY, HOUR, MINUTE, NOON, make_consent, make_contact, make_order, make_touchpoint


@pytest.fixture(params=[True, False], ids=["sample shop", "any other"])
def either_install(request, settings):
    settings.DEMO = request.param
    settings.POSTAL_ADDRESS = "1 Quay Street"


def test_the_first_rows_stand_as_drafts_with_words_that_may_be_sent(db, either_install):
    made = starter.set_up_workspace(NOON)

    assert [rule.name for rule in made] == [
        "Confirmation request", "Welcome message", "Engagement message", "Initial cross-sell message",
        "Conversion", "Thank you",
    ]  # fmt: skip
    assert {rule.status for rule in made} == {"draft"}
    for written in Content.objects.all():
        assert content.check(written) == []


def test_every_row_holds_some_out_but_those_that_answer_what_was_asked_for(db):
    shares = {rule.name: rule.control_share for rule in starter.set_up_workspace(NOON)}

    assert shares == {
        "Confirmation request": 0,
        "Welcome message": 0,
        "Engagement message": 10,
        "Initial cross-sell message": 10,
        "Conversion": 10,
        "Thank you": 10,
    }


def test_who_knows_how_many_a_row_is_for_holds_out_as_many_as_advised(db):
    shares = {rule.name: rule.control_share for rule in starter.set_up_workspace(NOON, control_share=20)}

    assert (shares["Welcome message"], shares["Conversion"], shares["Thank you"]) == (0, 20, 20)


def test_setting_up_again_changes_nothing(db):
    starter.set_up_workspace(NOON)
    LifecycleRule.objects.filter(name="Welcome message").update(condition="As we say it here")
    before = [model.objects.count() for model in (LifecycleRule, Content, Sender, Topic, ConsentWording)]

    call_command("ensure_workspace")

    assert [
        model.objects.count() for model in (LifecycleRule, Content, Sender, Topic, ConsentWording)
    ] == before
    assert LifecycleRule.objects.get(name="Welcome message").condition == "As we say it here"


def test_the_brand_is_that_of_the_settings(db, settings):
    settings.DEMO, settings.BRAND, settings.SENDER_ADDRESS = False, "Quayside Books", "hello@example.net"

    starter.set_up_workspace(NOON)

    sender = Sender.objects.get()
    assert (sender.name, sender.address) == ("Quayside Books", "hello@example.net")
    assert "record" not in Content.objects.get(name="Welcome").body


def test_the_first_rows_write_what_they_promise(db, mailbox, either_install):
    for rule in starter.set_up_workspace(NOON):
        rules.activate(rule, at=NOON - DAY)
    # Whoever chance holds out is written nothing.
    LifecycleRule.objects.update(control_share=0)
    ada = make_contact("ada@example.com", first_name="Ada")
    make_consent(ada, Topic.objects.get(key="news"), at=NOON - DAY)
    order = make_order(ada, external_id="1042", at=NOON - HOUR - MINUTE)
    order.lines.create(number=1, name="Blue Train", amount="14.99")
    make_touchpoint(ada, "signed_up", at=NOON - 2 * MINUTE)
    make_touchpoint(ada, "confirmed", at=NOON - MINUTE)
    make_touchpoint(ada, "ordered", at=NOON - HOUR - MINUTE, data={"order_id": order.pk})

    tick(NOON)

    by_subject = {
        str(message["subject"]).split(" – ")[0]: message for message in mailbox.to("ada@example.com")
    }
    assert set(by_subject) == {"Welcome, Ada", "Thank you, Ada"}
    assert "Blue Train" in by_subject["Thank you, Ada"].get_body("html").get_content()
    for message in by_subject.values():
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "Choose what you hear" in message.get_body("plain").get_content()


def test_the_confirmation_request_carries_its_link_and_no_way_to_stop(db, mailbox, either_install):
    for rule in starter.set_up_workspace(NOON):
        rules.activate(rule, at=NOON - DAY)
    ada = make_contact("ada@example.com")
    make_touchpoint(ada, "signed_up", at=NOON - MINUTE, data={"topics": ["news"]})

    tick(NOON)

    (message,) = mailbox.to("ada@example.com")
    assert "/confirm/" in message.get_body("html").get_content()
    assert "/confirm/" in message.get_body("plain").get_content()
    assert message["List-Unsubscribe"] is None
    assert "Stop these messages" not in message.get_body("plain").get_content()
