"""Two days after somebody looked around: a call for those who prefer the phone, a message for the others."""

from datetime import time

import pytest
from django.urls import reverse

from campaigns import call_queue, call_views, calling, rules, starter
from campaigns.calling import CannotCall, Said
from campaigns.models import Delivery, LifecycleRule
from campaigns.ticking import tick
from campaigns.verifying import verify
from contacts.models import Sender
from contacts.phones import set_phone
from contacts.preferences import choose, forget_number, give_number, wish
from tests.make import DAY, HOUR, MINUTE, make_consent, make_contact, make_touchpoint
from tests.make import NOON as START

pytestmark = pytest.mark.django_db
CONTENT = "/shop/p/NS-JAZ-01/"
TWO_DAYS = START + 2 * DAY + HOUR


@pytest.fixture
def row(settings):
    settings.DEMO, settings.POSTAL_ADDRESS = True, "1 Quay Street"
    starter.set_up_workspace(START - DAY)
    rule = LifecycleRule.objects.get(steps__channel="phone")
    LifecycleRule.objects.filter(pk=rule.pk).update(control_share=0)
    rule.refresh_from_db()
    rules.activate(rule, at=START - DAY)
    return rule


@pytest.fixture
def person(row):
    """Somebody who agreed to mail, and to calls if they prefer them, and looks around at noon."""
    count = iter(range(10))

    def make(name, *, by_phone=False, **fields):
        contact = make_contact(f"{name}@example.com", first_name=name.title(), **fields)
        make_consent(contact, row.topic, at=START - 5 * DAY)
        if by_phone:
            set_phone(contact, f"+35191234560{next(count)}", at=START - 5 * DAY)
            make_consent(contact, row.topic, channel="phone", at=START - 5 * DAY)
            contact.preferred_channel = "phone"
            contact.save()
        make_touchpoint(contact, "visited", at=START, data={"path": CONTENT, "title": "Blue Train"})
        return contact

    return make


def words_of(message):
    return message.get_body(("plain",)).get_content()


def heard(contact):
    return [*Delivery.objects.filter(contact=contact).values_list("channel", "status")]


def test_each_is_asked_by_the_medium_they_prefer_and_in_the_words_for_them(row, person, marketer, mailbox):
    ada, ben = person("ada", by_phone=True), person("ben")
    cleo, dora = person("cleo", by_phone=True, level="full"), person("dora", level="full")

    tick(START + DAY)
    assert Delivery.objects.count() == 0
    tick(TWO_DAYS)

    assert [heard(each) for each in (ada, cleo)] == [[("phone", "planned")]] * 2
    assert [heard(each) for each in (ben, dora)] == [[("email", "sent")]] * 2
    guest, full = (call_views.script_of(Delivery.objects.get(contact=each))["script"] for each in (ada, cleo))
    assert "Ada" in guest
    assert "as our guest" in guest
    assert "Cleo" in full
    assert "As a member" in full
    to_guest, to_full = (words_of(mailbox.to(f"{name}@example.com")[0]) for name in ("ben", "dora"))
    assert "as a guest" in to_guest
    assert "As a member" in to_full
    assert {call.delivery.contact for call in call_queue.waiting(TWO_DAYS)} == {ada, cleo}


def test_a_call_that_is_made_stops_the_mail_of_the_same_row(row, person, marketer, mailbox):
    """Where both go to everybody, the call first and the message an hour later."""
    row.steps.update(by_preference=False)
    row.steps.filter(channel="email").update(delay=3 * HOUR)
    ada, ben = person("ada", by_phone=True), person("ben", by_phone=True)
    tick(TWO_DAYS)
    call = Delivery.objects.get(contact=ada, channel="phone")

    calling.take(call, marketer, at=TWO_DAYS)
    calling.record_call(call, marketer, Said("interested", minutes=4), at=TWO_DAYS + MINUTE)
    tick(TWO_DAYS + 3 * HOUR)

    assert dict(heard(ada)) == {"phone": "sent", "email": "cancelled"}
    assert dict(heard(ben)) == {"phone": "planned", "email": "sent"}
    assert mailbox.to("ada@example.com") == []
    assert [broken for _promise, broken in verify() if broken] == []


def test_in_quiet_hours_nobody_is_called_and_the_morning_brings_it(row, person):
    Sender.objects.update(quiet_from=time(12), quiet_until=time(23))
    ada = person("ada", by_phone=True)

    tick(TWO_DAYS)

    assert call_queue.count_waiting(TWO_DAYS) == 0
    call = Delivery.objects.get(contact=ada)
    assert (call.status, call.reason) == ("planned", "quiet")
    assert [each.delivery for each in call_queue.waiting(call.due_at)] == [call]


def test_the_page_of_the_call_shows_the_row_and_the_evidence(row, person, as_marketer):
    ada = person("ada", by_phone=True)
    tick(TWO_DAYS)
    call = Delivery.objects.get(contact=ada)

    page = as_marketer.get(reverse("campaigns:call-detail", args=[call.uuid])).content.decode()

    assert row.name in page
    assert "Two days after looking around" in page
    assert 'href="tel:+351912345600"' in page


def test_who_gave_their_own_number_is_called_until_they_take_it_away(row, person, marketer):
    """What they say on their own page is what the queue and the gate go by."""
    ada, yes = person("ada"), {("phone", row.topic): True}
    give_number(ada, "+351912345678", at=START - DAY)
    choose(ada, yes, at=START - DAY, evidence={"ip": "127.0.0.1"})
    wish(ada, preferred_channel="phone")

    tick(TWO_DAYS)
    call = Delivery.objects.get(contact=ada)
    assert [each.delivery for each in call_queue.waiting(TWO_DAYS)] == [call]
    assert call_views.script_of(call)["script"]

    forget_number(ada, at=TWO_DAYS)
    assert call_queue.waiting(TWO_DAYS) == []
    with pytest.raises(CannotCall):
        calling.take(call, marketer, at=TWO_DAYS + MINUTE)
    call.refresh_from_db()
    assert (call.status, call.reason) == ("skipped", "no_address")
    assert [broken for _promise, broken in verify() if broken] == []
