"""What the program of a version writes is, byte for byte, what the whole way would have written."""

from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns import content, liquid, merge_fields, starter
from campaigns.mime import MimeError
from campaigns.models import Content, ContentVersion, Delivery, LifecycleRule
from campaigns.rendering import RenderError, quickly, render, the_whole_way
from contacts.models import Contact, Sender, Topic
from tests.make import NOON

HOSTILE = [
    *(
        "",
        "Ada",
        "José",
        "Ада",
        "=",
        "a=",
        "a href=",
        ' href="https://example.com/"',
        '"',
        "'",
        "<b>",
        "</body>",
    ),
    *("a\nb", "\n.\n.", "a\r\nBcc: eve@example.com", "\r", "a\0b", "\ud800", "\u2028", "  x  ", "x" * 1200),
    *(
        "https://example.com/?a=1&b=2",
        "javascript:alert(1)",
        "HTTP://example.com/",
        "http://",
        "mailto:a@b.c",
    ),
    *("//example.com", "&#233;", "&amp;", "&lt;script&gt;", "%s %(a)s {0}", "=?utf-8?b?4pyT?=", "--=_0001"),
    *(
        "https://example.com/“x”, http://example.org.",
        "{{ name }}",
        "{% if %}",
        "é" * 300,
        "a b\tc",
        "\x7f\x01",
    ),
]
SCALARS = (
    st.sampled_from(HOSTILE)
    | st.text(max_size=30)
    | st.sampled_from([None, True, False, 7, -1, 2.5, 10**20, [], ["a", "<b>"], {}, {"a": "b"}])
)
ITEMS = st.lists(st.fixed_dictionaries({"name": SCALARS, "amount": SCALARS}), max_size=3) | SCALARS
LINKS = st.sampled_from(["http://testserver/u/sample/", "https://example.com/a?x=1&y=2", "", "x y", "a&b"])
VALUES = st.fixed_dictionaries(
    {
        **dict.fromkeys(("name", "first_name", "shop_url", "item"), SCALARS),
        **dict.fromkeys(merge_fields.PERSONAL_LINKS, LINKS),
        "order": st.fixed_dictionaries({"items": ITEMS, "number": SCALARS}) | SCALARS,
    }
)
FIELDS = st.sampled_from(
    [
        *(
            "name",
            "first_name",
            "item.name",
            "item.amount",
            "order.number",
            "order.items",
            "order.items.size",
        ),
        *("order.items[0].name", "order.items.first.name", "missing", "missing.name", "now", "order[name]"),
        *(
            "forloop.index",
            "forloop.last",
            "forloop.parentloop.index",
            "'a < b'",
            "7",
            "(1..3)",
            "nil",
            "shop_url",
        ),
        *("unsubscribe_url", "preferences_url"),
    ]
)
FILTERS = st.sampled_from(
    [
        *("upcase", "url_encode", "escape", "size", "default: 'you'", "append: '!'", "append: name", "first"),
        *("join: ', '", "newline_to_br", "slice: 0", "slice: 0, 2", "truncate: 5, ''", "plus: 1", "strip"),
        *("replace: 'a', '='", "default: nil", "default: name, allow_false: true", "times: 1000000000"),
    ]
)
OUTPUT = st.builds(
    lambda field, filters: "{{ " + " | ".join([field, *filters]) + " }}",
    FIELDS,
    st.lists(FILTERS, max_size=2),
)
SIGNS = st.sampled_from(
    [
        *(
            "Hello ",
            "\n",
            "\r\n",
            "\n.\n",
            " ",
            "é",
            "x" * 250,
            "x" * 990,
            "\0",
            "\r",
            "100 % %s",
            "=",
            '"',
            "'",
        ),
        *("<", "</bo", "dy>", "</body>", " href=", 'href="', '="', " src=", " hre", "f=", ">", "&", "--=_"),
        *(
            "Дом " * 5,
            "https://example.com/a.",
            "(https://example.com/b),",
            "https://",
            "http",
            "://example.com",
        ),
    ]
)
ADDRESSES = st.sampled_from(
    [
        '<a href="https://example.com/a?x=1&amp;y=2">a</a>',
        '<a href="https://example.com/a?x=1&y=2" title="x">a</a>',
        '<a href="https://example.com/é/">a</a>',
        '<a href="mailto:ines@example.com">a</a>',
        '<a href="  https://example.com/  ">a</a>',
        '<a href="HTTPS://example.com/">a</a>',
        '<a href="javascript:alert(1)">a</a>',
        '<a href="">a</a>',
        '<a href="https://example.com/\n">a</a>',
        '<a href="http://testserver/u/sample/">a</a>',
        '<a href="{{ unsubscribe_url }}">stop</a>',
        '<a href="{{ name }}">a</a>',
        '<a href="{{ shop_url }}new/">a</a>',
        '<a href="{{ shop_url }}{{ name | url_encode }}/?a={{ name }}">a</a>',
        '<a href="https://example.com/?a={{ name }}">a</a>',
        '<a href="https://example.com/{{ name | url_encode }}/">a</a>',
        '<a href="https://example.com/é{{ name }}">a</a>',
        '<a href="mailto:{{ name }}">a</a>',
        '<a href="https://example.com/{% if name %}{{ name }}{% else %}b{% endif %}">a</a>',
        '<a href="{% for x in order.items %}{{ x }}{% endfor %}">a</a>',
        '<img src="https://example.com/a.png" alt="{{ name }}">',
        '<img src="{{ name }}">',
        '<img src="https://example.com/{{ name | url_encode }}.png" alt="">',
        '<td background="{{ shop_url }}x.png" title="{{ name }} {{ first_name }}">',
        '<a title="{{ name }}" href="https://example.com/">a</a>',
        '<a href="x src="https://example.com/">a</a>',
        '<a href="https://example.com/',
    ]
)
TAGS = st.sampled_from(
    [
        *("{% comment %}x{% endcomment %}", "{% assign name = first_name %}", "{% cycle 'a', 'b' %}"),
        *("{% capture name %}x{% endcapture %}", "{% echo name %}", "{% break %}"),
        "{% case name %}{% when 'Ada' %}a{% else %}b{% endcase %}",
    ]
)


def blocks(inner):
    within = st.lists(inner, max_size=4).map("".join)
    condition = st.builds(
        "{} {}".format,
        FIELDS,
        st.sampled_from(["", "== ''", '!= ""', "> 1", "contains 'a'", "and name", "== nil"]),
    )
    source = st.builds(
        "{}{}".format,
        st.sampled_from(["order.items", "(1..2)", "name", "missing", "order"]),
        st.sampled_from(["", "", "", " limit: 2", " reversed", " offset: 1", " offset: continue"]),
    )
    names = st.sampled_from(["item", "item", "x", "name", "forloop"])
    return st.one_of(
        st.builds(
            "{{% if {} %}}{}{{% elsif {} %}}{}{{% else %}}{}{{% endif %}}".format,
            *(condition, within, condition, within, within),
        ),
        st.builds("{{% unless {} %}}{}{{% endunless %}}".format, condition, within),
        st.builds("{{% for {} in {} %}}{}{{% else %}}{}{{% endfor %}}".format, names, source, within, within),
        st.builds("{{% for {} in {} %}}\n{}{{% endfor %}}\n".format, names, source, within),
    )


def templates(*plain):
    return st.lists(st.recursive(st.one_of(*plain), blocks, max_leaves=6), max_size=8).map("".join)


HTML = templates(ADDRESSES, ADDRESSES, OUTPUT, OUTPUT, SIGNS, TAGS)
# What can surely be written quickly, values permitting: no template is refused for one odd sign in it.
EASY_SIGNS = st.sampled_from(["Hello ", "<p>", "</p>\n", "é", "x" * 250, " (b), ", "\n.\n"])
EASY_ADDRESSES = ADDRESSES.filter(lambda written: "{%" not in written and "\n" not in written)
EASY_HTML = templates(EASY_ADDRESSES, OUTPUT, EASY_SIGNS)
SUBJECT = templates(OUTPUT, st.sampled_from(["Hi ", "é", "  ", "x" * 150]))
TEXT = templates(OUTPUT, SIGNS, st.sampled_from(["{{ shop_url }}new/.", "a{{ unsubscribe_url }}, ", "\n\n"]))
AROUND = st.sampled_from(
    [
        ("<html><body>", "</body></html>"),
        ("<body>" + "x" * 300 + "\n", "\n</body>"),
        ("", ""),
        ("<body>", "</body >"),
    ]
)


def delivery_of(subject, text, html, *, service=False):
    rank = LifecycleRule.Rank.SERVICE if service else LifecycleRule.Rank.WELCOME
    return Delivery(
        uuid=UUID(int=7),
        rule=LifecycleRule(pk=7),
        contact=Contact(email="ada@example.com"),
        sender=Sender(name="Northside Records", from_name="Ines", address="ines@example.com"),
        topic=Topic(key="news", name="New arrivals"),
        version=ContentVersion(pk=3, subject=subject, text=text, html=html),
        rank=rank,
        sending_at=NOON,
    )


def with_envelope(delivery, values):
    samples = merge_fields.samples() | values
    return samples | {merge_fields.ENVELOPE: merge_fields.envelope(delivery)}


def written(delivery, values, way):
    """What that way writes: (subject, HTML, text, bytes), or why it does not."""
    try:
        message = way(delivery, values)
        return message and (message.subject, message.html, lines_of(message.text), message.as_bytes())
    except (RenderError, liquid.LiquidProblem, MimeError, AttributeError, TypeError) as problem:
        return f"refused: {type(problem).__name__}"


def lines_of(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def assert_same(delivery, values):
    quick, whole = (written(delivery, values, way) for way in (quickly, the_whole_way))
    if quick is not None and not isinstance(quick, str):
        assert quick[3] == whole[3]
        assert (quick[0], lines_of(quick[1]), quick[2]) == (whole[0], lines_of(whole[1]), whole[2])


@settings(max_examples=150, deadline=None)
@given(HTML | EASY_HTML, AROUND, TEXT, SUBJECT, VALUES, st.booleans())
@example("{{ '</body>' }}", ("<body></body>", ""), "x", "x", {}, False)
@example("", ("<body>", "</body>"), "{% for x in (1..2) %}{{ shop_url }}{% endfor %}", "x", {}, False)
@example(
    "{% for name in (1..2) %}x{% endfor %}{{ name }}", ("<body>", "</body>"), "x", "x", {"name": "A"}, False
)
def test_any_version_is_written_as_the_whole_way_would(html, around, text, subject, values, service):
    delivery = delivery_of(subject, text, html.join(around), service=service)

    assert_same(delivery, with_envelope(delivery, values))


@settings(max_examples=150, deadline=None)
@given(EASY_HTML, VALUES)
@example('<a href="{{ name }}">', {"name": "https://example.com/é"})
@example('<p title="{{ name }}">https://example.com/</p>', {"name": "x href="})
@example('<p title="{{ name }}{{ first_name }}">', {"name": "x href=", "first_name": ""})
@example('<p title="{{ name }}{{ first_name }}">', {"name": "x src=", "first_name": "/"})
@example("{% for x in (1..3) %}{{ name }}{% endfor %}", {"name": "x" * 400})
@example("x" * 200 + "{{ name }}" * 20, {"name": "é"})
@example("x" * 200 + "{{ name | upcase }}" * 20, {"name": "é"})
@example('x <a href="https://example.com/' + "{{ name }}" * 20 + '">', {"name": "é"})
@example("{{ name | append: name }}" * 9, {"name": "x" * 20_000})
@example("{% for x in (1..100) %}{% for y in (1..100) %}x{% endfor %}{% endfor %}", {})
@example('<a href="https://example.com/">a</a>', {"unsubscribe_url": "https://example.com/"})
def test_any_value_is_written_as_the_whole_way_would(html, values):
    delivery = delivery_of("Hi {{ name }}", "{{ name }}\n{{ shop_url }}", f"<body>{html}</body>")

    assert_same(delivery, with_envelope(delivery, values))


SHOP = Path(__file__).parents[2] / "benchmarks" / "thank-you"
WORDS = [*starter.WORDS.rglob("*.mjml"), SHOP.with_suffix(".mjml")]
PEOPLE = [
    {},
    {"first_name": "José", "last_name": "O'Neil"},
    {"first_name": "", "shop_url": "https://shop.example.com/"},
    {"first_name": "Ada & <b>Ben</b>", "sender_name": "“Northside” & Söhne"},
    {"order": {"number": "7", "date": "", "amount": "€1", "names": "", "items": []}, "confirm_url": ""},
]


@pytest.mark.parametrize("person", PEOPLE, ids=str)
@pytest.mark.parametrize("file", WORDS, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_messages_of_a_real_shop_are_written_by_their_program(file, person):
    version = compiled_words(file)
    delivery = delivery_of(version.subject, version.text, version.html)
    values = with_envelope(delivery, person)
    if not values["confirm_url"] and "confirm_url" in version.html:
        values["confirm_url"] = "https://example.com/confirm/"

    quick = quickly(delivery, values)

    assert quick is not None
    assert quick.as_bytes() == the_whole_way(delivery, values).as_bytes()
    assert render(delivery, values).as_bytes() == quick.as_bytes()


def compiled_words(file):
    """A version that is not kept, of words as the first rows have them."""
    heading, _blank, text = file.with_suffix(".txt").read_text().partition("\n\n")
    lines = dict(line.partition(": ")[::2] for line in heading.split("\n"))
    subject = lines.get("Subject", "Thank you, {{ first_name }}")
    return content.compiled(Content(subject=subject, body=file.read_text(), text=text))


LINE = "x" * 300 + "\n"


@pytest.mark.parametrize(
    "html",
    [
        '<a href="{{ shop_url }}">x</a>',
        '<a href="{{ shop_url }}{{ name | url_encode }}/?a={{ name | url_encode }}">x</a>',
        '<a href="{{ unsubscribe_url }}">x</a><a href="mailto:ines@example.com">y</a>',
        '<p title="{{ name }}">{{ name | default: "you" | upcase }} {{ missing.name }}</p>',
        "{% if name == 'Ada' %}<b>é</b>{% elsif name %}b{% else %}c{% endif %}",
        "{% for item in order.items %}{{ forloop.index }}. {{ item.name }}\n{% else %}none{% endfor %}",
        '<img src="https://example.com/{{ name | url_encode }}.png"><td background="{{ shop_url }}x.png">',
        "<p>{{ name | truncate: 3 }}</p>",
    ],
)
@pytest.mark.parametrize("name", ["Ada", "José Ó'Neil", "Ada & <b>", "a=b", "x" * 150])
def test_what_is_often_written_is_written_by_the_program(html, name):
    delivery = delivery_of("Hi {{ name }}", "Hi {{ name }}", f"<body>{LINE * 10}{html}</body>")
    values = with_envelope(delivery, {"name": name, "shop_url": "https://example.com/"})

    assert quickly(delivery, values).as_bytes() == the_whole_way(delivery, values).as_bytes()


@pytest.mark.parametrize(
    ("html", "name"),
    [
        ('<a href="{{ name }}">', "javascript:alert(1)"),
        ('<a href="{{ name }}">', ""),
        ('<img src="{{ name }}">', "data:text/html,x"),
        ("{{ name }}", "a\0b"),
        ("{{ name }}", "\ud800"),
    ],
)
def test_what_may_not_be_sent_is_not_written_by_the_program_either(html, name):
    delivery = delivery_of("Hi", "Hi", f"<body>{html}</body>")
    assert quickly(delivery, with_envelope(delivery, {"name": "https://example.com/"}))

    values = with_envelope(delivery, {"name": name})

    assert quickly(delivery, values) is None
    with pytest.raises(RenderError):
        render(delivery, values)
