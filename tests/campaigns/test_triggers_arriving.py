"""What is reported, what is answered, and whom a colleague chooses."""

import pytest

from campaigns import triggers
from campaigns.models import Delivery
from campaigns.planning import plan
from campaigns.triggers import manual
from tests.campaigns.triggering import fires, lines, occurrences
from tests.make import DAY, HOUR, MINUTE, NOON, make_contact, make_rule, make_touchpoint
from touchpoints.models import Touchpoint

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("key", "kind"),
    [("joined", "joined"), ("replied", "replied"), ("complained", "complained"), ("answered", "feedback")],
)
def test_a_touchpoint_of_its_kind_fires(ada, key, kind):
    make_touchpoint(ada, kind, at=NOON)
    make_touchpoint(ada, "visited", at=NOON)

    assert fires(key, ada, NOON) == [NOON]


def test_only_the_answer_that_is_asked_for_fires(ada, ben):
    make_touchpoint(ada, "feedback", at=NOON, data={"answer": "yes"})
    make_touchpoint(ben, "feedback", at=NOON, data={"answer": "no"})

    assert [pk for pk, _key, _at in occurrences("answered", NOON, parameters={"answer": "no"})] == [ben.pk]
    assert lines("answered", ada, NOON, answer="no")[-1] == ("wait", "“answer” is “yes”, not “no”")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"kind": "other"}, True),
        ({"kind": "other", "name": "event"}, True),
        ({"kind": "other", "name": "event", "value": "trial ended"}, True),
        ({"kind": "other", "name": "event", "value": "trial began"}, False),
        ({"kind": "other", "name": "plan"}, False),
        ({"kind": "posted"}, False),
    ],
)
def test_whatever_is_reported_can_start_a_rule(ada, asked, found):
    make_touchpoint(ada, "other", at=NOON, data={"event": "trial ended", "days": 14})

    assert bool(fires("touchpoint", ada, NOON, **asked)) is found


def test_openings_and_our_own_remarks_cannot_be_asked_for():
    offered = {value for value, _label in triggers.get("touchpoint").form_class.base_fields["kind"].choices}

    assert offered.isdisjoint({"opened", "outcome", "note", "chosen", "bounced"})


# Chosen by a colleague -------------------------------------------------------------------------------------


def test_who_is_chosen_for_a_rule_is_planned_by_it_once_and_by_no_other(ada, ben, marketer):
    rule, other = make_rule(trigger="manual"), make_rule(name="Other", trigger="manual")
    for seconds in (0, 1):
        manual.start(rule, [ada], NOON + seconds * MINUTE / 60, by=marketer)

    plan(NOON + HOUR)

    assert list(Delivery.objects.values_list("rule_id", "contact_id")) == [(rule.pk, ada.pk)]
    assert triggers.explain(other, ada, NOON)[-1] == ("wait", "That was for “Welcome”")
    assert triggers.explain(other, ben, NOON) == [("wait", "Has not been chosen")]


def test_whom_a_colleague_chose_is_told_with_their_name(ada, marketer):
    manual.start(make_rule(trigger="manual"), [ada], NOON, by=marketer)

    told = Touchpoint.objects.get(kind="chosen")
    assert (told.data["by"], told.data["name"], told.at) == ("Ines Duarte", "Welcome", NOON)


def test_who_was_merged_or_erased_cannot_be_chosen(ada, marketer):
    gone = [
        make_contact(merged_into=ada),
        make_contact("", first_name="", last_name="", erased_at=NOON - DAY),
    ]

    assert manual.start(make_rule(trigger="manual"), [*gone, ada], NOON, by=marketer) != []
    assert Touchpoint.objects.get(kind="chosen").contact == ada
