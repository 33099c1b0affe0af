"""The sandbox: known fields, no reach beyond the values, and an end to every bomb."""

import time

import pytest

from campaigns import liquid

VALUES = {"first_name": "Ada", "order": {"number": "7", "items": [{"name": "X"}, {"name": "Y"}]}}


def test_html_is_escaped_and_plain_text_is_not():
    values = {"first_name": "<O'Neil>"}

    assert liquid.render("{{ first_name }}", values, html=True) == "&lt;O&#39;Neil&gt;"
    assert liquid.render("{{ first_name }}", values, html=False) == "<O'Neil>"


@pytest.mark.parametrize(
    "source",
    [
        "{{ first_name }}",
        "{{ first_name | default: 'you' }}",
        "{{ order.items.size }} {{ order.items.first.name }} {{ order.items[0].name }}",
        "{% for item in order.items %}{{ item.name }}{% unless forloop.last %}, {% endunless %}{% endfor %}",
        "{% assign x = first_name | upcase %}{{ x }}",
        "{% for i in (1..3) %}{{ i }}{% endfor %}",
    ],
)
def test_what_is_right_has_no_problems(source):
    assert liquid.problems(source, VALUES, html=True) == []


@pytest.mark.parametrize(
    "source",
    [
        "{{ nobody }}",
        "{{ first_name.__class__ }}",
        "{{ order.__init__ }}",
        "{{ order }}",
        "{{ [first_name] }}",
        "{% for item in order.items %}{{ item.price }}{% endfor %}",
        "{% include 'secrets' %}",
        "{% render 'secrets' %}",
        "{{ first_name | evil }}",
        "{{ 'now' | date: '%Y' }}",
        "{% if first_name %}",
        "{{ first_name",
        "{{ 5 | divided_by: 0 }}",
    ],
)
def test_what_is_wrong_is_refused(source):
    assert liquid.problems(source, VALUES, html=True)


@pytest.mark.parametrize(
    "source",
    [
        "{% assign a = (1..3000000) | join: '' %}",
        "{% for i in (1..order.number) %}x{% endfor %}",
        "{% for i in (1..100) %}{% for j in (1..100) %}x{% endfor %}{% endfor %}",
        "{% assign a = 99999 %}{% for i in (1..50) %}{% assign a = a | times: a %}{% endfor %}",
        "{% assign a = 'xxxx' %}{% for i in (1..90) %}{% assign a = a | append: a %}{% endfor %}",
        "{% assign a = 'xxxx' %}{% for i in (1..90) %}{% assign a = a | replace: 'x', a %}{% endfor %}",
        "{% capture a %}{% for i in (1..100) %}xxxxxxxxxx{% endfor %}{% endcapture %}"
        "{% assign b = a | split: '' | join: a | replace: 'x', a %}",
    ],
)
def test_a_bomb_is_defused_at_once(source):
    began = time.process_time()

    assert liquid.problems(source, VALUES, html=False)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("letters", ["z" * 19_000, "z " * 9_000])
def test_filters_share_one_allowance(letters):
    source = (
        "{% for i in (1..100) %}{% assign c = '" + letters + "' | split: ' ' | uniq | join: '' %}{% endfor %}"
    )
    began = time.process_time()

    assert liquid.problems(source, VALUES, html=False) == [
        "The filters are given too much text, all together."
    ]
    assert time.process_time() - began < 1


def test_what_is_no_number_is_told_in_words():
    with pytest.raises(liquid.LiquidProblem):
        liquid.render("{{ 'NaN' | floor }}", VALUES, html=False)


@pytest.mark.parametrize(
    "source",
    [
        "{{ '<script>' }}",
        "{% assign link = '<a href=javascript:x>' %}{{ link }}",
        "{{ first_name | append: '<b' }}",
        "{% if first_name == '<i>' %}x{% endif %}",
    ],
)
def test_a_tag_in_quotes_is_refused_where_it_would_go_out_as_it_stands(source):
    assert any("holds a tag" in problem for problem in liquid.problems(source, VALUES, html=True))
    assert not any("holds a tag" in problem for problem in liquid.problems(source, VALUES, html=False))
