"""How a benchmark's figures become a verdict."""

import json

import pytest

from benchmarks.measuring import Goal, compare, interleave


@pytest.mark.parametrize(
    "goal, ours, verdict",
    [
        (Goal(0.3), 0.3, "met"),
        (Goal(0.3), 0.44, "close"),
        (Goal(0.3), 0.46, "MISSED"),
        (Goal(0.5, at_least=True), 2.0, "met"),
        (Goal(0.5, at_least=True), 2.9, "close"),
        (Goal(0.5, at_least=True), 3.1, "MISSED"),
        (None, 9.0, "for information"),
    ],
)
def test_a_goal_is_missed_only_beyond_half_as_much_again(goal, ours, verdict):
    rate = goal is not None and goal.at_least

    result = compare("x", "1 row", {"a": [ours], "b": [1.0]}, ours="a", theirs="b", goal=goal, rate=rate)

    assert (result.verdict, result.fails) == (verdict, verdict == "MISSED")


def test_the_ratio_is_the_median_of_the_rounds():
    seconds = {"a": [9.0, 1.0, 2.0], "b": [4.0, 4.0, 100.0]}

    result = compare("x", "1 row", seconds, ours="a", theirs="b")

    assert (result.ours, result.theirs, result.ratio) == (2.0, 4.0, 0.25)
    assert json.loads(result.as_json())["runs"] == seconds


def test_variants_take_turns_and_what_comes_before_is_not_counted():
    log = []

    seconds = interleave(
        {"a": lambda n: log.append(f"a{n}"), "b": lambda n: log.append(f"b{n}")},
        rounds=2,
        before=lambda: log.append("-"),
    )

    assert log == ["-", "a0", "-", "b0", "-", "a1", "-", "b1"]
    assert {name: len(times) for name, times in seconds.items()} == {"a": 2, "b": 2}


def test_a_goal_that_binds_nobody_is_missed_without_failing():
    missed = compare(
        "a", "1", {"ours": [4.0], "theirs": [1.0]}, ours="ours", theirs="theirs", goal=Goal(1, binds=False)
    )

    assert (missed.verdict, missed.fails) == ("MISSED", False)
