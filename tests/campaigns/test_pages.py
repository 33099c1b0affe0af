"""The pages of the contact strategy."""

import pytest
from django.urls import reverse

from campaigns import content, editing, rules
from campaigns.models import Content, Delivery, LifecycleRule, Step
from campaigns.planning import plan
from tests.asking import queries
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_consent,
    make_contact,
    make_content,
    make_delivery,
    make_order,
    make_rehearsal,
    make_rule,
    make_touchpoint,
    make_version,
)

OPEN = "Write its words: where “…” stands alone, there are none yet."
BODY = "<mj-section><mj-column><mj-text>Hello {{ first_name }}</mj-text></mj-column></mj-section>"


@pytest.fixture
def rule(sender, topic):
    """A draft with words of its own."""
    written = make_content(name="Welcome", body=BODY)
    return make_rule(content=written, status="draft", activated_at=None)


def page(name, rule, query=""):
    return reverse(f"campaigns:{name}", args=[rule.pk]) + query


def edited(rule, **changes):
    """What the form of a rule posts when nothing but these is changed."""
    fields = {
        "name": rule.name, "purpose": rule.purpose, "condition": rule.condition, "outcomes": rule.outcomes,
        "trigger": rule.trigger, "delay_0": "0", "delay_1": "minutes", "freshness_0": "48",
        "freshness_1": "hours", "re_entry": rule.re_entry, "outcome": rule.outcome, "outcome_within_0": "7",
        "outcome_within_1": "days", "topic": rule.topic_id, "sender": rule.sender_id, "rank": rule.rank,
        "remind_after_0": "", "remind_after_1": "days", "leaves": "any", "control_share": "0",
    }  # fmt: skip
    return fields | changes


# The table -------------------------------------------------------------------------------------------


def test_the_strategy_shows_each_row_with_its_figures(as_marketer, ada, at_noon):
    rule = make_rule(outcome="first_visit", remind_after=5 * DAY, reminder_content=make_content())
    sent = make_delivery(rule, ada, status="sent", sending_at=NOON - DAY, outcome_at=NOON - HOUR)
    sent.responses.create(kind="clicked", at=NOON - HOUR)
    make_delivery(rule, make_contact(), status="sent", sending_at=NOON - 40 * DAY)
    make_delivery(rule, make_contact())

    answer = as_marketer.get(reverse("campaigns:rule-list"))

    (row,) = answer.context["rows"]
    assert (row.figures.waiting, row.figures.sent) == (1, 1)
    assert (row.figures.answered, row.figures.reached) == (1, 1)
    assert "One reminder after 5 days of silence" in answer.text


def test_the_strategy_asks_as_often_for_one_row_as_for_three(as_marketer):
    make_rule()
    with_one = queries(as_marketer, reverse("campaigns:rule-list"))
    make_rule(name="Thank you")
    make_rule(name="Other")

    assert queries(as_marketer, reverse("campaigns:rule-list")) == with_one


def test_a_row_is_paused_and_goes_on_with_a_form_alone(as_marketer):
    rule = make_rule()

    answer = as_marketer.post(page("rule-pause", rule))
    rule.refresh_from_db()
    assert (answer.status_code, rule.status) == (302, "paused")

    as_marketer.post(page("rule-resume", rule))
    rule.refresh_from_db()
    assert rule.status == "active"


def test_htmx_gets_the_row_alone(as_marketer):
    rule = make_rule()

    answer = as_marketer.post(page("rule-pause", rule), headers={"HX-Request": "true"})

    assert answer.text.strip().startswith("<tr")
    assert "Paused" in answer.text


def test_closing_calls_off_what_is_planned(as_marketer, ada):
    rule = make_rule()
    delivery = make_delivery(rule, ada)

    as_marketer.post(page("rule-close", rule))

    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == ("cancelled", "rule_off")
    assert "Switched off" in as_marketer.get(reverse("campaigns:rule-list")).text


def test_an_analyst_reads_and_changes_nothing(client, analyst, rule):
    client.force_login(analyst)

    assert client.get(page("rule-detail", rule)).status_code == 200
    assert client.get(reverse("campaigns:rule-list")).status_code == 200
    for name in ("rule-pause", "rule-close", "rule-activate", "rule-edit", "rule-content", "rule-test"):
        assert client.post(page(name, rule)).status_code == 403


# A row -----------------------------------------------------------------------------------------------


def test_a_row_says_all_about_itself(as_marketer, rule, ada):
    make_delivery(make_rule(name="Other"), ada)

    answer = as_marketer.get(page("rule-detail", rule))

    assert "Confirms the sign-up" in answer.text
    assert "A draft; nothing of it has been sent" in answer.text


def test_a_row_is_edited(as_marketer, rule):
    changes = {"delay_0": "2", "delay_1": "hours", "re_entry": "days", "re_entry_days": "30"}

    answer = as_marketer.post(page("rule-edit", rule), edited(rule, **changes))

    assert answer.status_code == 302, answer.context["form"].errors
    rule.refresh_from_db()
    assert (rule.first_step.delay, rule.re_entry, rule.re_entry_days) == (2 * HOUR, "days", 30)


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"topic": ""}, "Choose the topic people have agreed to"),
        ({"re_entry": "days"}, "Say after how many days"),
        ({"trigger": "telepathy"}, "Select a valid choice"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_in_words(as_marketer, rule, changes, said):
    answer = as_marketer.post(page("rule-edit", rule), edited(rule, **changes))

    assert answer.status_code == 200
    assert said in answer.text


def test_a_row_gets_a_reminder_with_words_of_its_own(as_marketer, rule):
    as_marketer.post(page("rule-edit", rule), edited(rule, remind_after_0="5"))

    first, reminder = rule.steps.all()
    assert (reminder.delay, reminder.follows, reminder.condition) == (5 * DAY, first, "unanswered")
    assert reminder.content.body == first.content.body
    assert reminder.content != first.content


def test_a_reminder_that_is_taken_out_calls_off_what_it_had_planned(as_marketer, rule, ada):
    as_marketer.post(page("rule-edit", rule), edited(rule, remind_after_0="5"))
    content.freeze(rule.steps.last().content, at=NOON)
    planned = make_delivery(rule, ada, step=rule.steps.last())

    as_marketer.post(page("rule-edit", rule), edited(rule))

    planned.refresh_from_db()
    assert (rule.steps.count(), planned.status, planned.step.key) == (1, "cancelled", 2)


def test_a_shorter_delay_wakes_up_nothing_from_the_past(as_marketer, ada, at_noon):
    rule = make_rule(content=make_content(body=BODY), delay=2 * DAY)
    rules.activate(rule, at=NOON - 10 * DAY)
    make_touchpoint(ada, "confirmed", at=NOON - DAY)

    as_marketer.post(page("rule-edit", rule), edited(rule))

    rule.refresh_from_db()
    assert rule.first_step.delay.total_seconds() == 0
    assert plan(NOON) == 0


def test_a_row_is_added_as_a_draft_with_words_to_begin_from(as_marketer, rule):
    answer = as_marketer.post(reverse("campaigns:rule-create"), edited(rule, name="Birthday"))

    added = LifecycleRule.objects.get(name="Birthday")
    assert answer.url == page("rule-content", added)
    assert added.status == "draft"
    written = added.first_step.content
    assert content.check(written) == ["Subject: Write one.", OPEN]
    assert "Not written yet" in as_marketer.get(page("rule-detail", added)).text
    written.subject = "Happy birthday"
    assert list(content.problems(written)) == []
    assert content.check(written) == [OPEN]


# Words -----------------------------------------------------------------------------------------------


def test_a_draft_is_saved_and_changes_nothing_that_is_sent(as_marketer, rule, at_noon):
    written = rule.first_step.content
    version = content.freeze(written, at=NOON)
    words = {"subject": "New words", "preheader": "", "body": BODY, "text": "New"}

    as_marketer.post(page("rule-content", rule), words | {"draft": "1"})

    written.refresh_from_db()
    assert (written.subject, written.live) == ("New words", version)
    assert "The draft differs from it" in as_marketer.get(page("rule-content", rule)).text


def test_publishing_freezes_the_next_version(as_marketer, rule):
    words = {"subject": "New words", "preheader": "", "body": BODY, "text": "New"}

    as_marketer.post(page("rule-content", rule), words | {"publish": "1"})

    live = rule.first_step.content.live
    assert (live.number, live.subject) == (1, "New words")


def test_words_that_could_not_be_sent_are_refused_beside_their_field(as_marketer, rule):
    words = {"subject": "Hi {{ firstname }}", "preheader": "", "body": BODY, "text": "New"}

    answer = as_marketer.post(page("rule-content", rule), words)

    (error,) = answer.context["form"].errors["subject"]
    assert error.endswith("Did you mean “first_name”?")
    assert rule.first_step.content.subject != "Hi {{ firstname }}"


def test_the_name_of_a_row_is_not_published_as_the_subject_of_its_message(as_marketer, rule):
    words = {"preheader": "", "body": BODY, "text": "New", "publish": "1"}

    refused = as_marketer.post(page("rule-content", rule), words | {"subject": f" {rule.name.upper()}"})
    written = rule.first_step.content

    assert "the name your colleagues use" in refused.context["form"].errors["subject"][0]
    assert written.live is None
    written.subject = rule.name
    assert "the name your colleagues use" in content.check(written)[0]
    as_marketer.post(page("rule-content", rule), words | {"subject": f"{rule.name}, and more"})
    assert rule.first_step.content.live.number == 1


def panel_of(rule):
    """A panel step with a heading, and the words it begins with."""
    step = Step(rule=rule, channel="panel", slot="home")
    editing.write_step(step, at=NOON, delay=0 * DAY, tries_two=False)
    step.content.subject = "New in"
    step.content.save()
    return step


def test_words_that_are_open_still_are_saved_and_not_published(as_marketer, rule):
    written = editing.first_words(rule)
    rule.steps.update(content=written)
    words = {"subject": "Hi", "preheader": "", "body": written.body, "text": written.text}

    refused = as_marketer.post(page("rule-content", rule), words | {"publish": "1"})
    as_marketer.post(page("rule-content", rule), words | {"draft": "1"})

    assert refused.context["form"].errors == {"body": [OPEN], "text": [OPEN]}
    assert "nothing was saved" in refused.text
    written.refresh_from_db()
    assert (written.subject, written.live) == ("Hi", None)

    whole = words | {"body": BODY, "text": "Hello…", "publish": "1"}
    assert as_marketer.post(page("rule-content", rule), whole).status_code == 302


def test_what_was_refused_is_not_called_the_draft(as_marketer, rule):
    panel = panel_of(rule)
    version = make_version(panel.content, body="<p>Hi</p>", html="<p>Hi</p>", text="", preheader="")
    Content.objects.filter(pk=panel.content_id).update(body="<p>Hi</p>", live=version)
    typed = {"subject": panel.content.subject, "body": '<p><a href="{{ feedback_url }}">Say</a></p>'}

    answer = as_marketer.post(page("rule-content", rule, f"?part={panel.key}"), typed | {"publish": "1"})

    assert "question" in answer.context["form"].errors
    assert "nothing was saved" in answer.text
    assert "and this is it" in answer.text
    assert "The draft differs from it" not in answer.text


def test_the_message_is_previewed_as_a_chosen_person(as_marketer, rule, ada, ben):
    answer = as_marketer.get(page("rule-preview", rule, f"?contact={ben.pk}"))
    frame = as_marketer.get(page("rule-preview-frame", rule, f"?contact={ben.pk}"))

    assert answer.context["preview"].subject == "Hello Ben"
    assert "Hello Ben" in frame.text


def test_a_preview_frame_lets_nothing_run_and_carries_no_personal_link(as_marketer, rule, ada):
    frame = as_marketer.get(page("rule-preview-frame", rule, f"?contact={ada.pk}"))

    policy = frame["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert "/p/sample/" in frame.text
    assert "/u/sample/" in frame.text


def test_numbers_in_addresses_are_not_written_for_the_eye(as_marketer, rule):
    person = make_contact(pk=1234567)

    answer = as_marketer.get(page("rule-preview", rule))

    assert answer.context["contact"] == person
    assert "1,234,567" not in answer.text
    assert "contact=1234567" in answer.text


@pytest.mark.parametrize("asked", ["x", "1,234", "²", "9" * 30, ""])
def test_a_person_who_is_not_there_is_not_found(as_marketer, rule, asked):
    assert as_marketer.get(page("rule-preview-frame", rule, f"?contact={asked}")).status_code == 404
    assert as_marketer.post(page("rule-test", rule), {"contact": asked}).status_code == 404


def test_people_are_found_as_one_types(as_marketer, rule, ada, ben):
    answer = as_marketer.get(page("rule-preview", rule, "?q=okri"), headers={"HX-Request": "true"})

    assert "Ben Okri" in answer.text
    assert "Ada Byron" not in answer.text


def test_a_test_goes_to_the_one_who_asks_and_to_nobody_else(as_marketer, marketer, rule, ada, mailbox):
    as_marketer.post(page("rule-test", rule), {"contact": ada.pk})

    (message,) = mailbox.wait_for(marketer.email)
    assert message["subject"] == "Test: Hello Ada"
    assert message["X-CRM-Test"] == "yes"
    assert message["List-Unsubscribe"] is None
    assert len(mailbox) == 1
    assert Delivery.objects.count() == 0
    assert "/u/sample/" in message.get_body("html").get_content()


# Switching on ----------------------------------------------------------------------------------------


def test_switching_on_shows_who_would_be_written_to_and_waits_for_a_yes(as_marketer, rule, ada, at_noon):
    rule.steps.update(delay=2 * HOUR)
    make_touchpoint(ada, "confirmed", at=NOON - MINUTE)

    make_rehearsal(rule)
    answer = as_marketer.get(page("rule-activate", rule))
    activation = answer.context["activation"]
    assert (activation.coming, activation.lately, activation.people) == (1, 0, [ada])
    rule.refresh_from_db()
    assert rule.status == "draft"

    as_marketer.post(page("rule-activate", rule))
    rule.refresh_from_db()
    assert (rule.status, rule.activated_at) == ("active", NOON)


def test_a_row_whose_message_has_faults_is_not_switched_on(as_marketer, rule):
    Content.objects.filter(pk=rule.first_step.content_id).update(subject="{{ nobody }}")

    answer = as_marketer.post(page("rule-activate", rule))

    rule.refresh_from_db()
    assert (answer.status_code, rule.status) == (409, "draft")
    assert "There is no merge field" in answer.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, OPEN),
        ("<p>[…]</p>", OPEN),
        ('<p><a href="{{ feedback_url }}">Say</a></p>', "The words lead to a question; write it."),
    ],
)
def test_a_row_is_not_switched_on_while_words_of_any_step_are_missing(as_marketer, rule, body, said):
    panel = panel_of(rule)
    if body:
        Content.objects.filter(pk=panel.content_id).update(body=body)
    make_rehearsal(rule)
    refused = as_marketer.post(page("rule-activate", rule))
    rule.refresh_from_db()
    assert (refused.status_code, rule.status) == (409, "draft")
    assert said in refused.text
    assert f"{page('rule-content', rule)}?part={panel.key}" in refused.text

    Content.objects.filter(pk=panel.content_id).update(body="<p>Come in…</p>")
    as_marketer.post(page("rule-activate", rule))
    rule.refresh_from_db()
    assert rule.status == "active"


def test_an_order_is_spoken_of_in_the_preview_of_a_thank_you(as_marketer, sender, topic, ada):
    order = make_order(ada, external_id="1042")
    make_touchpoint(ada, "ordered", data={"order_id": order.pk})
    written = make_content(subject="Order {{ order.number }}", body=BODY)
    rule = make_rule(content=written, trigger="ordered", status="draft", activated_at=None)
    make_consent(ada)

    answer = as_marketer.get(page("rule-preview", rule, f"?contact={ada.pk}"))

    assert answer.context["preview"].subject == "Order 1042"
