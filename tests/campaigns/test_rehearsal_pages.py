"""The pages of a rehearsal: begun, waited for, read, downloaded, and what one person would have got."""

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Delivery, Rehearsal
from campaigns.rehearsing import keeping, reading
from campaigns.rehearsing.counting import COLUMNS, DAY_NAMES
from tests.make import (
    DAY,
    HOUR,
    make_campaign,
    make_consent,
    make_contact,
    make_rehearsal,
    make_rule,
    make_touchpoint,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(topic):
    return make_rule(status="draft", activated_at=None, topic=topic)


@pytest.fixture
def eve(topic):
    """Confirmed a sign-up yesterday."""
    eve = make_contact("eve@example.com", first_name="Eve", last_name="Adler")
    make_consent(eve, topic, at=timezone.now() - 5 * DAY)
    make_touchpoint(eve, "confirmed", at=timezone.now() - DAY)
    return eve


def page(name, *args):
    return reverse(f"campaigns:{name}", args=[getattr(arg, "pk", arg) for arg in args])


def test_a_row_is_rehearsed_from_its_page(as_marketer, rule, eve):
    assert "Not rehearsed yet" in as_marketer.get(page("rule-rehearsal", rule)).text

    answer = as_marketer.post(page("rule-rehearsal", rule), {"window": "30", "company": ""}, follow=True)

    assert answer.context["sums"]["sent"] == 1
    assert [row.contact for row in answer.context["people"]] == [eve]
    assert answer.context["fits"]
    assert not Delivery.objects.exists()


def test_own_days_need_both_ends_in_the_past(as_marketer, rule, eve):
    today = timezone.localdate()
    own = {"window": "own", "company": "", "since": str(today), "until": str(today + DAY)}

    answer = as_marketer.post(page("rule-rehearsal", rule), own)
    assert "must lie in the past" in answer.text
    assert (
        "from which day until which"
        in as_marketer.post(page("rule-rehearsal", rule), own | {"since": ""}).text
    )
    assert not Rehearsal.objects.exists()

    as_marketer.post(page("rule-rehearsal", rule), own | {"since": str(today - 3 * DAY), "until": str(today)})
    assert Rehearsal.objects.get().sent == 1


def test_what_one_person_would_have_got_is_shown(as_marketer, rule, eve):
    as_marketer.post(page("rule-rehearsal", rule), {"window": "30"})
    rehearsal = Rehearsal.objects.get()

    answer = as_marketer.get(page("rehearsal-message", rehearsal, 0))
    frame = as_marketer.get(page("rehearsal-frame", rehearsal, 0))

    assert answer.context["shown"].subject == "Hello Eve"
    assert "Hello Eve" in frame.text
    assert as_marketer.get(page("rehearsal-message", rehearsal, 7)).status_code == 404


def test_the_people_are_a_file(as_marketer, rule, eve):
    as_marketer.post(page("rule-rehearsal", rule), {"window": "30"})

    answer = as_marketer.get(page("rehearsal-people", Rehearsal.objects.get()))

    head, row = answer.text.splitlines()
    assert head.startswith("contact,name,e-mail")
    assert row.startswith(f"{eve.pk},Eve Adler,eve@example.com,Message,Sent")


def test_people_are_narrowed_by_state(as_marketer, rule, eve):
    as_marketer.post(page("rule-rehearsal", rule), {"window": "30"})

    answer = as_marketer.get(page("rule-rehearsal", rule) + "?state=skipped")

    assert answer.context["people"] == []
    assert as_marketer.get(page("rule-rehearsal", rule) + "?state=sent").context["found"] == 1


@pytest.mark.parametrize("said", [{"window": "90", "company": "alone"}, {"window": "60", "company": ""}])
def test_the_form_keeps_what_was_rehearsed(as_marketer, rule, eve, said):
    assert as_marketer.get(page("rule-rehearsal", rule)).context["form"]["window"].value() == "30"

    form = as_marketer.post(page("rule-rehearsal", rule), said, follow=True).context["form"]

    assert {name: form[name].value() for name in said} == said


def test_the_form_keeps_days_of_ones_own(as_marketer, rule, eve):
    today = timezone.localdate()
    own = {"window": "own", "company": "", "since": today - 9 * DAY, "until": today - 2 * DAY}

    form = as_marketer.post(page("rule-rehearsal", rule), own, follow=True).context["form"]

    assert {name: form[name].value() for name in own} == own


def test_the_form_of_a_campaign_keeps_its_company(as_marketer, eve, topic):
    campaign = make_campaign([eve], topic=topic, status="draft", send_at=None)

    answer = as_marketer.post(page("campaign-rehearsal", campaign), {"company": "alone"}, follow=True)

    assert answer.context["form"]["company"].value() == "alone"


def test_what_left_later_says_that_it_was_put_off_first(as_marketer, rule, eve):
    as_marketer.post(page("rule-rehearsal", rule), {"window": "30"})
    rehearsal = Rehearsal.objects.get()
    row = dict(zip(COLUMNS, rehearsal.result["contacts"][0], strict=True)) | {
        "waits": 1,
        "waited_for": "quiet",
    }
    rehearsal.result["contacts"] = [[row[name] for name in COLUMNS]]
    rehearsal.save()

    shown = as_marketer.get(page("rule-rehearsal", rule))

    assert "put off first: in quiet hours where they live" in shown.text
    assert 'href="?#people" aria-current="true">All</a>' in shown.text
    narrowed = as_marketer.get(page("rule-rehearsal", rule) + "?state=skipped").text
    assert 'href="?#people">All</a>' in narrowed


def test_a_large_one_waits_for_a_worker_and_is_made_here_when_there_is_none(
    as_marketer, rule, eve, monkeypatch, settings
):
    asked = []
    monkeypatch.setattr(keeping, "AT_ONCE", 0)
    monkeypatch.setattr(
        "campaigns.tasks.rehearse.apply_async", lambda args, **options: asked.append(args), raising=True
    )
    answer = as_marketer.post(page("rule-rehearsal", rule), {"window": "30"}, follow=True)
    rehearsal = Rehearsal.objects.get()
    assert asked == [[rehearsal.pk]]
    assert "waits for a worker" in answer.text
    assert "make it here" not in answer.text

    Rehearsal.objects.update(made_at=timezone.now() - HOUR)
    assert "make it here" in as_marketer.get(page("rehearsal-state", rehearsal)).text
    answer = as_marketer.post(page("rehearsal-take-over", rehearsal), follow=True)

    assert "No worker took it" in answer.text
    assert answer.context["sums"]["sent"] == 1
    assert as_marketer.get(page("rehearsal-state", rehearsal))["HX-Refresh"] == "true"


def test_a_campaign_is_rehearsed_from_its_page(as_marketer, eve, topic):
    campaign = make_campaign([eve], topic=topic, status="draft", send_at=None)

    answer = as_marketer.post(page("campaign-rehearsal", campaign), {"company": "alone"}, follow=True)

    assert answer.context["sums"]["planned"] == 1
    assert as_marketer.get(page("rehearsal-message", Rehearsal.objects.get(), 0)).status_code == 200


def test_what_leaves_at_one_moment_speaks_of_no_usual_day_and_draws_none(as_marketer, rule, eve, topic):
    as_marketer.post(page("rule-rehearsal", rule), {"window": "30"})
    assert "about 1 a day" in as_marketer.get(page("rule-rehearsal", rule)).text
    campaign = make_campaign([eve], topic=topic, status="draft", send_at=None)

    answer = as_marketer.post(page("campaign-rehearsal", campaign), {"company": "alone"}, follow=True)

    assert "a day" not in answer.text.partition("Held out")[0].partition("Planned")[2]
    assert "for 1 person, from" in answer.text
    assert "What leaves each day" not in answer.text


def test_few_days_are_drawn_with_one_mark_each(rule):
    rehearsal = make_rehearsal(rule)
    nothing = dict.fromkeys(DAY_NAMES, 0)
    days = [nothing | {"day": f"2026-05-{day:02}", "planned": 1, "sent": 1} for day in range(1, 31)]

    rehearsal.result["days"] = days[:2]
    assert reading.drawing(rehearsal)["encoding"]["x"]["axis"]["tickCount"] == {"interval": "day", "step": 1}
    rehearsal.result["days"] = days
    assert reading.drawing(rehearsal)["encoding"]["x"]["axis"]["tickCount"] == 6


def test_an_analyst_reads_and_does_not_rehearse(client, analyst, rule, eve):
    client.force_login(analyst)

    assert client.get(page("rule-rehearsal", rule)).status_code == 200
    assert client.post(page("rule-rehearsal", rule), {"window": "30"}).status_code == 403
    assert not Rehearsal.objects.exists()
