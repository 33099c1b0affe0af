"""The strategy as a file: what is written is read back, byte for byte; what is wrong is refused by line."""

import csv
import io

import pytest

from campaigns import content, rows, rules, sequence_words, starter, strategy_csv, textbook
from campaigns.models import Content, Delivery, LifecycleRule, Step
from campaigns.rows import Plan
from campaigns.ticking import tick
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_consent,
    make_contact,
    make_delivery,
    make_rule,
    make_step,
    make_topic,
    make_touchpoint,
    make_version,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def topics(sender, topic):
    make_topic("offers", "Offers")


def file_of(*lines):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(lines)
    return file.getvalue()


TEXTBOOK = file_of(textbook.HEADS, *textbook.ROWS)


def exported(user, **options):
    return strategy_csv.write(strategy_csv.exported(user), **options)


def changed(text, old, new):
    assert text.count(old) == 1
    return text.replace(old, new)


# There and back --------------------------------------------------------------------------------------


def test_the_four_rows_of_the_textbook_go_in_and_come_out_as_they_are_printed(marketer):
    strategy_csv.save(TEXTBOOK, marketer, at=NOON)

    assert exported(marketer, is_plain=True) == TEXTBOOK


def test_the_four_rows_become_drafts_that_can_be_switched_on(marketer):
    strategy_csv.save(TEXTBOOK, marketer, at=NOON)

    made = LifecycleRule.objects.in_order()
    assert [(rule.trigger, rule.outcome, rule.status) for rule in made] == [
        ("confirmed", "service", "draft"),
        ("few_visits", "top_content", "draft"),
        ("many_visits", "member", "draft"),
        ("abandoned_browse", "service", "draft"),
    ]
    assert [step.channel for step in made[1].steps.all()] == ["email", "panel", "panel"]
    for rule in made:
        rules.activate(rule, at=NOON)
    assert [words.name for words in Content.objects.filter(live=None)] == []


def test_the_rows_one_starts_with_say_what_the_textbook_prints(marketer, settings):
    settings.POSTAL_ADDRESS = "1 Quay Street"
    starter.set_up_workspace(NOON)

    rows = {row[0]: row for row in csv.reader(io.StringIO(exported(marketer, is_plain=True)))}

    for printed in textbook.ROWS:
        assert tuple(rows[printed[0]][:4]) == printed[:4]


def test_what_was_exported_changes_nothing_and_comes_out_the_same(marketer):
    starter.set_up_workspace(NOON)
    rule = make_rule(
        name="Ein „Gruß“, mit Komma; und mehr",
        trigger="ordered",
        parameters={"number": 2},
        re_entry="days",
        re_entry_days=14,
        weekdays=[0, 4],
        leaves="hour",
        leaves_hour=9,
        audience={"filters": {}},
        outcome="page",
        outcome_parameters={"pages": ["/a/*", "/b"]},
        delay=HOUR * 1.5,
        position=6,
    )
    call = make_step(rule, channel="phone", follows=rule.first_step, delay=3 * DAY, condition="unopened")
    make_step(rule, follows=call, delay=DAY, condition="clicked", content_b=make_version().content)
    text = exported(marketer)
    before = snapshot()

    reading = strategy_csv.save(text, marketer, at=NOON)

    assert reading.counts == {"new": 0, "changed": 0, "same": 7, "refused": 0}
    assert snapshot() == before
    assert exported(marketer) == text


def snapshot():
    return [*LifecycleRule.objects.order_by("pk").values()], [*Step.everything.order_by("pk").values()]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_files_of_spreadsheets_are_read(marketer, ending, mark):
    data = (mark + TEXTBOOK.replace("\n", ending)).encode()

    reading = strategy_csv.read(strategy_csv.decoded(data), marketer)

    assert reading.counts["new"] == 4


def test_a_file_with_semicolons_is_read(marketer):
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows([textbook.HEADS, textbook.ROWS[3]])

    assert strategy_csv.read(file.getvalue(), marketer).counts["new"] == 1


# What a file changes ---------------------------------------------------------------------------------


def test_a_changed_cell_changes_what_runs(marketer, mailbox):
    strategy_csv.save(TEXTBOOK, marketer, at=NOON)
    LifecycleRule.objects.update(control_share=0)
    rule = LifecycleRule.objects.get(trigger="abandoned_browse")
    rules.activate(rule, at=NOON)
    ada = make_contact("ada@example.com")
    make_consent(ada, make_topic("offers"), at=NOON)
    make_touchpoint(ada, at=NOON + HOUR, data={"path": "/shop/p/NS-JAZ-01/"})
    text = changed(exported(marketer), '""hours"": 48', '""hours"": 24')

    strategy_csv.save(text, marketer, at=NOON + HOUR)

    tick(NOON + 24 * HOUR)
    assert mailbox.to("ada@example.com") == []
    tick(NOON + 25 * HOUR)
    assert len(mailbox.to("ada@example.com")) == 1


def test_words_that_the_textbook_knows_change_the_trigger(marketer):
    strategy_csv.save(TEXTBOOK, marketer, at=NOON)

    strategy_csv.save(changed(TEXTBOOK, "fewer than 3 visits", "fewer than 5 visits"), marketer, at=NOON)

    rule = LifecycleRule.objects.get(trigger="few_visits")
    assert rule.parameters == {"days": 30, "visits": 5}


def test_words_and_trigger_that_contradict_are_refused(marketer):
    strategy_csv.save(TEXTBOOK, marketer, at=NOON)
    text = changed(exported(marketer), "fewer than 3 visits", "fewer than 5 visits")
    text = text.replace(
        '"{""days"": 30, ""visits"": 3}",,top_content', '"{""days"": 30, ""visits"": 4}",,top_content'
    )

    (problem,) = [problem for line in strategy_csv.read(text, marketer).lines for problem in line.problems]

    assert "Fewer than 5 visits" in problem
    assert "Fewer than 4 visits" in problem


def test_a_changed_sequence_changes_the_steps_and_calls_off_what_is_gone(marketer, ada):
    strategy_csv.save(TEXTBOOK, marketer, at=NOON)
    rule = LifecycleRule.objects.get(trigger="few_visits")
    first, home, side = rule.steps.all()
    content.freeze(side.content, at=NOON)
    side.content.refresh_from_db()
    planned = make_delivery(rule, ada, step=side, version=side.content.live)
    sequence = "2: after 1 day; 3: phone, 2 days after 1, if nobody opens it"
    line = [*textbook.ROWS[1][:3], "e-mail, home page", sequence]

    strategy_csv.save(file_of(textbook.HEADS, line), marketer, at=NOON)

    steps = [*rule.steps.all()]
    assert [step.pk for step in steps[:2]] == [first.pk, home.pk]
    assert (steps[1].delay, steps[2].channel, steps[2].follows_id) == (DAY, "phone", first.pk)
    planned.refresh_from_db()
    assert planned.status == "cancelled"
    assert Step.everything.get(pk=side.pk).removed_at == NOON


def test_rows_stand_in_the_order_of_the_file_and_others_keep_their_place(marketer):
    make_rule(name="A"), make_rule(name="B", position=1), make_rule(name="C", position=2)
    heads, a, b, c = exported(marketer).splitlines()

    strategy_csv.save("\n".join([heads, c, a]) + "\n", marketer, at=NOON)

    assert [rule.name for rule in LifecycleRule.objects.in_order()] == ["C", "B", "A"]


def test_a_file_that_only_orders_the_rows_changes_their_order(marketer):
    for place, name in enumerate("ABC"):
        make_rule(name=name, position=place)
    text = exported(marketer)
    assert not strategy_csv.read(text, marketer).changes_anything
    rows.arrange([rule.pk for rule in LifecycleRule.objects.order_by("-position")])

    reading = strategy_csv.read(text, marketer)
    assert (reading.changes_order, reading.changes_rows, reading.changes_anything) == (True, False, True)

    strategy_csv.save(text, marketer, at=NOON)
    assert exported(marketer) == text


# What is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("abandoned_browse", "no_such", "trigger: No trigger is called “no_such”."),
        ('""hours"": 48', '""hours"": 0', "trigger settings, hours"),
        ('""hours"": 48', '""weeks"": 1', "there is no “weeks”"),
        ('{""hours"": 48', "{hours 48", 'braces, as in {"hours": 48}.'),
        ("abandoned_browse", "browse", "Known are: signed_up, confirmed"),
        ("phone or e-mail", "pigeon or e-mail", "“pigeon” is no medium"),
        (",conversion,", ",first,", "rank: “first” is none of: service, welcome"),
        (",30,offers,", ",,offers,", "days between: say after how many days"),
        (",30,offers,", ",30,nothing,", "topic: No topic has the key “nothing”."),
        (",30,offers,", ",30,,", "topic: choose the topic"),
    ],
)
def test_a_bad_cell_is_refused_by_its_line_and_nothing_is_done(marketer, old, new, words):
    strategy_csv.save(TEXTBOOK, marketer, at=NOON)
    text = changed(changed(exported(marketer), "highlight top content", "top content"), old, new)
    before = snapshot()

    reading = strategy_csv.read(text, marketer)
    with pytest.raises(strategy_csv.CannotImport):
        strategy_csv.save(text, marketer, at=NOON)

    assert [line.number for line in reading.lines if line.state == "refused"] == [5]
    assert words in " ".join(reading.lines[3].problems)
    assert reading.lines[1].state == "changed"
    assert snapshot() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("\0", "no text"),
        ("a,b\n1,2\n", "lacks the column “message type”"),
        (",".join(textbook.HEADS) + "\n", "no rows"),
        (",".join([*textbook.HEADS, "colour"]) + "\nx,x,x,x,x,x\n", "“colour” is no column"),
        (",".join([*textbook.HEADS, "medium"]) + "\nx,x,x,x,x,x\n", "twice"),
        (",".join(textbook.HEADS) + '\n"never closed', "Line 2 cannot be read"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_reason(marketer, text, words):
    reading = strategy_csv.read(text, marketer)

    assert words in reading.problems[0]
    assert not reading.is_ok


def test_a_row_that_says_nothing_the_machine_knows_is_refused(marketer):
    line = ("New", "when the moon is full", "joy", "e-mail", "")

    (read,) = strategy_csv.read(file_of(textbook.HEADS, line), marketer).lines

    assert "The condition is not understood" in read.problems[0]


def test_two_lines_of_one_name_are_refused(marketer):
    text = file_of(textbook.HEADS, textbook.ROWS[0], textbook.ROWS[0])

    assert [line.state for line in strategy_csv.read(text, marketer).lines] == ["new", "refused"]


# Medium and sequence ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("medium", "sequence"),
    [
        ("e-mail", ""),
        ("phone where preferred", "1: after 2 hours"),
        ("phone or e-mail, home page", ""),
        ("panel footer-2, letter", "2: after 90 minutes; 3: e-mail, 5 days after 1, if nothing comes back"),
        ("e-mail", "2: phone where preferred, at once after 1; 3: e-mail, 1 day after 2, if it is clicked"),
    ],
)
def test_steps_have_one_way_to_be_written(medium, sequence):
    plans = sequence_words.read(medium, sequence)

    assert sequence_words.medium_words(plans) == medium
    assert sequence_words.sequence_words(plans) == sequence


@pytest.mark.parametrize(
    "sequence",
    [
        "2: after 1 day",
        "3: e-mail, 1 day after 1",
        "2: e-mail, 1 day after 2",
        "soon",
        "1: after 5 moons",
    ],
)
def test_a_sequence_that_cannot_be_is_refused(sequence):
    with pytest.raises(sequence_words.Unreadable):
        sequence_words.read("e-mail", sequence)


def test_email_is_understood_without_its_hyphen():
    assert sequence_words.read("Email, Side Panels", "") == (Plan(), Plan(channel="panel", slot="side"))


def test_an_import_writes_to_nobody(marketer):
    strategy_csv.save(TEXTBOOK, marketer, at=NOON)

    tick(NOON + DAY)

    assert not Delivery.objects.exists()
