"""The form of a row in a real Chromium: it asks for what is chosen, and changes nothing by itself."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from campaigns import starter, strategy_csv
from campaigns.models import LifecycleRule
from tests.make import make_rule

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def open_form(live_server, new_page, sign_in, marketer):
    """Opens the form of a row, or of a new one, in a window."""

    def open_it(rule=None, **options):
        page = new_page(**options)
        sign_in(page, marketer)
        name = reverse("campaigns:rule-edit", args=[rule.pk]) if rule else reverse("campaigns:rule-create")
        page.goto(live_server.url + name)
        return page

    return open_it


@pytest.mark.parametrize("script", [True, False])
def test_only_what_a_choice_asks_for_is_shown(open_form, script):
    page = open_form(make_rule(), java_script_enabled=script)
    days, hour = page.get_by_label("How many days"), page.get_by_label("The hour")
    within, topic = page.locator("#div_id_outcome_within"), page.get_by_label("Topic they agreed to")

    for each in (days, hour, within):
        expect(each).to_be_hidden()
    page.get_by_label("To one person").select_option("days")
    page.locator("#id_leaves").select_option("best")
    page.get_by_label("It has worked when the person").select_option("order")
    for each in (days, hour, within, topic):
        expect(each).to_be_visible()

    page.get_by_text("Advanced", exact=True).click()
    page.get_by_label("Rank").select_option("0")
    expect(topic).to_be_hidden()
    expect(page.get_by_label("Held out, per cent")).to_be_hidden()


def test_what_was_refused_shows_whatever_is_chosen(open_form):
    page = open_form(make_rule())
    page.get_by_text("Advanced", exact=True).click()
    page.locator("#id_freshness_0").fill("")
    page.get_by_label("To one person").select_option("days")
    page.get_by_label("How many days").fill("-5")
    page.get_by_label("To one person").select_option("once")

    page.get_by_role("button", name="Save row").click()

    expect(page.get_by_label("How many days")).to_be_visible()
    expect(page.locator("#id_freshness_0")).to_be_visible()
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    expect(page.get_by_role("link", name="How many days")).to_be_visible()


def test_a_first_look_at_a_new_row_is_short(open_form, axe, sender, topic):
    page = open_form(width=1440)

    assert page.locator(
        "form > .section > legend, form > .folded > summary .folded-name"
    ).all_inner_texts() == [
        "The row",
        "When",
        "Who",
        "What they get",
        "When it leaves",
        "What it is to achieve",
        "Advanced",
    ]
    fields = page.locator(
        ".rule-form :is(input, select, textarea):visible:not([type=checkbox], [type=submit])"
    )
    assert fields.count() <= 16
    assert axe(page) == []


def test_words_on_several_lines_stand_on_one(open_form):
    rule = make_rule()
    page = open_form(rule)

    page.get_by_label("Outcomes required, in your words").fill("They come;\nthey stay")
    page.get_by_role("button", name="Save row").click()
    page.wait_for_url("**" + rule.get_absolute_url())

    rule.refresh_from_db()
    assert rule.outcomes == "They come; they stay"


def test_a_step_asks_for_its_place_on_the_site_and_for_what_came_back(live_server, open_form, axe):
    rule = make_rule()
    page = open_form(rule)
    page.goto(live_server.url + reverse("campaigns:step-create", args=[rule.pk]))
    place, only = page.get_by_label("Place on your site"), page.get_by_label("Only", exact=True)

    expect(place).to_be_hidden()
    expect(only).to_be_visible()
    page.locator("#id_channel").select_option("panel")
    page.get_by_label("Comes after").select_option("")
    expect(place).to_be_visible()
    expect(only).to_be_hidden()
    assert axe(page) == []


def test_a_rehearsal_asks_for_days_only_where_they_are_ones_own(live_server, open_form, axe):
    rule = make_rule(status="draft", activated_at=None)
    page = open_form(rule)
    page.goto(live_server.url + reverse("campaigns:rule-rehearsal", args=[rule.pk]))

    expect(page.get_by_label("From")).to_be_hidden()
    page.get_by_label("As if it had been on").select_option("own")
    expect(page.get_by_label("From")).to_be_visible()
    assert axe(page) == []


def test_saving_a_row_without_a_change_leaves_its_file_byte_for_byte(open_form, marketer):
    starter.set_up_workspace(timezone.now())
    begun = timezone.now()
    odd = [{"outcome": "feedback"}, {"outcome": "page", "parameters": {"pages": ["/club"]}}]
    make_rule(name="Odd", trigger="ordered", outcome="top_content", more_outcomes=odd, activated_at=begun)
    before = strategy_csv.write(LifecycleRule.objects.in_order())

    for rule in LifecycleRule.objects.in_order():
        page = open_form(rule)
        page.get_by_role("button", name="Save row").click()
        page.wait_for_url("**" + rule.get_absolute_url())
        assert page.trouble == []

    assert strategy_csv.write(LifecycleRule.objects.in_order()) == before
    assert LifecycleRule.objects.get(name="Odd").activated_at == begun


def test_what_is_also_counted_is_added_and_taken_out(open_form, axe):
    rule = make_rule(more_outcomes=[{"outcome": "feedback"}])
    page = open_form(rule)

    page.get_by_label("Also counted, 2").select_option("page")
    page.locator("#id_also-1-pages").fill("/club")
    page.get_by_label("Also counted, 3").select_option("member")
    expect(page.get_by_label("Also counted, 4")).to_be_visible()
    page.get_by_role("button", name="Take out what is counted at place 1").click()
    expect(page.get_by_label("Also counted, 4")).to_have_count(0)
    expect(page.locator("#id_also-0-pages")).to_have_value("/club")
    assert axe(page) == []
    page.get_by_role("button", name="Save row").click()
    page.wait_for_url("**" + rule.get_absolute_url())

    rule.refresh_from_db()
    assert rule.more_outcomes == [
        {"outcome": "page", "parameters": {"pages": ["/club"]}},
        {"outcome": "member", "parameters": {}},
    ]
    assert page.trouble == []


def test_without_script_it_is_taken_out_by_choosing_nothing(open_form):
    rule = make_rule(more_outcomes=[{"outcome": "feedback"}])
    page = open_form(rule, java_script_enabled=False)

    expect(page.get_by_role("button", name="Take out")).to_have_count(0)
    page.get_by_label("Also counted, 1").select_option("")
    page.get_by_label("Also counted, 2").select_option("page")
    page.get_by_role("button", name="Show the settings of what is counted").click()
    page.locator("#id_also-0-pages").fill("/club")
    page.get_by_role("button", name="Save row").click()

    rule.refresh_from_db()
    assert rule.more_outcomes == [{"outcome": "page", "parameters": {"pages": ["/club"]}}]
