"""What tests of calls share: somebody who may be called, and a call that waits for them."""

from campaigns import calling
from campaigns.calling import Said
from contacts.consenting import give_consent
from contacts.models import Channel
from contacts.phones import set_phone
from tests.make import DAY, MINUTE, NOON, make_content, make_delivery, make_rule, make_step, make_version

NUMBER = "+351912345678"
SCRIPT = "Hello {{ first_name }}, how did you like it?"


def may_be_called(contact, topic, number=NUMBER):
    set_phone(contact, number, at=NOON - 10 * DAY)
    give_consent(contact, [topic], channel=Channel.PHONE, at=NOON - 10 * DAY, source="test")
    return contact


def make_script(**fields):
    content = make_content(subject="Ask how it went", body="", text=SCRIPT)
    return make_version(content, html="", **fields).content


def make_call_rule(**fields):
    """A row whose second step is a call, beside its e-mail."""
    rule = make_rule(**fields)
    make_step(rule, channel="phone", content=make_script())
    return rule


def make_call(contact, rule=None, **fields):
    """A call that is due at noon."""
    rule = rule or make_call_rule()
    return make_delivery(rule, contact, step=rule.steps.get(channel="phone"), **fields)


def state(delivery):
    delivery.refresh_from_db()
    return delivery.status, delivery.reason


def said(call, user, outcome, at=NOON + 5 * MINUTE, **words):
    return calling.record_call(call, user, Said(outcome, **words), at=at)


def make_it(call, user, outcome, at=NOON):
    calling.take(call, user, at=at)
    said(call, user, outcome, at=at, back_at=at + DAY)
