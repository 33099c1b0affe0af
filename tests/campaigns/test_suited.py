"""What suits a new row by its trigger and its outcome, and stays out of the way of what somebody chose."""

import re
from pathlib import Path

import pytest
from django.urls import reverse

from campaigns import activation, suited
from campaigns.models import LifecycleRule
from tests.make import make_rule


def typed(rule, **changes):
    """What the form of a row posts."""
    fields = {
        "name": "Birthday", "purpose": "retention", "condition": "On the day", "outcomes": "A smile",
        "trigger": rule.trigger, "delay_0": "0", "delay_1": "minutes", "freshness_0": "48",
        "freshness_1": "hours", "re_entry": "once", "outcome": "", "outcome_within_0": "7",
        "outcome_within_1": "days", "topic": rule.topic_id, "sender": rule.sender_id, "rank": rule.rank,
        "remind_after_0": "", "remind_after_1": "days", "leaves": "any", "control_share": "0",
    }  # fmt: skip
    return fields | changes


@pytest.fixture
def ask_new(as_marketer):
    """What the form of a new row would post after a look at it, with these choices since."""

    def ask(before=None, **chosen):
        form = as_marketer.post(reverse("campaigns:rule-create"), (before or {}) | chosen | {"show": "1"})
        form = form.context["form"]
        names = ("trigger", "re_entry", "re_entry_days", "outcome", "control_share")
        posted = {name: "" if form[name].value() is None else str(form[name].value()) for name in names}
        hidden = form.how_often | form.held_out
        return posted | {f"suited-{name}": "" if value is None else value for name, value in hidden.items()}

    return ask


def test_how_often_follows_what_starts_a_new_row_until_somebody_chooses(ask_new):
    begun = ask_new(ask_new(), trigger="signed_up")
    assert begun["re_entry"] == "once"

    of_a_date = ask_new(begun, trigger="date")
    of_a_basket = ask_new(of_a_date, trigger="abandoned_basket")
    chosen = ask_new(of_a_basket, re_entry="days", re_entry_days="14")
    kept = ask_new(chosen, trigger="date")

    assert of_a_date["re_entry"] == "every"
    assert (of_a_basket["re_entry"], of_a_basket["re_entry_days"]) == ("days", "7")
    assert (kept["re_entry"], kept["re_entry_days"]) == ("days", "14")


def test_without_an_outcome_nobody_of_a_new_row_is_held_out_unless_somebody_chooses(as_marketer, ask_new):
    page = as_marketer.get(reverse("campaigns:rule-create"))
    assert page.context["form"]["control_share"].value() == 0
    assert "Nobody: no outcome is measured" in page.text

    none = ask_new()
    with_outcome = ask_new(none, outcome="order")
    none_again = ask_new(with_outcome, outcome="")
    chosen = ask_new(ask_new(none, control_share="5"), outcome="order")

    assert [each["control_share"] for each in (none, with_outcome, none_again)] == ["0", "10", "0"]
    assert chosen["control_share"] == "5"


def test_what_suits_is_saved_where_the_settings_were_never_looked_at(as_marketer, ask_new):
    posted = typed(make_rule()) | ask_new(trigger="signed_up") | {"trigger": "date"}

    as_marketer.post(reverse("campaigns:rule-create"), posted)

    added = LifecycleRule.objects.get(name="Birthday")
    assert (added.re_entry, added.control_share) == ("every", 0)


def test_a_row_that_is_there_keeps_what_it_has(as_marketer):
    rule = make_rule(control_share=15)
    posted = typed(rule, trigger="date", control_share="15") | {"suited-re_entry": "once"}

    as_marketer.post(reverse("campaigns:rule-edit", args=[rule.pk]), posted)

    rule.refresh_from_db()
    assert (rule.trigger, rule.re_entry, rule.control_share) == ("date", "once", 15)


def test_the_form_warns_of_once_ever_by_all_that_happens_again():
    style = Path("static/campaigns/form_sections.css").read_text()
    (warned,) = re.findall(r'\[name="trigger"\] :is\((.*?)\)', style, re.DOTALL)

    assert set(re.findall(r'value="(\w+)"', warned)) == set(suited.HOW_OFTEN)


@pytest.mark.parametrize(("re_entry", "warned"), [("once", True), ("every", False)])
def test_switching_on_says_that_a_yearly_date_goes_out_once_in_a_life(db, re_entry, warned):
    rule = make_rule(trigger="date", parameters={"date": "birthday"}, re_entry=re_entry)

    asked = [asked for tone, asked, _words in activation.checks(rule) if tone == "wait"]

    assert ("How often one person gets it" in asked) is warned
