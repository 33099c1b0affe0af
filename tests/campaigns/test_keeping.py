"""Figures over many people are worked out once in a while."""

from campaigns import keeping
from campaigns.keeping import kept
from tests.make import MINUTE, NOON, make_campaign, make_rule


def test_figures_are_kept_for_ten_minutes_for_each_by_itself(db):
    rule, campaign = make_rule(), make_campaign()
    figures = iter(range(9))

    def ask(program, at):
        return kept("worth", program, at, lambda: next(figures))

    assert [ask(rule, NOON), ask(rule, NOON + 9 * MINUTE), ask(rule, NOON + 10 * MINUTE)] == [0, 0, 1]
    assert [ask(campaign, NOON), ask(None, NOON), ask(campaign, NOON)] == [2, 3, 2]


def test_what_another_release_has_kept_is_not_read(db, monkeypatch):
    assert (
        kept("worth", None, NOON, lambda: "before") == kept("worth", None, NOON, lambda: "again") == "before"
    )

    monkeypatch.setattr(keeping, "SHAPE", keeping.SHAPE + 1)

    assert kept("worth", None, NOON, lambda: "anew") == "anew"
