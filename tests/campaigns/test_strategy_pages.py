"""The page of the strategy: changed in place, ordered, copied, restored, brought in as a file."""

import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from campaigns import results, strategy_csv, strategy_table, strategy_words, textbook
from campaigns.models import LifecycleRule
from campaigns.ticking import tick
from campaigns.uplift import Comparison, Side
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_consent,
    make_contact,
    make_delivery,
    make_rule,
    make_step,
    make_touchpoint,
)

LIST = reverse("campaigns:rule-list")
HTMX = {"HX-Request": "true"}


def page(name, rule):
    return reverse(f"campaigns:{name}", args=[rule.pk])


def typed(rule, **changes):
    """What the row posts when nothing but these is changed."""
    fields = {"name": rule.name, "condition": rule.condition, "outcomes": rule.outcomes}
    for place in range(rule.steps.count()):
        fields |= {f"delay_{place}_0": "0", f"delay_{place}_1": "minutes"}
    return fields | changes


# What it shows ---------------------------------------------------------------------------------------


def test_a_row_shows_the_textbook_and_the_machine(db, as_marketer):
    more = [{"outcome": "feedback", "parameters": {}}]
    rule = make_rule(
        trigger="few_visits", condition="1 month: inactive", outcome="top_content", more_outcomes=more
    )
    make_step(rule, channel="panel", slot="home")

    answer = as_marketer.get(LIST)

    for words in (
        "1 month: inactive",
        "Fewer than 3 visits in the 30 days after the sign-up",
        "Measured: Opens one of the 10 pages that most others saw, within 7 days",
        "Also counted: Answers a feedback question",
        "Home page, at once",
    ):
        assert words in answer.text


def test_who_is_eligible_is_who_will_be_written_to(db, at_noon, ada, ben):
    rule = make_rule(trigger="few_visits", parameters={"days": 1})
    for person in (ada, ben):
        make_touchpoint(person, "confirmed", at=NOON - 2 * HOUR)

    assert strategy_table.eligible(rule, NOON) == 2

    make_delivery(rule, ada, occurrence_key=f"r{rule.pk}:s1:{ada.pk}")
    assert strategy_table.eligible(rule, NOON) == 1


def test_steps_by_preference_are_counted_together(db, ada):
    rule = make_rule(channel="phone")
    rule.steps.update(by_preference=True)
    make_step(rule, by_preference=True)
    cem = make_contact(preferred_channel="phone")
    for person in (ada, cem):
        make_touchpoint(person, "confirmed", at=NOON - HOUR)

    assert strategy_table.eligible(rule, NOON) == 2


def test_the_figures_that_take_long_come_by_themselves(as_marketer, at_noon, ada):
    rule = make_rule(outcome="order", control_share=10)
    make_touchpoint(ada, "confirmed", at=NOON - HOUR)

    assert page("rule-live", rule) in as_marketer.get(LIST).text
    answer = as_marketer.get(page("rule-live", rule))
    assert "1 person is due until tomorrow" in answer.text
    assert "Nobody to compare with yet" in answer.text
    assert "1 person is due until tomorrow" in as_marketer.get(LIST + "?live").text


def test_figures_of_nothing_are_said_in_words(as_marketer, at_noon):
    rule = make_rule(outcome="order")
    row = as_marketer.get(page("rule-live", rule)).text
    assert "Nobody is due until tomorrow" in row
    assert "–" not in row
    detail = as_marketer.get(page("rule-detail", rule)).text
    assert "nothing was sent in these days" in detail
    assert re.search(r"Version \d+ is sent", detail)

    LifecycleRule.objects.update(status="draft", activated_at=None)
    assert "Nobody would be due until tomorrow" in as_marketer.get(page("rule-live", rule)).text
    assert (
        "Version 1 is ready; it is sent once the row is on" in as_marketer.get(page("rule-detail", rule)).text
    )


def test_every_act_of_a_row_says_what_it_does_and_to_which_row(as_marketer):
    make_rule()
    acts = as_marketer.get(LIST).text.split('<div class="row-acts')[1].split("</td>")[0]
    said = " ".join(re.sub(r"<[^>]+>", "", acts).split())
    for words in ("Change Welcome here", "Move up Welcome", "Move down Welcome", "Duplicate Welcome"):
        assert words in said
    assert "History Welcome" in said


def test_the_comparison_stands_beside_each_other_with_its_interval(as_marketer, at_noon, monkeypatch):
    rule = make_rule(outcome="order", control_share=10)
    found = Comparison(Side(people=2000, reached=300), Side(people=1000, reached=60))
    monkeypatch.setattr(results, "of_rule", lambda rule, at: found)

    answer = as_marketer.get(page("rule-live", rule))

    low, high = (round(1000 * value) for value in (found.shares.low, found.shares.high))
    assert f"15.0 % with it, 6.0 % without; {low} to {high} more per 1,000 people" in answer.text
    assert "Undecided" not in answer.text


def test_a_row_that_chance_alone_explains_says_undecided(as_marketer, at_noon, monkeypatch):
    rule = make_rule(outcome="order", control_share=10)
    found = Comparison(Side(people=2000, reached=200), Side(people=1000, reached=90))
    assert found.state == "undecided"
    monkeypatch.setattr(results, "of_rule", lambda rule, at: found)

    answer = as_marketer.get(page("rule-live", rule)).text

    assert "fewer to" in answer
    assert "Undecided: about" in answer


# Changing it in place --------------------------------------------------------------------------------


def test_numbers_and_delays_typed_into_the_row_change_what_runs(as_marketer, at_noon, ada, mailbox):
    rule = make_rule(trigger="few_visits", parameters={"days": 30}, activated_at=NOON - 60 * DAY)
    make_touchpoint(ada, "confirmed", at=NOON - DAY)
    make_consent(ada, rule.topic, at=NOON - DAY)
    fields = typed(rule, setting_visits="3", setting_days="1", delay_0_0="2", delay_0_1="hours")

    answer = as_marketer.post(page("rule-inline", rule), fields, headers=HTMX)

    assert answer.text.strip().startswith("<tr")
    assert "Fewer than 3 visits in the 1 day after the sign-up" in answer.text
    tick(NOON + HOUR)
    assert mailbox.to("ada@example.com") == []
    tick(NOON + 2 * HOUR)
    assert len(mailbox.to("ada@example.com")) == 1


def test_words_the_textbook_knows_change_what_runs(as_marketer):
    rule = make_rule(trigger="few_visits", parameters={"days": 30, "visits": 3})
    fields = typed(
        rule, condition="2 weeks: inactive (fewer than 4 visits)", setting_visits="3", setting_days="30"
    )

    as_marketer.post(page("rule-inline", rule), fields)

    rule.refresh_from_db()
    assert rule.parameters == {"days": 14, "visits": 4}


def browsing(**fields):
    words = {"condition": "2 days after browsing content", "parameters": {"hours": 48}}
    return make_rule(trigger="abandoned_browse", **words | fields)


@pytest.mark.parametrize("hours, words", [(24, "1 day"), (72, "3 days"), (36, "36 hours")])
def test_known_words_follow_a_number_that_is_changed(as_marketer, hours, words):
    rule = browsing()
    fields = typed(rule, setting_hours=str(hours), setting_at_least="1")

    answer = as_marketer.post(page("rule-inline", rule), fields, headers=HTMX)

    rule.refresh_from_db()
    assert (rule.parameters["hours"], rule.condition) == (hours, f"{words} after browsing content")
    assert "Its words follow" in answer.text
    assert "The words say" not in answer.text


def test_words_that_contradict_what_the_row_does_are_warned_of(as_marketer):
    rule = browsing(parameters={"hours": 24})
    fields = typed(rule, setting_hours="24", setting_at_least="1")
    warning = "The words say 2 days, the row does 24 hours."

    answer = as_marketer.post(page("rule-inline", rule), fields, headers=HTMX)

    assert answer.text.count(warning) == 2
    assert warning in as_marketer.get(LIST).text
    assert warning in as_marketer.get(page("rule-edit", rule)).text
    assert rule.condition == "2 days after browsing content"


@pytest.mark.parametrize(
    "condition, trigger, parameters, followed",
    [
        ("1 month: inactive (i.e. fewer than 3 visits)", "few_visits", {"days": 14, "visits": 5},
         "14 days: inactive (i.e. fewer than 5 visits)"),
        ("1 month: active", "many_visits", {"days": 45}, "45 days: active"),
        ("1 month: active", "many_visits", {"visits": 9}, "1 month: active"),
        ("One week after browsing", "abandoned_browse", {"hours": 24}, "1 day after browsing"),
        ("newsletter sign-up", "few_visits", {}, "newsletter sign-up"),
    ],
)  # fmt: skip
def test_words_say_what_they_can_of_the_numbers(condition, trigger, parameters, followed):
    assert strategy_words.following(condition, trigger, parameters) == followed


def test_words_of_another_trigger_are_warned_of_with_what_the_row_does():
    said = strategy_words.contradiction("2 days after browsing content", "ordered", {})
    assert said.startswith("The words say “2 days after browsing”. What the row does is: Order")
    said = strategy_words.contradiction("1 month: inactive", "few_visits", {"days": 7})
    assert said == "The words say 1 month, the row does 7 days."


def test_a_row_that_cannot_be_saved_says_why_with_and_without_script(as_marketer):
    rule = make_rule(trigger="few_visits")
    fields = typed(rule, name="", setting_visits="0", setting_days="30")

    for headers in (HTMX, {}):
        answer = as_marketer.post(page("rule-inline", rule), fields, headers=headers)
        assert answer.text.count("invalid-feedback") == 2
    rule.refresh_from_db()
    assert rule.name == "Welcome"


def test_without_script_the_pencil_leads_to_the_form(as_marketer):
    rule = make_rule()

    assert as_marketer.get(page("rule-inline", rule)).url == page("rule-edit", rule)


# Order, copies, history ------------------------------------------------------------------------------


def names():
    return [rule.name for rule in LifecycleRule.objects.in_order()]


def test_a_row_that_is_dragged_above_a_higher_rank_says_at_once_that_it_does_not_go_first(as_marketer):
    rank = LifecycleRule.Rank
    welcome, other = make_rule(name="Greeting", rank=rank.WELCOME), make_rule(name="News", rank=rank.OTHER)
    in_order = {"rule": [welcome.pk, other.pk]}
    as_marketer.post(reverse("campaigns:rule-order"), in_order)
    assert "goes first: its rank" not in as_marketer.get(reverse("campaigns:rule-list")).text

    order = {"rule": [other.pk, welcome.pk]}
    dragged = as_marketer.post(reverse("campaigns:rule-order"), order, headers=HTMX).text

    assert dragged.count("“Greeting” goes first: its rank, Welcome, is higher.") == 1
    assert "Put the rows into that order" in dragged
    assert dragged.count('id="turns"') == 1
    row = as_marketer.get(reverse("campaigns:rule-row", args=[other.pk])).text
    assert "“Greeting” goes first" in row
    back = as_marketer.post(reverse("campaigns:rule-order"), in_order, headers=HTMX)
    assert "goes first: its rank" not in back.text
    assert "The rows stand in the order in which they go." in back.text


def test_rows_are_moved_by_buttons_and_by_dragging(as_marketer):
    a, b, c = (make_rule(name=name, position=place) for place, name in enumerate("ABC"))

    as_marketer.post(page("rule-move", c), {"where": "up"})
    assert names() == ["A", "C", "B"]
    as_marketer.post(page("rule-move", a), {"where": "up"})
    assert names() == ["A", "C", "B"]
    answer = as_marketer.post(
        reverse("campaigns:rule-order"), {"rule": [b.pk, a.pk, c.pk, 10**12, "x"]}, headers=HTMX
    )
    assert names() == ["B", "A", "C"]
    assert answer.text.count("<tr") == 3


def test_a_copy_is_a_draft_with_words_of_its_own(as_marketer):
    rule = make_rule(remind_after=5 * DAY, outcome="order")
    make_rule(name="Below", position=1)

    as_marketer.post(page("rule-duplicate", rule))

    made = LifecycleRule.objects.get(name="Welcome (copy)")
    assert (made.status, made.outcome, made.activated_at) == ("draft", "order", None)
    assert [step.condition for step in made.steps.all()] == ["", "unanswered"]
    assert not {step.content_id for step in made.steps.all()} & {s.content_id for s in rule.steps.all()}
    assert names() == ["Welcome", "Welcome (copy)", "Below"]


@pytest.mark.django_db(transaction=True)
def test_history_says_who_changed_what_and_restores_it(as_marketer):
    rule = make_rule(trigger="few_visits", remind_after=5 * DAY)
    before = strategy_csv.write([rule])
    fields = typed(rule, name="Other", setting_visits="9", setting_days="30", delay_1_0="3", delay_1_1="days")
    as_marketer.post(page("rule-inline", rule), fields)

    answer = as_marketer.get(page("rule-history", rule))

    newest, *older = answer.context["moments"]
    assert newest.by == "Ines Duarte"
    assert {head: (then, now) for head, then, now in newest.changes} == {
        "message type": ("Welcome", "Other"),
        "sequence": (
            "2: e-mail, 5 days after 1, if nothing comes back",
            "2: e-mail, 3 days after 1, if nothing comes back",
        ),
        "trigger settings": ("", "So many visits: 9"),
    }
    as_marketer.post(page("rule-restore", rule), {"moment": older[0].key})
    rule.refresh_from_db()
    assert strategy_csv.write([rule]) == before
    assert as_marketer.get(page("rule-history", rule)).context["moments"][0].by == "Ines Duarte"


@pytest.mark.django_db(transaction=True)
def test_a_moment_that_never_was_restores_nothing(as_marketer):
    rule = make_rule()

    as_marketer.post(page("rule-restore", rule), {"moment": "yesterday"})

    rule.refresh_from_db()
    assert rule.name == "Welcome"


# As a file -------------------------------------------------------------------------------------------


@pytest.fixture
def text(sender, topic):
    rows = [textbook.HEADS, textbook.ROWS[0], textbook.ROWS[1]]
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows) + "\n"


def test_the_import_page_lists_the_names_a_file_may_use(as_marketer):
    answer = as_marketer.get(reverse("campaigns:strategy-import"))

    for words in (
        "<code>abandoned_browse</code>",
        "Looks at pages, and does no more",
        "<code>feedback</code>",
    ):
        assert words in answer.text


def test_the_order_of_a_file_is_shown_before_it_is_taken(as_marketer, marketer):
    a, b = make_rule(name="A"), make_rule(name="B", position=1)
    text = strategy_csv.write([a, b])
    as_marketer.post(page("rule-move", b), {"where": "up"})
    address = reverse("campaigns:strategy-import")

    answer = as_marketer.post(address, {"text": text})
    assert "The order of the rows changes" in answer.text
    assert "Take the order of the file" in answer.text
    assert names() == ["B", "A"]

    as_marketer.post(address, {"text": text, "save": "1"})
    assert names() == ["A", "B"]


def test_a_file_is_shown_before_it_is_taken(as_marketer, text):
    address = reverse("campaigns:strategy-import")
    file = SimpleUploadedFile("strategy.csv", text.encode())

    answer = as_marketer.post(address, {"file": file})
    assert "Add 2 and change 0 rows" in answer.text
    assert not LifecycleRule.objects.exists()

    answer = as_marketer.post(address, {"text": answer.context["text"], "save": "1"})
    assert answer.url == LIST
    assert names() == ["Welcome message", "Engagement message"]


def test_what_a_file_changes_is_told_in_words_and_not_as_the_machine_has_it(as_marketer):
    rule = make_rule(name="Absent", trigger="no_visit")
    text = strategy_csv.write([rule])
    heads, cells = csv.reader(io.StringIO(text))
    changed = dict(zip(heads, cells, strict=True)) | {
        "trigger": "few_visits",
        "trigger settings": '{"days": 14, "visits": 3}',
        "outcome": "order",
        "also counted": '[{"outcome": "feedback"}]',
        "for": '{"filters": {"q": "byron"}}',
        "to one person": "every",
        "rank": "service",
        "weekdays": "mon fri",
    }
    file = io.StringIO()
    csv.writer(file).writerows([changed, changed.values()])

    answer = as_marketer.post(reverse("campaigns:strategy-import"), {"text": file.getvalue()})

    (line,) = answer.context["reading"].lines
    assert (line.problems, line.state) == ([], "changed")
    told = {head: now for head, _then, now in line.changes}
    assert told["trigger"] == "Seldom comes after the sign-up"
    assert told["trigger settings"] == "In so many days: 14; So many visits: 3"
    assert (told["outcome"], told["to one person"], told["rank"]) == (
        "Orders something",
        "Every time",
        "Service",
    )
    assert told["weekdays"] == "Monday, Friday"
    assert told["for"] == "Name or e-mail: byron"
    assert not any(sign in f"{words}" for words in told.values() for sign in "{}[]_")


def test_a_file_that_has_become_wrong_is_not_taken(as_marketer, text):
    for _number in range(2):
        make_rule(name="Welcome message")

    answer = as_marketer.post(reverse("campaigns:strategy-import"), {"text": text, "save": "1"})

    assert "Nothing was changed" in answer.text
    assert len(names()) == 2


@pytest.mark.parametrize("given", [{}, {"text": " "}])
def test_nothing_is_asked_for_again(as_marketer, given):
    answer = as_marketer.post(reverse("campaigns:strategy-import"), given)

    assert "Choose a file, or paste its text." in answer.text


def test_the_file_is_what_the_table_says(as_marketer):
    make_rule()

    full = as_marketer.get(reverse("campaigns:strategy-export"))
    plain = as_marketer.get(reverse("campaigns:strategy-export") + "?plain")

    assert full["Content-Disposition"] == 'attachment; filename="contact-strategy.csv"'
    assert plain.content.decode().splitlines()[0] == ",".join(textbook.HEADS)


def test_an_analyst_reads_and_changes_nothing(client, analyst):
    rule = make_rule()
    client.force_login(analyst)

    assert "Add row" not in client.get(LIST).text
    for name in ("rule-inline", "rule-move", "rule-duplicate", "rule-restore"):
        assert client.post(page(name, rule)).status_code == 403
    assert client.get(page("rule-history", rule)).status_code == 200
