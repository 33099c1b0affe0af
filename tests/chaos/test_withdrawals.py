"""How the harness counts what left after a withdrawal: of one window, and over one line."""

from datetime import UTC, datetime

from chaos.checking import Report
from chaos.scenarios.withdrawals import Leaving, check_windows, leaving_of, most_on_the_way
from chaos.taken import Copy


def leaving(number, passed_at, left_at, *, window="1", line="a"):
    return Leaving(str(number), passed_at, left_at, window, line)


def breaches(everything, late, moments, window=2):
    report = Report("test", 1, window=window)
    check_windows(report, everything, late, moments)
    return report.breaches


def test_a_window_may_leave_after_a_no():
    two = [leaving(number, 10, 12) for number in range(2)]

    assert breaches(two, two, [11]) == []


def test_more_than_a_window_holds_is_a_breach_of_the_window_and_of_the_line():
    three = [leaving(number, 10, 12) for number in range(3)]

    assert breaches(three, three, [11]) == [
        "3 left after a no of one window, which holds 2",
        "3 left after a no over one line, which holds 2",
    ]


def test_several_windows_of_one_line_at_once_are_a_breach():
    four = [leaving(number, 10, 12, window=str(number)) for number in range(4)]

    assert breaches(four, four[:1], [11]) == ["4 left after a no over one line, which holds 2"]


def test_what_left_before_the_no_or_passed_after_it_was_not_on_the_way():
    three = [leaving(1, 10, 11), leaving(2, 12, 14), leaving(3, 10, 13)]

    assert most_on_the_way(three, [11.5]) == 1
    assert most_on_the_way(three, [12.5]) == 2


def test_lines_are_counted_apart():
    two = [leaving(1, 10, 12, line="a"), leaving(2, 10, 12, line="b")]

    assert most_on_the_way(two, [11]) == 1


def test_a_message_that_went_back_to_the_gate_left_by_its_last_passing():
    moments = [datetime.fromtimestamp(seconds, UTC) for seconds in (10, 20)]
    passes = [("d", moments[0], "1", "a"), ("d", moments[1], "2", "a")]

    found = list(leaving_of(passes, [Copy(21.0, "d", "ada@example.com", "<a@example.com>")]))

    assert found == [Leaving("d", 20.0, 21.0, "2", "a")]
