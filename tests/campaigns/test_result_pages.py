"""The pages of results: a row, a campaign, everything together, and what a message costs."""

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import costing, decay, results
from campaigns.models import ChannelCost, SendingSwitch
from campaigns.sequential import Interval
from campaigns.templatetags.results import more_per_thousand
from campaigns.uplift import Comparison, Side
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_contact,
    make_delivery,
    make_order,
    make_rule,
    make_user,
    make_version,
)

HELD = {"status": "held_out", "reason": "control"}


@pytest.fixture
def rule(db):
    return make_rule(outcome="order", outcome_within=2 * DAY, control_share=10)


def decide(rule, sent, held, at=NOON, reached=0, **fields):
    """So many got it, so many were held out; of those who got it so many did it."""
    for number in range(sent):
        done = at + HOUR if number < reached else None
        make_delivery(rule, status="sent", sending_at=at, finished_at=at, outcome_at=done, **fields)
    for _number in range(held):
        make_delivery(rule, finished_at=at, **HELD)


def results_of(rule):
    return reverse("campaigns:rule-results", args=[rule.pk])


def test_before_anything_was_sent_the_page_says_so(as_marketer, rule):
    page = as_marketer.get(results_of(rule))

    assert "Nothing was sent yet" in page.text
    assert "Download the numbers" not in page.text


def test_too_early_it_says_from_when_people_count(as_marketer, rule):
    at = timezone.now() - DAY
    decide(rule, 2, 1, at=at)

    page = as_marketer.get(results_of(rule))

    assert page.context["comparison"].state == "early"
    assert f"the first of them counts on {timezone.localtime(at + 2 * DAY):%-d %B}" in page.text


def test_the_page_of_a_row_shows_both_sides_and_what_it_took(as_marketer, rule):
    ChannelCost.objects.create(channel="email", each="0.02")
    decide(rule, 3, 2, reached=1)

    page = as_marketer.get(results_of(rule))

    found, effort = page.context["comparison"], page.context["effort"]
    assert (found.one.people, found.one.reached, found.other.people) == (3, 1, 2)
    assert (effort.sent, str(effort.cost)) == (3, "0.0600")
    assert "What the message was worth" in page.text
    assert "Too early: about 98 more people are needed on the smaller side" in page.text
    assert "10 per cent of those who would have got it get nothing." in page.text


def test_two_variants_stand_beside_each_other(as_marketer, rule):
    step = rule.first_step
    step.content_b = make_version().content
    step.save()
    decide(rule, 2, 0, variant="a")
    decide(rule, 1, 0, variant="b")

    page = as_marketer.get(results_of(rule))

    [(known, found)] = page.context["variants"]
    assert (known, found.one.people, found.other.people) == (step, 2, 1)
    assert "Two variants: Message" in page.text


def test_what_is_only_counted_stands_beside_it(as_marketer, rule):
    rule.more_outcomes = [{"outcome": "first_visit", "parameters": {}}]
    rule.save()
    decide(rule, 1, 1, at=timezone.now() - 5 * DAY)

    page = as_marketer.get(results_of(rule))

    assert [(each.sent, each.held_out) for each in page.context["also"]] == [(1, 1)]
    assert "0 of 1" in page.text
    since = timezone.localtime(rule.activated_at)
    assert (
        f"How often it was done within 2 days of the first message, or of when it would have left; since "
        f"{since:%-d %B %Y}" in page.text
    )


def test_what_is_only_counted_waits_for_the_span_as_well(as_marketer, rule):
    rule.more_outcomes = [{"outcome": "first_visit", "parameters": {}}]
    rule.save()
    decide(rule, 2, 1, at=timezone.now() - DAY)

    page = as_marketer.get(results_of(rule))

    assert [(each.sent, each.held_out) for each in page.context["also"]] == [(0, 0)]
    assert "0 / 0" not in page.text
    assert "nobody's are yet" in page.text.replace("&#x27;", "'")


def test_the_numbers_of_a_row_come_as_a_file(as_marketer, rule):
    decide(rule, 3, 2, reached=1)

    file = as_marketer.get(results_of(rule) + "?as=csv")

    assert file["Content-Type"] == "text/csv; charset=utf-8"
    assert file["Content-Disposition"] == 'attachment; filename="welcome-results.csv"'
    lines = file.content.decode().splitlines()
    assert lines[0] == "What,Value,Least,Most"
    assert "Got it: people,3,," in lines
    assert "Held out: people,2,," in lines


def test_the_numbers_of_a_campaign_come_as_a_file(as_marketer, ada):
    campaign = make_campaign([ada], outcome="order", control_share=10)
    make_campaign_delivery(campaign, ada, status="sent", sending_at=NOON, finished_at=NOON)

    file = as_marketer.get(reverse("campaigns:campaign-results", args=[campaign.pk]))

    assert "Got it: people,1,," in file.content.decode()
    assert "Cost and contribution" in as_marketer.get(campaign.get_absolute_url()).text


def test_rows_and_campaigns_stand_beside_each_other_the_least_relevant_first(as_marketer, rule, ada):
    decide(rule, 200, 0, reached=100)
    dull = make_rule(name="Dull")
    decide(dull, 150, 0)
    make_campaign_delivery(make_campaign(name="Sale"), ada, status="sent", sending_at=NOON, finished_at=NOON)
    make_rule(name="Silent")

    page = as_marketer.get(reverse("campaigns:results"))

    shown = [(str(line.program), line.is_irrelevant) for line in page.context["rows"]]
    assert shown == [("Dull", True), ("Sale", False), ("Welcome", False)]
    assert page.context["total"].sent == 351
    assert "Nobody is held out of everything." in page.text
    file = as_marketer.get(reverse("campaigns:results") + "?as=csv").content.decode()
    assert file.splitlines()[1].startswith("Dull,150,0,0.0,")


def test_a_campaign_of_a_minute_ago_stands_behind_those_that_had_their_time(as_marketer, rule, ada):
    decide(rule, 40, 0, reached=20)
    fresh = make_campaign(name="Just sent")
    for _number in range(112):
        make_campaign_delivery(fresh, make_contact(), status="sent", sending_at=timezone.now())

    page = as_marketer.get(reverse("campaigns:results"))

    assert [str(line.program) for line in page.context["rows"]] == ["Welcome", "Just sent"]
    assert not any(line.is_irrelevant for line in page.context["rows"])
    assert page.context["measured"].relevance == 50
    assert "answered, or did it; 112 are too young" in page.text
    assert "too early" in page.text


def test_each_line_says_with_and_without(as_marketer, rule, ada, monkeypatch):
    ChannelCost.objects.create(channel="phone", each="2")
    decide(rule, 2, 1)
    make_delivery(rule, ada, channel="phone", status="sent", sending_at=NOON - DAY, finished_at=NOON)
    campaign = make_campaign(name="Sale", outcome="order", control_share=10)
    make_campaign_delivery(campaign, ada, status="sent", sending_at=NOON, finished_at=NOON)
    found = Comparison(Side(people=2000, reached=200), Side(people=1000, reached=90))
    assert found.state == "undecided"
    monkeypatch.setattr(results, "of_rule", lambda rule, at: found)
    urls = [
        reverse("campaigns:rule-worth", args=[rule.pk]),
        reverse("campaigns:campaign-worth", args=[campaign.pk]),
    ]

    page = as_marketer.get(reverse("campaigns:results")).text

    assert all(url in page for url in urls)
    of_rule, of_campaign = (" ".join(as_marketer.get(url).text.split()) for url in urls)
    assert "10.0 % with it, 9.0 % without;" in of_rule
    assert "more per 1,000 people. Undecided: about" in of_rule
    assert of_campaign == "Nobody to compare with yet"
    assert "10.0 % with it, 9.0 % without;" in as_marketer.get(reverse("campaigns:results") + "?worth").text
    assert f"Everything since {NOON - DAY:%-d %B %Y}, when the first of these left." in page
    assert "of cost, 100 % of it by phone" in page


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (0.133, 0.395, "133 to 395 more per 1,000 people"),
        (-0.395, -0.133, "133 to 395 fewer per 1,000 people"),
        (-0.012, 0.03, "12 fewer to 30 more per 1,000 people"),
    ],
)
def test_a_difference_has_its_noun(low, high, expected):
    assert more_per_thousand(Interval(low, 0, high)) == expected


def test_those_held_out_of_everything_are_compared(as_marketer, rule, ada, ben):
    at = NOON - 100 * DAY
    make_delivery(rule, ada, status="sent", sending_at=at, finished_at=at)
    make_delivery(rule, ben, status="held_out", reason="holdout", finished_at=at)
    make_order(ada, at=at + 50 * DAY)

    found = as_marketer.get(reverse("campaigns:results")).context["everything"]

    assert (found.one.people, found.one.reached, found.other.people) == (1, 1, 1)


def test_an_administrator_holds_some_out_of_everything(client, admin, marketer, rule):
    decide(rule, 1, 0)
    address = reverse("campaigns:hold-out")
    client.force_login(marketer)
    assert client.post(address, {"share": "5"}).status_code == 403
    assert "Hold out so many" not in client.get(reverse("campaigns:results")).text

    client.force_login(admin)
    client.post(address, {"share": "21"})
    assert SendingSwitch.load().holdout_share == 0
    client.post(address, {"share": "5"})

    assert (SendingSwitch.load().holdout_share, SendingSwitch.load().changed_by) == (5, admin)
    page = client.get(reverse("campaigns:results")).text
    assert "5 per cent are held out of everything; nobody has met that yet." in page


def test_the_page_of_everything_says_when_nothing_was_sent(as_marketer):
    assert "Nothing was sent yet" in as_marketer.get(reverse("campaigns:results")).text


def test_an_administrator_says_what_a_message_costs_and_others_read_it(client, admin, marketer):
    address, costs = (
        reverse("campaigns:costs"),
        {"email_each": "0.004", "phone_each": "0", "phone_minute": "0.8"},
    )
    costs |= {"panel_each": "0", "letter_each": "2.15"}
    client.force_login(marketer)
    assert "Only an administrator changes this." in client.get(address).text
    assert client.post(address, costs).status_code == 403

    client.force_login(admin)
    assert client.post(address, costs | {"email_each": "-1"}).status_code == 200
    assert client.post(address, costs).status_code == 302
    found = {cost.channel: (float(cost.each), float(cost.minute)) for cost in ChannelCost.objects.all()}
    assert found == {"email": (0.004, 0), "phone": (0, 0.8), "letter": (2.15, 0), "panel": (0, 0)}
    assert 'value="0.004"' in client.get(address).text


def test_an_analyst_may_look(client, rule):
    client.force_login(make_user("analyst"))

    assert client.get(results_of(rule)).status_code == 200


def test_a_curve_is_drawn_where_there_is_one(as_marketer, rule, monkeypatch):
    monkeypatch.setattr(decay, "ENOUGH", 3)
    people = [make_contact(created_at=NOON - 40 * DAY) for _number in range(4)]
    for place, person in enumerate(people):
        for day in (0, 20):
            at = NOON + day * DAY
            done = at + HOUR if day == 0 or place == 0 else None
            make_delivery(rule, person, status="sent", sending_at=at, finished_at=at, outcome_at=done)

    page = as_marketer.get(results_of(rule))

    by_message = page.context["curves"][1][0]
    assert [(point.sent, point.answered) for point in by_message.points] == [(4, 4), (4, 1)]
    assert "Answers by how many messages came before" in page.text
    assert page.text.count("<svg") > 4


@pytest.mark.parametrize("times", [1, 3])
def test_the_page_asks_as_often_for_many_rows_as_for_one(as_marketer, times, django_assert_max_num_queries):
    for _number in range(times):
        decide(make_rule(), 1, 0)

    with django_assert_max_num_queries(22):
        as_marketer.get(reverse("campaigns:results"))


def test_of_few_messages_it_says_how_many_of_how_many(as_marketer, rule):
    decide(rule, 3, 0, reached=2)
    assert "2 of 3" in as_marketer.get(reverse("campaigns:results")).text
    assert costing.Effort(in_time=30, relevant=15).relevance_words == "50.0 %"


def test_a_request_to_confirm_stands_last_and_without_relevance(as_marketer, rule):
    decide(rule, 4, 0, reached=1)
    request = make_rule(name="Confirmation request", rank=0, trigger="signed_up")
    decide(request, 40, 0)

    page = as_marketer.get(reverse("campaigns:results"))

    assert [line.program for line in page.context["rows"]] == [rule, request]
    assert page.context["measured"].sent == 4
    assert "0.0 %" not in page.text
