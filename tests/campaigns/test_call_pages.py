"""The pages of calls: the queue, one call, and what is said of it."""

from datetime import UTC, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import call_queue, call_snoozing, calling
from campaigns.models import Delivery
from contacts.models import Consent, Sender
from tests.campaigns.calls import make_call, make_call_rule, may_be_called
from tests.make import DAY, HOUR, MINUTE, make_contact, make_delivery, make_order, make_user
from touchpoints.models import Touchpoint


@pytest.fixture
def at():
    return timezone.now()


@pytest.fixture
def rule(topic, sender):
    return make_call_rule(name="Conversion", activated_at=timezone.now() - DAY)


def due(contact, rule, at, **fields):
    moments = {"occurred_at": at - DAY, "due_at": at - HOUR, "expires_at": at + DAY, "planned_at": at - HOUR}
    return make_call(contact, rule, **moments | fields)


@pytest.fixture
def call(ada, rule, topic, at):
    return due(may_be_called(ada, topic), rule, at)


def owner(client):
    return f"call:{client.session['_auth_user_id']}"


def address(name, call):
    return reverse(f"campaigns:call-{name}", args=[call.uuid])


def page_of(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_the_queue_shows_who_why_and_how_many(as_marketer, call):
    page = page_of(as_marketer, reverse("campaigns:call-list"))

    assert "Ada Byron" in page
    assert "Conversion" in page
    assert '<span class="count count-due">1' in page


def test_the_queue_is_said_to_be_empty(as_marketer, rule):
    page = page_of(as_marketer, reverse("campaigns:call-list"))

    assert "Nobody is to be called now" in page
    assert "count-due" not in page


def test_the_page_of_a_call_tells_all_that_helps(as_marketer, call, ada, at):
    make_order(ada, at=at - 5 * DAY, amount="40.00")

    page = page_of(as_marketer, address("detail", call))

    assert 'href="tel:+351912345678"' in page
    assert "+351 912 345 678" in page
    assert "Hello Ada, how did you like it?" in page
    assert "Row “Conversion”" in page
    assert "New arrivals" in page
    assert "The number may be called" in page


def test_a_marketer_takes_a_call_and_says_what_came_of_it(as_marketer, marketer, call):
    taken = as_marketer.post(address("take", call), follow=True).content.decode()
    assert "The call is yours" in taken

    words = {"outcome": "interested", "minutes": "4.5", "words": "Loves jazz."}
    after = as_marketer.post(address("record", call), words, follow=True).content.decode()

    assert "You wrote down of Ada Byron: Talked, interested." in after
    touchpoint = Touchpoint.objects.get(kind="called")
    assert (touchpoint.data["minutes"], touchpoint.data["by"]) == (4.5, "Ines Duarte")
    timeline = page_of(as_marketer, call.contact.get_absolute_url())
    assert "Phone call: Talked, interested" in timeline
    assert "Loves jazz." in timeline


def test_it_is_taken_back_from_the_queue(as_marketer, call):
    as_marketer.post(address("take", call))
    as_marketer.post(address("record", call), {"outcome": "never_again"})

    page = as_marketer.post(address("undo", call), follow=True).content.decode()

    assert "Taken back" in page
    assert Delivery.objects.get(pk=call.pk).status == "sending"


def test_a_moment_is_read_on_the_clock_where_they_live(as_marketer, call, ada, at):
    ada.time_zone = "Asia/Tokyo"
    ada.save()
    as_marketer.post(address("take", call))
    day = (at + 2 * DAY).date()

    as_marketer.post(address("record", call), {"outcome": "call_back", "back_at": f"{day}T18:00"})

    call.refresh_from_db()
    assert (call.reason, call.due_at.isoformat()) == ("call_back", f"{day}T09:00:00+00:00")
    assert "asked to be called back" in page_of(as_marketer, reverse("campaigns:call-list"))


@pytest.mark.parametrize(("hour", "warned"), [("03:00", True), ("14:00", False)])
def test_a_call_back_at_night_is_warned_of(as_marketer, call, ada, at, hour, warned):
    ada.time_zone = "Europe/Lisbon"
    ada.save()
    type(call.sender).objects.update(quiet_from=time(22), quiet_until=time(8))
    Delivery.objects.filter(pk=call.pk).update(status="sending", sending_at=at, owner=owner(as_marketer))
    said = {"outcome": "call_back", "back_at": f"{(at + 2 * DAY).date()}T{hour}"}

    page = as_marketer.post(address("record", call), said, follow=True).text

    assert "Written down" in page
    assert (f"{hour} in Lisbon, within quiet hours" in page) is warned


def test_whose_hands_it_is_in_is_said_and_what_came_of_each_attempt(as_marketer, call, at):
    as_marketer.post(address("take", call))
    assert "In your hands since" in page_of(as_marketer, address("detail", call))
    Delivery.objects.filter(pk=call.pk).update(owner="call:0")
    assert "In a colleague&#x27;s hands since" in page_of(as_marketer, address("detail", call))
    Delivery.objects.filter(pk=call.pk).update(owner=owner(as_marketer))
    assert "Called: Nobody answered" not in page_of(as_marketer, call.get_absolute_url())

    as_marketer.post(address("record", call), {"outcome": "no_answer", "words": "Rang ten times."})

    assert "Called: Nobody answered. Rang ten times." in page_of(as_marketer, call.get_absolute_url())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, "This field is required"),
        ({"outcome": "call_back"}, "Say when they want to be called."),
        ({"outcome": "call_back", "back_at": "soon"}, "Give a day and an hour."),
        ({"outcome": "call_back", "back_at": "2020-01-01T10:00"}, "within the next 60 days"),
        ({"outcome": "interested", "minutes": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_nothing_is_written(as_marketer, call, words, said):
    as_marketer.post(address("take", call))

    response = as_marketer.post(address("record", call), words)

    assert said in response.content.decode()
    assert Delivery.objects.get(pk=call.pk).status == "sending"
    as_marketer.post(address("record", call), {"outcome": "interested"})
    assert Delivery.objects.get(pk=call.pk).status == "sent"


def test_who_comes_second_is_told_that_a_colleague_calls(as_marketer, call, at):
    calling.take(call, make_user("marketer"), at=at)

    page = as_marketer.post(address("take", call), follow=True).content.decode()

    assert "A colleague is calling this person." in page
    assert "Colleagues are calling" in page


def test_who_takes_a_second_call_is_led_to_the_first(as_marketer, marketer, call, rule, topic, at):
    other = due(may_be_called(make_contact(), topic, "+351912345600"), rule, at)
    calling.take(call, marketer, at=at)

    response = as_marketer.post(address("take", other))

    assert response.url == address("detail", call)


def test_a_call_is_put_back(as_marketer, marketer, call, at):
    calling.take(call, marketer, at=at)

    page = as_marketer.post(address("leave", call), follow=True).content.decode()

    assert "It is back in the queue." in page
    assert Delivery.objects.get(pk=call.pk).status == "planned"


def test_an_analyst_looks_and_takes_nothing(client, analyst, call):
    client.force_login(analyst)

    assert "Take this call" not in page_of(client, address("detail", call))
    assert client.post(address("take", call)).status_code == 403


def test_what_they_want_no_more_is_taken_back(as_marketer, call, ada):
    as_marketer.post(address("take", call))

    as_marketer.post(address("record", call), {"outcome": "left_alone", "scope": "calls"})

    entry = Consent.objects.filter(contact=ada, channel="phone").latest("id")
    assert (entry.action, entry.evidence["asked"]) == ("withdrawn", "on the phone")


def test_mail_has_no_page_here(as_marketer, rule, ada, at):
    mail = make_delivery(rule, ada)

    assert as_marketer.get(address("detail", mail)).status_code == 404


def test_the_script_of_a_call_is_written_without_layout_or_foot(as_marketer, rule):
    step = rule.steps.get(channel="phone")
    url = f"{reverse('campaigns:rule-content', args=[rule.pk])}?part={step.key}"
    page = page_of(as_marketer, url)
    assert "Script" in page
    assert "Preheader" not in page

    words = {"subject": "Ask", "text": "Dear {{ first_name }}, all well?", "publish": "1"}
    as_marketer.post(url, words)

    step.content.refresh_from_db()
    assert step.content.live.text == "Dear {{ first_name }}, all well?"
    assert step.content.live.html == ""


def test_words_for_nobody_are_refused(as_marketer, rule):
    step = rule.steps.get(channel="phone")
    url = f"{reverse('campaigns:rule-content', args=[rule.pk])}?part={step.key}"

    page = as_marketer.post(url, {"subject": "Ask", "text": "Dear {{ first_nam }}", "publish": "1"})

    assert "first_nam" in page.content.decode()
    step.content.refresh_from_db()
    assert step.content.live.number == 1


def test_the_delivery_of_a_call_can_be_looked_at(as_marketer, marketer, call, at):
    calling.take(call, marketer, at=at)
    calling.record_call(call, marketer, calling.Said("interested"), at=at + MINUTE)

    page = page_of(as_marketer, call.get_absolute_url())

    assert "Called on" in page
    assert "Handed to the mail server" not in page


# Putting it off --------------------------------------------------------------------------------------


@pytest.fixture
def lasting(call, ada, at):
    """A call with a week left, to somebody in Lisbon, without quiet hours."""
    ada.time_zone = "Europe/Lisbon"
    ada.save()
    Sender.objects.update(quiet_from=None, quiet_until=None)
    Delivery.objects.filter(pk=call.pk).update(expires_at=at + 7 * DAY)
    return Delivery.objects.get(pk=call.pk)


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_call_is_put_off_whether_it_is_taken_or_waits(as_marketer, lasting, at, is_taken):
    queue = reverse("campaigns:call-list")
    assert len(as_marketer.get(queue).context["calls"]) == 1
    if is_taken:
        as_marketer.post(address("take", lasting))
        assert Delivery.objects.get(pk=lasting.pk).status == "sending"
    assert "Not now?" in page_of(as_marketer, address("detail", lasting))

    after = as_marketer.post(address("snooze", lasting), {"until": "later"}, follow=True)

    lasting.refresh_from_db()
    assert (lasting.status, lasting.reason, lasting.owner) == ("planned", "", "")
    assert timedelta(hours=2) < lasting.due_at - at < timedelta(hours=4)
    assert "put off by Ines Duarte" in lasting.why
    assert "comes again on" in after.text
    assert after.context["calls"] == []
    assert [each.pk for each in after.context["later"]] == [lasting.pk]
    (again,) = call_queue.waiting(lasting.due_at + MINUTE)
    assert again.delivery.pk == lasting.pk


def test_tomorrow_is_ten_in_the_morning_where_they_live(lasting, ada):
    ada.time_zone = "Asia/Tokyo"
    ada.save()
    lasting = Delivery.objects.get(pk=lasting.pk)
    noon = lasting.expires_at.replace(hour=20, minute=0, second=0, microsecond=0) - 5 * DAY

    found = {each.key: each.at for each in call_snoozing.moments(lasting, noon)}

    assert found["tomorrow"].astimezone(UTC) == (noon + DAY).replace(hour=1) + DAY
    assert found["hour"] == noon + HOUR


def test_no_moment_is_offered_beyond_its_time_nor_in_quiet_hours(lasting, at):
    keys = [each.key for each in call_snoozing.moments(lasting, at)]
    assert keys == ["hour", "later", "tomorrow", "days"]

    lasting.expires_at = at + 2 * HOUR
    assert [each.key for each in call_snoozing.moments(lasting, at)] == ["hour"]
    lasting.sender.quiet_from, lasting.sender.quiet_until = time(0), time(23, 59, 59)
    assert call_snoozing.moments(lasting, at) == []


def test_what_a_colleague_has_in_hand_is_not_put_off(as_marketer, lasting, at):
    calling.take(lasting, make_user("marketer"), at=at)

    after = as_marketer.post(address("snooze", lasting), {"until": "later"}, follow=True)

    assert "nor in your hands" in after.text
    assert Delivery.objects.get(pk=lasting.pk).status == "sending"
    assert as_marketer.post(address("snooze", lasting), {"until": "never"}, follow=True).status_code == 200


def test_who_was_promised_a_call_keeps_the_promise_when_it_is_put_off(as_marketer, marketer, lasting, at):
    as_marketer.post(address("take", lasting))
    soon = calling.Said("call_back", back_at=at + MINUTE)
    calling.record_call(lasting, marketer, soon, at=at)
    Delivery.objects.filter(pk=lasting.pk).update(due_at=at - MINUTE)

    as_marketer.post(address("snooze", lasting), {"until": "hour"})

    lasting.refresh_from_db()
    assert lasting.reason == "call_back"
    assert lasting.due_at > at
