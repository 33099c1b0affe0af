"""The steps of a row on their pages: added, changed, moved, taken out."""

import pytest
from django.urls import reverse

from campaigns import content, rules
from campaigns.models import Delivery, Step
from campaigns.planning import plan
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_contact,
    make_content,
    make_delivery,
    make_rule,
    make_step,
    make_touchpoint,
)

BODY = "<mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section>"


@pytest.fixture
def as_marketer(client, marketer):
    client.force_login(marketer)
    return client


@pytest.fixture
def rule(topic, sender):
    return make_rule(content=make_content(body=BODY))


def page(name, step_or_rule):
    if isinstance(step_or_rule, Step):
        return reverse(f"campaigns:{name}", args=[step_or_rule.rule_id, step_or_rule.key])
    return reverse(f"campaigns:{name}", args=[step_or_rule.pk])


def typed(step=None, **changes):
    """What the form posts of a step that answers the silence after another for five days."""
    fields = {
        "channel": "email", "slot": "", "follows": step.pk if step else "", "delay_0": "5",
        "delay_1": "days", "condition": "unanswered" if step else "",
    }  # fmt: skip
    return fields | changes


def test_a_step_that_is_added_has_words_of_its_own(as_marketer, rule):
    first = rule.first_step
    assert "Add step" in as_marketer.get(page("rule-detail", rule)).text

    answer = as_marketer.post(page("step-create", rule), typed(first))

    added = rule.steps.last()
    assert answer.url == f"{page('rule-content', rule)}?part=2"
    assert (added.key, added.follows, added.delay, added.condition) == (2, first, 5 * DAY, "unanswered")
    assert (added.content.body, added.content != first.content) == (BODY, True)
    assert as_marketer.get(answer.url).context["words"] == added.content


def test_a_panel_needs_a_place(as_marketer, rule):
    without = as_marketer.post(page("step-create", rule), typed(channel="panel"))
    assert "Say where on your site the panel stands" in without.text

    as_marketer.post(page("step-create", rule), typed(channel="panel", slot="home", delay_0=""))

    added = rule.steps.last()
    assert (added.channel, added.slot, added.delay.total_seconds()) == ("panel", "home", 0)


def test_a_row_says_what_each_step_comes_after(as_marketer, rule):
    second = make_step(rule, follows=rule.first_step, delay=5 * DAY, condition="unanswered")
    make_step(rule, follows=second, delay=2 * DAY, channel="phone", condition="unopened")

    for address in (page("rule-detail", rule), reverse("campaigns:rule-list")):
        shown = as_marketer.get(address).text
        assert "One reminder after 5 days of silence" in shown
        assert "Phone, 2 days after “Reminder”, if no person opens it" in shown


def test_a_step_of_a_row_that_is_on_waits_for_its_words(as_marketer, rule, ada):
    rules.activate(rule, at=NOON)
    as_marketer.post(page("step-create", rule), typed(channel="panel", slot="home", delay_0=""))
    make_touchpoint(ada, "confirmed", at=NOON + MINUTE)
    plan(NOON + HOUR)

    assert Delivery.objects.get().step == rule.first_step
    assert "Not sent yet: publish its words" in as_marketer.get(page("rule-detail", rule)).text

    panel = rule.steps.last()
    panel.content.subject, panel.content.body = "New in", "<p>Come in</p>"
    panel.content.save()
    content.freeze(panel.content, at=NOON + HOUR)
    make_touchpoint(make_contact(), "confirmed", at=NOON + HOUR)
    plan(NOON + 2 * HOUR)
    assert Delivery.objects.filter(step=panel).exists()
    assert "Not sent yet" not in as_marketer.get(page("rule-detail", rule)).text


def test_only_what_follows_may_ask_what_came_back(as_marketer, rule):
    as_marketer.post(page("step-create", rule), typed(rule.first_step, condition="clicked"))
    as_marketer.post(page("step-create", rule), typed(condition="clicked"))

    assert [step.condition for step in rule.steps.all()] == ["", "clicked", ""]


def test_a_step_cannot_come_after_one_that_comes_after_it(as_marketer, rule):
    second = make_step(rule, follows=rule.first_step)
    make_step(rule, follows=second)

    form = as_marketer.get(page("step-edit", rule.first_step)).context["form"]
    assert [*form.fields["follows"].queryset] == []
    assert [*as_marketer.get(page("step-edit", second)).context["form"].fields["follows"].queryset] == [
        rule.first_step
    ]


def test_two_messages_are_tried_and_tried_no_more(as_marketer, rule):
    step = rule.first_step
    as_marketer.post(page("step-edit", step), typed(tries_two="on"))
    step.refresh_from_db()
    assert (step.content_b.body, step.content_b != step.content) == (BODY, True)
    shown = as_marketer.get(f"{page('rule-content', rule)}?part=1b")
    assert shown.context["words"] == step.content_b

    as_marketer.post(page("step-edit", step), typed())

    step.refresh_from_db()
    assert step.content_b is None


def test_steps_change_places_and_go(as_marketer, rule, ada):
    panel = make_step(rule, channel="panel", slot="home", delay=HOUR)
    planned = make_delivery(rule, ada, step=panel, due_at=NOON)

    as_marketer.post(page("step-move", panel), {"up": "1"})
    assert [step.key for step in rule.steps.all()] == [2, 1]
    as_marketer.post(page("step-move", panel), {"down": "1"})
    assert [step.key for step in rule.steps.all()] == [1, 2]

    answer = as_marketer.post(page("step-remove", panel), follow=True)

    planned.refresh_from_db()
    assert (rule.steps.count(), planned.status) == (1, "cancelled")
    assert "1 planned messages are called off" in answer.text


def test_what_has_to_stay_says_why(as_marketer, rule):
    answer = as_marketer.post(page("step-remove", rule.first_step), follow=True)

    assert "A row needs a message" in answer.text
    assert rule.steps.count() == 1


def test_an_analyst_changes_no_step(client, analyst, rule):
    client.force_login(analyst)

    assert "Add step" not in client.get(page("rule-detail", rule)).text
    for name in ("step-edit", "step-move", "step-remove"):
        assert client.post(page(name, rule.first_step)).status_code == 403
