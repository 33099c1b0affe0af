"""What the quick way of writing a template says is what the package says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liquid import Undefined
from liquid.exceptions import LiquidError

from campaigns import liquid

VALUES = {
    "name": 'Ada <b> & "Co" O\'Neil',
    "empty": "",
    "number": 7,
    "amount": 2.5,
    "yes": True,
    "nothing": None,
    "order": {
        "number": "1042",
        "items": [{"name": "Blue & Green", "amount": "$1", "size": "XL"}, {"name": "É"}],
        "tags": ["a", "<b>"],
        "none": [],
    },
}
FIELDS = [
    *(
        "name",
        "empty",
        "number",
        "amount",
        "yes",
        "nothing",
        "missing",
        "order",
        "item",
        "x",
        "forloop.index",
    ),
    *("order.number", "order.items", "order.items.size", "order.items.first.name", "order.items[0].amount"),
    *(
        "order.items[9].name",
        "order.tags",
        "order.tags.last",
        "order.size",
        "item.name",
        "item.size",
        "name.size",
    ),
    *("order[name]", "order.number.missing", "name[0]", "forloop.last", "'a < b'", "12", "(1..3)"),
]
FILTERS = [
    "upcase",
    "url_encode",
    "escape",
    "size",
    "default: 'you'",
    "append: '!'",
    "first",
    "join: ', '",
    "abs",
]
field = st.sampled_from(FIELDS)
output = st.builds(
    lambda name, used: "{{ " + " | ".join([name, *used]) + " }}",
    field,
    st.lists(st.sampled_from(FILTERS), max_size=2),
)
text = st.sampled_from(["Hello ", "<p>", "\n ", "é", '<a href="https://example.com/">'])
loose = st.sampled_from(
    [
        "{% break %}",
        "{% continue %}",
        "{% cycle 'a', 'b' %}",
        "{% assign x = name | upcase %}",
        "{% echo name %}",
    ]
)


def blocks(inner):
    within = st.lists(inner, max_size=5).map("".join)
    return st.one_of(
        st.builds(
            "{{% if {} %}}{}{{% elsif number == 7 %}}{}{{% else %}}{}{{% endif %}}".format,
            field,
            within,
            within,
            within,
        ),
        st.builds("{{% unless {} == '' %}}{}{{% endunless %}}".format, field, within),
        st.builds(
            "{{% for item in {} %}}{}{{% else %}}{}{{% endfor %}}".format,
            st.sampled_from(["order.items", "order.tags", "order.none", "missing", "(1..3)"]),
            within,
            within,
        ),
        st.builds(
            "{{% case {} %}}{{% when 7 %}}{}{{% else %}}{}{{% endcase %}}".format, field, within, within
        ),
        st.builds("{{% capture x %}}{}{{% endcapture %}}{{{{ x }}}}".format, within),
    )


TEMPLATE = st.lists(st.recursive(text | output | loose, blocks, max_leaves=12), max_size=6).map("".join)


def written(render):
    try:
        return render()
    except (LiquidError, liquid.LiquidProblem, TypeError, ValueError):
        return "refused"


@settings(max_examples=400, deadline=None)
@given(TEMPLATE, st.booleans())
def test_a_template_says_what_the_package_makes_it_say(source, html):
    plain = liquid.Sandbox(autoescape=html, undefined=Undefined)

    quick = written(lambda: liquid.render(source, VALUES, html=html))

    liquid.allow_work()
    assert quick == written(lambda: plain.from_string(source).render(**VALUES))


def test_runs_are_written_in_one_piece_within_blocks_too():
    source = "Dear {{ name }}, {% for item in order.items %}<b>{{ item.name }}</b>{% endfor %}bye"

    dear, loop, bye = liquid.parsed(source, html=True).nodes

    assert [len(dear.pieces), len(bye.pieces)] == [3, 1]
    assert [len(run.pieces) for run in loop.block.nodes] == [3]


@pytest.mark.parametrize(
    "source", ["{{ order.items | first }}", "{{ name | upcase | nonsense }}", "{{ name | floor }}"]
)
def test_what_goes_wrong_is_told_as_a_problem_or_nothing(source):
    plain = liquid.Sandbox(undefined=Undefined)

    quick = written(lambda: liquid.render(source, VALUES, html=False))

    liquid.allow_work()
    assert quick == written(lambda: plain.from_string(source).render(**VALUES))
